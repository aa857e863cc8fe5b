"""Statistics of displacements over every time origin: mean squares, cross terms, deviation from Gaussian spreading.

Particles may come in blocks, so that a trajectory larger than memory can be read a few particles at a time; sums of
blocks add up, and their order is fixed, so that threads change nothing.
"""

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from autodisco_kernels.blocks import BLOCK_BYTES, as_block, as_trajectory, over_blocks, parts
from autodisco_kernels.cells import Floats, as_positions
from autodisco_kernels.spectra import FAST, add_power, autocorrelation, power_length


class DisplacementSum:
    """Mean-squared displacement at every lag, of particles handed over in blocks.

    Parameters
    ----------
    n_frames : int
        Length F of the trajectory.

    Attributes
    ----------
    n_frames, n_particles : int
        The particles are those added so far.

    Notes
    -----
    ``MSD(k) = S1(k) - 2 S2(k)`` with the autocorrelation S2 from the Wiener–Khinchin theorem (Calandrini et al.,
    Collection SFN 2011, 12, 201). Each series is centred first: the terms then stay as small as the displacements
    themselves and their difference keeps its digits. Only the sums over particles are kept, 24 to 29 bytes per frame;
    sums of two groups of particles can be added, those of many groups give error bars.

    Examples
    --------
    >>> total = DisplacementSum(3)
    >>> total.add(np.array([[[0.0, 1.0, 2.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]]))
    >>> total.msd()
    array([0., 1., 4.])
    """

    def __init__(self, n_frames: int) -> None:
        if n_frames < 1:
            raise ValueError(f"n_frames is {n_frames}; at least one frame expected")
        self.n_frames = n_frames
        self.n_particles = 0
        self._power = np.zeros(power_length(n_frames))
        self._squares = np.zeros(n_frames)

    def add(self, block: ArrayLike) -> None:
        """Add the particles of a block (p, 3, F) in Å, unwrapped, time last.

        Contiguous float64 is used where it lies; anything else is converted, at most 8 MB (or one particle) at a
        time. Raises ValueError for another shape or values that are not finite; the sum is then unchanged.
        """
        given = as_block(block)
        if given.shape[2] != self.n_frames:
            raise ValueError(f"block has {given.shape[2]} frames; {self.n_frames} expected")
        power, squares = np.zeros_like(self._power), np.zeros_like(self._squares)
        for part in parts(given):
            add_power(part.reshape(-1, self.n_frames), power, squares)
        self._power += power
        self._squares += squares
        self.n_particles += len(given)

    def __add__(self, other: "DisplacementSum") -> "DisplacementSum":
        """The sum over the particles of both; raises ValueError if they differ in their number of frames."""
        if other.n_frames != self.n_frames:
            raise ValueError(f"sums over {self.n_frames} and {other.n_frames} frames cannot be added")
        total = DisplacementSum(self.n_frames)
        total.n_particles = self.n_particles + other.n_particles
        total._power = self._power + other._power
        total._squares = self._squares + other._squares
        return total

    def msd(self) -> Floats:
        """Mean over particles and time origins at every lag, float64 (F,) in Å²; ValueError without a particle."""
        if self.n_particles == 0:
            raise ValueError("positions hold no particle")
        correlation = autocorrelation(self._power, self.n_frames)
        return np.maximum(_mean_products(self._squares, 2 * correlation) / self.n_particles, 0.0)


def msd(positions: ArrayLike, block_bytes: int = BLOCK_BYTES, threads: int = 1) -> Floats:
    """Mean-squared displacement at every lag, averaged over all time origins and particles.

    Parameters
    ----------
    positions : (F, n, 3), Å
        Unwrapped, drift removed by the caller.
    block_bytes : bytes
        Aim for the extra memory of one block of particles; each thread holds one.
    threads : blocks are shared out among this many; the result does not depend on it.

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
    See `DisplacementSum` for the method.
    """
    given = as_trajectory(positions)

    def summed(block: Floats) -> DisplacementSum:
        part = DisplacementSum(len(given))
        part.add(block)
        return part

    total = DisplacementSum(len(given))
    for part in over_blocks(summed, given, block_bytes, threads):
        total = total + part
    return total.msd()


def cross_displacement(a: ArrayLike, b: ArrayLike) -> Floats:
    """Mean over time origins of the scalar product of two displacements, Δa(k)·Δb(k), at every lag.

    Parameters
    ----------
    a, b : (F, 3), or (F, d) for the product along d axes, Å
        Two unwrapped series, such as the summed positions of the cations and of the anions, whose cross term gives
        an Onsager coefficient (Fong et al., Macromolecules 2021, 54, 2575).

    Returns
    -------
    float64 (F,), Å²
        Of either sign; ``cross_displacement(a, a)`` is the mean-squared displacement of a.

    Raises
    ------
    ValueError
        For other or different shapes, no frame, or values that are not finite.
    """
    series = []
    for given in (np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)):
        if given.ndim != 2 or len(given) == 0:
            raise ValueError(f"series has shape {given.shape}; (frames, axes) expected")
        if not np.isfinite(given).all():
            raise ValueError("series holds values that are not finite")
        moved = given - given[0]
        series.append(moved - moved.mean(axis=0))
    x, y = series
    if x.shape != y.shape:
        raise ValueError(f"series have shapes {x.shape} and {y.shape}; the same expected")
    length = power_length(len(x))
    spectra = np.fft.rfft(x, length, axis=0) * np.fft.rfft(y, length, axis=0).conj()
    # The real part alone is the spectrum of a(t) b(t + k) + b(t) a(t + k), halved.
    correlation = np.fft.irfft(spectra.real.sum(axis=1), length)[: len(x)]
    return _mean_products((x * y).sum(axis=1), 2 * correlation)


def non_gaussian(positions: ArrayLike, lags: ArrayLike, block_bytes: int = BLOCK_BYTES, threads: int = 1) -> Floats:
    """Non-Gaussian parameter α₂ = 3⟨r⁴⟩ / (5⟨r²⟩²) - 1 of the displacements r at the given lags.

    Parameters
    ----------
    positions : (F, n, 3), Å
        Unwrapped, drift removed by the caller.
    lags : (L,), int
        In frames, 0 … F - 1; every time origin counts.
    block_bytes, threads : as for `msd`

    Returns
    -------
    float64 (L,)
        0 for Gaussian displacements, positive where a few particles move much further than the others; NaN where
        nothing moves at all, as at lag 0.

    Raises
    ------
    ValueError
        As `msd`, and for lags that are not integers in that range.

    Notes
    -----
    Rahman, Phys. Rev. 1964, 136, A405. For particles that are not all in memory add up `displacement_moments`.
    """
    given = as_trajectory(positions)
    wanted = _as_lags(lags, len(given))
    total = np.zeros((3, len(wanted)))
    for part in over_blocks(lambda block: displacement_moments(block, wanted), given, block_bytes, threads):
        total += part
    return non_gaussian_from_moments(total)


def displacement_moments(block: ArrayLike, lags: ArrayLike) -> Floats:
    """Number of displacements, Σr² in Å² and Σr⁴ in Å⁴ at every lag, float64 (3, L), of a block (p, 3, F).

    The moments of several blocks of particles may be added. Raises as `non_gaussian`.
    """
    given = as_block(block)
    wanted = _as_lags(lags, given.shape[2])
    sums = np.zeros((3, len(wanted)))
    sums[0] = len(given) * (given.shape[2] - wanted)
    for part in parts(given):
        _add_moments(part, wanted, sums[1:])
    if not np.isfinite(sums).all():
        raise ValueError("positions are not all finite")
    return sums


def non_gaussian_from_moments(moments: Floats) -> Floats:
    """α₂ (L,) from the summed `displacement_moments` (3, L); NaN where nothing moves."""
    samples, second, fourth = moments
    result = np.full(len(samples), np.nan)
    moved = second > 0
    result[moved] = 0.6 * samples[moved] * fourth[moved] / second[moved] ** 2 - 1
    return result


def end_to_end_msd(positions: ArrayLike) -> float:
    """Mean-squared displacement in Å² between the first and the last frame of (F, n, 3); raises as `msd`."""
    given = as_positions(as_trajectory(positions)[[0, -1]], "positions")
    return float(np.mean(np.sum((given[1] - given[0]) ** 2, axis=1)))


def _mean_products(products: Floats, correlation: Floats) -> Floats:
    """Mean over origins of Δa·Δb from a(t)·b(t) and the sums of a(t)·b(t + k) + b(t)·a(t + k)."""
    # Origins run from 0 to F - 1 - k, ends from k to F - 1; from either side that is the same number of frames.
    kept = np.cumsum(products + products[::-1])[::-1]
    result = (kept - correlation) / np.arange(len(products), 0, -1)
    result[0] = 0.0
    return result


def _as_lags(lags: ArrayLike, n_frames: int) -> NDArray[np.int64]:
    given = np.asarray(lags)
    if given.ndim != 1 or not (given.size == 0 or np.issubdtype(given.dtype, np.integer)):
        raise ValueError(f"lags are {given.tolist()}; a list of integers expected")
    if ((given < 0) | (given >= n_frames)).any():
        raise ValueError(f"lags are {given.tolist()}; 0 to {n_frames - 1} expected for {n_frames} frames")
    return given.astype(np.int64)


@njit(cache=True, nogil=True, fastmath=FAST)
def _add_moments(block, lags, sums):
    n_frames = block.shape[2]
    for i in range(block.shape[0]):
        x, y, z = block[i, 0], block[i, 1], block[i, 2]
        for k in range(len(lags)):
            u, v, w = x[lags[k] :], y[lags[k] :], z[lags[k] :]
            second, fourth = 0.0, 0.0
            for t in range(n_frames - lags[k]):
                square = (u[t] - x[t]) ** 2 + (v[t] - y[t]) ** 2 + (w[t] - z[t]) ** 2
                second += square
                fourth += square * square
            sums[0, k] += second
            sums[1, k] += fourth
