"""Molecules from SMILES, and which atoms take part in bonded terms: the same for polymers, solvents and ions."""

import itertools
from collections.abc import Iterator

from rdkit import Chem, rdBase


def single_molecule(smiles: str) -> Chem.Mol | None:
    """The molecule with explicit hydrogens; None for a text that is not the SMILES of exactly one molecule."""
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(smiles)
    return None if mol is None or len(Chem.GetMolFrags(mol)) != 1 else Chem.AddHs(mol)


def bonds(mol: Chem.Mol) -> list[tuple[int, int]]:
    """Bonded pairs."""
    return [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in mol.GetBonds()]


def angles(mol: Chem.Mol) -> Iterator[tuple[int, int, int]]:
    """End, centre, end of every angle."""
    for j, around in enumerate(_neighbours(mol)):
        for i, k in itertools.combinations(around, 2):
            yield i, j, k


def dihedrals(mol: Chem.Mol) -> Iterator[tuple[int, int, int, int]]:
    """Every chain of four bonded atoms; none closes on itself in a three-ring."""
    neighbours = _neighbours(mol)
    for j, k in bonds(mol):
        for i, m in itertools.product(neighbours[j], neighbours[k]):
            if i not in (k, m) and m != j:
                yield i, j, k, m


def impropers(mol: Chem.Mol) -> Iterator[tuple[int, int, int, int]]:
    """Outer, centre, outer, outer for every three neighbours of an atom; LAMMPS wants the centre second."""
    for j, around in enumerate(_neighbours(mol)):
        for i, k, m in itertools.combinations(around, 3):
            yield i, j, k, m


def _neighbours(mol: Chem.Mol) -> list[list[int]]:
    return [[n.GetIdx() for n in atom.GetNeighbors()] for atom in mol.GetAtoms()]
