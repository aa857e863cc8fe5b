"""Consecutive frames of a run, and what several observables need of them, each computed once when first asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autodisco.analysis.conventions import DEFAULT_JOINS, JOINS
from autodisco.analysis.trajectory import Chunk, Composition
from autodisco.arrays import Floats, Indices
from autodisco.errors import InputError
from autodisco_kernels import Contacts, Unwrapper, contacts, ion_clusters, once_per_frame, without_drift

LEAST_WIDTH = 3.0  # Å; two-dimensional boxes are given some tenths


@dataclass(frozen=True)
class Settings:
    """How a trajectory is analysed.

    Attributes
    ----------
    cluster_cutoff : Å, between coordinating atoms of two ions of one cluster (France-Lanord & Grossman 2019); such a
        contact of a cation and an anion also makes an ion pair, whose residence and life are timed
    coordination_cutoff : Å, for coordination numbers and the residence of cations at polymer or solvent
    memory_mb : approximate memory for frames and displacements
    threads : of the kernels
    joins : the pairs of ions that a contact joins to one cluster, of `JOINS`
    mode : the conventions, of `MODES`
    """

    cluster_cutoff: float = 3.4
    coordination_cutoff: float = 2.8
    memory_mb: float = 256.0
    threads: int = 1
    joins: tuple[str, ...] = DEFAULT_JOINS
    mode: str = "default"


class IonAtoms:
    """The coordinating atoms of all ions as arrays; ions are numbered through all species, cations first.

    Attributes
    ----------
    sites, ion_of : (m,), coordinating atoms, and the ion each belongs to
    species : (n_ions,), index of the species of each ion
    joined_within : (S, S), Å, distance that joins two ions of these species to one cluster, 0 where none does
    n_cations, n_anions : number of ions
    cation_sites, cation_of, anion_sites, anion_of : the same of the cations and of the anions alone; anions from 0
    """

    def __init__(self, composition: Composition, settings: Settings) -> None:
        kinds, none = composition.species, np.empty(0, np.int64)
        offsets = np.cumsum([0, *(kind.n for kind in kinds)])
        self.sites = np.concatenate([none, *(kind.sites for kind in kinds)])
        self.ion_of = np.concatenate([none, *(k.site_of + o for k, o in zip(kinds, offsets, strict=False))])
        self.species = np.repeat(np.arange(len(kinds)), np.array([kind.n for kind in kinds], dtype=np.int64))
        self.joined_within = _joining(settings.joins, [kind.charge for kind in kinds]) * settings.cluster_cutoff
        self.n_cations = sum(kind.n for kind in composition.cations)
        self.n_anions = len(self.species) - self.n_cations
        n_sites = sum(len(kind.sites) for kind in composition.cations)
        self.cation_sites, self.cation_of = self.sites[:n_sites], self.ion_of[:n_sites]
        self.anion_sites, self.anion_of = self.sites[n_sites:], self.ion_of[n_sites:] - self.n_cations


@dataclass(frozen=True)
class Neighbours:
    """Atoms of one kind about the cations.

    Attributes
    ----------
    positions : of these atoms, (C, m, 3), Å
    contacts : between coordinating atoms of cations and these atoms, up to the longer of the two cutoffs
    touching, edges : each pair of a cation and an atom within the coordination cutoff as the number
        ``cation * n_atoms + atom``, once per frame; those of frame f are ``edges[f]:edges[f + 1]``
    """

    positions: Floats
    contacts: Contacts
    touching: Indices
    edges: Indices


class Frames:
    """Consecutive frames.

    Attributes
    ----------
    positions : (C, n_atoms, 3), Å, as the files hold them
    cells : (C, 3, 3), Å, rows a, b, c
    """

    def __init__(
        self,
        chunk: Chunk,
        composition: Composition,
        settings: Settings,
        unwrapper: Unwrapper,
        ion_atoms: IonAtoms,
    ) -> None:
        self.positions, self.cells = chunk.positions, chunk.cells
        self._composition, self._settings, self._unwrapper, self._atoms = composition, settings, unwrapper, ion_atoms

    def __len__(self) -> int:
        return len(self.positions)

    def check(self, source: Path, n_before: int) -> None:
        """Raise InputError for coordinates that are not finite and boxes without volume, after so many frames."""
        if not np.isfinite(self.positions).all():
            raise InputError(f"{source}: holds coordinates that are not finite: the run failed there")
        if not (np.isfinite(self.volumes) & (self.volumes > 0)).all():
            raise InputError(f"{source}: a frame after {n_before} others has a box without volume")
        widths = 1 / np.linalg.norm(np.linalg.inv(self.cells), axis=1)  # between opposite faces
        if (thin := float(widths.min())) < LEAST_WIDTH:
            raise InputError(
                f"{source}: a box is {thin:.3g} Å thin; conductivities are those of a volume, so the "
                f"box needs three dimensions of {LEAST_WIDTH:g} Å or more"
            )

    @cached_property
    def volumes(self) -> Floats:
        """(C,), Å³."""
        return np.abs(np.linalg.det(self.cells))

    @cached_property
    def continuous(self) -> Floats:
        """Positions that are continuous in time, (C, n_atoms, 3), Å."""
        return self._unwrapper.next(self.positions, self.cells)

    @cached_property
    def centred(self) -> Floats:
        """Continuous positions relative to the centre of mass, (C, n_atoms, 3), Å.

        Forgetting its drift turns a thermostat's random push on the whole box into diffusion.
        """
        return without_drift(self.continuous, self._composition.masses)

    @cached_property
    def ions(self) -> tuple[Floats, ...]:
        """Centred positions of the ions of each species, (C, n, 3), Å."""
        return tuple(self.centres_of_mass(kind.bodies) for kind in self._composition.species)

    def centres_of_mass(self, bodies: Indices) -> Floats:
        """Centred positions (C, n, 3) in Å of the centres of mass of groups of atoms (n, k)."""
        if bodies.shape[1] == 1:
            return self.centred[:, bodies[:, 0]]
        weights = self._composition.masses[bodies]
        weights = weights / weights.sum(axis=1, keepdims=True)
        return np.asarray(np.einsum("fnkx,nk->fnx", self.centred[:, bodies], weights))

    @cached_property
    def clusters(self) -> NDArray[np.int32]:
        """Label of the cluster of each ion, (C, n_ions)."""
        atoms, sites = self._atoms, self.positions[:, self._atoms.sites]
        return ion_clusters(sites, atoms.ion_of, atoms.species, atoms.joined_within, self.cells, self._settings.threads)

    @cached_property
    def cation_sites(self) -> Floats:
        """Positions of the coordinating atoms of cations, (C, m, 3), Å."""
        return self.positions[:, self._atoms.cation_sites]

    @cached_property
    def polymer_neighbours(self) -> Neighbours:
        """Coordinating atoms of the polymer or solvent about the cations."""
        return self._neighbours(self._composition.hosts)

    @cached_property
    def anion_neighbours(self) -> Neighbours:
        """Coordinating atoms of anions about the cations."""
        return self._neighbours(self._atoms.anion_sites)

    def _neighbours(self, others: Indices) -> Neighbours:
        settings, atoms = self._settings, self._atoms
        cutoff = max(settings.cluster_cutoff, settings.coordination_cutoff)
        positions = self.positions[:, others]
        found = contacts(self.cation_sites, positions, self.cells, cutoff, settings.threads)
        near = found.within(settings.coordination_cutoff)
        touching = atoms.cation_of[near.points].astype(np.int64) * len(others) + near.others
        if len(atoms.cation_of) > atoms.n_cations:
            return Neighbours(positions, found, *once_per_frame(touching, near.frames))
        return Neighbours(positions, found, touching, near.frames)


def _joining(joins: Sequence[str], charges: Sequence[float]) -> NDArray[np.bool_]:
    """Which species (S, S) a contact joins."""
    positive = np.array(charges, dtype=np.float64) > 0
    unlike, both = positive[:, None] != positive, positive[:, None] & positive
    kinds = dict(zip(JOINS, (unlike, ~unlike & ~both, both), strict=True))
    return np.asarray(np.logical_or.reduce([kinds[name] for name in joins]))
