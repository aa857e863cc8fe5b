"""What an analysis has to know of a trajectory, whatever files it came from: who is who, and frames as a stream."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autodisco.errors import InputError

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

HETEROATOMS = ("N", "O", "S", "P")
HALOGENS = ("F", "Cl", "Br", "I")


@dataclass(frozen=True)
class Species:
    """Ions of one kind; all index arrays count atoms of the box.

    Attributes
    ----------
    name, charge : for people, and in e
    bodies : (n_ions, k), the atoms whose centre of mass is the ion's position
    sites, site_of : (m,), coordinating atoms and the ion 0 … n_ions - 1 each belongs to
    """

    name: str
    charge: float
    bodies: Indices
    sites: Indices
    site_of: Indices

    @property
    def n(self) -> int:
        """Number of ions."""
        return len(self.bodies)


@dataclass(frozen=True)
class Composition:
    """Who is who among the atoms of a box.

    Attributes
    ----------
    elements, masses : (n_atoms,), symbols and g/mol
    species : cations first
    matrix : (p,), atoms of the polymer or solvent, all that are not ions
    hosts : (h,), its atoms that coordinate cations, empty where there are none
    """

    elements: NDArray[np.str_]
    masses: Floats
    species: tuple[Species, ...]
    matrix: Indices
    hosts: Indices

    @property
    def cations(self) -> tuple[Species, ...]:
        """Species of positive charge."""
        return tuple(kind for kind in self.species if kind.charge > 0)

    @property
    def anions(self) -> tuple[Species, ...]:
        """Species of negative charge."""
        return tuple(kind for kind in self.species if kind.charge < 0)

    @property
    def matrix_mass(self) -> float:
        """Mass of polymer or solvent in g/mol."""
        return float(self.masses[self.matrix].sum())

    @property
    def tracers(self) -> Indices:
        """Atoms that stand for the motion of the matrix: those that coordinate, or else all heavy ones."""
        return self.hosts if len(self.hosts) else self.matrix[self.elements[self.matrix] != "H"]


@dataclass(frozen=True)
class Chunk:
    """Consecutive frames: positions (C, n_atoms, 3) in Å and cells (C, 3, 3), rows a, b, c."""

    positions: Floats
    cells: Floats


@dataclass(frozen=True)
class Trajectory:
    """Frames as a stream that can be read once from the start by calling `chunks`.

    Attributes
    ----------
    source : named in messages
    chunks : frames per chunk to an iterator over `Chunk`
    unwrapped : whether positions are continuous in time already; else they are made so
    n_frames : None when only reading to the end tells
    matrix_mass : in g/mol where the files state another than the masses of the atoms give
    """

    source: Path
    who: Composition
    chunks: Callable[[int], Iterator[Chunk]]
    unwrapped: bool
    temperature_k: float
    frame_interval_ps: float
    monomer_smiles: str = ""
    n_frames: int | None = None
    matrix_mass: float | None = None


def hosts_among(atoms: Indices, elements: NDArray[np.str_]) -> Indices:
    """The N, O, S and P among some atoms."""
    return atoms[np.isin(elements[atoms], HETEROATOMS)]


def sites_of(bodies: Indices, elements: NDArray[np.str_]) -> tuple[Indices, Indices]:
    """Coordinating atoms of ions (n_ions, k), and the ion of each: N, O, S and P, else halogens, else all of them."""
    atoms, owner = bodies.reshape(-1), np.repeat(np.arange(len(bodies)), bodies.shape[1])
    for wanted in (HETEROATOMS, HALOGENS):
        chosen = np.isin(elements[atoms], wanted)
        if chosen.any():
            return atoms[chosen], owner[chosen]
    return atoms, owner


def check_composition(source: Path, who: Composition) -> None:
    """Raise InputError unless there are cations and anions."""
    numbers = [sum(kind.n for kind in kinds) for kinds in (who.cations, who.anions)]
    if not all(numbers):
        raise InputError(f"{source}: {numbers[0]} cations and {numbers[1]} anions; both are needed")
