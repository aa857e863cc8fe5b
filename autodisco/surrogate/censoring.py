"""Censored labels in a Gaussian process: values of which only an upper bound is known.

Expectation propagation puts a Gaussian in the place of each bound, with the moments that the truncated distribution has
(Rasmussen and Williams, Gaussian Processes for Machine Learning, 3.6, for the likelihood Φ((bound − y) / noise)).
"""

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.special import log_ndtr

from autodisco.arrays import Floats

SWEEPS = 50
DAMPING = 0.7
PRECISE = 1e-5
UNKNOWING = 1e-9
"""Least precision of a site: a bound far above what is expected says nothing."""


def sites(mean: Floats, covariance: Floats, bounds: Floats, noise: Floats) -> tuple[Floats, Floats]:
    """Values and variances of the Gaussian labels that stand for bounds.

    Parameters
    ----------
    mean, covariance : of the values without noise, given all other labels; shapes (n,) and (n, n)
    bounds : (n,), the noisy value is at or below it
    noise : (n,), variances
    """
    n = len(bounds)
    precision, shift = np.full(n, UNKNOWING), np.zeros(n)
    for _ in range(SWEEPS):
        root = np.sqrt(precision)
        factor = cho_factor(np.eye(n) + root[:, None] * covariance * root, lower=True)
        posterior = covariance - covariance * root @ cho_solve(factor, root[:, None] * covariance)
        centre = mean + posterior @ (shift - precision * mean)
        wide = 1.0 / np.maximum(1.0 / np.diag(posterior) - precision, UNKNOWING)
        apart = wide * (centre / np.diag(posterior) - shift)
        new_precision, new_shift = _matched(apart, wide, bounds, noise)
        change = np.abs(new_precision - precision).max() / precision.max()
        precision += DAMPING * (new_precision - precision)
        shift += DAMPING * (new_shift - shift)
        if change < PRECISE:
            break
    return shift / precision, 1.0 / precision


def _matched(mean: Floats, variance: Floats, bounds: Floats, noise: Floats) -> tuple[Floats, Floats]:
    """Precision of the sites and precision times mean, from the distributions without them."""
    total = variance + noise
    z = (bounds - mean) / np.sqrt(total)
    ratio = np.exp(-0.5 * z**2 - 0.5 * np.log(2 * np.pi) - log_ndtr(z))
    curve = ratio * (z + ratio) / total
    precision = np.maximum(curve / np.maximum(1.0 - variance * curve, 1e-12), UNKNOWING)
    moved = mean - variance * ratio / np.sqrt(total)
    narrowed = 1.0 / variance + precision
    return precision, moved * narrowed - mean / variance
