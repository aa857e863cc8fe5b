"""Slope of a mean-squared displacement by generalised least squares.

Values of a displacement curve at neighbouring lags come from the same steps of the particles. A line fitted as if they
were independent (ordinary least squares) has about twice the variance it needs to have; the fit here knows how they go
together (Bullerjahn, von Bülow & Hummer, J. Chem. Phys. 2020, 153, 024116; McCluskey et al., J. Chem. Theory Comput.
2025, 21, 79).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from autodisco.arrays import Floats, Indices

MOST_LAGS = 64
LEAST_NOISE, MOST_NOISE = 1.0, 1000.0
ROUNDS = 2


@dataclass(frozen=True)
class LineFit:
    """A straight line through some lags of a displacement curve, as a sum over its values.

    Attributes
    ----------
    lags : (L,), in frames
    weights : (L,); the slope per frame is ``weights @ curve[lags]``, of this curve and of those of its parts
    offset_weights : (L,); the same for the value of the line at lag 0
    variance : of the slope of one particle along one axis, relative to the square of that slope; that of `n`
        independent particles in three dimensions is ``variance / (3 n)``
    """

    lags: Indices
    weights: Floats
    offset_weights: Floats
    variance: float

    def slope(self, curve: Floats) -> float:
        """Slope of a curve (F,) per frame."""
        return float(self.weights @ curve[self.lags])

    def at(self, curve: Floats, lags: Indices) -> Floats:
        """The line through a curve (F,) at some lags (n,) in frames."""
        return np.asarray(self.offset_weights @ curve[self.lags] + self.slope(curve) * lags)


def fit_line(curve: Floats, first: int, last: int) -> LineFit:
    """Fit ``offset + slope k`` to a displacement curve (F,) over the lags k from `first` to `last`, in frames.

    The covariance of the curve is that of Brownian particles, all time origins used, whose positions carry a further
    uncorrelated noise (the rattling of ions in their cages). Brownian steps alone would put all weight on the two
    shortest lags, where the noise is worst, so that how much noise there is decides the weights. It is taken from the
    offset of the line, at least that of half a step and at most that of 500, the first time from an ordinary fit; too
    much of it costs little. At most `MOST_LAGS` lags are used, denser towards the first: the others add nothing.
    """
    every = np.arange(first, last + 1, dtype=np.int64)
    lags = every
    if len(every) > MOST_LAGS:
        further = np.geomspace(1, last - first, MOST_LAGS - 1).round().astype(np.int64)
        lags = np.unique(np.concatenate([[first], first + further]))
    # Mean and slope of the ordinary fit over every lag.
    slope, offset = (float(x) for x in np.polyfit(every, curve[every], 1))
    parts = _covariances(len(curve) - 1, tuple(lags.tolist()))
    design = np.stack([np.ones(len(lags)), lags.astype(np.float64)], axis=1)
    for _ in range(ROUNDS):
        noise = float(np.clip(offset / (2 * slope), LEAST_NOISE, MOST_NOISE)) if slope > 0 else MOST_NOISE
        covariance = parts[0] + 2 * noise * parts[1] + noise**2 * parts[2]
        weights = _weights(design, covariance)
        offset, slope = (float(x) for x in weights @ curve[lags])
    return LineFit(lags, weights[1], weights[0], float(weights[1] @ covariance @ weights[1]))


def octave_variance(n_steps: int, lag: int) -> float:
    """Variance of ``log2(m(2k)/m(k))`` at lag k, with m the displacement of a Brownian particle along one axis.

    That of the log–log slope over the octave, to first order; that of `n` particles in three dimensions is 1/(3 n) of
    it.
    """
    covariance = _covariances(n_steps, (lag, 2 * lag))[0] / np.outer((lag, 2 * lag), (lag, 2 * lag))
    return float((covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]) / np.log(2) ** 2)


def _weights(design: Floats, covariance: Floats) -> Floats:
    """``(XᵀC⁻¹X)⁻¹XᵀC⁻¹``, (parameters, lags)."""
    # Loaded here because reading stored results should not have to wait for it.
    from scipy.linalg import cho_factor, cho_solve

    scale = np.sqrt(np.diag(covariance))
    factor = cho_factor(covariance / np.outer(scale, scale))
    solved = cho_solve(factor, design / scale[:, None]) / scale[:, None]
    return np.asarray(np.linalg.solve(design.T @ solved, solved.T))


@lru_cache(maxsize=64)
def _covariances(n_steps: int, lags: tuple[int, ...]) -> Floats:
    """Three (L, L) matrices S: the covariance of the displacement along one axis is ``σ⁴S₀ + 2σ²a²S₁ + a⁴S₂``.

    σ² is the variance of one Brownian step and a² that of the noise on every position. A displacement over i steps from
    origin k and one over j from origin k + m have the covariance ``σ² o + a² e`` with o the number of steps they share
    and e the number of their ends that coincide, counted negative where an end meets a beginning. That of their squares
    is twice the square of it (Isserlis), to be averaged over all pairs of origins.
    """
    result = np.empty((3, len(lags), len(lags)))
    for a, i in enumerate(lags):
        for b, j in enumerate(lags[a:], a):
            # i ≤ j; only displacements that overlap or touch go together.
            shifts = np.arange(-j, i + 1, dtype=np.int64)
            pairs = _pairs(shifts, n_steps + 1 - i, n_steps + 1 - j)
            shared = np.minimum(i, shifts + j) - np.maximum(0, shifts)
            ends = np.zeros(len(shifts))
            for shift, sign in ((0, 1), (i - j, 1), (-j, -1), (i, -1)):
                ends[shift + j] += sign
            scale = 2 / (n_steps + 1 - i) / (n_steps + 1 - j)
            products = np.array([pairs @ (shared**2), pairs @ (shared * ends), pairs @ (ends**2)], dtype=np.float64)
            result[:, a, b] = result[:, b, a] = scale * products
    return result


def _pairs(shifts: Indices, n: int, m: int) -> Floats:
    """For every shift the number of k in 0 … n - 1 with k + shift in 0 … m - 1."""
    return np.maximum(np.minimum(n, m - shifts) - np.maximum(0, -shifts), 0).astype(np.float64)
