"""Trajectories as analyses see them, whatever files they come from: composition of the box and a stream of frames."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autodisco.analysis.components import Role
from autodisco.arrays import Floats, Indices
from autodisco.errors import InputError

LEAST_FRAMES = 7  # for a fit, and to tell bonds from contacts
HETEROATOMS = ("N", "O", "S", "P")
# Of ions, in this order: the P of PF6⁻ and the B of BF4⁻ are buried under fluorine.
COORDINATING = (("N", "O", "S"), ("F", "Cl", "Br", "I"), ("P",))


@dataclass(frozen=True)
class Species:
    """Ions of one kind; all index arrays count atoms of the box.

    Attributes
    ----------
    name, charge : for people, and in e
    bodies : (n_ions, k), the atoms whose centre of mass is the ion's position
    sites, site_of : (m,), coordinating atoms and the ion 0 … n_ions - 1 each belongs to
    label : what the ions are, such as ``TFSI``, where the files tell it
    """

    name: str
    charge: float
    bodies: Indices
    sites: Indices
    site_of: Indices
    label: str = ""

    @property
    def n(self) -> int:
        """Number of ions."""
        return len(self.bodies)


@dataclass(frozen=True)
class Neutral:
    """Molecules of one kind without a charge: a polymer or a solvent.

    Attributes
    ----------
    name, role : for people; ``polymer`` or ``solvent``
    n : number of molecules
    bodies : (m, k), atoms whose centre of mass moves: the tracers of a polymer one by one, every solvent molecule
    """

    name: str
    role: Role
    n: int
    bodies: Indices


@dataclass(frozen=True)
class Composition:
    """What the atoms of a box belong to.

    Attributes
    ----------
    elements, masses : (n_atoms,), symbols and g/mol
    species : cations first
    neutral_atoms : (p,), atoms of the polymer or solvent, all that are not ions
    hosts : (h,), its atoms that coordinate cations, empty where there are none
    chains : the atoms of each chain, where they are known and positions keep molecules whole
    neutrals : polymers and solvents, where the files tell them apart
    """

    elements: NDArray[np.str_]
    masses: Floats
    species: tuple[Species, ...]
    neutral_atoms: Indices
    hosts: Indices
    chains: tuple[Indices, ...] = ()
    neutrals: tuple[Neutral, ...] = ()

    @property
    def cations(self) -> tuple[Species, ...]:
        """Species of positive charge."""
        return tuple(kind for kind in self.species if kind.charge > 0)

    @property
    def anions(self) -> tuple[Species, ...]:
        """Species of negative charge."""
        return tuple(kind for kind in self.species if kind.charge < 0)

    @property
    def neutral_mass(self) -> float:
        """Mass of polymer or solvent in g/mol."""
        return float(self.masses[self.neutral_atoms].sum())

    @property
    def tracers(self) -> Indices:
        """Atoms that stand for the motion of the polymer: those that coordinate, or else all heavy ones.

        Of all neutral molecules, where polymers and solvents are not told apart.
        """
        polymers = [kind.bodies[:, 0] for kind in self.neutrals if kind.role == "polymer"]
        return np.concatenate(polymers) if polymers else tracers_among(self.neutral_atoms, self.elements)


@dataclass(frozen=True)
class Chunk:
    """Consecutive frames: positions (C, n_atoms, 3) in Å and cells (C, 3, 3), rows a, b, c."""

    positions: Floats
    cells: Floats


class Notes(list[str]):
    """What readers assumed or left out, a sentence each; complete when the last frame has been read."""

    def say(self, sentence: str) -> None:
        """Add a sentence, once."""
        if sentence not in self:
            self.append(sentence)


class StartAgain(Exception):
    """Raised by `Trajectory.chunks`: frames that were handed out are void; call it again for others."""


@dataclass(frozen=True)
class Trajectory:
    """Frames as a stream that can be read from the start by calling `chunks`.

    Attributes
    ----------
    source : named in messages
    chunks : frames per chunk to an iterator over `Chunk`, which may raise `StartAgain`
    unwrapped : whether positions are continuous in time already; else they are made so
    n_frames : None when only reading to the end tells
    neutral_mass : of polymer and solvent, in g/mol, where the files state another than the masses of the atoms give
    formula_units : of all salts, where the files state them; else they follow from the charges
    cluster_cutoff : in Å, where cations and anions touch (3.4: Li+, France-Lanord & Grossman 2019)
    coordination_cutoff : in Å, up to where atoms are neighbours of a cation
    fit_ps : lags over which displacements are fitted; None to choose them
    notes : become warnings of the result
    """

    source: Path
    composition: Composition
    chunks: Callable[[int], Iterator[Chunk]]
    unwrapped: bool
    temperature_k: float
    frame_interval_ps: float
    monomer_smiles: str = ""
    n_frames: int | None = None
    neutral_mass: float | None = None
    formula_units: int | None = None
    cluster_cutoff: float = 3.4
    coordination_cutoff: float = 2.8
    fit_ps: tuple[float, float] | None = None
    notes: Notes = field(default_factory=Notes)


def hosts_among(atoms: Indices, elements: NDArray[np.str_]) -> Indices:
    """The N, O, S and P among some atoms."""
    return atoms[np.isin(elements[atoms], HETEROATOMS)]


def tracers_among(atoms: Indices, elements: NDArray[np.str_]) -> Indices:
    """The N, O, S and P among some atoms, or else all heavy ones."""
    hosts = hosts_among(atoms, elements)
    return hosts if len(hosts) else atoms[elements[atoms] != "H"]


def sites_of(atoms: Indices, elements: NDArray[np.str_]) -> Indices:
    """The coordinating atoms among those of ions of one kind: N, O and S, else halogens, else P, else all of them."""
    for wanted in COORDINATING:
        chosen = np.isin(elements[atoms], wanted)
        if chosen.any():
            return atoms[chosen]
    return atoms


def check_composition(source: Path, composition: Composition) -> None:
    """Raise InputError unless there are cations and anions."""
    numbers = [sum(kind.n for kind in kinds) for kinds in (composition.cations, composition.anions)]
    if not all(numbers):
        raise InputError(
            f"{source}: {numbers[0]} cations and {numbers[1]} anions; both are needed: see --cation and --anion"
        )
