"""Min-max similarity (Tanimoto of counts) of rows of non-negative numbers, most of which are zero.

For rows a and b it is Σ min(a, b) / Σ max(a, b), a positive definite kernel
(Ralaivola et al., Neural Networks 18, 1093, 2005).
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

ROWS_AT_ONCE = 256
"""Rows that are held as a dense table at a time: some 30 MB with ten thousand columns."""

Sparse = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]
"""Rows as three arrays: row i holds ``values[starts[i]:starts[i + 1]]`` in `columns` of the same slice, each column
once: (starts, columns, values)."""


def min_max(rows: Sparse, others: Sparse, n_columns: int) -> NDArray[np.float64]:
    """Similarity of every row to every other row, shape (n, m). Rows without any value are equal to each other."""
    starts, columns, values = others
    m = len(starts) - 1
    similarity = np.empty((len(rows[0]) - 1, m))
    for first in range(0, m, ROWS_AT_ONCE):
        last = min(first + ROWS_AT_ONCE, m)
        dense = np.zeros((n_columns, last - first))
        inside = slice(starts[first], starts[last])
        place = np.repeat(np.arange(last - first), np.diff(starts[first : last + 1]))
        dense[columns[inside], place] = values[inside]
        similarity[:, first:last] = _to_dense(*rows, dense)
    return similarity


@njit(cache=True, nogil=True)
def _to_dense(
    starts: NDArray[np.int64], columns: NDArray[np.int64], values: NDArray[np.float64], dense: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Similarity of sparse rows to the columns of a dense table."""
    n, m = len(starts) - 1, dense.shape[1]
    similarity = np.zeros((n, m))
    totals = dense.sum(axis=0)
    for i in range(n):
        shared = similarity[i]
        total = 0.0
        for k in range(starts[i], starts[i + 1]):
            value, column = values[k], dense[columns[k]]
            total += value
            for j in range(m):  # contiguous, so that the compiler takes several at a time
                shared[j] += value if value < column[j] else column[j]
        for j in range(m):
            most = total + totals[j] - shared[j]
            shared[j] = shared[j] / most if most > 0.0 else 1.0
    return similarity
