"""Which functional groups of real polymers rest on which kind of charge.

    python bench/charge_coverage.py --reference DIR [--most 7000]

DIR holds the two published tables. Every repeat unit of the shipped seeds, of the published candidates and of the
training set (without repeats, at most `--most` of each set) is typed as a dimer between methyl caps. Printed is, for
each group, how many polymers hold it and where the increments of the bonds at its atoms come from: published ones
(PCFF+, COMPASS, the rows of PCFF that are no generic ones; also by an equivalent type), fitted ones
(bench/fit_charges.py), generic ones (electronegativities alone), or none. Below it, each bond on generic or no charges.
"""

import argparse
import csv
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
from rdkit import Chem

from autodisco.errors import AutodiscoError
from autodisco.polymer import ORGANIC_ELEMENTS, parse
from autodisco.polymer.chains import chain
from autodisco.simulation.forcefield import charges, frc, topology
from autodisco.simulation.forcefield.charge_types import assign_charge_types
from autodisco.simulation.forcefield.typing import assign_types

SEEDS = Path(__file__).parents[1] / "campaigns" / "seeds" / "known_polymers.csv"
FILES = {
    "candidates": ("polygen/generated_polymers_in_two_iterations.csv", "monomer_smiles"),
    "HTP-MD": ("polygen/PolyGen-train-set-from-HTP-MD.csv", "mol_smiles"),
}
GROUPS = {
    "ether": "[OX2]([CX4])[CX4]",
    "alcohol": "[OX2;H1][CX4]",
    "aryl or vinyl ether": "[OX2]([CX4])[c,$([CX3]=C)]",
    "ester": "[CX3](=[OX1])([#6,#1])[OX2][#6;!$(C=O)]",
    "carboxylic acid": "[CX3](=[OX1])[OX2;H1]",
    "anhydride": "[CX3](=[OX1])[OX2][CX3]=[OX1]",
    "carbonate": "[OX2;!R][CX3](=[OX1])[OX2;!R]",
    "cyclic carbonate": "[OX2;R]@[CX3](=[OX1])@[OX2;R]",
    "ketone": "[CX3](=[OX1])([#6])[#6]",
    "aldehyde": "[CX3;H1](=[OX1])[#6]",
    "amide": "[CX3](=[OX1])([#6,#1])[NX3]",
    "urea": "[NX3][CX3](=[OX1])[NX3]",
    "carbamate": "[NX3][CX3](=[OX1])[OX2]",
    "amine": "[NX3;!$(NC=[O,S,N,C]);!$(N[O,N,S,P]);!$(Nc);!$(NC#N)]",
    "aromatic amine": "[NX3]c",
    "nitrile": "[CX2]#[NX1]",
    "alkyne": "[CX2]#[CX2]",
    "alkene": "[CX3]=[CX3]",
    "benzene ring": "c1ccccc1",
    "sulfone": "[SX4](=[OX1])(=[OX1])([#6])[#6]",
    "sulfonamide, sulfonate": "[SX4](=[OX1])(=[OX1])[#7,#8,#16]",
    "sulfoxide, sulfinyl": "[SX3]=[OX1]",
    "sulfide": "[SX2]([#6;!$(C=[O,S])])[#6;!$(C=[O,S])]",
    "thiol": "[SX2;H1]",
    "thioester, thiocarbonate, thiocarbamate": "[SX2][CX3]=[OX1]",
    "C=S (thioamide, thiourea, ...)": "[CX3]=[SX1]",
    "sulfur on N or O": "[SX2][#7,#8]",
    "phosphate, phosphonate, phosphinate": "[PX4]=[OX1]",
    "phosphazene": "[PX4]=[NX2]",
    "hydroxylamine (N-O)": "[NX3;!$(NC=O);!$([N+])][OX2]",
    "hydroxamate (C(=O)N-O)": "[NX3;$(NC=O)][OX2]",
    "oxime": "[NX2]([OX2])=[CX3]",
    "imine": "[NX2;!$(N[O,N])]=[CX3;!$(C[N,O,S])]",
    "amidine, imidate, guanidine": "[NX2]=[CX3][N,O,S]",
    "hydrazine, hydrazide, hydrazone": "[#7;!$([N+])]-[#7;!$([N+])]",
    "azo": "[NX2]=[NX2]",
    "sulfoximine": "[SX4]=[NX2]",
    "peroxide": "[OX2][OX2]",
    "fluoroalkane": "[CX4]F",
    "fluoroalkene": "[CX3]F",
    "silane": "[#14]",
    "chlorine": "[Cl]",
}
KINDS = {
    "override": "published",
    "explicit": "published",
    "equivalent": "published",
    "estimated": "fitted",
    "automatic": "generic",
}


def main() -> None:
    """Print the two tables."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--reference", type=Path, required=True)
    arguments.add_argument("--most", type=int, default=7000)
    given = arguments.parse_args()
    sets = {"seeds": column(SEEDS, "monomer_smiles")}
    sets |= {name: column(given.reference / file, head) for name, (file, head) in FILES.items()}
    patterns = {name: Chem.MolFromSmarts(smarts) for name, smarts in GROUPS.items()}
    holders: dict[str, Counter[str]] = defaultdict(Counter)
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    weak: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for of_set, units in sets.items():
        for smiles in np.random.default_rng(0).permutation(units)[: given.most]:
            try:
                mol = chain(parse(str(smiles), ORGANIC_ELEMENTS), 2).mol
                bonds = sources(mol)
            except AutodiscoError as error:
                print(f"{smiles}: {error}")
                continue
            for (i, j), (pair, kind, value) in bonds.items():
                del i, j
                if kind in ("generic", "none"):
                    weak[(f"{' '.join(pair)} ({value:+.3f} e)", kind)][of_set] += 1
            for name, pattern in patterns.items():
                if matches := mol.GetSubstructMatches(pattern):
                    holders[name][of_set] += 1
                    members = {atom for match in matches for atom in match}
                    here = {bond for bond in bonds if members & set(bond)}
                    kinds[name].update(bonds[bond][1] for bond in here if not is_hydrocarbon(mol, bond))
    columns = list(dict.fromkeys([*KINDS.values(), "none"]))
    print(f"| group | {' | '.join(sets)} | {' | '.join(columns)} |\n|" + "---|" * (1 + len(sets) + len(columns)))
    for name in GROUPS:
        total = kinds[name].total() or 1
        cells = [str(holders[name][of_set]) for of_set in sets]
        cells += [f"{100 * kinds[name][kind] / total:.0f} %" if kinds[name][kind] else "" for kind in columns]
        print(f"| {name} | {' | '.join(cells)} |")
    print(f"\n| bond | kind | {' | '.join(sets)} |\n|" + "---|" * (2 + len(sets)))
    for (bond, kind), counter in sorted(weak.items(), key=lambda item: -item[1].total()):
        print(f"| {bond} | {kind} | {' | '.join(str(counter[of_set]) for of_set in sets)} |")


def column(file: Path, name: str) -> list[str]:
    """One column of a table, without repeats."""
    with file.open() as handle:
        return sorted({row[name] for row in csv.DictReader(handle)})


def sources(mol: Chem.Mol) -> dict[tuple[int, int], tuple[tuple[str, str], str, float]]:
    """For every bond its charge types, the kind of its increment, and the increment (e)."""
    tables = frc.installed("pcff.frc")
    types = assign_types(mol)
    all_kinds = [charges.Kind(*both) for both in zip(assign_charge_types(mol, types), types, strict=True)]
    rows = {}
    for i, j in topology.bonds(mol):
        first, second = sorted((all_kinds[i], all_kinds[j]))
        found = charges.increment(tables, first, second)
        kind = KINDS[found.source] if found else "none"
        rows[i, j] = (first.charge_type, second.charge_type), kind, found.value if found else 0.0
    return rows


def is_hydrocarbon(mol: Chem.Mol, bond: tuple[int, int]) -> bool:
    """Whether a bond joins two carbons, or carbon and hydrogen: the same everywhere, and no part of a polar group."""
    return all(mol.GetAtomWithIdx(atom).GetAtomicNum() in (1, 6) for atom in bond)


if __name__ == "__main__":
    main()
