"""Means of a few independent values and their standard errors, without numpy.

Readers of a campaign combine replicas of thousands of polymers. For a few values, plain Python takes a tenth of the
time of arrays.
"""

import math
from collections.abc import Sequence

Value = tuple[float, float | None]
"""A value and its standard error, None where the data cannot give one."""

Pair = tuple[float | None, float | None]
"""The same of a value that may be undefined."""


def weighted_mean(values: Sequence[float], weights: Sequence[float]) -> Value:
    """Mean of independent values (n,) with weights (n,) above zero, and its standard error, None below two values.

    The error is ``sqrt(n/(n - 1) Σ (w_i (x_i - x̄))²)`` with weights that add up to one; for equal weights it is the
    standard deviation over √n.
    """
    total, n = sum(weights), len(values)
    mean = sum(weight * value for weight, value in zip(weights, values, strict=True)) / total
    square = sum((weight * (value - mean) / total) ** 2 for weight, value in zip(weights, values, strict=True))
    return mean, math.sqrt(n / (n - 1) * square) if n > 1 else None


def mean(values: Sequence[float]) -> Value:
    """`weighted_mean` of values that count alike."""
    return weighted_mean(values, [1.0] * len(values))


def ratio_of_means(above: Sequence[float], below: Sequence[float]) -> Pair:
    """``R = mean(above) / mean(below)`` of paired estimates, and its standard error by the delta method.

    The error is that of the mean of ``(above - R below) / mean(below)``. Both are None where the lower mean does not
    exceed its standard error: such a ratio could be anything. The error alone is None for a single pair. The mean of
    ratios would be ruled by the pair whose denominator is nearest zero.
    """
    if not len(below):
        return None, None
    (upper, _), (lower, error) = mean(above), mean(below)
    if not lower > (error or 0.0):
        return None, None
    ratio = upper / lower
    return ratio, mean([(a - ratio * b) / lower for a, b in zip(above, below, strict=True)])[1]


def quotient(above: Value, below: Value) -> Value:
    """The quotient of two independent values, with its error."""
    ratio = above[0] / below[0]
    if above[1] is None or below[1] is None:
        return ratio, None
    return ratio, math.hypot(above[1], ratio * below[1]) / below[0]
