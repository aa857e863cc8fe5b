"""Ratios of noisy means: given only where the denominator is known not to be zero."""

import numpy as np
from numpy.typing import ArrayLike


def ratio_of_means(above: ArrayLike, below: ArrayLike) -> tuple[float | None, float | None]:
    """``mean(above) / mean(below)`` of paired estimates, and its standard error by the jackknife.

    Both are None where the lower mean does not exceed its standard error: such a ratio could be anything. The error
    alone is None for a single pair. The mean of ratios would be ruled by the pair whose denominator is nearest zero.
    """
    upper, lower = np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)
    n = len(lower)
    noise = float(lower.std(ddof=1) / np.sqrt(n)) if n > 1 else 0.0
    if n == 0 or not lower.mean() > noise:
        return None, None
    value = float(upper.mean() / lower.mean())
    if n == 1:
        return value, None
    rest = lower.sum() - lower
    if (rest <= 0).any():
        return value, None
    without = (upper.sum() - upper) / rest
    return value, float(np.sqrt((n - 1) / n * np.sum((without - without.mean()) ** 2)))
