"""Very many labels: the posterior through inducing points, since the time of an exact one grows with their cube.

Given the values at the points, labels are taken as independent of each other (FITC: Snelson and Ghahramani, Adv. Neural
Inf. Process. Syst. 18, 1257, 2006; Quiñonero-Candela and Rasmussen, J. Mach. Learn. Res. 6, 1939, 2005). The points are
some of the labels, and every label counts. Time grows with the number of labels times the square of that of the points.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_solve, cholesky, solve_triangular

from autodisco.arrays import Floats, Indices
from autodisco.surrogate.calibration import judging, widening
from autodisco.surrogate.covariance import Hyperparameters, Kernels, of_each_value, of_values
from autodisco.surrogate.fitting import Known, compared, fitted, quotas
from autodisco.surrogate.prior_mean import PriorMean
from autodisco.surrogate.similarity import Structures
from autodisco.surrogate.sources import Label, Source, source_numbers

MOST_EXACT = 4000
"""Labels up to which all are conditioned on exactly."""

POINTS = 3000

AT_ENDS = 0.5
"""Share of the points of a source that are its highest and lowest values, half of them each; the others are random."""

AT_ONCE = 1000
JITTER = 1e-6
"""Noise of the values at the points, in units of their mean variance: two polymers may have the same structure."""

UNTOLD = 1e-6
"""Least precision that labels give to any combination of points, in units of its prior."""


@dataclass(frozen=True)
class Condensed:
    """What very many labels say, at fewer points.

    Attributes
    ----------
    by, level : hyperparameters, and the level about which slopes turn
    points : polymers and sources of the points, m of them
    factor, weights : as if the points were the labels, (m, m) and (m,)
    left : residual of each label and its standard deviation, noise included, predicted from all other labels, both (n,)
    widened : factor by which standard deviations are widened
    """

    by: Hyperparameters
    level: float
    points: Known
    factor: Floats
    weights: Floats
    left: tuple[Floats, Floats]
    widened: float


def condensed(
    labels: Sequence[Label],
    sources: Sequence[Source],
    target: int,
    prior_mean: PriorMean,
    seed: int,
    spread: float,
    level: float | None,
) -> Condensed:
    """What very many labels say at fewer points; `target` is the number of its source."""
    known, by, level = _known(labels, sources, prior_mean, seed, spread, level)
    rows = points_of(labels, known.source, np.random.default_rng(seed))
    factor, weights, left = _conditioned(known, by, sources, rows)
    points = Known(known.structures.of_rows(rows), known.source[rows], np.zeros(len(rows)), known.noise[rows])
    judged = judging(known.noise, known.source, target)
    widened = widening(left[0][judged] / left[1][judged])
    return Condensed(by, level, points, factor, weights, left, widened)


def _known(
    labels: Sequence[Label],
    sources: Sequence[Source],
    prior_mean: PriorMean,
    seed: int,
    spread: float,
    level: float | None,
) -> tuple[Known, Hyperparameters, float]:
    """`autodisco.surrogate.fitting.fitted` for very many labels: bounds are replaced part by part, beside the labels
    from which the hyperparameters come."""
    source = source_numbers(labels, sources)
    few = compared(source, np.random.default_rng(seed))
    some = [labels[row] for row in few.tolist()]
    known, _, by, level = fitted(some, sources, prior_mean, seed, spread, level)
    residuals, noise = np.empty(len(labels)), np.empty(len(labels))
    residuals[few], noise[few] = known.residuals, known.noise
    others = np.setdiff1d(np.arange(len(labels)), few)
    for first in range(0, len(others), AT_ONCE):
        rows = others[first : first + AT_ONCE]
        part = [*some, *(labels[row] for row in rows.tolist())]
        known = fitted(part, sources, prior_mean, seed, spread, level, by)[0]
        residuals[rows], noise[rows] = known.residuals[len(few) :], known.noise[len(few) :]
    return Known(Structures.of([label.smiles for label in labels]), source, residuals, noise), by, level


def points_of(labels: Sequence[Label], source: Indices, rng: np.random.Generator) -> Indices:
    """Numbers of the labels that are the points, ascending: those of sources with few labels, such as the target, and
    of the others the same number each. Of a polymer with several labels in a source, one."""
    first = {(label.smiles, label.source): row for row, label in reversed(list(enumerate(labels)))}
    rows = np.array(sorted(first.values()))
    values = np.array([label.value for label in labels])
    chosen = []
    for number, quota in enumerate(quotas(source[rows], POINTS)):
        own = rows[source[rows] == number]
        own, ends = own[np.argsort(values[own], kind="stable")], int(AT_ENDS * quota) // 2
        middle = rng.permutation(own[ends : len(own) - ends])[: quota - 2 * ends]
        chosen += [own[:ends], own[len(own) - ends :], middle]
    return np.sort(np.concatenate(chosen))


def _conditioned(
    known: Known, by: Hyperparameters, sources: Sequence[Source], rows: Indices
) -> tuple[Floats, Floats, tuple[Floats, Floats]]:
    """`Condensed.factor`, `Condensed.weights` and `Condensed.left`; the points are the labels of the numbers `rows`."""
    root, noise, whites = _whitened(known, by, sources, rows)
    one, moment = np.eye(len(rows)), np.zeros(len(rows))
    told = UNTOLD * one
    for part, white in whites:
        told += (white / noise[part]) @ white.T
        moment += white @ (known.residuals[part] / noise[part])
    both = cholesky(told + one, lower=True, overwrite_a=True)
    means = cho_solve((both, True), moment)
    weights, precision = np.empty(len(noise)), np.empty(len(noise))
    for part, white in whites:
        weights[part] = (known.residuals[part] - white.T @ means) / noise[part]
        explained = np.square(solve_triangular(both, white, lower=True, check_finite=False)).sum(axis=0)
        precision[part] = (1.0 - explained / noise[part]) / noise[part]
    inverse = solve_triangular(cholesky(told, lower=True, overwrite_a=True), one, lower=True)
    factor = root @ cholesky(one + inverse.T @ inverse, lower=True, overwrite_a=True)
    left = weights / precision, 1.0 / np.sqrt(precision)
    return factor, solve_triangular(root, means, lower=True, trans="T"), left


def _whitened(
    known: Known, by: Hyperparameters, sources: Sequence[Source], rows: Indices
) -> tuple[Floats, Floats, list[tuple[slice, Floats]]]:
    """The factor of the covariance of the points; the variance of each label once the points are known, its noise
    included; and part by part the covariance of the points with the labels, multiplied by the inverse of the factor."""
    points, source = known.structures.of_rows(rows), known.source[rows]
    prior = of_values(Kernels.between(points, points), by, sources, source, source)
    prior[np.diag_indices(len(rows))] += JITTER * np.diag(prior).mean()
    root = cholesky(prior, lower=True, overwrite_a=True)
    noise, whites = known.noise.copy(), []
    for first in range(0, len(noise), AT_ONCE):
        part = slice(first, first + AT_ONCE)
        there, of_part = known.structures[part], known.source[part]
        cross = of_values(Kernels.between(there, points), by, sources, of_part, source)
        white = solve_triangular(root, cross.T, lower=True, check_finite=False)
        own = of_each_value(Kernels.of_each(there), by, sources, of_part)
        noise[part] += np.maximum(own - np.square(white).sum(axis=0), 0.0)
        whites.append((part, white))
    return root, noise, whites
