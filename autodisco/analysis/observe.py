"""One pass over a trajectory: everything that transport properties are made of, in memory that does not grow with it.

What concerns single frames (clusters, contacts, distributions) is added up on the way; positions of ions wait on disk
until all frames are there, because displacements need them all.
"""

import contextlib
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autodisco.analysis.conventions import DEFAULT_JOINS, JOINS
from autodisco.analysis.series import Series
from autodisco.analysis.trajectory import Chunk, Floats, Indices, StartAgain, Trajectory, check_composition
from autodisco.errors import InputError
from autodisco_kernels import (
    Contacts,
    DisplacementSum,
    Population,
    RadialDistribution,
    RunRecorder,
    Runs,
    Unwrapper,
    cluster_names,
    contacts,
    cross_displacement,
    displacement_moments,
    ion_clusters,
    non_gaussian_from_moments,
    once_per_frame,
    populations,
    without_drift,
)

MOST_GROUPS = 32
LEAST_PIECES = 40
R_MAX = 8.0
LEAST_WIDTH = 3.0  # Å; two-dimensional boxes are given some tenths
RDF_GROUPS = 5


@dataclass(frozen=True)
class Settings:
    """How a trajectory is looked at.

    Attributes
    ----------
    cluster_cutoff : Å, between coordinating atoms of two ions of one cluster (France-Lanord & Grossman 2019); such a
        contact of a cation and an anion also makes an ion pair, whose residence and life are timed
    coordination_cutoff : Å, for coordination numbers and the residence of cations at polymer or solvent
    memory_mb : aim for what frames and displacements may take at a time
    threads : of the kernels
    joins : the pairs of ions that a contact joins to one cluster, of `JOINS`
    """

    cluster_cutoff: float = 3.4
    coordination_cutoff: float = 2.8
    memory_mb: float = 256.0
    threads: int = 1
    joins: tuple[str, ...] = DEFAULT_JOINS


@dataclass(frozen=True)
class Displacements:
    """Mean-squared displacements of the particles of one kind.

    Attributes
    ----------
    n : number of particles
    msd : (F,), Å², over all lags and origins
    groups : (G, F), the same for disjoint groups of the particles, whose spread is the error
    end_to_end : Å², between the first and the last frame
    lags, non_gaussian : (L,), the non-Gaussian parameter α₂ at some lags (in frames), NaN where nothing moved
    """

    n: int
    msd: Floats
    groups: Floats
    end_to_end: float
    lags: Indices
    non_gaussian: Floats


@dataclass(frozen=True)
class Coordination:
    """Neighbours of the cations.

    Attributes
    ----------
    distribution : g(r) about the coordinating atoms of cations, its error from groups of cations
    numbers : (F,), mean number of atoms within the coordination cutoff of any atom of a cation, in each frame
    by_element : the same for each element among the atoms; empty about anions, where nobody asks
    runs : spells of these contacts
    """

    distribution: RadialDistribution
    numbers: Floats
    by_element: dict[str, Floats]
    runs: Runs


@dataclass(frozen=True)
class Observations:
    """What one pass over a trajectory gives; species in the order of its composition.

    Attributes
    ----------
    volumes : (F,), Å³
    cell : (3, 3) of the first frame, and whether every frame has the same
    displacements : of each species
    matrix : of the tracers of polymer or solvent, None without any
    collective : (S, S, 3, F), ``⟨Δp_i Δp_j⟩`` per axis with p_i the sum of z r over species i, e² Å²
    largest_jump : longest way of an ion between two frames, as a share of the box
    pieces : populations of the run and of consecutive blocks of it
    to_matrix, to_anions : surroundings of all cations; spells at anions are those of `pairs`
    pairs, clusters : spells of cation–anion contacts and of clusters of unchanged members
    squared_radii : (F,), mean over the chains of the squared radius of gyration, Å²; None where chains are not known
    """

    trajectory: Trajectory
    settings: Settings
    n_frames: int
    volumes: Floats
    cell: Floats
    constant_cell: bool
    displacements: tuple[Displacements, ...]
    matrix: Displacements | None
    collective: Floats
    largest_jump: float
    pieces: "Pieces"
    to_matrix: Coordination | None
    to_anions: Coordination
    pairs: Runs
    clusters: Runs
    squared_radii: Floats | None

    @property
    def volume(self) -> float:
        """Mean volume, Å³."""
        return float(self.volumes.mean())

    @property
    def length_ps(self) -> float:
        """Time between the first and the last frame."""
        return (self.n_frames - 1) * self.trajectory.frame_interval_ps

    @property
    def population(self) -> Population:
        """Population matrix over all frames."""
        return self.pieces.whole()


def observe(
    trajectory: Trajectory, settings: Settings | None = None, progress: Callable[[int], None] | None = None
) -> Observations:
    """Read a trajectory once, from its first frame to its last.

    The drift of the centre of mass is taken out frame by frame; forgetting it turns a thermostat's random push on the
    whole box into diffusion. `progress` is told the number of frames read.

    Raises
    ------
    InputError
        For a box without cations or anions, a trajectory without frames, coordinates that are not finite, or
        coordinates said to be unwrapped in which ions jump by whole boxes.
    """
    chosen = settings or Settings()
    check_composition(trajectory.source, trajectory.who)
    while True:
        with Pass(trajectory, chosen) as run, contextlib.suppress(StartAgain):
            for chunk in trajectory.chunks(_frames_per_chunk(len(trajectory.who.masses), chosen.memory_mb)):
                run.add(chunk)
                if progress:
                    progress(run.n_frames)
            if not run.n_frames:
                raise InputError(f"{trajectory.source}: holds no frame")
            return run.result()


def _frames_per_chunk(n_atoms: int, memory_mb: float) -> int:
    """Frames whose copies (as read, unwrapped, without drift, rearranged) fill half of the memory."""
    return max(1, min(500, int(memory_mb * 1e6 / 2 / (4 * 24 * n_atoms))))


class Pass:
    """The running sums of `observe`."""

    def __init__(self, trajectory: Trajectory, settings: Settings) -> None:
        who = trajectory.who
        self._trajectory, self._settings, self._who = trajectory, settings, who
        self.n_frames = 0
        self._volumes: list[Floats] = []
        self._first_cell: Floats | None = None
        self._constant_cell = True
        self._unwrapper = Unwrapper(continuous=trajectory.unwrapped)
        self._last_ions: Floats | None = None
        self._largest_jump, self._half_a_box, self._whole_box = 0.0, 0, 0
        self._currents: list[Floats] = []
        self._series = Series(sum(kind.n for kind in who.species) + len(who.tracers))
        self._pieces = Pieces()
        offsets = np.cumsum([0, *(kind.n for kind in who.species)])
        self._sites = np.concatenate([kind.sites for kind in who.species])
        self._ion_of = np.concatenate(
            [kind.site_of + offset for kind, offset in zip(who.species, offsets, strict=False)]
        )
        self._species = np.repeat(np.arange(len(who.species)), [kind.n for kind in who.species])
        self._cutoffs = _joining(settings.joins, [kind.charge for kind in who.species]) * settings.cluster_cutoff
        self._cation_sites = np.concatenate([kind.sites for kind in who.cations])
        self._cation_of = self._ion_of[: len(self._cation_sites)]
        self._anion_sites = self._sites[len(self._cation_sites) :]
        self._n_cations = sum(kind.n for kind in who.cations)
        self._anion_of = self._ion_of[len(self._cation_sites) :] - self._n_cations
        hosts = who.elements[who.hosts]
        self._to_matrix = _Surroundings(self._cation_of, self._n_cations, len(hosts), settings, hosts)
        self._to_anions = _Surroundings(self._cation_of, self._n_cations, len(self._anion_sites), settings, timed=False)
        self._squared_radii: list[Floats] = []
        self._pairs, self._clusters = RunRecorder(), RunRecorder()

    def __enter__(self) -> "Pass":
        return self

    def __exit__(self, *_: object) -> None:
        self._series.close()

    def add(self, chunk: Chunk) -> None:
        """Add consecutive frames."""
        positions, cells = chunk.positions, chunk.cells
        if not np.isfinite(positions).all():
            raise InputError(f"{self._trajectory.source}: holds coordinates that are not finite")
        volumes = np.abs(np.linalg.det(cells))
        if not (np.isfinite(volumes) & (volumes > 0)).all():
            raise InputError(
                f"{self._trajectory.source}: a frame after {self.n_frames} others has a box without volume"
            )
        widths = 1 / np.linalg.norm(np.linalg.inv(cells), axis=1)  # between opposite faces
        if (thin := float(widths.min())) < LEAST_WIDTH:
            raise InputError(
                f"{self._trajectory.source}: a box is {thin:.3g} Å thin; conductivities are those of a volume, so the "
                f"box needs three dimensions of {LEAST_WIDTH:g} Å or more"
            )
        self.n_frames += len(positions)
        self._volumes.append(volumes)
        if self._first_cell is None:
            self._first_cell = cells[0].copy()
        self._constant_cell &= bool((cells == self._first_cell).all())
        self._structure(positions, cells)
        whole = self._unwrapper.next(positions, cells)
        if self._who.chains:
            self._squared_radii.append(squared_radii(whole, self._who.masses, self._who.chains))
        self._motion(without_drift(whole, self._who.masses), cells)

    def _structure(self, positions: Floats, cells: Floats) -> None:
        threads = self._settings.threads
        labels = ion_clusters(positions[:, self._sites], self._ion_of, self._species, self._cutoffs, cells, threads)
        self._pieces.add(labels, self._species)
        self._clusters.add(*cluster_names(labels))
        cations = positions[:, self._cation_sites]
        if len(self._who.hosts):
            self._to_matrix.add(cations, positions[:, self._who.hosts], cells)
        found = self._to_anions.add(cations, positions[:, self._anion_sites], cells)
        near = found.within(self._settings.cluster_cutoff)
        ions = self._cation_of[near.points].astype(np.int64) * (self._anion_of.max() + 1) + self._anion_of[near.others]
        self._pairs.add(ions, near.frames)

    def _motion(self, positions: Floats, cells: Floats) -> None:
        centres = [self._centres(positions, kind.bodies) for kind in self._who.species]
        self._currents.append(
            np.stack([kind.charge * x.sum(axis=1) for kind, x in zip(self._who.species, centres, strict=True)], axis=1)
        )
        ions = np.concatenate(centres, axis=1)
        followed = ions if self._last_ions is None else np.concatenate([self._last_ions[None], ions])
        steps = np.diff(followed, axis=0)
        if len(steps):
            jumps = np.abs(steps @ np.linalg.inv(cells[-len(steps) :]))
            self._largest_jump = max(self._largest_jump, float(jumps.max()))
            # Ways of ions thin out with their length; ways of about a whole box stand out where images were lost.
            self._half_a_box += int(np.count_nonzero((jumps > 0.25) & (jumps < 0.75)))
            self._whole_box += int(np.count_nonzero((jumps > 0.75) & (jumps < 1.25)))
        if self._trajectory.unwrapped and self._whole_box > self._half_a_box:
            raise InputError(
                f"{self._trajectory.source}: said to be unwrapped, but ions jump by whole boxes between two frames "
                f"({self._whole_box} times in the first {self.n_frames} frames)"
            )
        self._last_ions = ions[-1].copy()
        self._series.append(np.concatenate([ions, positions[:, self._who.tracers]], axis=1))

    def _centres(self, positions: Floats, bodies: Indices) -> Floats:
        if bodies.shape[1] == 1:
            return positions[:, bodies[:, 0]]
        weights = self._who.masses[bodies]
        return np.einsum("fnkx,nk->fnx", positions[:, bodies], weights / weights.sum(axis=1, keepdims=True))

    def result(self) -> Observations:
        """Everything, when the last frame has been added."""
        who = self._who
        edges = np.cumsum([0, *(kind.n for kind in who.species), len(who.tracers)])
        moved = [
            self._displacements(int(low), int(high)) if high > low else None for low, high in itertools.pairwise(edges)
        ]
        currents = np.concatenate(self._currents)
        n = len(who.species)
        collective = np.empty((n, n, 3, self.n_frames))
        for i in range(n):
            for j in range(i + 1):
                for axis in range(3):
                    both = currents[:, i, axis, None], currents[:, j, axis, None]
                    collective[i, j, axis] = collective[j, i, axis] = cross_displacement(*both)
        assert self._first_cell is not None
        return Observations(
            trajectory=self._trajectory,
            settings=self._settings,
            n_frames=self.n_frames,
            volumes=np.concatenate(self._volumes),
            cell=self._first_cell,
            constant_cell=self._constant_cell,
            displacements=tuple(kind for kind in moved[:-1] if kind is not None),
            matrix=moved[-1],
            collective=collective,
            largest_jump=self._largest_jump,
            pieces=self._pieces,
            to_matrix=self._to_matrix.result() if len(who.hosts) else None,
            to_anions=self._to_anions.result(),
            pairs=self._pairs.runs(),
            clusters=self._clusters.runs(),
            squared_radii=np.concatenate(self._squared_radii) if self._squared_radii else None,
        )

    def _displacements(self, low: int, high: int) -> Displacements:
        n, most_bytes = high - low, int(self._settings.memory_mb * 1e6 / 8)
        edges = np.linspace(low, high, min(n, MOST_GROUPS) + 1).astype(int)
        lags = spread_lags(self.n_frames)
        groups, end_to_end, moments = [], 0.0, np.zeros((3, len(lags)))
        for first, last in itertools.pairwise(edges):
            group = DisplacementSum(self.n_frames)
            for block in self._series.blocks(int(first), int(last), most_bytes):
                group.add(block)
                end_to_end += float(np.sum((block[:, :, -1] - block[:, :, 0]) ** 2))
                moments += displacement_moments(block, lags)
            groups.append(group.msd())
        share = np.diff(edges) / n
        curves = np.array(groups)
        return Displacements(n, share @ curves, curves, end_to_end / n, lags, non_gaussian_from_moments(moments))


class _Surroundings:
    """Distribution, coordination number and spells of atoms about cations.

    The distribution reaches much further than the contacts and costs accordingly; it takes every frame of boxes with
    few cations and every tenth at most of those with many.
    """

    def __init__(
        self,
        cation_of: Indices,
        n_cations: int,
        n_atoms: int,
        settings: Settings,
        elements: NDArray[np.str_] | None = None,
        timed: bool = True,
    ) -> None:
        self._timed, self._elements = timed, elements
        self._by_element: dict[str, list[Floats]] = {}
        if elements is not None:
            self._by_element = {element: [] for element in np.unique(elements).tolist()}
        self._cation_of, self._n_cations, self._n_atoms, self._settings = cation_of, n_cations, n_atoms, settings
        groups = cation_of % min(n_cations, RDF_GROUPS)
        self._distribution = RadialDistribution(len(cation_of), n_atoms, R_MAX, bins=160, groups=groups)
        self._every = min(max(n_cations // 10, 1), 10)
        self._recorder = RunRecorder()
        self._numbers: list[Floats] = []
        self._n_frames = 0

    def add(self, cations: Floats, atoms: Floats, cells: Floats) -> Contacts:
        """Add frames; returns the contacts within the cluster cutoff or the coordination cutoff, the longer of them."""
        cutoffs, threads = self._settings, self._settings.threads
        chosen = slice(-self._n_frames % self._every, None, self._every)
        self._distribution.add(contacts(cations[chosen], atoms[chosen], cells[chosen], R_MAX, threads), cells[chosen])
        found = contacts(cations, atoms, cells, max(cutoffs.cluster_cutoff, cutoffs.coordination_cutoff), threads)
        near = found.within(cutoffs.coordination_cutoff)
        touching = self._cation_of[near.points].astype(np.int64) * self._n_atoms + near.others
        if len(self._cation_of) > self._n_cations:
            touching, edges = once_per_frame(touching, near.frames)
        else:
            edges = near.frames
        self._numbers.append(np.diff(edges) / self._n_cations)
        if self._elements is not None:
            touched = self._elements[touching % self._n_atoms]
            for element, numbers in self._by_element.items():
                counted = np.concatenate([[0], np.cumsum(touched == element)])
                numbers.append(np.diff(counted[edges]) / self._n_cations)
        if self._timed:
            self._recorder.add(touching, edges)
        self._n_frames += len(cations)
        return found

    def result(self) -> Coordination:
        by_element = {element: np.concatenate(numbers) for element, numbers in self._by_element.items()}
        return Coordination(self._distribution, np.concatenate(self._numbers), by_element, self._recorder.runs())


def _joining(joins: Sequence[str], charges: Sequence[float]) -> NDArray[np.bool_]:
    """Which species (S, S) a contact joins."""
    positive = np.array(charges) > 0
    unlike, both = positive[:, None] != positive, positive[:, None] & positive
    kinds = dict(zip(JOINS, (unlike, ~unlike & ~both, both), strict=True))
    return np.logical_or.reduce([kinds[name] for name in joins])


def squared_radii(positions: Floats, masses: Floats, chains: Sequence[Indices]) -> Floats:
    """Squared radius of gyration about the centre of mass, mean over `chains` of whole molecules, (frames,), Å²."""
    total = np.zeros(len(positions))
    for chain in chains:
        weights = masses[chain] / masses[chain].sum()
        x = positions[:, chain]
        centre = np.einsum("fnk,n->fk", x, weights)
        total += np.einsum("fnk,fnk,n->f", x, x, weights) - (centre**2).sum(axis=1)
    return total / len(chains)


def spread_lags(n_frames: int, n: int = 40) -> Indices:
    """About `n` lags from 1 to half the run, evenly spread over its decades."""
    last = max(1, n_frames // 2)
    return np.unique(np.geomspace(1, last, n).round().astype(np.int64)) if n_frames > 1 else np.zeros(0, np.int64)


class Pieces:
    """Populations of consecutive pieces of a run of unknown length; neighbours merge when there are too many."""

    def __init__(self) -> None:
        self._pieces: list[tuple[int, dict[tuple[int, ...], float]]] = []
        self._frames_per_piece = 1

    def add(self, labels: NDArray[np.int32], species: Indices) -> None:
        """Add frames of labels (C, n_ions)."""
        start = 0
        while start < len(labels):
            if not self._pieces or self._pieces[-1][0] == self._frames_per_piece:
                if len(self._pieces) == 2 * LEAST_PIECES:
                    self._halve()
                self._pieces.append((0, {}))
            n, counts = self._pieces[-1]
            taken = min(self._frames_per_piece - n, len(labels) - start)
            part = populations(labels[start : start + taken], species)
            for kind, mean in zip(map(tuple, part.counts.tolist()), part.mean.tolist(), strict=True):
                counts[kind] = counts.get(kind, 0.0) + mean * taken
            self._pieces[-1] = (n + taken, counts)
            start += taken

    def _halve(self) -> None:
        merged = []
        for (n, first), (m, second) in zip(self._pieces[::2], self._pieces[1::2], strict=True):
            merged.append((n + m, {kind: first.get(kind, 0.0) + second.get(kind, 0.0) for kind in first | second}))
        self._pieces = merged
        self._frames_per_piece *= 2

    def whole(self) -> Population:
        """Population over all frames."""
        total: dict[tuple[int, ...], float] = {}
        for _, counts in self._pieces:
            for kind, count in counts.items():
                total[kind] = total.get(kind, 0.0) + count
        return _population(sum(n for n, _ in self._pieces), total)

    def blocks(self) -> list[Population]:
        """Populations of consecutive blocks of equal length; frames at the end that fill none are left out."""
        return [_population(n, counts) for n, counts in self._pieces if n == self._frames_per_piece]


def _population(n_frames: int, counts: dict[tuple[int, ...], float]) -> Population:
    kinds = sorted(counts)
    return Population(np.array(kinds, dtype=np.int64), np.array([counts[kind] for kind in kinds]) / n_frames)
