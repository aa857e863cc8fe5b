"""Whether intervals hold what they say, and by how much they are widened if not."""

import numpy as np
from scipy.linalg import lapack

from autodisco.analysis.belief import Z_90
from autodisco.arrays import Floats, Indices

TRUST = 10.0
"""The model's own standard deviations count as so many labels that lie as far off as was said."""

MOST_WIDENED = 4.0

UNKNOWING = 1e6
"""Variance of a label that says nothing, in squares of the scale."""

ENOUGH = 10
"""Labels of the target from which on they alone judge the calibration."""

MOST_JUDGING = 600
"""Labels by which the calibration is judged, evenly chosen where there are more."""


def judging(noise: Floats, source: Indices, target: int) -> Indices:
    """Numbers of the labels by which the calibration is judged: those of the target, of all sources where they are
    few. `noise` and `source` of each label, (n,)."""
    known = np.flatnonzero(noise < UNKNOWING)
    ours = known[source[known] == target]
    chosen = ours if len(ours) >= ENOUGH else known
    return chosen[:: -(-len(chosen) // MOST_JUDGING) or 1]


def widening(z: Floats) -> float:
    """Factor for standard deviations from standardised residuals, shape (n,): 1 unless they are too large.

    It is the root of the mean square of the residuals, with `TRUST` further ones of 1, between 1 and `MOST_WIDENED`.
    """
    square = (TRUST + float(np.square(z).sum())) / (TRUST + len(z))
    return float(np.clip(np.sqrt(square), 1.0, MOST_WIDENED))


def left_out(factor: Floats, weights: Floats, fold: Indices) -> tuple[Floats, Floats]:
    """Residuals of labels and their standard deviations, each predicted from the labels of all other folds.

    Closed form from one inverse: block by block what equation 5.12 of Rasmussen and Williams is for single labels.

    Parameters
    ----------
    factor : lower Cholesky factor of the covariance of the labels, (n, n)
    weights : inverse covariance times residuals about the prior, (n,)
    fold : number of the fold of each label, (n,)
    """
    inverse = np.tril(lapack.dpotri(factor, lower=1)[0])
    residuals, sds = np.empty(len(fold)), np.empty(len(fold))
    for number in np.unique(fold):
        rows = np.flatnonzero(fold == number)
        block = inverse[np.ix_(rows, rows)]
        block = np.linalg.inv(block + np.tril(block, -1).T)
        residuals[rows], sds[rows] = block @ weights[rows], np.sqrt(np.diag(block))
    return residuals, sds


def coverage(z: Floats) -> float:
    """Share of standardised residuals that lie in the central interval that should hold 90 % of them."""
    return float(np.mean(np.abs(z) <= Z_90)) if len(z) else float("nan")
