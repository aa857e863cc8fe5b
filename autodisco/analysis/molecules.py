"""Which atoms are one molecule: by bonds, else by the numbers of a file, checked against where the atoms are.

A `mol` column or residue that numbers species and not molecules would turn all ions of a kind into one; one that splits
ions would turn each into several. Both show in distances: atoms of a molecule are linked by bonds.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from autodisco.analysis.trajectory import LEAST_FRAMES, Chunk, Notes
from autodisco.arrays import Floats, Indices
from autodisco.errors import InputError
from autodisco.text import counted
from autodisco_kernels import contacts

# Covalent radii in Å (Cordero et al., Dalton Trans. 2008, 2832); metal ions make no bonds.
RADII = {
    "H": 0.31, "B": 0.84, "C": 0.76, "N": 0.71, "O": 0.66, "F": 0.57, "Si": 1.11, "P": 1.07, "S": 1.05, "Cl": 1.02,
    "Br": 1.20, "I": 1.39,
}  # fmt: skip
METALS = ("Li", "Na", "K", "Rb", "Cs", "Mg", "Ca", "Zn", "Al")
STRETCH = 1.3  # times the sum of the radii, up to which atoms may be bonded
BEAD_BOND = 6.0  # Å, for atoms of no element: beads of coarse-grained models
GROUPS_APART = 4.0  # Å between selected atoms that are no group any more
RIGID = 0.15  # Å by which the length of a bond varies at most
TOGETHER = 0.9  # mean phase of two atoms a seventh of the box apart
FRAMES = 20  # over which bonds have to last


@dataclass(frozen=True)
class Numbering:
    """A number per atom that atoms of one molecule share, where it is from, and whether it is certain."""

    of: Indices
    by: str  # "bonds", "mol numbers", "residues" or "nothing"


def numbering(universe: Any, by_mol: bool | None) -> Numbering:
    """Molecules as the topology has them; `by_mol` says whether a dump has a mol column, None for other files."""
    if len(getattr(universe, "bonds", ())):
        return Numbering(np.asarray(universe.atoms.fragindices, dtype=np.int64), "bonds")
    if by_mol or (by_mol is None and len(universe.residues) > 1):
        return Numbering(np.asarray(universe.atoms.resindices, dtype=np.int64), "mol numbers" if by_mol else "residues")
    return Numbering(np.arange(len(universe.atoms), dtype=np.int64), "nothing")


class Geometry:
    """Bonds by distance in the first frames of a trajectory, found when they are asked for.

    Parameters
    ----------
    elements : of the atoms, empty where unknown
    sample : number of frames to as many of the first ones
    source : what is read, for messages
    """

    def __init__(self, elements: NDArray[np.str_], sample: Callable[[int], Chunk], source: object) -> None:
        self.elements, self._sample, self._source = elements, sample, source
        self.radii = np.array([RADII.get(str(e), 0.0) for e in elements])
        self.beads = ~np.isin(elements, (*RADII, *METALS))
        self._first: Chunk | None = None
        self._frames: Chunk | None = None

    @property
    def first(self) -> Chunk:
        """The first frame."""
        if self._first is None:
            self._first = self._sample(1)
        return self._first

    def near(self, atoms: Indices, others: Indices, cutoff: float) -> tuple[Indices, Indices, Floats]:
        """Pairs of `atoms` and `others` within a cutoff in the first frame, and how far they are apart."""
        x = self.first.positions
        found = contacts(x[:, atoms], x[:, others], self.first.cells, cutoff)
        i, j = atoms[found.points], others[found.others]
        return i[i != j], j[i != j], found.distances[i != j]

    def bonds(self, atoms: Indices, others: Indices, beads: bool = False) -> tuple[Indices, Indices]:
        """Pairs of `atoms` and `others` that may be bonded in the first frame; with `beads`, of those too."""
        i, j, d = self.near(atoms, others, BEAD_BOND if beads else 2 * STRETCH * float(self.radii.max(initial=0.8)))
        allowed = STRETCH * (self.radii[i] + self.radii[j]) * (self.radii[i] > 0) * (self.radii[j] > 0)
        if beads:
            allowed = np.where(self.beads[i] | self.beads[j], BEAD_BOND, allowed)
        return i[d <= allowed], j[d <= allowed]

    def spread(self, atoms: Indices) -> bool:
        """Whether atoms lie all over the box, as those of a molecule do not.

        Along each axis, the mean of the phases of fractional positions is near 1 for atoms that lie together.
        """
        fractions = self.first.positions[0, atoms] @ np.linalg.inv(self.first.cells[0])
        return bool(np.abs(np.exp(2j * np.pi * fractions).mean(axis=0)).min() < TOGETHER)

    def lasting(self, i: Indices, j: Indices) -> tuple[Indices, Indices]:
        """Those pairs that keep their distance over the first frames, as bonded atoms do and neighbours do not.

        Raises InputError where there are too few frames to tell.
        """
        if not len(i):
            return i, j
        if self._frames is None:
            self._frames = self._sample(FRAMES)
            if (n := len(self._frames.positions)) < LEAST_FRAMES:
                raise InputError(
                    f"{self._source}: {counted(n, 'frame')}; to tell molecules by distances, and for a fit, at least "
                    f"{LEAST_FRAMES} are needed"
                )
        frames = self._frames
        apart = frames.positions[:, i] - frames.positions[:, j]
        fractions = apart @ np.linalg.inv(frames.cells)
        d = np.linalg.norm(apart - np.rint(fractions) @ frames.cells, axis=2)
        kept = (d.std(axis=0) <= RIGID) & (d <= STRETCH * (self.radii[i] + self.radii[j])).all(axis=0)
        return i[kept], j[kept]


def molecules(
    known: Numbering, geometry: Geometry, selected: Iterable[tuple[str, Indices]], source: Any, notes: Notes
) -> Indices:
    """Numbers of molecules, corrected where the ions that were selected do not fit them; every correction is noted.

    Parameters
    ----------
    selected : for each kind of ion, what it is called in messages and its atoms
    """
    n = len(known.of)
    everything = np.arange(n)
    kinds = list(selected)
    if known.by == "nothing":
        i, j = geometry.lasting(*geometry.bonds(everything, everything))
        numbers = _components(n, i, j)
        sizes = {option: np.bincount(numbers)[numbers[atoms]] for option, atoms in kinds}
        told = "; ".join(
            f"{option} selects atoms of molecules of {_few(size.min(), size.max())}" for option, size in sizes.items()
        )
        notes.say(
            f"{source}: tells no molecules, so atoms that stay at the distance of a bond are taken for one ({told}); "
            "what is an ion, and what is polymer, follows from that: write a mol column, or give a topology with bonds"
        )
        return numbers
    numbers = known.of
    for option, atoms in kinds:
        numbers = _taken_apart(numbers, geometry, atoms, f"{source}: {option}", known.by, notes)
    for option, atoms in kinds:
        numbers = _put_together(numbers, geometry, atoms, f"{source}: {option}", known.by, notes)
    return numbers


def _taken_apart(numbers: Indices, geometry: Geometry, atoms: Indices, said: str, by: str, notes: Notes) -> Indices:
    """Molecules of these ions split into what is bonded, where one of them is in several places."""
    if by == "bonds":
        return numbers
    inside = np.flatnonzero(np.isin(numbers, numbers[atoms]))
    sizes = np.bincount(numbers[inside])
    if sizes.max() == 1:
        return numbers
    i, j = geometry.bonds(inside, inside, beads=True)
    parts = _components(len(numbers), *_within(numbers, i, j))
    torn = [number for number, n in _pieces(numbers, parts, inside).items() if n > 1]
    spread = [number for number in torn if geometry.spread(inside[numbers[inside] == number])]
    if not spread:
        return numbers
    # Neighbours may be as near as bonded atoms, but not for long.
    beads = geometry.beads[i] | geometry.beads[j]
    bonded = geometry.lasting(*_within(numbers, i[~beads], j[~beads]))
    loose = _within(numbers, i[beads], j[beads])
    parts = _components(len(numbers), np.append(bonded[0], loose[0]), np.append(bonded[1], loose[1]))
    pieces = _pieces(numbers, parts, inside)
    worst = max(pieces, key=lambda number: pieces[number])
    notes.say(
        f"{said}: by the {by} an ion of {sizes[worst]} atoms lies in {pieces[worst]} places, so they do not number "
        "molecules here; its atoms that are at the distance of a bond are taken for one ion each"
    )
    split = numbers.copy()
    split[inside] = numbers.max() + 1 + parts[inside]
    return split


def _put_together(numbers: Indices, geometry: Geometry, atoms: Indices, said: str, by: str, notes: Notes) -> Indices:
    """Molecules united where selected atoms are bonded across their numbers, but not to chains of several groups."""
    everything = np.arange(len(numbers))
    i, j = geometry.bonds(atoms, everything)
    across = numbers[i] != numbers[j]
    i, j = geometry.lasting(i[across], j[across])
    if not len(i):
        return numbers
    _, links = np.unique(numbers, return_inverse=True)
    united = _components(links.max() + 1, links[i], links[j])[links]
    before = len(np.unique(numbers[atoms]))
    after = len(np.unique(united[atoms]))
    groups = _groups(united, geometry, atoms)
    if max(groups.values()) > 1:
        notes.say(
            f"{said}: by the {by} these ions are parts of larger molecules, to whose other atoms they are bonded; "
            "each part counts as one ion"
        )
        return numbers
    notes.say(
        f"{said}: atoms of different {by} are bonded, so these do not number molecules here; {before} parts are "
        f"taken for {after} ions"
    )
    return united


def check_groups(
    numbers: Indices, geometry: Geometry, atoms: Indices, charge: float, missing: float, said: str, notes: Notes
) -> None:
    """Refuse, or note, ions of several charged groups: a polyanion is no ion that moves as one.

    `missing` is the charge that the others lack to make the box neutral with these ions, in e.

    Raises InputError where the box would be neutral if each group counted as an ion.
    """
    groups = _groups(numbers, geometry, atoms)
    most = max(groups.values())
    if most == 1:
        return
    total = sum(groups.values())
    as_they_count, as_groups = len(groups) * charge, total * charge
    if abs(as_they_count - missing) < 1e-6:
        return
    told = f"{said}: the selected atoms of an ion lie in {most} groups more than {GROUPS_APART:g} Å apart"
    if abs(as_groups - missing) < 1e-6:
        raise InputError(
            f"{told}, and the box is neutral only if each group carries {charge:+g} e: a chain of several charged "
            "groups is not one ion; number the groups as molecules of their own (mol, residues)"
        )
    notes.say(f"{told}; they count as one ion of {charge:+g} e that moves as a whole")


def _groups(numbers: Indices, geometry: Geometry, atoms: Indices) -> dict[int, int]:
    """How many groups the selected atoms of each molecule form."""
    i, j, _ = geometry.near(atoms, atoms, GROUPS_APART)
    same = numbers[i] == numbers[j]
    parts = _components(len(numbers), i[same], j[same])
    return _pieces(numbers, parts, atoms)


def _pieces(numbers: Indices, parts: Indices, atoms: Indices) -> dict[int, int]:
    """In how many parts some atoms of each molecule are."""
    pairs = np.unique(np.stack([numbers[atoms], parts[atoms]], axis=1), axis=0)
    found, counts = np.unique(pairs[:, 0], return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))


def _components(n: int, i: Indices, j: Indices) -> Indices:
    links = coo_matrix((np.ones(len(i), bool), (i, j)), shape=(n, n))
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)


def _within(numbers: Indices, i: Indices, j: Indices) -> tuple[Indices, Indices]:
    """Those pairs that are in one molecule."""
    same = numbers[i] == numbers[j]
    return i[same], j[same]


def _few(low: int, high: int) -> str:
    return f"{low} atoms" if low == high else f"{low} to {high} atoms"
