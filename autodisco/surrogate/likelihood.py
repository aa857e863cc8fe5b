"""Hyperparameters by the marginal likelihood with priors.

Variances have log-normal priors, slopes normal ones, and offsets are averaged over. The gradient is the closed form of
Rasmussen and Williams, Gaussian Processes for Machine Learning, equation 5.9.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve, lapack
from scipy.optimize import minimize

from autodisco.arrays import Floats, Indices
from autodisco.surrogate.covariance import Hyperparameters, Kernels, of_followed, of_labels
from autodisco.surrogate.sources import Source

STEPS = 40
DOUBT = 1.0
"""Standard deviation of the logarithm of a variance about what is expected."""

LEAST_SLOPE = 0.05
IMPOSSIBLE = 1e10


@dataclass(frozen=True)
class Data:
    """Labels as arrays.

    Attributes
    ----------
    kernels : between the polymers of the labels, (n, n)
    source : number of the source of each label, (n,)
    values : (n,), on the scale of the objective
    prior : (n,), mean of the truth before any label
    level : about which slopes turn
    builds : (n,), which divide the noise
    fixed_noise : (n,), variance of labels that do not have the noise of their source; NaN for the others
    """

    kernels: Kernels
    source: Indices
    values: Floats
    prior: Floats
    level: float
    builds: Floats
    fixed_noise: Floats

    def among(self, rows: Indices) -> "Data":
        """Some of the labels."""
        return Data(
            self.kernels.among(rows), self.source[rows], self.values[rows], self.prior[rows], self.level,
            self.builds[rows], self.fixed_noise[rows],
        )  # fmt: skip

    def noise(self, by: Hyperparameters) -> Floats:
        """Variance of each label."""
        return np.where(np.isnan(self.fixed_noise), by.noise[self.source] / self.builds, self.fixed_noise)

    def means(self, by: Hyperparameters) -> Floats:
        """What each label is expected to be before any label."""
        return self.level + by.offset[self.source] + by.slope[self.source] * (self.prior - self.level)


def most_likely(data: Data, sources: Sequence[Source], start: Hyperparameters) -> Hyperparameters:
    """The hyperparameters with the largest posterior density, found from `start`, the centre of the priors."""
    layout = _Layout(sources, start)
    bounds = [(-12.0, 12.0)] * layout.size
    for place in layout.slopes:
        bounds[place] = (LEAST_SLOPE, 5.0)
    found = minimize(
        _objective, layout.centre, (data, sources, layout), jac=True, method="L-BFGS-B", bounds=bounds,
        options={"maxiter": STEPS, "ftol": 1e-6},
    )  # fmt: skip
    return layout.unpacked(found.x)


class _Layout:
    """Hyperparameters as a vector: logarithms of variances, and slopes."""

    def __init__(self, sources: Sequence[Source], start: Hyperparameters) -> None:
        self.start = start
        n = len(sources)
        self.others = [number for number, source in enumerate(sources) if not source.reference]
        self.erring = [number for number in self.others if sources[number].follows_truth]
        sizes = np.cumsum([3, n, len(self.erring), len(self.others)]).tolist()
        self.noise, self.systematic, self.slopes = (list(range(*pair)) for pair in pairwise(sizes))
        self.size = sizes[-1]
        self.centre, self.width = np.zeros(self.size), np.full(self.size, DOUBT)
        self.centre[:3] = np.log([start.similarity, start.patterns, start.linear])
        self.centre[self.noise] = np.log(start.noise)
        # ln of a variance that is known with k degrees of freedom has about the variance 2 / k
        self.width[self.noise] = [np.sqrt(2.0 / source.priors.scatter.degrees) for source in sources]
        self.centre[self.systematic] = np.log(start.systematic[self.erring])
        self.centre[self.slopes] = start.slope[self.others]
        self.width[self.slopes] = [max(sources[number].priors.slope.sd, 1e-3) for number in self.others]

    def unpacked(self, theta: Floats) -> Hyperparameters:
        systematic, slope = self.start.systematic.copy(), self.start.slope.copy()
        systematic[self.erring] = np.exp(theta[self.systematic])
        slope[self.others] = theta[self.slopes]
        return replace(
            self.start,
            similarity=float(np.exp(theta[0])),
            patterns=float(np.exp(theta[1])),
            linear=float(np.exp(theta[2])),
            noise=np.exp(theta[self.noise]),
            systematic=systematic,
            slope=slope,
        )


def _objective(theta: Floats, data: Data, sources: Sequence[Source], layout: _Layout) -> tuple[float, Floats]:
    """Minus the logarithm of the posterior density, without constants, and its gradient."""
    by = layout.unpacked(theta)
    noise = data.noise(by)
    away = (theta - layout.centre) / layout.width
    penalty, slope_of_penalty = 0.5 * away @ away, away / layout.width
    try:
        factor = cho_factor(of_labels(data.kernels, by, sources, data.source, noise), lower=True)
    except LinAlgError:
        return IMPOSSIBLE, slope_of_penalty
    residual = data.values - data.means(by)
    weights = cho_solve(factor, residual)
    value = 0.5 * residual @ weights + np.log(np.diag(factor[0])).sum() + penalty
    inverse = lapack.dpotri(factor[0], lower=1)[0]
    spread = np.tril(inverse) + np.tril(inverse, -1).T - np.outer(weights, weights)
    return float(value), _gradient(data, by, sources, layout, spread, weights, noise) + slope_of_penalty


def _gradient(
    data: Data,
    by: Hyperparameters,
    sources: Sequence[Source],
    layout: _Layout,
    spread: Floats,
    weights: Floats,
    noise: Floats,
) -> Floats:
    """½ Σ spread ∘ ∂covariance − weights · ∂mean, with spread = inverse covariance − weights weightsᵀ."""
    gradient = np.zeros(layout.size)
    slopes, kernels = by.slope[data.source], data.kernels
    turned = spread * slopes[:, None] * slopes
    gradient[0] = 0.5 * by.similarity * np.vdot(turned, kernels.similarity)
    gradient[1] = 0.5 * by.patterns * np.vdot(turned, kernels.patterns)
    gradient[2] = 0.5 * by.linear * np.vdot(turned, kernels.linear)
    own_noise = np.where(np.isnan(data.fixed_noise), noise, 0.0) * np.diag(spread)
    gradient[layout.noise] = 0.5 * np.bincount(data.source, own_noise, minlength=len(sources))
    if layout.others:
        followed = of_followed(kernels, by, sources, data.source[:, None], data.source)
        of_slope = (spread * followed) @ slopes - weights * (data.prior - data.level)
        per_source = np.bincount(data.source, of_slope, minlength=len(sources))
        gradient[layout.slopes] = per_source[layout.others]
    for place, number in zip(layout.systematic, layout.erring, strict=True):
        rows = np.flatnonzero(data.source == number)
        error = kernels.among(rows).systematic
        gradient[place] = 0.5 * by.systematic[number] * np.vdot(spread[np.ix_(rows, rows)], error)
    return gradient
