"""Particles in blocks: (p, 3, F) with time last, of a size that neither memory nor a second thread minds.

A trajectory lies frame by frame and what follows a particle through time needs it particle by particle.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from autodisco_kernels.cells import Floats

T = TypeVar("T")

BLOCK_BYTES = 8_000_000
TILE_FRAMES = 16


def as_trajectory(positions: ArrayLike) -> NDArray[Any]:
    """(F, n, 3) in single or double precision, unchanged if it is; whether it is finite comes out later."""
    given = np.asarray(positions)
    if given.dtype not in (np.float32, np.float64):
        given = given.astype(np.float64)
    if given.ndim == 2:
        given = given[None]
    if given.ndim != 3 or given.shape[2] != 3:
        raise ValueError(f"positions has shape {np.shape(positions)}; (frames, points, 3) expected")
    if given.size == 0:
        raise ValueError("positions hold no particle or no frame")
    return given


def as_block(block: ArrayLike) -> NDArray[Any]:
    """A block (p, 3, F) as it is; ValueError for another shape."""
    given = np.asarray(block)
    if given.ndim != 3 or given.shape[1] != 3:
        raise ValueError(f"block has shape {given.shape}; (particles, 3, frames) expected")
    return given


def parts(block: NDArray[Any]) -> Iterator[Floats]:
    """A block as contiguous float64, a few particles at a time so that a conversion stays small."""
    size = _particles(BLOCK_BYTES, block.shape[2])
    for start in range(0, len(block), size):
        yield np.ascontiguousarray(block[start : start + size], dtype=np.float64)


def _particles(block_bytes: int, n_frames: int) -> int:
    """How many particles of float64 fit into so many bytes."""
    return max(1, int(block_bytes // (24 * max(1, n_frames))))


def over_blocks(work: Callable[[Floats], T], given: NDArray[Any], block_bytes: int, threads: int) -> Iterator[T]:
    """Results of `work` on consecutive blocks (p, 3, F) of the particles, in order; the kernels release the GIL."""
    size = _particles(block_bytes, len(given))
    starts = range(0, given.shape[1], size)

    def one(start: int) -> T:
        rows = given[:, start : start + size].reshape(len(given), -1)
        block = np.empty(rows.shape[::-1])
        _turn(rows, block)
        return work(block.reshape(-1, 3, len(given)))

    if threads <= 1:
        yield from map(one, starts)
    else:
        with ThreadPoolExecutor(threads) as pool:
            yield from pool.map(one, starts)


@njit(cache=True, nogil=True)
def _turn(rows, block):
    """(F, s) into (s, F), few frames at a time: a page of memory per frame, and all of them within reach."""
    for first in range(0, rows.shape[0], TILE_FRAMES):
        last = min(first + TILE_FRAMES, rows.shape[0])
        for k in range(rows.shape[1]):
            for t in range(first, last):
                block[k, t] = rows[t, k]
