"""From labels to what the posterior is conditioned on: hyperparameters, and Gaussian labels in the place of bounds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import cholesky, solve_triangular

from autodisco.arrays import Floats, Indices
from autodisco.surrogate import censoring
from autodisco.surrogate.covariance import Hyperparameters, Kernels, of_labels
from autodisco.surrogate.likelihood import Data, most_likely
from autodisco.surrogate.prior_mean import PriorMean
from autodisco.surrogate.similarity import Structures
from autodisco.surrogate.sources import Label, Source, source_numbers

MOST_COMPARED = 600
"""Labels from which hyperparameters are found; a random choice where there are more, sources with few labels whole."""

ROUNDS = 2
"""How often bounds and hyperparameters are found in turn."""

LEAST_NOISE = 0.02
"""Least standard error of a label, in units of the spread between polymers."""


@dataclass(frozen=True)
class Known:
    """Labels as a Gaussian process takes them, arrays of shape (n,).

    Attributes
    ----------
    structures : of the polymers
    source : number of the source of each
    residuals : values minus what was expected of them before any label
    noise : variances
    """

    structures: Structures
    source: Indices
    residuals: Floats
    noise: Floats


def constant_mean(labels: Sequence[Label], sources: Sequence[Source], spread: float) -> PriorMean:
    """A constant where the values of the target are expected: the median of all values without the offsets that
    their sources probably have, and without bounds where there are other labels."""
    offsets = {source.name: source.priors.offset.mean for source in sources}
    exact = [label for label in labels if not label.censored] or labels
    placed = [label.value - offsets[label.source] for label in exact]
    return PriorMean.constant_at(float(np.median(placed)) if placed else 0.0, spread)


def fitted(
    labels: Sequence[Label],
    sources: Sequence[Source],
    prior_mean: PriorMean,
    seed: int,
    spread: float,
    level: float | None,
    by: Hyperparameters | None = None,
) -> tuple[Known, Floats, Hyperparameters, float]:
    """The labels, their covariance, the most likely hyperparameters (unless `by` gives them), and the level about which
    slopes turn."""
    structures = Structures.of([label.smiles for label in labels])
    prior = prior_mean.values(structures)
    if level is None:
        level = float(np.median(prior)) if len(labels) else 0.0
    data = Data(
        kernels=Kernels.between(structures, structures),
        source=source_numbers(labels, sources),
        values=np.array([label.value for label in labels], dtype=float),
        prior=prior,
        level=level,
        builds=np.array([max(label.builds, 1) for label in labels], dtype=float),
        fixed_noise=_fixed_noise(labels, LEAST_NOISE * spread),
    )
    bounded = np.flatnonzero([label.censored for label in labels])
    if by is None:
        data, by = _likely(data, sources, bounded, prior_mean.start(sources), seed)
    elif len(bounded):
        data = _with_sites(data, by, sources, bounded)
    known = Known(structures, data.source, data.values - data.means(by), data.noise(by))
    return known, of_labels(data.kernels, by, sources, data.source, known.noise), by, level


def _fixed_noise(labels: Sequence[Label], least: float) -> Floats:
    return np.array([np.nan if label.sem is None else max(label.sem, least) ** 2 for label in labels], dtype=float)


def _likely(
    data: Data, sources: Sequence[Source], bounded: Indices, start: Hyperparameters, seed: int
) -> tuple[Data, Hyperparameters]:
    """Hyperparameters, and the data with Gaussian labels in the place of bounds."""
    by = start
    chosen = compared(data.source, np.random.default_rng(seed))
    if not len(bounded):
        return data, most_likely(data.among(chosen), sources, start) if len(chosen) else start
    bounds = data
    for _ in range(ROUNDS):
        data = _with_sites(bounds, by, sources, bounded)
        by = most_likely(data.among(chosen), sources, start)
    return _with_sites(bounds, by, sources, bounded), by


def compared(source: Indices, rng: np.random.Generator) -> Indices:
    """At most `MOST_COMPARED` labels, the same number of each source where it has as many; ascending."""
    if len(source) <= MOST_COMPARED:
        return np.arange(len(source))
    chosen = [
        rng.permutation(np.flatnonzero(source == number))[:quota]
        for number, quota in enumerate(quotas(source, MOST_COMPARED))
    ]
    return np.sort(np.concatenate(chosen))


def quotas(source: Indices, most: int) -> list[int]:
    """How many labels of each source are taken: `most` in all, and of each source the same number where it has as
    many."""
    counts = np.bincount(source)
    left, quota = most, [0] * len(counts)
    for place, number in enumerate(np.argsort(counts, kind="stable").tolist()):
        quota[number] = min(int(counts[number]), left // (len(counts) - place))
        left -= quota[number]
    return quota


def _with_sites(data: Data, by: Hyperparameters, sources: Sequence[Source], bounded: Indices) -> Data:
    """The data with a Gaussian label for each bound."""
    exact = np.setdiff1d(np.arange(len(data.source)), bounded)
    noise = data.noise(by)
    silent = np.where(np.isin(np.arange(len(noise)), bounded), 0.0, noise)
    covariance = of_labels(data.kernels, by, sources, data.source, silent)
    residuals = data.values - data.means(by)
    factor = cholesky(covariance[np.ix_(exact, exact)], lower=True) if len(exact) else np.empty((0, 0))
    cross = covariance[np.ix_(exact, bounded)]
    known = solve_triangular(factor, cross, lower=True) if len(exact) else cross
    told = solve_triangular(factor, residuals[exact], lower=True) if len(exact) else np.empty(0)
    mean = data.means(by)[bounded] + known.T @ told
    among = covariance[np.ix_(bounded, bounded)] - known.T @ known
    values, fixed_noise = data.values.copy(), data.fixed_noise.copy()
    values[bounded], fixed_noise[bounded] = censoring.sites(mean, among, data.values[bounded], noise[bounded])
    return replace(data, values=values, fixed_noise=fixed_noise)
