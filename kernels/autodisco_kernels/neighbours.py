"""Contacts between two sets of points in periodic cells of any shape, by binning into a grid of cells.

One search serves clusters, coordination numbers and distributions: it visits only the cells around each point and
carries explicit images, so that there is no minimum-image rule that a skewed or narrow cell could break.
"""

import itertools
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


@dataclass(frozen=True)
class Contacts:
    """Pairs closer than a cutoff, frame after frame.

    Attributes
    ----------
    points, others : int32 (n_pairs,)
        Indices into the two sets; a pair met through several images of a narrow cell is listed once for each.
    distances : float64 (n_pairs,)
    frames : int64 (n_frames + 1,)
        Pairs of frame f are ``frames[f]:frames[f + 1]``.
    """

    points: Ints
    others: Ints
    distances: Floats
    frames: NDArray[np.int64]

    @property
    def n_frames(self) -> int:
        """Number of frames searched."""
        return len(self.frames) - 1


def as_cells(box: ArrayLike, n_frames: int) -> Floats:
    """Cell matrices (n_frames, 3, 3), rows a, b, c, from edge lengths (3,) or (F, 3), or matrices (3, 3) or (F, 3, 3).

    The shape (3, 3) always means a matrix, so edge lengths of three frames have to be given as matrices.
    Raises ValueError for other shapes and for cells without volume.
    """
    given = np.asarray(box, dtype=np.float64)
    if given.shape == (3,) or (given.shape == (n_frames, 3) and given.shape != (3, 3)):
        given = given[..., None] * np.eye(3)
    if given.shape == (3, 3):
        given = np.broadcast_to(given, (n_frames, 3, 3))
    if given.shape != (n_frames, 3, 3):
        raise ValueError(f"box has shape {np.shape(box)}; (3,), (3, 3), ({n_frames}, 3) or ({n_frames}, 3, 3) expected")
    if not (np.isfinite(given).all() and (np.abs(np.linalg.det(given)) > 0).all()):
        raise ValueError("box has no volume in at least one frame")
    return np.ascontiguousarray(given)


def as_positions(positions: ArrayLike, name: str) -> Floats:
    """Contiguous float64 (n_frames, n, 3) from (n_frames, n, 3) or one frame (n, 3).

    Raises ValueError for other shapes and for coordinates that are not finite.
    """
    given = np.ascontiguousarray(positions, dtype=np.float64)
    if given.ndim == 2:
        given = given[None]
    if given.ndim != 3 or given.shape[2] != 3:
        raise ValueError(f"{name} has shape {np.shape(positions)}; (frames, points, 3) expected")
    if not np.isfinite(given).all():
        raise ValueError(f"{name} holds coordinates that are not finite")
    return given


def contacts(points: ArrayLike, others: ArrayLike, box: ArrayLike, cutoff: float, threads: int = 1) -> Contacts:
    """All pairs (point, other) whose distance, over all periodic images, is at most `cutoff`.

    Parameters
    ----------
    points, others : (F, n, 3) and (F, m, 3), Å
        Wrapped or not, with any origin. The search is cheapest when `points` is the smaller set.
    box : see `as_cells`
        Orthorhombic or triclinic, constant or one per frame, Å.
    cutoff : Å
    threads : frames are shared out among this many; the result does not depend on it.

    Raises
    ------
    ValueError
        For shapes that do not fit together, a cutoff that is not positive, or coordinates that are not finite.
    """
    p, q = as_positions(points, "points"), as_positions(others, "others")
    if len(p) != len(q):
        raise ValueError(f"points has {len(p)} frames and others {len(q)}")
    if not (cutoff > 0 and math.isfinite(cutoff)):
        raise ValueError(f"cutoff is {cutoff}; a positive length expected")
    cells = as_cells(box, len(p))
    parts = _over_frames(lambda part: _search(p[part], q[part], cells[part], float(cutoff)), len(p), threads)
    frames = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.concatenate([part[3] for part in parts]))])
    first, second, distance = (np.concatenate([part[k][: part[3].sum()] for part in parts]) for k in range(3))
    return Contacts(first, second, distance, frames)


def _over_frames(work: Callable[[slice], Any], n_frames: int, threads: int) -> list[Any]:
    """Results of `work` on consecutive slices of the frames, in order; the kernels release the GIL."""
    threads = max(1, min(threads, n_frames))
    edges = [n_frames * k // threads for k in range(threads + 1)]
    slices = [slice(*pair) for pair in itertools.pairwise(edges)]
    if threads == 1:
        return [work(slices[0])]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, slices))


@njit(cache=True, nogil=True)
def _grid(cell, cutoff, most, inverse, counts, reach):  # type: ignore[no-untyped-def]
    """Fill the inverse cell, the number of grid cells per axis and how many neighbours to visit on each side."""
    volume = 0.0
    for k in range(3):
        u, v = cell[(k + 1) % 3], cell[(k + 2) % 3]
        for j in range(3):
            inverse[j, k] = u[(j + 1) % 3] * v[(j + 2) % 3] - u[(j + 2) % 3] * v[(j + 1) % 3]
        if k == 0:
            volume = cell[0, 0] * inverse[0, 0] + cell[0, 1] * inverse[1, 0] + cell[0, 2] * inverse[2, 0]
        for j in range(3):
            inverse[j, k] /= volume
        # The reciprocal vector's length is one over the distance between the faces.
        width = 1.0 / math.sqrt(inverse[0, k] ** 2 + inverse[1, k] ** 2 + inverse[2, k] ** 2)
        # A grid cell a hair wider than the cutoff keeps rounding from hiding a pair at the very cutoff.
        counts[k] = int(min(max(1.0, math.floor(width / (cutoff * (1.0 + 1e-9)))), 1024.0))
        reach[k] = max(1, math.ceil(cutoff * (1.0 + 1e-9) * counts[k] / width))
    while counts[0] * counts[1] * counts[2] > most:
        for k in range(3):
            counts[k] = (counts[k] + 1) // 2


@njit(cache=True, nogil=True)
def _fractional(x, y, z, inverse, axis):  # type: ignore[no-untyped-def]
    """The coordinate in 0 … 1 along one cell vector of the image inside the cell."""
    f = x * inverse[0, axis] + y * inverse[1, axis] + z * inverse[2, axis]
    return f - math.floor(f)


@njit(cache=True, nogil=True)
def _folded(g, n):  # type: ignore[no-untyped-def]
    """Grid index inside 0 … n - 1 and the image it came from; an integer division here would double the run time."""
    image = 0
    while g < 0:
        g += n
        image -= 1
    while g >= n:
        g -= n
        image += 1
    return g, image


@njit(cache=True, nogil=True)
def _bin(others, h, inverse, n0, n1, n2, inside, heads, following):  # type: ignore[no-untyped-def]
    """Sort the wrapped points of one frame into linked lists, one per grid cell."""
    for index in range(n0 * n1 * n2):
        heads[index] = -1
    for j in range(others.shape[0]):
        x, y, z = others[j, 0], others[j, 1], others[j, 2]
        f0 = _fractional(x, y, z, inverse, 0)
        f1 = _fractional(x, y, z, inverse, 1)
        f2 = _fractional(x, y, z, inverse, 2)
        inside[j, 0] = f0 * h[0, 0] + f1 * h[1, 0] + f2 * h[2, 0]
        inside[j, 1] = f0 * h[0, 1] + f1 * h[1, 1] + f2 * h[2, 1]
        inside[j, 2] = f0 * h[0, 2] + f1 * h[1, 2] + f2 * h[2, 2]
        # A tiny negative coordinate wraps to exactly 1.
        index = (min(int(f0 * n0), n0 - 1) * n1 + min(int(f1 * n1), n1 - 1)) * n2 + min(int(f2 * n2), n2 - 1)
        following[j] = heads[index]
        heads[index] = j


@njit(cache=True, nogil=True)
def _pairs(points, h, inverse, counts, reach, square_cutoff, inside, heads, following, start, first, second, distance):  # type: ignore[no-untyped-def]
    """Write the pairs of one frame from index `start`; the end is beyond the arrays if they are too short."""
    n0, n1, n2 = counts[0], counts[1], counts[2]
    r0, r1, r2 = reach[0], reach[1], reach[2]
    found, size = start, len(first)
    for i in range(points.shape[0]):
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        f0 = _fractional(x, y, z, inverse, 0)
        f1 = _fractional(x, y, z, inverse, 1)
        f2 = _fractional(x, y, z, inverse, 2)
        c0, c1, c2 = min(int(f0 * n0), n0 - 1), min(int(f1 * n1), n1 - 1), min(int(f2 * n2), n2 - 1)
        for g0 in range(c0 - r0, c0 + r0 + 1):
            w0, s0 = _folded(g0, n0)
            for g1 in range(c1 - r1, c1 + r1 + 1):
                w1, s1 = _folded(g1, n1)
                row = (w0 * n1 + w1) * n2
                for g2 in range(c2 - r2, c2 + r2 + 1):
                    w2, s2 = _folded(g2, n2)
                    j = heads[row + w2]
                    if j < 0:
                        continue
                    # The point as the neighbouring cell sees it, image shift included.
                    p0, p1, p2 = f0 - s0, f1 - s1, f2 - s2
                    x = p0 * h[0, 0] + p1 * h[1, 0] + p2 * h[2, 0]
                    y = p0 * h[0, 1] + p1 * h[1, 1] + p2 * h[2, 1]
                    z = p0 * h[0, 2] + p1 * h[1, 2] + p2 * h[2, 2]
                    while j >= 0:
                        dx, dy, dz = inside[j, 0] - x, inside[j, 1] - y, inside[j, 2] - z
                        square = dx * dx + dy * dy + dz * dz
                        if square <= square_cutoff:
                            if found < size:
                                first[found] = i
                                second[found] = j
                                distance[found] = math.sqrt(square)
                            found += 1
                        j = following[j]
    return found


@njit(cache=True, nogil=True)
def _longer(old, used, new):  # type: ignore[no-untyped-def]
    for k in range(used):
        new[k] = old[k]
    return new


@njit(cache=True, nogil=True)
def _search(points, others, cells, cutoff):  # type: ignore[no-untyped-def]
    n_frames, n, m = points.shape[0], points.shape[1], others.shape[1]
    most = 64 + 8 * m
    heads, following, inside = np.empty(most, np.int32), np.empty(m, np.int32), np.empty((m, 3))
    inverse, counts, reach = np.empty((3, 3)), np.empty(3, np.int64), np.empty(3, np.int64)
    size = 16 + 8 * n
    first, second, distance = np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size)
    per_frame = np.empty(n_frames, np.int64)
    start = 0
    for frame in range(n_frames):
        _grid(cells[frame], cutoff, most, inverse, counts, reach)
        _bin(others[frame], cells[frame], inverse, counts[0], counts[1], counts[2], inside, heads, following)
        while True:
            found = _pairs(
                points[frame], cells[frame], inverse, counts, reach, cutoff * cutoff,
                inside, heads, following, start, first, second, distance,
            )  # fmt: skip
            if found <= size:
                break
            size = 2 * found
            first = _longer(first, start, np.empty(size, np.int32))
            second = _longer(second, start, np.empty(size, np.int32))
            distance = _longer(distance, start, np.empty(size))
        per_frame[frame] = found - start
        start = found
    return first, second, distance, per_frame
