"""Summed power spectra of many real time series, and the autocorrelation that is their transform.

Only the sum over series is wanted, and that allows what a library's transform cannot: two series travel as one
complex series, frequencies stay in whatever order the transform leaves them until the very end, and one buffer serves
all. A series is laid out as a table whose columns ("lanes") are transformed side by side, which is what vector units
are good at; a table turned on its side finishes the job (the four-step algorithm, Bailey, J. Supercomputing 1990, 4,
23). That is two to three times as fast as one real transform per series with `numpy.fft`.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from autodisco_kernels.cells import Floats

LANES = 16  # columns of the table: two cache lines of float64
# Sums may be reordered and multiplications joined with additions; infinities and NaN keep their meaning.
FAST = {"reassoc", "contract", "nsz"}
C1, S1 = math.cos(2 * math.pi / 5), math.sin(2 * math.pi / 5)
C2, S2 = math.cos(4 * math.pi / 5), math.sin(4 * math.pi / 5)


def power_length(n_frames: int) -> int:
    """Length of the summed spectrum: at least ``2 n_frames - 1``, so that no lag wraps around onto another."""
    lengths = []
    for odd in (1, 5, 25):
        length = odd * LANES * LANES
        while length < 2 * n_frames - 1:
            length *= 2
        lengths.append(length)
    return min(lengths)


def add_power(rows: Floats, power: Floats, squares: Floats) -> None:
    """Add the power spectra of centred series to `power` and their squares, frame by frame, to `squares`.

    Parameters
    ----------
    rows : (s, F), contiguous
        Each is centred on its mean here; the array itself is left alone.
    power : (power_length(F),)
        In the order of the transform; `autocorrelation` knows it.
    squares : (F,)

    Raises
    ------
    ValueError
        For values that are not finite; `power` and `squares` are then of no further use.

    Notes
    -----
    Needs ``16 power_length(F)`` bytes of scratch; tables of ``25 power_length(F)`` bytes are kept for the next call.
    """
    plan = _plan(len(power))
    if not _add_power(rows, power, squares, plan.radices, plan.roots, plan.lane_roots, plan.turns):
        raise ValueError("positions are not all finite")


def autocorrelation(power: Floats, n_frames: int) -> Floats:
    """Sum over series and origins of ``x(t) x(t + k)`` for every lag k < n_frames, from their summed power."""
    ordered = np.empty(len(power))
    ordered[_plan(len(power)).frequencies] = power
    # Two series a and b as a + ib: the real part holds a with a and b with b, the imaginary part a with b.
    return np.fft.ifft(ordered)[:n_frames].real


@dataclass(frozen=True)
class _Plan:
    radices: NDArray[np.int64]
    roots: NDArray[np.complex128]
    lane_roots: NDArray[np.complex128]
    turns: Floats
    frequencies: NDArray[np.int64]


@lru_cache(maxsize=4)
def _plan(length: int) -> _Plan:
    """Factors, roots of unity and the order of the results for tables of (length / LANES, LANES)."""
    rows = length // LANES
    radices, rest = [], rows
    for radix in (4, 2, 5):
        while rest % radix == 0:
            radices.append(radix)
            rest //= radix
    row_order, lane_order = _order(radices), _order([4, 4])
    # Entry (group of rows, lane, row within the group), as `_add_power` writes it.
    groups = row_order.reshape(-1, 1, LANES)
    turns = _roots(length)[groups * np.arange(LANES)[:, None]].reshape(-1, LANES * LANES)
    return _Plan(
        np.array(radices),
        _roots(rows),
        _roots(LANES),
        np.stack([turns.real, turns.imag], axis=1).copy(),
        (groups + rows * lane_order[:, None]).ravel(),
    )


def _roots(n: int) -> NDArray[np.complex128]:
    return np.exp(-2j * np.pi * np.arange(n) / n)


def _order(radices: Any) -> NDArray[np.int64]:
    """The frequency that ends up in every row: the digits of the row in reverse."""
    order = np.zeros(1, np.int64)
    for radix in reversed(radices):
        order = (np.arange(radix)[:, None] + radix * order).ravel()
    return order


@njit(cache=True, nogil=True, fastmath=FAST)
def _add_power(rows, power, squares, radices, roots, lane_roots, turns):
    n, tile = len(roots), LANES * LANES
    re, im = np.empty(n * LANES), np.empty(n * LANES)
    side_re, side_im = np.empty(tile), np.empty(tile)
    for first in range(0, rows.shape[0], 2):
        if not _fill(rows, first, re, im, squares):
            return False
        block = n
        for radix in radices:
            span = block // radix
            for start in range(0, n, block):
                if radix == 2:
                    _twos(re, im, start, span, roots)
                elif radix == 4:
                    _fours(re, im, start, span, roots)
                else:
                    _fives(re, im, start, span, roots)
            block = span
        for group in range(n // LANES):
            _turn(re[group * tile : (group + 1) * tile], side_re)
            _turn(im[group * tile : (group + 1) * tile], side_im)
            _lanes(side_re, side_im, turns[group], lane_roots, power[group * tile : (group + 1) * tile])
    return True


@njit(cache=True, nogil=True, fastmath=FAST)
def _mean(series):
    """The mean counted from the first value, so that a series at rest comes out as exactly nothing."""
    total = 0.0
    for t in range(len(series)):
        total += series[t] - series[0]
    return total / len(series)


@njit(cache=True, nogil=True, fastmath=FAST)
def _fill(rows, first, re, im, squares):
    """One centred series as real part, the next (or zeros) as imaginary part, zeros to the end."""
    n_frames, pair = rows.shape[1], first + 1 < rows.shape[0]
    a = rows[first]
    b = rows[first + 1] if pair else a
    a_first, a_mean, b_first, b_mean = a[0], _mean(a), b[0], _mean(b)
    if not (np.isfinite(a_mean) and np.isfinite(b_mean)):
        return False
    scale = 1.0 if pair else 0.0
    for t in range(n_frames):
        x, y = a[t] - a_first - a_mean, (b[t] - b_first - b_mean) * scale
        re[t] = x
        im[t] = y
        squares[t] += x * x + y * y
    re[n_frames:] = 0.0
    im[n_frames:] = 0.0
    return True


# In the passes an index is unsigned, because one that might count from the end is not vectorised, and real and
# imaginary parts have arrays of their own, so that one test outside the loops shows that no rows of a pass overlap.


@njit(inline="always")
def _row(row):
    return np.uint64(LANES) * np.uint64(row)


@njit(inline="always")
def _get(re, im, k):
    return complex(re[k], im[k])


@njit(inline="always")
def _put(re, im, k, value):
    re[k], im[k] = value.real, value.imag


@njit(inline="always")
def _four(re, im, row, span, w1, w2, w3):
    """Four rows become their four-point transform, times the roots that lead to the next pass."""
    for lane in range(LANES):
        a = _row(row) + np.uint64(lane)
        b, c, d = a + _row(span), a + _row(2 * span), a + _row(3 * span)
        x0, x1, x2, x3 = _get(re, im, a), _get(re, im, b), _get(re, im, c), _get(re, im, d)
        even, odd, p, q = x0 + x2, x1 + x3, x0 - x2, x1 - x3
        turned = complex(q.imag, -q.real)
        _put(re, im, a, even + odd)
        _put(re, im, b, (p + turned) * w1)
        _put(re, im, c, (even - odd) * w2)
        _put(re, im, d, (p - turned) * w3)


@njit(cache=True, nogil=True, fastmath=FAST)
def _fours(re, im, start, span, roots):
    """Transform the lanes of ``4 span`` rows over rows `span` apart, in place, decimating in frequency."""
    stride = len(roots) // (4 * span)
    for j in range(span):
        _four(re, im, start + j, span, roots[j * stride], roots[2 * j * stride], roots[3 * j * stride])


@njit(cache=True, nogil=True, fastmath=FAST)
def _twos(re, im, start, span, roots):
    """As `_fours`, by pairs of rows."""
    stride = len(roots) // (2 * span)
    for j in range(span):
        w = roots[j * stride]
        for lane in range(LANES):
            a = _row(start + j) + np.uint64(lane)
            b = a + _row(span)
            x0, x1 = _get(re, im, a), _get(re, im, b)
            _put(re, im, a, x0 + x1)
            _put(re, im, b, (x0 - x1) * w)


@njit(cache=True, nogil=True, fastmath=FAST)
def _fives(re, im, start, span, roots):
    """As `_fours`, by five rows."""
    stride = len(roots) // (5 * span)
    for j in range(span):
        w1, w2, w3, w4 = roots[j * stride], roots[2 * j * stride], roots[3 * j * stride], roots[4 * j * stride]
        for lane in range(LANES):
            a = _row(start + j) + np.uint64(lane)
            b, c, d, e = a + _row(span), a + _row(2 * span), a + _row(3 * span), a + _row(4 * span)
            x0, x1, x2, x3, x4 = _get(re, im, a), _get(re, im, b), _get(re, im, c), _get(re, im, d), _get(re, im, e)
            p, q, r, s = x1 + x4, x2 + x3, x1 - x4, x2 - x3
            u1 = complex(x0.real + C1 * p.real + C2 * q.real, x0.imag + C1 * p.imag + C2 * q.imag)
            u2 = complex(x0.real + C2 * p.real + C1 * q.real, x0.imag + C2 * p.imag + C1 * q.imag)
            v1 = complex(S1 * r.imag + S2 * s.imag, -S1 * r.real - S2 * s.real)
            v2 = complex(S2 * r.imag - S1 * s.imag, S1 * s.real - S2 * r.real)
            _put(re, im, a, x0 + p + q)
            _put(re, im, b, (u1 + v1) * w1)
            _put(re, im, c, (u2 + v2) * w2)
            _put(re, im, d, (u2 - v2) * w3)
            _put(re, im, e, (u1 - v1) * w4)


@njit(cache=True, nogil=True, fastmath=FAST)
def _turn(table, side):
    """Rows and lanes exchanged, by squares of four; by whole rows the compiler would gather, which is slow."""
    for row in range(0, LANES, 4):
        for lane in range(0, LANES, 4):
            for j in range(row, row + 4):
                for k in range(lane, lane + 4):
                    side[k * LANES + j] = table[j * LANES + k]


@njit(cache=True, nogil=True, fastmath=FAST)
def _lanes(re, im, turns, roots, power):
    """Finish the transform over what used to be lanes, and add its power."""
    for k in range(LANES * LANES):
        _put(re, im, k, _get(re, im, k) * complex(turns[0, k], turns[1, k]))
    for j in range(4):
        _four(re, im, j, 4, roots[j], roots[2 * j], roots[3 * j])
    for j in range(4):
        _four(re, im, 4 * j, 1, roots[0], roots[0], roots[0])
    for k in range(LANES * LANES):
        power[k] += re[k] * re[k] + im[k] * im[k]
