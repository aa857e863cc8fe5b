"""Mean-squared displacements over every lag and time origin, by Fourier transform in blocks of particles.

Only the average over particles is wanted, so their power spectra are summed before a single inverse transform;
memory stays at the size of one block however many particles there are.
"""

import numpy as np
from numba import njit
from numpy.typing import ArrayLike

from autodisco_kernels.neighbours import Floats, as_positions


def msd(positions: ArrayLike, block_bytes: int = 64_000_000) -> Floats:
    """Mean-squared displacement at every lag, averaged over all time origins and particles.

    Parameters
    ----------
    positions : (F, n, 3), Å
        Unwrapped, drift removed by the caller.
    block_bytes : bytes
        Aim for the extra memory of one block of particles.

    Returns
    -------
    float64 (F,), Å²
        Lag k counts frames; the value at lag 0 is 0.

    Raises
    ------
    ValueError
        For a wrong shape, no particle, or coordinates that are not finite.

    Notes
    -----
    ``MSD(k) = S1(k) - 2 S2(k)`` with the autocorrelation S2 from the Wiener–Khinchin theorem (Calandrini et al.,
    Collection SFN 2011, 12, 201). Each series is centred first: the terms then stay as small as the displacements
    themselves and their difference keeps its digits.
    """
    given = as_positions(positions, "positions")
    n_frames, n, _ = given.shape
    if n == 0 or n_frames == 0:
        raise ValueError("positions hold no particle or no frame")
    series = given.reshape(n_frames, 3 * n)
    padded = _fast_length(2 * n_frames - 1)
    width = max(1, int(block_bytes // (8 * (n_frames + 2 * padded))))
    spectrum = np.zeros(padded // 2 + 1)
    squares = np.zeros(n_frames)
    for start in range(0, 3 * n, width):
        block = _centred(series, start, min(start + width, 3 * n), squares)
        _add_power(np.fft.rfft(block, padded), spectrum)
    correlation = np.fft.irfft(spectrum, padded)[:n_frames]
    left = np.concatenate([np.zeros(1), np.cumsum(squares)[:-1]])
    # Origins run from 0 to F-1-k, ends from k to F-1: the squares outside either range drop out of S1.
    sums = 2 * squares.sum() - left - np.concatenate([np.zeros(1), np.cumsum(squares[::-1])[:-1]])
    result = (sums - 2 * correlation) / (n * np.arange(n_frames, 0, -1))
    result[0] = 0.0
    return np.maximum(result, 0.0)


def end_to_end_msd(positions: ArrayLike) -> float:
    """Mean-squared displacement in Å² between the first and the last frame of (F, n, 3); raises as `msd`."""
    given = as_positions(positions, "positions")
    if given.shape[0] == 0 or given.shape[1] == 0:
        raise ValueError("positions hold no particle or no frame")
    return float(np.mean(np.sum((given[-1] - given[0]) ** 2, axis=1)))


def _fast_length(least: int) -> int:
    """An even transform length not far above `least`; powers of two with few other factors ran fastest."""
    lengths = []
    for odd in (1, 3, 5, 9, 15):
        power = 2
        while odd * power < least:
            power *= 2
        lengths.append(odd * power)
    return min(lengths)


@njit(cache=True, nogil=True)
def _centred(series, start, stop, squares):  # type: ignore[no-untyped-def]
    """Columns start:stop as rows about their means; their squares are added to `squares` frame by frame."""
    n_frames = series.shape[0]
    block = np.empty((stop - start, n_frames))
    for frame in range(n_frames):
        for k in range(start, stop):
            # Counted from the first frame, so that a particle at rest gives exactly nothing.
            block[k - start, frame] = series[frame, k] - series[0, k]
    for k in range(stop - start):
        total = 0.0
        for frame in range(n_frames):
            total += block[k, frame]
        for frame in range(n_frames):
            value = block[k, frame] - total / n_frames
            block[k, frame] = value
            squares[frame] += value * value
    return block


@njit(cache=True, nogil=True)
def _add_power(transformed, spectrum):  # type: ignore[no-untyped-def]
    for k in range(transformed.shape[0]):
        for f in range(transformed.shape[1]):
            value = transformed[k, f]
            spectrum[f] += value.real * value.real + value.imag * value.imag
