"""Elements and bonds of polymers, and what some polymers have in common that others lack."""

import functools
from collections import Counter
from collections.abc import Sequence
from math import comb

from rdkit import Chem

from autodisco.polymer.chains import chain
from autodisco.polymer.material import Part, read_material
from autodisco.polymer.molecule import Molecule
from autodisco.polymer.repeat_unit import ORGANIC_ELEMENTS

SIGNIFICANT = 0.05
BOND_SIGNS = {Chem.BondType.SINGLE: "–", Chem.BondType.DOUBLE: "=", Chem.BondType.TRIPLE: "≡"}


def in_common(failed: Sequence[str], others: Sequence[str]) -> str:
    """What the failed repeat units share and the others do not, as a sentence; by Fisher's exact test, corrected for
    the number of motifs that were looked at."""
    with_it, without = Counter[str](), Counter[str]()
    for counts, units in ((with_it, failed), (without, others)):
        for smiles in units:
            counts.update(motifs(smiles))
    found = []
    for motif, n in with_it.items():
        p = fisher_exact(n, len(failed), without[motif], len(others)) * len(with_it)
        if p < SIGNIFICANT:
            found.append((p, motif, n))
    if not found:
        return "they have no bond or element in common that the others lack"
    told = [f"{motif} in {n} of them and {without[motif]} of {len(others)} others" for _, motif, n in sorted(found)[:3]]
    return f"in common: {', '.join(told)}"


def fisher_exact(n: int, of: int, n_others: int, of_others: int) -> float:
    """One-sided p of Fisher's exact test: that `n` or more of `of` have what `n_others` of `of_others` have, by chance.

    That of `scipy.stats`, whose import alone would be a sixth of the time of a report.
    """
    having, every = n + n_others, of + of_others
    as_many = sum(comb(of, k) * comb(of_others, having - k) for k in range(n, min(of, having) + 1))
    return as_many / comb(every, having)


@functools.lru_cache(maxsize=4096)
def motifs(smiles: str) -> frozenset[str]:
    """Elements and bonds between heavy atoms of the chains and molecules of a material, such as ``N–O``."""
    chains = read_material(smiles, ORGANIC_ELEMENTS).chains
    return frozenset().union(*(_motifs(part) for part, _ in chains))


def _motifs(part: Part) -> set[str]:
    if isinstance(part, Molecule):
        mol, caps = part.mol, set[int]()
    else:
        made = chain(part, 2)
        unit = made.unit(0)
        mol, caps = (
            made.mol,
            {atom for atom, copied in enumerate(made.copy_of) if copied in (unit.head_cap, unit.tail_cap)},
        )
    inside = {a.GetIdx() for a in mol.GetAtoms() if a.GetAtomicNum() > 1} - caps
    found = {f"element {mol.GetAtomWithIdx(atom).GetSymbol()}" for atom in inside}
    for bond in mol.GetBonds():
        if inside.issuperset((bond.GetBeginAtomIdx(), bond.GetEndAtomIdx())):
            ends = sorted((bond.GetBeginAtom().GetSymbol(), bond.GetEndAtom().GetSymbol()))
            found.add(f"bond {BOND_SIGNS.get(bond.GetBondType(), ':').join(ends)}")
    return found
