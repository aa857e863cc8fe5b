"""Ion clusters: ions of any species that touch, directly or through others, in one frame.

An ion is one unit however many coordinating atoms it has, so union-find runs over ions while the search for neighbours
runs over atoms.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike

from autodisco_kernels import cells as grid
from autodisco_kernels.cells import Floats, Ints, Longs

TABLE = 1 << 16


@dataclass(frozen=True)
class Population:
    """The non-zero elements of the population matrix α, which has no size limit this way.

    Attributes
    ----------
    counts : int64 (n_kinds, n_species)
        Numbers of ions of each species in a kind of cluster, in ascending order; (i, j) for one cation and one anion.
    mean : float64 (n_kinds,)
        α_ij, the mean number of such clusters per frame.
    """

    counts: Longs
    mean: Floats

    def matrix(self) -> Floats:
        """α as a dense array with one axis per species, just large enough for the largest cluster."""
        dense = np.zeros(tuple(self.counts.max(axis=0, initial=0) + 1))
        dense[tuple(self.counts.T)] = self.mean
        return dense


def ion_clusters(
    sites: ArrayLike,
    ion_of: ArrayLike,
    species: ArrayLike,
    cutoffs: ArrayLike,
    box: ArrayLike,
    threads: int = 1,
) -> Ints:
    """Cluster label of every ion in every frame.

    Two ions are joined when any site of one lies within the cutoff of any site of the other; with a cutoff between
    cations and anions only, these are the clusters of France-Lanord & Grossman, Phys. Rev. Lett. 2019, 122, 136001.

    Parameters
    ----------
    sites : (F, n_sites, 3), Å
        The coordinating atoms of all ions; a monatomic ion is its own site. Wrapped or not, with any origin.
    ion_of : (n_sites,) integers
        Which ion, 0 … n_ions - 1, each site belongs to, in any order.
    species : (n_ions,) integers
        Species 0 … S - 1 of every ion.
    cutoffs : (S, S), Å
        Symmetric; 0 for species whose contact joins nothing.
    box, threads : as in `contacts`

    Returns
    -------
    int32 (F, n_ions)
        The label is the lowest index among the ions of the cluster.

    Raises
    ------
    ValueError
        For shapes that do not fit together, ions without a site, coordinates that are not finite, or cutoffs that are
        negative, not symmetric, or do not cover the species.
    """
    x = grid.as_positions(sites, "sites")
    owner, kinds = np.asarray(ion_of, dtype=np.int32), np.asarray(species, dtype=np.int32)
    limits = np.ascontiguousarray(cutoffs, dtype=np.float64)
    n_ions = len(kinds)
    if owner.shape != (x.shape[1],):
        raise ValueError(f"ion_of has shape {owner.shape}; ({x.shape[1]},) expected, one ion per site")
    _check_ions(owner, kinds, limits)
    cells = grid.as_cells(box, len(x))
    kind_of = kinds[owner]
    if (kind_of[1:] < kind_of[:-1]).any():
        by_species = np.argsort(kind_of, kind="stable")
        x, owner = np.ascontiguousarray(x[:, by_species]), owner[by_species]
    members = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.bincount(kind_of, minlength=len(limits)))])
    labels = np.empty((len(x), n_ions), np.int32)
    grid.over_frames(
        lambda part: _label(x[part], cells[part], owner, members, limits, labels[part]),
        len(x),
        threads,
    )
    return labels


def _check_ions(owner: Ints, kinds: Ints, limits: Floats) -> None:
    """Raise ValueError unless each ion has a site, each species its cutoffs, and cutoffs are lengths."""
    n_ions = len(kinds)
    if owner.min(initial=0) < 0 or (np.bincount(owner, minlength=n_ions) == 0).any() or owner.max(initial=-1) >= n_ions:
        raise ValueError(f"ion_of does not give each of the {n_ions} ions at least one site")
    if kinds.min(initial=0) < 0 or limits.ndim != 2 or limits.shape != (len(limits),) * 2:
        raise ValueError("species and cutoffs do not fit: cutoffs (S, S) for species 0 … S - 1 expected")
    if kinds.max(initial=-1) >= len(limits):
        raise ValueError(f"cutoffs cover {len(limits)} species, but there is a species {kinds.max()}")
    if not (np.isfinite(limits).all() and (limits >= 0).all() and (limits == limits.T).all()):
        raise ValueError("cutoffs are not a symmetric table of lengths of zero or more")


def populations(labels: ArrayLike, species: ArrayLike) -> Population:
    """Population matrix from the labels of `ion_clusters` (F, n_ions), averaged over the frames.

    Raises ValueError when there are so many species and ions that kinds of clusters cannot be numbered in 63 bits.
    """
    given, kinds = np.asarray(labels, dtype=np.int32), np.asarray(species, dtype=np.int64)
    # A cluster's kind is one number: its ions of each species as digits, the number of such ions plus one as base.
    bases = np.bincount(kinds) + 1
    places = [1]
    for base in bases[:0:-1]:
        places.insert(0, places[0] * int(base))
    if places[0] * int(bases[0]) >= 2**63:
        raise ValueError(f"{len(bases)} species with up to {bases.max() - 1} ions have too many kinds of clusters")
    table, rest = _tally(given, np.array(places)[kinds])
    common = np.flatnonzero(table)
    rare, times = np.unique(rest, return_counts=True)
    numbers = np.concatenate([common, rare])
    counts = np.stack([numbers // place % base for place, base in zip(places, bases, strict=True)], axis=1)
    return Population(counts, np.concatenate([table[common], times]) / len(given))


@njit(cache=True, nogil=True)
def _tally(labels, place):
    """Counts of the kinds of clusters below TABLE, and the numbers of the others one by one."""
    n_frames, n_ions = labels.shape
    table, rest, n_rest = np.zeros(TABLE, np.int64), np.empty(16, np.int64), 0
    kind = np.empty(n_ions, np.int64)
    for frame in range(n_frames):
        for i in range(n_ions):
            # The label is the lowest index, so that a cluster's first ion comes before the others.
            if labels[frame, i] == i:
                kind[i] = place[i]
            else:
                kind[labels[frame, i]] += place[i]
        for i in range(n_ions):
            if labels[frame, i] == i:
                if kind[i] < TABLE:
                    table[kind[i]] += 1
                    continue
                if n_rest == len(rest):
                    longer = np.empty(2 * n_rest, np.int64)
                    longer[:n_rest] = rest
                    rest = longer
                rest[n_rest] = kind[i]
                n_rest += 1
    return table, rest[:n_rest]


@njit(cache=True, nogil=True)
def _label(sites, cells, ion_of, members, cutoffs, labels):
    """Labels of consecutive frames; sites of species s are ``members[s]:members[s + 1]``."""
    n_frames, n, n_ions, n_species = sites.shape[0], sites.shape[1], labels.shape[1], len(members) - 1
    starts, where, order = np.empty(grid.most_cells(n) + 2, np.int32), np.empty(n, np.int32), np.empty(n, np.int32)
    inside, placed = np.empty((n, 3)), np.empty((n, 3))
    inverse, counts, reach = np.empty((3, 3)), np.empty(3, np.int64), np.empty(3)
    for frame in range(n_frames):
        h, parent = cells[frame], labels[frame]
        volume = grid.invert(h, inverse)
        for i in range(n_ions):
            parent[i] = i
        for s in range(n_species):
            for t in range(s + 1):
                # The larger set is sorted, so that the search runs over the smaller one.
                a, b = (s, t) if members[s + 1] - members[s] < members[t + 1] - members[t] else (t, s)
                low, high = members[b], members[b + 1]
                cutoff, few, many = cutoffs[s, t], sites[frame, members[a] : members[a + 1]], sites[frame, low:high]
                if cutoff == 0.0 or len(few) == 0:
                    continue
                grid.choose_grid(inverse, volume, len(many), cutoff, counts, reach)
                grid.sort_by_cell(many, h, inverse, counts, starts, where, inside, order, placed)
                for k in range(len(many)):
                    # From here on all that counts of a sorted site is its ion.
                    order[k] = ion_of[low + order[k]]
                if s == t:
                    _link_same(len(many), h, inverse, counts, reach, cutoff * cutoff, starts, order, placed, parent)
                else:
                    ions = ion_of[members[a] : members[a + 1]]
                    _link(few, ions, h, inverse, counts, reach, cutoff * cutoff, starts, order, placed, parent)
        # Parents point downwards, hence one pass in order reaches every root.
        for i in range(n_ions):
            parent[i] = parent[parent[i]]


@njit(cache=True, nogil=True)
def _link(few, own, h, inverse, counts, reach, square_cutoff, starts, ions, placed, parent):
    """Join the ions `own` of some sites with the `ions` of the sorted sites near them."""
    most = grid.most_stretches(counts, reach)
    bounds, shifted = np.empty((most, 2), np.int32), np.empty((most, 3))
    for i in range(len(few)):
        x, y, z = few[i, 0], few[i, 1], few[i, 2]
        f0, f1, f2 = grid.fractions(x, y, z, inverse)
        for k in range(grid.find_stretches(f0, f1, f2, h, counts, reach, starts, -1, bounds, shifted)):
            x, y, z = shifted[k, 0], shifted[k, 1], shifted[k, 2]
            for place in range(bounds[k, 0], bounds[k, 1]):
                dx, dy, dz = placed[place, 0] - x, placed[place, 1] - y, placed[place, 2] - z
                if dx * dx + dy * dy + dz * dz <= square_cutoff:
                    _join(parent, own[i], ions[place])


@njit(cache=True, nogil=True)
def _link_same(n, h, inverse, counts, reach, square_cutoff, starts, ions, placed, parent):
    """Join the ions of sorted sites with each other."""
    most = grid.most_stretches(counts, reach)
    bounds, shifted = np.empty((most, 2), np.int32), np.empty((most, 3))
    for own in range(n):
        x, y, z = placed[own, 0], placed[own, 1], placed[own, 2]
        f0, f1, f2 = grid.fractions(x, y, z, inverse)
        for k in range(grid.find_stretches(f0, f1, f2, h, counts, reach, starts, own, bounds, shifted)):
            x, y, z = shifted[k, 0], shifted[k, 1], shifted[k, 2]
            for place in range(bounds[k, 0], bounds[k, 1]):
                dx, dy, dz = placed[place, 0] - x, placed[place, 1] - y, placed[place, 2] - z
                if dx * dx + dy * dy + dz * dz <= square_cutoff:
                    _join(parent, ions[own], ions[place])


@njit(cache=True, nogil=True)
def _join(parent, i, j):
    """Union of two clusters; the lower index wins, so that labels do not depend on the order of the contacts."""
    a, b = _root(parent, i), _root(parent, j)
    if a < b:
        parent[b] = a
    elif b < a:
        parent[a] = b


@njit(cache=True, nogil=True)
def _root(parent, i):
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i
