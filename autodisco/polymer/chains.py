"""Chains of repeat units for simulation: head-to-tail, methyl caps, explicit hydrogens.

Atoms come unit by unit, and every atom knows which atom of the capped repeat unit it copies, so that conformers of one
unit serve all of its kind. A chain holds units of one kind, or of several in a given sequence.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rdkit import Chem

from autodisco.arrays import Indices
from autodisco.polymer.identity import Word, repeated
from autodisco.polymer.repeat_unit import RepeatUnit, parse
from autodisco.polymer.spelling import LEFT_END, RIGHT_END

_AS_WRITTEN = Chem.SmilesParserParams()
_AS_WRITTEN.sanitize = False


@dataclass(frozen=True)
class CappedUnit:
    """One repeat unit between two methyl groups, with explicit hydrogens.

    `head` and `tail` are the atoms that carry the links to other units, `head_cap` and `tail_cap` the methyl carbons
    bound to them.
    """

    mol: Chem.Mol
    head: int
    tail: int
    head_cap: int
    tail_cap: int

    @property
    def backbone(self) -> list[int]:
        """Atoms along the backbone, from one cap to the other."""
        return list(Chem.GetShortestPath(self.mol, self.head_cap, self.tail_cap))

    @classmethod
    def of(cls, word: Word) -> "CappedUnit":
        """The unit of a word."""
        mol = _capped(word)
        size = _size(mol)
        return cls(mol, 1, _neighbour(mol, size + 1), 0, size + 1)


@dataclass(frozen=True)
class Chain:
    """A capped chain of n repeat units.

    `mol` is the chain with explicit hydrogens. `kinds` are the different units in it, and `sequence` (n,) is the kind
    of each unit. `unit_of` and `copy_of` (n_atoms,) give the number of the unit and the atom of its capped unit that
    each atom copies; the caps belong to the first and the last unit.
    """

    mol: Chem.Mol
    kinds: tuple[CappedUnit, ...]
    sequence: tuple[int, ...]
    unit_of: Indices
    copy_of: Indices

    def unit(self, number: int) -> CappedUnit:
        """The capped unit that unit `number` copies."""
        return self.kinds[self.sequence[number]]


def backbone_atoms(unit: RepeatUnit | str) -> int:
    """Heavy atoms on the shortest path between the ends of a repeat unit."""
    mol, ends = _with_ends(unit)
    return len(Chem.GetShortestPath(mol, *ends)) - 2


def repeat_unit_mass(unit: RepeatUnit | str) -> float:
    """Molar mass of the repeat unit in g/mol, hydrogens included, ends not."""
    mol, _ = _with_ends(unit)
    return float(sum(atom.GetMass() for atom in Chem.AddHs(mol).GetAtoms() if atom.GetAtomicNum() > 0))


def degree_of_polymerisation(unit: RepeatUnit | str, backbone: int = 150) -> int:
    """The smallest number of repeat units whose backbone has at least `backbone` heavy atoms."""
    return -(-backbone // backbone_atoms(unit))


def chain(unit: RepeatUnit | str, n: int) -> Chain:
    """A head-to-tail chain of `n` repeat units between methyl caps, stereo as marked, in time linear in `n`.

    Raises InvalidRepeatUnit for a string that is no repeat unit, ValueError for `n` below 1.
    """
    if n < 1:
        raise ValueError(f"a chain of {n} repeat units; allowed is 1 or more")
    word = (parse(unit) if isinstance(unit, str) else unit).word
    one = CappedUnit.of(word)
    few = min(n, 3)
    short, unit_of, copy_of = _by_unit(_capped(word * few), [one] * few)
    if n > few:
        short, unit_of, copy_of = _lengthened(short, unit_of, copy_of, n)
    return Chain(short, (one,), (0,) * n, unit_of, copy_of)


def mixed_chain(units: Sequence[RepeatUnit], sequence: Sequence[int]) -> Chain:
    """A chain of several kinds of units, each cut and turned as it is written; `sequence` counts from 0 in `units`.

    Raises InvalidRepeatUnit as `RepeatUnit.written` does.
    """
    kinds = tuple(CappedUnit.of(unit.written) for unit in units)
    word = tuple(block for kind in sequence for block in units[kind].written)
    mol, unit_of, copy_of = _by_unit(_capped(word), [kinds[kind] for kind in sequence])
    return Chain(mol, kinds, tuple(sequence), unit_of, copy_of)


def _capped(word: Word) -> Chem.Mol:
    """A chain with methyl caps and explicit hydrogens, which follow in the order of their heavy atoms."""
    # With equal ends a centre in the middle of a short chain would not count as one, and lose its mark.
    mol = Chem.MolFromSmiles(f"{LEFT_END}{repeated(word)[1:-1]}{RIGHT_END}", _AS_WRITTEN)
    for cap in (mol.GetAtomWithIdx(0), mol.GetAtomWithIdx(mol.GetNumAtoms() - 1)):
        cap.SetAtomicNum(6)
        cap.SetIsotope(0)
        cap.SetNoImplicit(False)
    Chem.SanitizeMol(mol)
    Chem.SetBondStereoFromDirections(mol)
    return Chem.AddHs(mol)


def _size(capped: Chem.Mol) -> int:
    """Heavy atoms between the caps."""
    return int(capped.GetNumHeavyAtoms()) - 2


def _parents(mol: Chem.Mol) -> Indices:
    """The heavy atom of every hydrogen, ascending."""
    heavy = mol.GetNumHeavyAtoms()
    return np.array([_neighbour(mol, index) for index in range(heavy, mol.GetNumAtoms())], dtype=np.int64)


def _neighbour(mol: Chem.Mol, index: int) -> int:
    return int(mol.GetAtomWithIdx(index).GetBonds()[0].GetOtherAtomIdx(index))


def _by_unit(mol: Chem.Mol, units: Sequence[CappedUnit]) -> tuple[Chem.Mol, Indices, Indices]:
    """A chain of `_capped` with its atoms unit by unit, each as in its capped unit; number of the unit and atom of the
    capped unit of each."""
    sizes = np.array([_size(unit.mol) for unit in units])
    # a cap, the units one after the other, a cap
    unit_of = np.concatenate([[0], np.repeat(np.arange(len(units)), sizes), [len(units) - 1]])
    copy_of = np.concatenate([[0], *(np.arange(1, size + 1) for size in sizes), [sizes[-1] + 1]])
    parents = _parents(mol)
    rank = np.arange(len(parents)) - np.searchsorted(parents, parents)
    in_unit = {id(unit): _parents(unit.mol) for unit in units}
    copied = [
        sizes[number] + 2 + np.searchsorted(in_unit[id(units[number])], copy)
        for number, copy in zip(unit_of[parents].tolist(), copy_of[parents].tolist(), strict=True)
    ]
    unit_of = np.concatenate([unit_of, unit_of[parents]])
    copy_of = np.concatenate([copy_of, np.array(copied, dtype=np.int64) + rank])
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
