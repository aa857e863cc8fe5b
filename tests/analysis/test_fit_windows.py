"""Which lags are fitted: noise leaves none out, and slow motion at short lags does."""

import numpy as np
import pytest
from scipy.signal import lfilter

from autodisco.analysis.diffusion import choose_window, diffusivity
from autodisco.analysis.observe import observe
from autodisco.analysis.slopes import fit_line, octave_variance
from autodisco_kernels import CM2_PER_S_PER_A2_PER_PS, msd
from tests.analysis.test_slopes import curves
from tests.analysis.test_transport import salt, trajectory

RUNS = 60


def caged(rng, n_ions, n_frames, time):
    """Random walks of 6 Å² per frame in cages of the relaxation time `time`, as displacements."""
    steps = rng.normal(size=(n_frames, n_ions, 3)) * np.sqrt(3 * time)
    phi = np.exp(-1 / time)
    steps[1:] *= np.sqrt(1 - phi**2)
    x = lfilter([1], [1, -phi], steps, axis=0)
    x += np.sqrt(2) * np.cumsum(rng.normal(size=x.shape), axis=0)
    groups = np.array([msd(x[:, [k]]) for k in range(n_ions)])
    return groups.mean(axis=0), groups


def test_eight_brownian_ions_are_fitted_from_short_lags():
    rng, found = np.random.default_rng(0), []
    for _ in range(RUNS):
        curve, groups = curves(rng, 8, 250)
        window = choose_window(curve, groups, 8)
        one = diffusivity(curve, groups, fit_line(curve, window.first, window.last), 1.0, 8)
        found.append((window.found, window.first, one.value, one.sem))
    diffusive, first, values, errors = np.array(found).T
    values, errors = values / CM2_PER_S_PER_A2_PER_PS, errors / CM2_PER_S_PER_A2_PER_PS
    assert diffusive.mean() > 0.9
    assert np.mean(first <= 15) > 0.85  # of 249 frames
    assert np.sqrt(np.mean((values - 1) ** 2)) < 0.13  # 0.18 if noise of long lags chooses the window
    assert np.mean(np.abs(values - 1) < 2 * errors) > 0.9


def test_the_lags_of_slow_cages_are_left_out():
    # The displacement is 18 t (1 - exp(-k/t)) + 6 k with t = 10: its log-log slope is 0.6 at lag 20 of 999.
    rng, found = np.random.default_rng(1), []
    for _ in range(RUNS // 2):
        curve, groups = caged(rng, 8, 1000, 10.0)
        window = choose_window(curve, groups, 8)
        found.append(fit_line(curve, window.first, window.last).slope(curve) / 6)
        assert window.first >= 62
    assert np.mean(found) == pytest.approx(1, abs=4 * np.std(found) / np.sqrt(len(found)))


def test_error_of_the_slope_of_an_octave_is_that_of_random_walks():
    rng, lag = np.random.default_rng(2), 12
    x = np.cumsum(rng.normal(size=(4000, 101, 10)), axis=1)
    near, far = (((x[:, k:] - x[:, :-k]) ** 2).mean(axis=(1, 2)) for k in (lag, 2 * lag))
    assert np.var(np.log2(far / near)) == pytest.approx(octave_variance(100, lag) / 10, rel=0.1)


def test_a_window_that_is_a_small_part_of_the_run_is_told():
    # Cages of 6 Å² that ions leave at once, and 0.32 Å² per frame: the log–log slope is 0.93 at 230 frames.
    rng, who, phi = np.random.default_rng(6), salt(60, 60), np.exp(-1 / 5)
    who.masses[:4] = 1e9
    x = np.zeros((1000, 124, 3))
    x[:, 4:] = lfilter([1], [1, -phi], rng.normal(size=(1000, 120, 3)) * np.sqrt(1 - phi**2), axis=0)
    x[:, 4:] += 0.327 * np.cumsum(rng.normal(size=(1000, 120, 3)), axis=0)
    warnings = observe(trajectory(who, x + 50, np.eye(3) * 100)).properties.warnings
    assert any("fitted over a small part of the run (25 to 50 %)" in one and "--fit" in one for one in warnings)


@pytest.mark.parametrize(("edge", "charge", "complaint"), [
    (6.0, 1.0, "the cluster cutoff of 3.4 Å exceeds half the shortest height of the box (3 Å)"),
    (30.0, 0.7, "an ion of charge 0.7 e: conductivities use the charges given"),
])  # fmt: skip
def test_cutoffs_and_charges_that_mislead_are_warned_of(edge, charge, complaint):
    who = salt(4, 4, (charge, -charge))
    x = np.random.default_rng(4).random((1, 12, 3)) * edge + np.zeros((50, 1, 1))
    x += np.cumsum(np.random.default_rng(5).normal(size=x.shape) * 0.1, axis=0)
    said = observe(trajectory(who, x, np.eye(3) * edge)).properties.warnings
    assert any(complaint in one for one in said)
    fine = observe(trajectory(salt(4, 4), x, np.eye(3) * 30.0)).properties.warnings
    assert not any("cutoff" in one or "charges given" in one for one in fine)
