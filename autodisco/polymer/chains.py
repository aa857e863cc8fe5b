"""Chains of repeat units for simulation: head-to-tail, methyl caps, explicit hydrogens.

Atoms come unit by unit, and every atom knows which atom of the capped repeat unit it copies, so that
conformers and parameters of one unit serve all.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from autodisco.polymer.repeat_unit import RepeatUnit, parse


@dataclass(frozen=True)
class Chain:
    """A capped chain of n repeat units.

    `mol` is the chain, `unit` one repeat unit between two methyl groups, both with explicit hydrogens.
    `unit_of` and `copy_of` (n_atoms,) give the number of the unit and the atom in `unit` that each atom copies;
    the caps belong to the first and the last unit. `head` and `tail` are the atoms of `unit` that carry the links,
    `head_cap` and `tail_cap` the methyl carbons bound to them.
    """

    mol: Chem.Mol
    unit: Chem.Mol
    unit_of: NDArray[np.int64]
    copy_of: NDArray[np.int64]
    head: int
    tail: int
    head_cap: int
    tail_cap: int


def backbone_atoms(unit: RepeatUnit | str) -> int:
    """Heavy atoms on the shortest path between the ends of a repeat unit."""
    mol, ends = _with_ends(unit)
    return len(Chem.GetShortestPath(mol, *ends)) - 2


def repeat_unit_mass(unit: RepeatUnit | str) -> float:
    """Molar mass of the repeat unit in g/mol, hydrogens included, ends not."""
    mol, _ = _with_ends(unit)
    return sum(atom.GetMass() for atom in Chem.AddHs(mol).GetAtoms() if atom.GetAtomicNum() > 0)


def degree_of_polymerisation(unit: RepeatUnit | str, backbone: int = 150) -> int:
    """The smallest number of repeat units whose backbone has at least `backbone` heavy atoms."""
    return -(-backbone // backbone_atoms(unit))


def chain(unit: RepeatUnit | str, n: int) -> Chain:
    """A chain of `n` repeat units between methyl caps. Raises InvalidRepeatUnit for a string that is none."""
    mol, (head_cap, tail_cap) = _with_ends(unit)
    capped = Chem.RWMol(mol)
    for end in (head_cap, tail_cap):
        capped.ReplaceAtom(end, Chem.Atom(6))
    Chem.SanitizeMol(capped)
    one = Chem.AddHs(capped)
    head = one.GetAtomWithIdx(head_cap).GetNeighbors()[0].GetIdx()
    tail = one.GetAtomWithIdx(tail_cap).GetNeighbors()[0].GetIdx()
    cap_atoms = {
        cap: {cap, *(a.GetIdx() for a in one.GetAtomWithIdx(cap).GetNeighbors() if a.GetAtomicNum() == 1)}
        for cap in (head_cap, tail_cap)
    }

    result, unit_of, copy_of = Chem.RWMol(), [], []
    previous_tail = -1
    for number in range(n):
        dropped = (cap_atoms[head_cap] if number else set()) | (cap_atoms[tail_cap] if number < n - 1 else set())
        kept = [i for i in range(one.GetNumAtoms()) if i not in dropped]
        place = {i: result.AddAtom(one.GetAtomWithIdx(i)) for i in kept}
        for bond in one.GetBonds():
            i, j = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
            if i in place and j in place:
                result.AddBond(place[i], place[j], bond.GetBondType())
        if number:
            result.AddBond(previous_tail, place[head], Chem.BondType.SINGLE)
        previous_tail = place[tail]
        unit_of += [number] * len(kept)
        copy_of += kept
    polymer = result.GetMol()
    Chem.SanitizeMol(polymer)
    return Chain(polymer, one, np.array(unit_of), np.array(copy_of), head, tail, head_cap, tail_cap)


def _with_ends(unit: RepeatUnit | str) -> tuple[Chem.Mol, tuple[int, int]]:
    unit = parse(unit) if isinstance(unit, str) else unit
    mol = Chem.MolFromSmiles(unit.smiles)
    first, second = (atom.GetIdx() for atom in mol.GetAtoms() if atom.GetAtomicNum() == 0)
    return mol, (first, second)
