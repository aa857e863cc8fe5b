"""Drift of a series: its last quarter against the one before, with an error that accounts for correlation."""

from collections.abc import Sequence

import numpy as np

from autodisco.analysis.statistics import series_error
from autodisco.arrays import Floats

LEAST_VALUES = 16


def drift(values: Sequence[float] | Floats) -> tuple[float, float | None]:
    """Difference of the means of the last and the third quarter of `values`, and its standard error.

    The error is None if the values are correlated for too long to give one. Raises ValueError below `LEAST_VALUES`
    values.
    """
    if len(values) < LEAST_VALUES:
        raise ValueError(f"{len(values)} values; at least {LEAST_VALUES} are needed")
    quarter = len(values) // 4
    third, last = np.array(values[-2 * quarter : -quarter]), np.array(values[-quarter:])
    error = series_error(np.concatenate([third - third.mean(), last - last.mean()]))
    # A mean over half as many values has twice the variance, and the difference of two such means four times.
    return float(last.mean() - third.mean()), None if error is None else 2 * error
