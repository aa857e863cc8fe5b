"""Standard errors of means: of arrays of independent values, and of series in the order of time.

Every error in this package is computed here. An error that the data cannot give is None, never a guess.
"""

import numpy as np
from numpy.typing import ArrayLike

from autodisco.analysis.means import Pair, Value
from autodisco.arrays import Floats

LEAST_INDEPENDENT = 10.0
"""A series with fewer independent values than this has no error. Its correlation time is not known well enough: series
whose correlation time is underestimated by chance would get errors that are far too small."""


def standard_error(values: ArrayLike) -> float | None:
    """Standard error of the mean of independent values (n,); None below two."""
    errors = standard_errors(values)
    return None if errors is None else float(errors)


def standard_errors(values: ArrayLike) -> Floats | None:
    """The same along the first axis of (n, …), as an array of the remaining shape."""
    given = np.asarray(values, dtype=np.float64)
    return np.asarray(given.std(axis=0, ddof=1) / np.sqrt(len(given))) if len(given) > 1 else None


def student_factor(n: int) -> float:
    """Factor by which the standard error of the mean of `n` normal values has to be multiplied to cover 68.3 %.

    The quantile of Student's t with n - 1 degrees of freedom: 1.84 for two values, 1.20 for four, 1.02 for 32.
    """
    # Loaded here because reading stored results should not have to wait for it.
    from scipy.special import stdtrit

    return float(stdtrit(n - 1, 0.8413447460685429))


def series_error(values: ArrayLike) -> float | None:
    """Standard error of the mean of a stationary, correlated series (n,) in the order of time.

    ``s √(g/n)`` with the statistical inefficiency ``g = 1 + 2 Σ_k ρ_k``, the number of values that count as one
    independent value. None where fewer than `LEAST_INDEPENDENT` such values are left, 0 for a series that never
    changes.
    """
    series = np.asarray(values, dtype=np.float64)
    n = len(series)
    if n < LEAST_INDEPENDENT:
        return None
    variance = float(series.var())
    if variance <= 1e-24 * max(float(np.mean(series**2)), 1e-300):
        return 0.0
    independent = n / inefficiency(series)
    return float(np.sqrt(variance / (independent - 1))) if independent >= LEAST_INDEPENDENT else None


def inefficiency(values: ArrayLike) -> float:
    """Statistical inefficiency g of a series (n,) that is not constant, at the upper end of what it may be.

    The larger of two estimates. One sums the autocorrelation up to where pairs of neighbouring lags stop being positive
    and falling (Geyer, Statist. Sci. 1992, 7, 473). The other is ``(1 + φ)/(1 - φ)`` of a first-order autoregressive
    series, with the correlation φ of neighbours corrected for its bias ``-(1 + 3φ)/n`` (Kendall, Biometrika 1954, 41,
    403) and raised by its standard error ``√((1 - φ²)/n)``. The first alone is too small for short series, because a
    series of a few correlation times never shows how far it can go.
    """
    series = np.asarray(values, dtype=np.float64)
    n = len(series)
    moved = series - series.mean()
    spectrum = np.abs(np.fft.rfft(moved, 2 * n)) ** 2
    correlation = np.fft.irfft(spectrum, 2 * n)[:n]
    correlation /= correlation[0]
    pairs = correlation[0 : n // 2 * 2 : 2] + correlation[1 : n // 2 * 2 : 2]
    negative = np.flatnonzero(pairs <= 0)
    kept = pairs[: negative[0]] if len(negative) else pairs
    summed = 2 * float(np.minimum.accumulate(kept).sum()) - 1
    phi = float(correlation[1])
    phi += (1 + 3 * max(phi, 0.0)) / n + np.sqrt(max(1 - phi**2, 0.0) / n)
    phi = min(phi, 1 - 1e-9)
    return max(1.0, summed, (1 + phi) / (1 - phi))


def series_mean(values: Floats) -> Value:
    """Mean of a stationary series (n,) in the order of time, with the error of `series_error`."""
    return float(values.mean()), series_error(values)


def series_root_mean(squares: Floats) -> Pair:
    """Root of the mean of such a series; None of a negative mean."""
    mean, error = float(squares.mean()), series_error(squares)
    root = mean**0.5 if mean > 0 else None
    return root, error / (2 * root) if root and error is not None else None
