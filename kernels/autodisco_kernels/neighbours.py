"""Contacts between two sets of points in periodic cells of any shape: pairs and their distances.

One search serves coordination numbers, residence times and radial distributions.
"""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike

from autodisco_kernels import cells as grid
from autodisco_kernels.cells import Floats, Ints, Longs


@dataclass(frozen=True)
class Contacts:
    """Pairs closer than a cutoff, frame after frame.

    Attributes
    ----------
    points, others : int32 (n_pairs,)
        Indices into the two sets; a pair met through several images of a narrow cell is listed once for each.
    distances : float64 (n_pairs,), Å
    frames : int64 (n_frames + 1,)
        Pairs of frame f are ``frames[f]:frames[f + 1]``.
    """

    points: Ints
    others: Ints
    distances: Floats
    frames: Longs

    @property
    def n_frames(self) -> int:
        """Number of frames searched."""
        return len(self.frames) - 1

    def within(self, cutoff: float) -> "Contacts":
        """The pairs among these that are at most `cutoff` apart, in Å."""
        kept = self.distances <= cutoff
        frames = np.concatenate([np.zeros(1, np.int64), np.cumsum(kept)])[self.frames]
        return Contacts(self.points[kept], self.others[kept], self.distances[kept], frames)


def contacts(points: ArrayLike, others: ArrayLike, box: ArrayLike, cutoff: float, threads: int = 1) -> Contacts:
    """All pairs (point, other) whose distance, over all periodic images, is at most `cutoff`.

    Parameters
    ----------
    points, others : (F, n, 3) and (F, m, 3), Å
        Wrapped or not, with any origin. The search is cheapest when `points` is the smaller set.
    box : see `autodisco_kernels.cells.as_cells`
        Orthorhombic or triclinic, constant or one per frame, Å.
    cutoff : Å
    threads : frames are shared out among this many; the result does not depend on it.

    Raises
    ------
    ValueError
        For shapes that do not fit together, a cutoff that is not positive, or coordinates that are not finite.
    """
    p, q = grid.as_positions(points, "points"), grid.as_positions(others, "others")
    if len(p) != len(q):
        raise ValueError(f"points has {len(p)} frames and others {len(q)}")
    if not (cutoff > 0 and math.isfinite(cutoff)):
        raise ValueError(f"cutoff is {cutoff}; a positive length expected")
    cells = grid.as_cells(box, len(p))
    parts = grid.over_frames(lambda part: _search(p[part], q[part], cells[part], float(cutoff)), len(p), threads)
    frames = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.concatenate([part[3] for part in parts]))])
    first, second, distance = (np.concatenate([part[k][: part[3].sum()] for part in parts]) for k in range(3))
    return Contacts(first, second, distance, frames)


@njit(cache=True, nogil=True)
def _pairs(points, h, inverse, counts, reach, square_cutoff, starts, order, placed, begin, first, second, distance):
    """Write the pairs of one frame from index `begin`; the end is beyond the arrays if they are too short."""
    found, size = begin, len(first)
    most = grid.most_stretches(counts, reach)
    bounds, shifted = np.empty((most, 2), np.int32), np.empty((most, 3))
    for i in range(points.shape[0]):
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        f0, f1, f2 = grid.fractions(x, y, z, inverse)
        for k in range(grid.find_stretches(f0, f1, f2, h, counts, reach, starts, -1, bounds, shifted)):
            x, y, z = shifted[k, 0], shifted[k, 1], shifted[k, 2]
            for place in range(bounds[k, 0], bounds[k, 1]):
                dx, dy, dz = placed[place, 0] - x, placed[place, 1] - y, placed[place, 2] - z
                square = dx * dx + dy * dy + dz * dz
                if square <= square_cutoff:
                    if found < size:
                        first[found] = i
                        second[found] = order[place]
                        distance[found] = math.sqrt(square)
                    found += 1
    return found


@njit(cache=True, nogil=True)
def _longer(old, used, new):
    for k in range(used):
        new[k] = old[k]
    return new


@njit(cache=True, nogil=True)
def _search(points, others, cells, cutoff):
    n_frames, n, m = points.shape[0], points.shape[1], others.shape[1]
    starts, where, order = np.empty(grid.most_cells(m) + 2, np.int32), np.empty(m, np.int32), np.empty(m, np.int32)
    inside, placed = np.empty((m, 3)), np.empty((m, 3))
    inverse, counts, reach = np.empty((3, 3)), np.empty(3, np.int64), np.empty(3)
    size = 16 + 8 * n
    first, second, distance = np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size)
    per_frame = np.empty(n_frames, np.int64)
    begin = 0
    for frame in range(n_frames):
        volume = grid.invert(cells[frame], inverse)
        grid.choose_grid(inverse, volume, m, cutoff, counts, reach)
        grid.sort_by_cell(others[frame], cells[frame], inverse, counts, starts, where, inside, order, placed)
        while True:
            found = _pairs(
                points[frame], cells[frame], inverse, counts, reach, cutoff * cutoff,
                starts, order, placed, begin, first, second, distance,
            )  # fmt: skip
            if found <= size:
                break
            size = 2 * found
            first = _longer(first, begin, np.empty(size, np.int32))
            second = _longer(second, begin, np.empty(size, np.int32))
            distance = _longer(distance, begin, np.empty(size))
        per_frame[frame] = found - begin
        begin = found
    return first, second, distance, per_frame
