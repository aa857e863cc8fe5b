"""Periodic cells and the grid that points are sorted into; shared by every search for neighbours.

Points are sorted by grid cell, so that neighbours along the last axis lie side by side in memory. Images are carried
explicitly: there is no minimum-image rule that a skewed or narrow cell could break.
"""

import itertools
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]


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
    if not all_finite(given.reshape(-1)):
        raise ValueError(f"{name} holds coordinates that are not finite")
    return given


def over_frames(work: Callable[[slice], Any], n_frames: int, threads: int) -> list[Any]:
    """Results of `work` on consecutive slices of the frames, in order; the kernels release the GIL."""
    threads = max(1, min(threads, n_frames))
    edges = [n_frames * k // threads for k in range(threads + 1)]
    slices = [slice(*pair) for pair in itertools.pairwise(edges)]
    if threads == 1:
        return [work(slices[0])]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, slices))


@njit(cache=True, nogil=True)
def all_finite(values):
    """Whether no value of a flat array is NaN or infinite; on the bits, which unlike a sum of floats is vectorised."""
    bits, bad = values.view(np.int64), 0
    for k in range(bits.shape[0]):
        bad |= (bits[k] & 0x7FF0000000000000) == 0x7FF0000000000000
    return bad == 0


@njit(cache=True, nogil=True)
def invert(cell, inverse):
    """Write the inverse of a cell matrix, whose columns are the reciprocal vectors, and return the volume."""
    volume = 0.0
    for k in range(3):
        u, v = cell[(k + 1) % 3], cell[(k + 2) % 3]
        for j in range(3):
            inverse[j, k] = u[(j + 1) % 3] * v[(j + 2) % 3] - u[(j + 2) % 3] * v[(j + 1) % 3]
        if k == 0:
            volume = cell[0, 0] * inverse[0, 0] + cell[0, 1] * inverse[1, 0] + cell[0, 2] * inverse[2, 0]
        for j in range(3):
            inverse[j, k] /= volume
    return abs(volume)


@njit(cache=True, nogil=True)
def width(inverse, axis):
    """Distance between the two faces of the cell along an axis: one over the length of the reciprocal vector."""
    return 1.0 / math.sqrt(inverse[0, axis] ** 2 + inverse[1, axis] ** 2 + inverse[2, axis] ** 2)


@njit(cache=True, nogil=True)
def choose_grid(inverse, volume, n_points, cutoff, counts, reach):
    """Fill the number of grid cells per axis and how far the cutoff reaches, as a fraction of each axis.

    A row of cells along the last axis is one stretch of memory, and looking one up costs as much as a few distances;
    rows are therefore so thick that a stretch holds about four points, while cells are thin along the row. (Measured
    for LiTFSI: two to six points did equally well, twelve took half as long again.)
    """
    thickness = math.sqrt(4.0 * volume / (max(n_points, 1) * 2.5 * cutoff))
    for k in range(3):
        face = width(inverse, k)
        counts[k] = int(min(max(face / (0.5 * cutoff if k == 2 else thickness), 1.0), 1024.0))
        # Slightly more than the cutoff keeps rounding from hiding a pair at the very cutoff.
        reach[k] = cutoff * (1.0 + 1e-9) / face
    while counts[0] * counts[1] * counts[2] > most_cells(n_points):
        for k in range(3):
            counts[k] = (counts[k] + 1) // 2


@njit(cache=True, nogil=True)
def most_cells(n_points):
    """Limit to the number of grid cells; empty ones cost time and memory too."""
    return 64 + 8 * n_points


@njit(cache=True, nogil=True)
def most_stretches(counts, reach):
    """How many stretches `find_stretches` can find."""
    rows = (2.0 * reach[0] * counts[0] + 2.0) * (2.0 * reach[1] * counts[1] + 2.0)
    return int(rows * (2.0 * reach[2] + 3.0)) + 1


@njit(cache=True, nogil=True)
def fraction(x, y, z, inverse, axis):
    """The coordinate in 0 … 1 along one cell vector of the image inside the cell."""
    f = x * inverse[0, axis] + y * inverse[1, axis] + z * inverse[2, axis]
    # numpy's floor stays a float; through the integer of math.floor the whole sorting took half as long again.
    return f - np.floor(f)


@njit(cache=True, nogil=True)
def fractions(x, y, z, inverse):
    """The coordinates in 0 … 1 along the three cell vectors of the image inside the cell."""
    return fraction(x, y, z, inverse, 0), fraction(x, y, z, inverse, 1), fraction(x, y, z, inverse, 2)


@njit(cache=True, nogil=True)
def grid_index(f, n):
    """Which of n grid cells a fraction falls into; a tiny negative coordinate has wrapped to exactly 1."""
    return min(int(f * n), n - 1)


@njit(cache=True, nogil=True)
def fold(g, n):
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
def find_stretches(f0, f1, f2, h, counts, reach, starts, own, bounds, shifted):
    """Stretches of the sorted points that may lie within the cutoff of a point at fractions (f0, f1, f2).

    Writes their limits (n, 2) and the point as each of them sees it, image shift included (n, 3); returns n. With
    `own`, the place of the point itself in the sorted list, only the half of its surroundings is given in which every
    pair of points is met once; -1 gives all.
    """
    n0, n1, n2 = counts[0], counts[1], counts[2]
    c0, c1, c2 = grid_index(f0, n0), grid_index(f1, n1), grid_index(f2, n2)
    low0, low1, low2 = (
        math.floor((f0 - reach[0]) * n0),
        math.floor((f1 - reach[1]) * n1),
        math.floor((f2 - reach[2]) * n2),
    )
    last0, last1, last2 = (
        math.floor((f0 + reach[0]) * n0),
        math.floor((f1 + reach[1]) * n1),
        math.floor((f2 + reach[2]) * n2),
    )
    n = 0
    for g0 in range(low0 if own < 0 else c0, last0 + 1):
        w0, s0 = fold(g0, n0)
        for g1 in range(low1 if own < 0 or g0 > c0 else c1, last1 + 1):
            w1, s1 = fold(g1, n1)
            row = (w0 * n1 + w1) * n2
            from_here = own >= 0 and g0 == c0 and g1 == c1
            g2 = c2 if from_here else low2
            while g2 <= last2:
                w2, s2 = fold(g2, n2)
                cells = min(last2 - g2, n2 - 1 - w2) + 1
                low, high = starts[row + w2], starts[row + w2 + cells]
                if from_here and g2 == c2:
                    low = own + 1
                g2 += cells
                if low < high:
                    p0, p1, p2 = f0 - s0, f1 - s1, f2 - s2
                    bounds[n, 0], bounds[n, 1] = low, high
                    shifted[n, 0] = p0 * h[0, 0] + p1 * h[1, 0] + p2 * h[2, 0]
                    shifted[n, 1] = p0 * h[0, 1] + p1 * h[1, 1] + p2 * h[2, 1]
                    shifted[n, 2] = p0 * h[0, 2] + p1 * h[1, 2] + p2 * h[2, 2]
                    n += 1
    return n


@njit(cache=True, nogil=True)
def sort_by_cell(points, h, inverse, counts, starts, where, inside, order, placed):
    """Sort the wrapped points of one frame by grid cell.

    Afterwards the points of grid cell c are ``starts[c]:starts[c + 1]`` of `placed` (wrapped, Å) and of `order` (their
    numbers). `starts` needs two elements more than there are cells; `where` (m,) and `inside` (m, 3) are scratch.
    """
    n0, n1, n2 = counts[0], counts[1], counts[2]
    starts[: n0 * n1 * n2 + 2] = 0
    for j in range(points.shape[0]):
        x, y, z = points[j, 0], points[j, 1], points[j, 2]
        f0, f1, f2 = fractions(x, y, z, inverse)
        inside[j, 0] = f0 * h[0, 0] + f1 * h[1, 0] + f2 * h[2, 0]
        inside[j, 1] = f0 * h[0, 1] + f1 * h[1, 1] + f2 * h[2, 1]
        inside[j, 2] = f0 * h[0, 2] + f1 * h[1, 2] + f2 * h[2, 2]
        cell = (grid_index(f0, n0) * n1 + grid_index(f1, n1)) * n2 + grid_index(f2, n2)
        where[j] = cell
        starts[cell + 2] += 1
    for cell in range(n0 * n1 * n2):
        starts[cell + 2] += starts[cell + 1]
    for j in range(points.shape[0]):
        cell = where[j] + 1
        place = starts[cell]
        starts[cell] = place + 1
        order[place] = j
        placed[place, 0], placed[place, 1], placed[place, 2] = inside[j, 0], inside[j, 1], inside[j, 2]
