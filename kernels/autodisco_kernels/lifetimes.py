"""How long contacts and clusters last: spells of consecutive frames, and the correlation functions they give.

A contact is kept as the frames in which it begins and ends, which needs memory for changes only. Two functions come
from these spells: of the contacts at a time origin, the share that has never broken since (continuous) and the share
that is there again (intermittent), as defined by Rapaport, Mol. Phys. 1983, 50, 1151.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike

from autodisco_kernels.cells import Floats, Longs


@dataclass(frozen=True)
class Spells:
    """Unbroken spells of contacts.

    Attributes
    ----------
    keys : int64 (n_spells,), sorted; which contact
    starts, stops : int64 (n_spells,), first frame of the spell and first frame after it, ascending within a key
    n_frames : number of frames watched
    """

    keys: Longs
    starts: Longs
    stops: Longs
    n_frames: int

    @property
    def present(self) -> Longs:
        """Number of contacts in every frame, (n_frames,)."""
        changes = np.bincount(self.starts, minlength=self.n_frames + 1)
        return np.cumsum(changes - np.bincount(self.stops, minlength=self.n_frames + 1))[:-1]

    def parts(self, n: int) -> "list[Spells]":
        """The spells of `n` disjoint sets of contacts, for error bars."""
        chosen = [self.keys % n == k for k in range(n)]
        return [Spells(self.keys[c], self.starts[c], self.stops[c], self.n_frames) for c in chosen]

    def continuous(self, lags: ArrayLike) -> Floats:
        """Share of the contacts at an origin that are unbroken after each lag (in frames); NaN without any origin."""
        return _share(*self.counts(lags, unbroken=True))

    def intermittent(self, lags: ArrayLike) -> Floats:
        """Share of the contacts at an origin that are there after each lag, broken in between or not."""
        return _share(*self.counts(lags, unbroken=False))

    def counts(self, lags: ArrayLike, unbroken: bool) -> tuple[Floats, Longs]:
        """For each lag (in frames) the number of contacts at all origins that are unbroken, or there, after it, and the
        number at all origins. Those of disjoint sets of contacts add up."""
        wanted = np.asarray(lags, dtype=np.int64)
        if wanted.ndim != 1 or (wanted < 0).any() or (wanted >= max(self.n_frames, 1)).any():
            raise ValueError(f"lags are not whole numbers from 0 to {self.n_frames - 1}")
        origins = np.concatenate([np.zeros(1, np.int64), np.cumsum(self.present)])[self.n_frames - wanted]
        if unbroken:
            lengths = np.asarray(self.stops - self.starts, dtype=np.int64)
            return np.array([np.maximum(lengths - lag, 0).sum() for lag in wanted], dtype=np.float64), origins
        groups = np.flatnonzero(np.concatenate([[True], self.keys[1:] != self.keys[:-1], [True]]))
        if not len(self.keys):
            groups = np.zeros(1, np.int64)
        return np.asarray(_together(self.starts, self.stops, groups, wanted)), origins


def _share(kept: Floats, origins: Longs) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(origins > 0, kept / origins, np.nan)


class SpellRecorder:
    """Turns the contacts of frame after frame into `Spells`; memory grows with changes, not with frames."""

    def __init__(self) -> None:
        self._open_keys = np.empty(0, np.int64)
        self._open_starts = np.empty(0, np.int64)
        self._closed: list[tuple[Longs, Longs, Longs]] = []
        self._n_frames = 0

    def add(self, keys: ArrayLike, frames: ArrayLike) -> None:
        """Add consecutive frames: frame f holds the contacts ``keys[frames[f]:frames[f + 1]]``, in any order."""
        given, edges = once_per_frame(keys, frames)
        closed, opened, starts = _follow(given, edges, self._n_frames, self._open_keys, self._open_starts)
        if len(closed[0]):
            self._closed.append(closed)
        self._open_keys, self._open_starts = opened, starts
        self._n_frames += len(edges) - 1

    def spells(self) -> Spells:
        """All spells so far; those still going on end with the record."""
        going = (self._open_keys, self._open_starts, np.full(len(self._open_keys), self._n_frames))
        keys, starts, stops = (np.concatenate([part[k] for part in [*self._closed, going]]) for k in range(3))
        order = np.lexsort((starts, keys))
        return Spells(keys[order], starts[order], stops[order], self._n_frames)


def once_per_frame(keys: ArrayLike, frames: ArrayLike) -> tuple[Longs, Longs]:
    """Keys of consecutive frames, ``keys[frames[f]:frames[f + 1]]``, sorted, each at most once in a frame."""
    given, edges = np.asarray(keys, dtype=np.int64), np.asarray(frames, dtype=np.int64)
    number = np.repeat(np.arange(len(edges) - 1), np.diff(edges))
    order = np.lexsort((given, number))
    given, number = given[order], number[order]
    fresh = np.ones(len(given), bool)
    fresh[1:] = (given[1:] != given[:-1]) | (number[1:] != number[:-1])
    counts = np.bincount(number[fresh], minlength=len(edges) - 1)
    return given[fresh], np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])


def cluster_names(labels: ArrayLike, least: int = 2) -> tuple[Longs, Longs]:
    """A number for every cluster that stays the same as long as its members do, for `SpellRecorder.add`.

    Parameters
    ----------
    labels : (F, n_ions) of `ion_clusters`
    least : smaller clusters are left out; a lone ion is always the same

    Returns
    -------
    keys, frames
        The sum of a 64-bit number per member (Zobrist's hash): two different clusters share one with a chance of 5e-20.
    """
    given = np.asarray(labels, dtype=np.int32)
    values = np.random.default_rng(20).integers(-(2**63), 2**63 - 1, given.shape[1], dtype=np.int64)
    return _name(given, values, least)


@njit(cache=True, nogil=True)
def _name(labels, values, least):
    n_frames, n_ions = labels.shape
    keys, frames, n = np.empty(n_frames * n_ions // least + 1, np.int64), np.zeros(n_frames + 1, np.int64), 0
    name, size = np.empty(n_ions, np.int64), np.empty(n_ions, np.int32)
    for frame in range(n_frames):
        name[:] = 0
        size[:] = 0
        for i in range(n_ions):
            name[labels[frame, i]] += values[i]
            size[labels[frame, i]] += 1
        for i in range(n_ions):
            if size[i] >= least:
                keys[n] = name[i]
                n += 1
        frames[frame + 1] = n
    return keys[:n], frames


@njit(cache=True, nogil=True)
def _follow(keys, edges, first_frame, open_keys, open_starts):
    """Merge the sorted contacts of each frame with the sorted open spells."""
    most = len(open_keys) + len(keys)
    closed, begun, ended, n_closed = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64), 0
    for frame in range(len(edges) - 1):
        now = keys[edges[frame] : edges[frame + 1]]
        starts = np.empty(len(now), np.int64)
        i = 0
        for k in range(len(now)):
            while i < len(open_keys) and open_keys[i] < now[k]:
                closed[n_closed], begun[n_closed], ended[n_closed] = open_keys[i], open_starts[i], first_frame + frame
                n_closed += 1
                i += 1
            if i < len(open_keys) and open_keys[i] == now[k]:
                starts[k] = open_starts[i]
                i += 1
            else:
                starts[k] = first_frame + frame
        while i < len(open_keys):
            closed[n_closed], begun[n_closed], ended[n_closed] = open_keys[i], open_starts[i], first_frame + frame
            n_closed += 1
            i += 1
        open_keys, open_starts = now, starts
    return (closed[:n_closed].copy(), begun[:n_closed].copy(), ended[:n_closed].copy()), open_keys.copy(), open_starts


@njit(cache=True, nogil=True)
def _together(starts, stops, groups, lags):
    """For every lag the number of (contact, origin) with the contact there at the origin and after the lag."""
    found = np.zeros(len(lags))
    for group in range(len(groups) - 1):
        low, high = groups[group], groups[group + 1]
        for k in range(len(lags)):
            lag, a, b, frames = lags[k], low, low, 0
            while a < high and b < high:
                # Run b as seen from its origins, `lag` frames earlier.
                overlap = min(stops[a], stops[b] - lag) - max(starts[a], starts[b] - lag)
                if overlap > 0:
                    frames += overlap
                if stops[a] < stops[b] - lag:
                    a += 1
                else:
                    b += 1
            found[k] += frames
    return found
