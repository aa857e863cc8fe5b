"""Generalised least squares on displacements of known random walks: less variance, and errors that cover."""

import numpy as np
import pytest

from autodisco.analysis.diffusion import diffusivity
from autodisco.analysis.slopes import _covariances, fit_line
from autodisco_kernels import CM2_PER_S_PER_A2_PER_PS, msd


def curves(rng, n_ions, n_frames, noise=0.0, speeds=None):
    """Displacement of Brownian ions of 6 Å² per frame each, of all and of groups of them as `observe` makes them."""
    scale = np.sqrt(2 * (np.ones(n_ions) if speeds is None else speeds))[:, None]
    x = np.cumsum(rng.normal(size=(n_frames, n_ions, 3)) * scale, axis=0) + noise * rng.normal(
        size=(n_frames, n_ions, 3)
    )
    parts = np.array_split(np.arange(n_ions), min(n_ions, 32))
    groups = np.array([msd(x[:, part]) for part in parts])
    return np.array([len(part) for part in parts]) / n_ions @ groups, groups


def fixed(n_frames):
    return int(np.ceil(0.15 * (n_frames - 1))), (n_frames - 1) // 2


def walks(seed, repeats, n_ions, n_frames, **more):
    """(values, errors, values by ordinary least squares) of many runs; the known value is 1."""
    rng, (first, last) = np.random.default_rng(seed), fixed(n_frames)
    found = []
    for _ in range(repeats):
        curve, groups = curves(rng, n_ions, n_frames, **more)
        one = diffusivity(curve, groups, fit_line(curve, first, last), 1.0, n_ions)
        ordinary = np.polyfit(np.arange(first, last + 1), curve[first : last + 1], 1)[0] / 6
        found.append((one.value / CM2_PER_S_PER_A2_PER_PS, one.sem / CM2_PER_S_PER_A2_PER_PS, ordinary))
    return np.array(found).T


def test_the_fitted_line_of_a_straight_curve_is_that_curve():
    curve = 3.0 + 2.0 * np.arange(61)
    line = fit_line(curve, 9, 30)
    np.testing.assert_allclose(line.at(curve, np.arange(9, 31)), curve[9:31])


@pytest.mark.parametrize(("n_ions", "n_frames", "repeats"), [(4, 61, 500), (50, 61, 200), (4, 500, 250), (50, 500, 80)])
def test_diffusivities_of_brownian_ions_have_half_the_variance_and_errors_that_cover(n_ions, n_frames, repeats):
    values, errors, ordinary = walks(n_ions + n_frames, repeats, n_ions, n_frames)
    assert values.mean() == pytest.approx(1.0, abs=4 * values.std() / np.sqrt(repeats))
    assert np.var(values) / np.var(ordinary) < (0.65 if repeats >= 200 else 0.75)
    off = np.abs(values - 1)
    assert 0.63 < np.mean(off < errors) < 0.85
    assert np.mean(off < 2 * errors) > 0.92


def test_ions_that_rattle_in_their_cages_are_fitted_as_well_as_by_ordinary_least_squares():
    # The noise makes neighbouring lags uncertain, on which pure Brownian weights rest.
    values, errors, ordinary = walks(1, 300, 4, 61, noise=3.0)
    assert np.var(values) < 0.9 * np.var(ordinary)
    assert 0.63 < np.mean(np.abs(values - values.mean()) < errors) < 0.85


def test_the_spread_over_few_groups_counts_with_the_quantile_of_student():
    frames = np.arange(61.0)
    slopes = np.array([3.0, 9.0])  # Å² per frame; far more than two Brownian groups of 1,000 ions scatter
    groups = slopes[:, None] * frames
    found = diffusivity(groups.mean(axis=0), groups, fit_line(groups.mean(axis=0), 9, 30), 1.0, 2000)
    standard_error = 3.0 / 6 * CM2_PER_S_PER_A2_PER_PS  # of two values that lie 6 apart
    assert found.sem == pytest.approx(1.837 * standard_error, rel=1e-3)


def test_ions_of_different_speed_widen_the_error():
    rng = np.random.default_rng(2)
    alike, unlike = (
        np.mean([
            diffusivity(curve, groups, fit_line(curve, 9, 30), 1.0, 50).sem
            for curve, groups in (curves(rng, 50, 61, speeds=rng.gamma(1 / h, h, 50) if h else None) for _ in range(40))
        ])
        for h in (0.0, 1.0)
    )  # fmt: skip
    assert unlike > 1.3 * alike


@pytest.mark.parametrize("noise", [0.0, 1.5])
def test_covariance_of_the_displacement_is_that_of_random_walks(noise):
    rng, steps, lags = np.random.default_rng(3), 20, (3, 5, 9)
    x = np.cumsum(rng.normal(size=(40_000, steps + 1)), axis=1) + noise * rng.normal(size=(40_000, steps + 1))
    moved = np.stack([((x[:, lag:] - x[:, :-lag]) ** 2).mean(axis=1) for lag in lags])
    parts = _covariances(steps, lags)
    expected = parts[0] + 2 * noise**2 * parts[1] + noise**4 * parts[2]
    np.testing.assert_allclose(np.cov(moved), expected, rtol=0.05)


def test_few_of_many_lags_serve_as_well_as_all():
    curve = 6.0 * np.arange(1001)
    line = fit_line(curve, 150, 500)
    assert len(line.lags) < 70
    assert (line.lags[0], line.lags[-1]) == (150, 500)
    assert line.slope(curve) == pytest.approx(6.0)
    # All 351 lags give a variance of 0.7697 where the noise is that of one step, the least that is assumed.
    assert line.variance == pytest.approx(0.770, abs=0.002)


def test_a_displacement_that_does_not_grow_has_no_diffusivity():
    curve = np.full(61, 3.0)
    curve[0] = 0.0
    found = diffusivity(curve, np.stack([curve, curve]), fit_line(curve, 9, 30), 1.0, 2)
    assert found.value == pytest.approx(0.0, abs=1e-12)
