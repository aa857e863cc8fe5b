"""How much of real polymers the force field covers: not a benchmark of speed but of reach.

    python bench/forcefield_coverage.py --reference DIR [--sample 1000]

DIR holds the two published tables. Every candidate and a random sample of the training set: trimers between methyl
caps are typed, parameterised and embedded, and LAMMPS minimises each for 100 steps, alone in a large box. Printed are
where the terms come from, and every polymer that gets no system or no finite energy.
"""

import argparse
import csv
import re
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
from class2 import head
from rdkit import Chem
from rdkit.Chem import AllChem

from autodisco.errors import AutodiscoError
from autodisco.polymer import ORGANIC_ELEMENTS, parse
from autodisco.polymer.chains import chain
from autodisco.simulation.engines import lammps
from autodisco.simulation.engines.lammps_data import data_file
from autodisco.simulation.forcefield import lookup, pcff
from autodisco.simulation.molecule import System

FILES = {
    "published candidates": ("polygen/generated_polymers_in_two_iterations.csv", "monomer_smiles"),
    "training set": ("polygen/PolyGen-train-set-from-HTP-MD.csv", "mol_smiles"),
}
BOX = 80.0  # Å
ONE = f"""\
clear
{head("lj/class2/coul/cut 12")}\
read_data {{number}}.data
minimize 0 0.1 100 1000
print "energy {{number}} $(pe)" append energies.txt
"""


def main() -> None:
    """Print the tables."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--reference", type=Path, required=True)
    arguments.add_argument("--sample", type=int, default=1000)
    given = arguments.parse_args()
    for name, (file, column) in FILES.items():
        with open(given.reference / file) as handle:
            smiles = [row[column] for row in csv.DictReader(handle)]
        if len(smiles) > given.sample:
            smiles = list(np.random.default_rng(0).choice(smiles, given.sample, replace=False))
        report(name, smiles)


def report(name: str, polymers: list[str]) -> None:
    """Type, parameterise and minimise trimers of `polymers`, and print what came of it."""
    sources: Counter[tuple[str, str]] = Counter()
    estimated: Counter[str] = Counter()
    failures: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        script = ""
        for number, smiles in enumerate(polymers):
            try:
                mol = chain(parse(smiles, ORGANIC_ELEMENTS), 3).mol
                molecule = pcff.parameterise(mol)
                system = System([molecule], embedded(mol), np.full(3, BOX), pair_rule=pcff.PAIR_RULE)
            except AutodiscoError as error:
                failures[smiles] = str(error)
                continue
            sources.update(molecule.sources)
            estimated.update(molecule.estimated_terms)
            (folder / f"{number}.data").write_text(data_file(system))
            script += ONE.format(number=number)
        (folder / "in.all").write_text(script)
        program, environment = lammps.command()
        subprocess.run([*program, "-in", "in.all", "-screen", "none"], cwd=folder, env=environment, check=False)
        energies = dict(re.findall(r"energy (\d+) (\S+)", (folder / "energies.txt").read_text()))
    for number, smiles in enumerate(polymers):
        if smiles not in failures and not np.isfinite(float(energies.get(str(number), "nan"))):
            failures[smiles] = "no finite energy"
    print(f"\n{name}: {len(polymers) - len(failures)} of {len(polymers)} minimised")
    for smiles, why in failures.items():
        print(f"  {smiles}: {why}")
    print("| term | number | " + " | ".join(lookup.SOURCES) + " |\n|" + "---|" * (2 + len(lookup.SOURCES)))
    for kind in dict.fromkeys(kind for kind, _ in sources):
        total = sum(n for (k, _), n in sources.items() if k == kind)
        shares = (f"{100 * sources[kind, source] / total:.1f} %" for source in lookup.SOURCES)
        print(f"| {kind} | {total} | " + " | ".join(shares) + " |")
    common = ", ".join(f"{term} ({n})" for term, n in estimated.most_common(12))
    print(f"most often estimated (polymers): {common}")


def embedded(mol: Chem.Mol) -> np.ndarray:
    """Coordinates (n, 3) in Å in the middle of the box. Raises AutodiscoError."""
    mol = Chem.Mol(mol)
    for random_start in (False, True):
        if AllChem.EmbedMolecule(mol, randomSeed=1, useRandomCoords=random_start) == 0:
            positions = mol.GetConformer().GetPositions()
            return positions - positions.mean(axis=0) + BOX / 2
    raise AutodiscoError("RDKit finds no three-dimensional structure")


if __name__ == "__main__":
    main()
