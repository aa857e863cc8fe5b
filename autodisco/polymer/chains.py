"""Chains of repeat units for simulation: head-to-tail, methyl caps, explicit hydrogens.

Atoms come unit by unit, and every atom knows which atom of the capped repeat unit it copies, so that
conformers and parameters of one unit serve all.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from autodisco.arrays import Indices
from autodisco.polymer.identity import Word, repeated
from autodisco.polymer.repeat_unit import RepeatUnit, parse
from autodisco.polymer.spelling import LEFT_END, RIGHT_END

_AS_WRITTEN = Chem.SmilesParserParams()
_AS_WRITTEN.sanitize = False


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
    """A head-to-tail chain of `n` repeat units between methyl caps, stereo as marked, in time linear in `n`.

    Raises InvalidRepeatUnit for a string that is no repeat unit, ValueError for `n` below 1.
    """
    if n < 1:
        raise ValueError(f"a chain of {n} repeat units; 1 at least expected")
    word = (parse(unit) if isinstance(unit, str) else unit).word
    one = _capped(word, 1)
    size = one.GetNumHeavyAtoms() - 2
    ends = {"head": 1, "tail": _neighbour(one, size + 1), "head_cap": 0, "tail_cap": size + 1}
    few = min(n, 3)
    short, unit_of, copy_of = _by_unit(_capped(word, few), one, few)
    if n > few:
        short, unit_of, copy_of = _lengthened(short, unit_of, copy_of, n)
    return Chain(mol=short, unit=one, unit_of=unit_of, copy_of=copy_of, **ends)


def _capped(word: Word, n: int) -> Chem.Mol:
    """The chain with methyl caps and explicit hydrogens, which follow in the order of their heavy atoms."""
    # With equal ends a centre in the middle of a short chain would not count as one, and lose its mark.
    mol = Chem.MolFromSmiles(f"{LEFT_END}{repeated(word, n)[1:-1]}{RIGHT_END}", _AS_WRITTEN)
    for cap in (mol.GetAtomWithIdx(0), mol.GetAtomWithIdx(mol.GetNumAtoms() - 1)):
        cap.SetAtomicNum(6)
        cap.SetIsotope(0)
        cap.SetNoImplicit(False)
    Chem.SanitizeMol(mol)
    Chem.SetBondStereoFromDirections(mol)
    return Chem.AddHs(mol)


def _parents(mol: Chem.Mol) -> Indices:
    """The heavy atom of every hydrogen, ascending."""
    heavy = mol.GetNumHeavyAtoms()
    return np.array([_neighbour(mol, index) for index in range(heavy, mol.GetNumAtoms())], dtype=np.int64)


def _neighbour(mol: Chem.Mol, index: int) -> int:
    return int(mol.GetAtomWithIdx(index).GetBonds()[0].GetOtherAtomIdx(index))


def _by_unit(mol: Chem.Mol, one: Chem.Mol, n: int) -> tuple[Chem.Mol, Indices, Indices]:
    """A chain of `_capped` with its atoms unit by unit, in each as in `one`; which unit and which atom each copies."""
    heavy, size = mol.GetNumHeavyAtoms(), one.GetNumHeavyAtoms() - 2
    order = np.arange(heavy)  # a cap, the units one after the other, a cap
    unit_of = np.clip((order - 1) // size, 0, n - 1)
    copy_of = np.where(order == heavy - 1, size + 1, np.where(order == 0, 0, 1 + (order - 1) % size))
    parents, in_one = _parents(mol), _parents(one)
    rank = np.arange(len(parents)) - np.searchsorted(parents, parents)
    copied = size + 2 + np.searchsorted(in_one, copy_of[parents]) + rank
    unit_of, copy_of = np.concatenate([unit_of, unit_of[parents]]), np.concatenate([copy_of, copied])
    sorted_by_unit = np.lexsort((copy_of, unit_of))
    placed = Chem.RenumberAtoms(mol, sorted_by_unit.tolist())
    return placed, unit_of[sorted_by_unit], copy_of[sorted_by_unit]


def _lengthened(three: Chem.Mol, unit_of: Indices, copy_of: Indices, n: int) -> tuple[Chem.Mol, Indices, Indices]:
    """A chain of `n` units from one of three, by repeating the middle one.

    Chirality is stored relative to the order of bonds around an atom, which therefore has to stay as it is: bonds that
    come before the link to the next unit are made first, for all units, then those that come after it.
    """
    kinds = [0, *[1] * (n - 2), 2]  # the unit of the three that each unit repeats
    first = np.searchsorted(unit_of, [0, 1, 2, 3])
    place_of = [{int(copy): place for place, copy in enumerate(copy_of[first[k] : first[k + 1]])} for k in range(3)]
    starts = np.concatenate([[0], np.cumsum(np.diff(first)[kinds])]).tolist()
    atoms = np.concatenate([np.arange(first[kind], first[kind + 1]) for kind in kinds])

    def copied(unit: int, atom: int) -> int:
        """The atom that stands to unit number `unit` of the chain as `atom` stands to the unit it repeats."""
        there = unit + int(unit_of[atom]) - kinds[unit]
        return int(starts[there]) + place_of[kinds[there]][int(copy_of[atom])]

    bonds: list[list[Chem.Bond]] = [[], [], []]
    links = [three.GetNumBonds()] * 3
    for bond in three.GetBonds():
        low, high = sorted(int(unit_of[atom]) for atom in (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()))
        bonds[high].append(bond)
        if low < high:
            links[low] = bond.GetIdx()
    longer = Chem.RWMol()
    for atom in atoms.tolist():
        longer.AddAtom(three.GetAtomWithIdx(atom))
    configured = []
    for after_link in (False, True):
        for unit, kind in enumerate(kinds):
            for bond in bonds[kind]:
                if (bond.GetIdx() > links[kind]) == after_link:
                    ends = copied(unit, bond.GetBeginAtomIdx()), copied(unit, bond.GetEndAtomIdx())
                    longer.AddBond(*ends, bond.GetBondType())
                    if bond.GetStereo() != Chem.BondStereo.STEREONONE:
                        configured.append((ends, [copied(unit, a) for a in bond.GetStereoAtoms()], bond.GetStereo()))
    for ends, neighbours, stereo in configured:
        longer.GetBondBetweenAtoms(*ends).SetStereoAtoms(*neighbours)
        longer.GetBondBetweenAtoms(*ends).SetStereo(stereo)
    Chem.SetDoubleBondNeighborDirections(longer)
    Chem.SanitizeMol(longer)
    return longer.GetMol(), np.repeat(np.arange(n), np.diff(starts)), copy_of[atoms]


def _with_ends(unit: RepeatUnit | str) -> tuple[Chem.Mol, tuple[int, int]]:
    unit = parse(unit) if isinstance(unit, str) else unit
    mol = Chem.MolFromSmiles(unit.smiles)
    first, second = (atom.GetIdx() for atom in mol.GetAtoms() if atom.GetAtomicNum() == 0)
    return mol, (first, second)
