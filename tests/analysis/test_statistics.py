"""Errors cover at the rate they state, or are not given."""

import numpy as np
import pytest
from scipy.signal import lfilter

from autodisco.analysis.drift import drift
from autodisco.analysis.means import ratio_of_means
from autodisco.analysis.statistics import (
    inefficiency,
    series_error,
    standard_error,
    standard_errors,
    student_factor,
)


def correlated(rng, n, length, time):
    """Series of variance 1 and mean 0 whose autocorrelation is exp(-lag/time); white for a time of 0."""
    phi = np.exp(-1 / time) if time else 0.0
    steps = rng.normal(size=(n, length))
    steps[:, 1:] *= np.sqrt(1 - phi**2)
    return lfilter([1], [1, -phi], steps, axis=1)


def coverage(series, times=1.0):
    """Share of the series that have an error, and of these the share whose mean lies within `times` of it from 0."""
    errors = [series_error(one) for one in series]
    known = [abs(one.mean()) <= times * error for one, error in zip(series, errors, strict=True) if error is not None]
    return len(known) / len(series), np.mean(known) if known else np.nan


@pytest.mark.parametrize(
    ("length", "time"), [(61, 0), (61, 1), (200, 1), (200, 3), (1000, 3), (1000, 12), (2500, 12), (2500, 30)]
)
def test_errors_of_a_series_cover_at_their_stated_rate(length, time):
    series = correlated(np.random.default_rng(length + time), 600, length, time)
    given, within = coverage(series)
    assert given > 0.85
    assert 0.64 < within < 0.80
    assert 0.925 < coverage(series, 2.0)[1] < 0.99


@pytest.mark.parametrize(("length", "time"), [(61, 6), (61, 12), (61, 30), (200, 30), (200, 100), (1000, 100)])
def test_a_series_of_few_correlation_times_has_no_error(length, time):
    series = correlated(np.random.default_rng(length + time), 600, length, time)
    given, within = coverage(series, 2.0)
    assert given < 0.06
    # What is claimed and wrong is rarer than the 5 % that two errors may miss.
    assert given * (1 - np.nan_to_num(within)) < 0.05


def test_five_blocks_would_not_cover():
    # What the errors were before: this is why they know the correlation time now.
    series = correlated(np.random.default_rng(2), 600, 61, 12)
    blocks = [standard_error([block.mean() for block in np.array_split(one, 5)]) for one in series]
    assert np.mean(np.abs(series.mean(axis=1)) <= 2 * np.array(blocks)) < 0.85


def test_inefficiency_is_that_of_the_process_for_long_series():
    (series,) = correlated(np.random.default_rng(3), 1, 200_000, 10)
    phi = np.exp(-0.1)
    assert inefficiency(series) == pytest.approx((1 + phi) / (1 - phi), rel=0.1)


def test_a_series_that_never_changes_has_no_spread_and_a_short_one_no_error():
    assert series_error(np.full(50, 3.7)) == 0.0
    assert series_error(np.arange(9.0)) is None


def test_a_drift_whose_fluctuations_are_not_resolved_has_no_error():
    (slow,) = correlated(np.random.default_rng(4), 1, 200, 100)
    change, error = drift(slow)
    assert error is None
    assert change == pytest.approx(slow[-50:].mean() - slow[-100:-50].mean())


def test_standard_error_of_independent_values_by_hand():
    assert standard_error([1.0]) is None
    assert standard_error([1.0, 3.0]) == pytest.approx(1.0)
    assert standard_errors([[1.0, 0.0], [3.0, 0.0]]) == pytest.approx([1.0, 0.0])


def test_students_factor_makes_few_values_cover():
    values = np.random.default_rng(5).normal(size=(4000, 4))
    errors = values.std(axis=1, ddof=1) / 2
    assert np.mean(np.abs(values.mean(axis=1)) < student_factor(4) * errors) == pytest.approx(0.683, abs=0.025)


def test_error_of_a_ratio_covers_its_scatter():
    rng = np.random.default_rng(0)
    draws = [ratio_of_means(rng.normal(3, 0.3, 10), rng.normal(2, 0.2, 10)) for _ in range(400)]
    values, errors = np.array(draws, dtype=float).T
    assert values.mean() == pytest.approx(1.5, abs=0.02)
    assert errors.mean() == pytest.approx(values.std(), rel=0.15)


def test_a_ratio_over_noise_is_not_given():
    assert ratio_of_means([1.0, 2.0], [-1.0, 1.5]) == (None, None)
    assert ratio_of_means([], []) == (None, None)
