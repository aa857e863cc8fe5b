"""Fits over temperature: what made the values is found again, and errors are those of repeated trials."""

import numpy as np
import pytest

from autodisco.analysis.temperatures import BOLTZMANN_EV, arrhenius, plot, vtf
from autodisco.errors import InputError

T = np.array([333.0, 353, 373, 393, 413])


def test_arrhenius_finds_the_energy_that_made_the_values():
    sigma = 2.0 * np.exp(-0.4 / BOLTZMANN_EV / T)
    found = arrhenius(T, sigma)
    assert found.activation_energy_ev == pytest.approx(0.4)
    assert found.activation_energy_kj_per_mol == pytest.approx(38.594, abs=1e-3)
    assert 10**found.log10_prefactor == pytest.approx(2.0)
    np.testing.assert_allclose(found.at(T), sigma)
    assert arrhenius(T[:2], sigma[:2]).activation_energy_ev_sem is None


def test_the_error_of_the_energy_is_the_scatter_of_trials_with_a_few_builds_each():
    rng = np.random.default_rng(0)
    sigma = 2.0 * np.exp(-0.4 / BOLTZMANN_EV / T)
    builds = sigma[:, None] * (1 + 0.3 * rng.normal(size=(600, 5, 3)))
    trials = [(b.mean(axis=1), b.std(axis=1, ddof=1) / np.sqrt(3)) for b in builds]
    found = [arrhenius(T, values, errors) for values, errors in trials]
    energies = np.array([f.activation_energy_ev for f in found])
    errors = np.array([f.activation_energy_ev_sem for f in found])
    assert energies.mean() == pytest.approx(0.4, abs=0.01)
    assert np.sqrt((errors**2).mean()) == pytest.approx(energies.std(), rel=0.15)
    assert np.mean(np.abs(energies - 0.4) < 2 * errors) > 0.88


def test_vtf_finds_what_made_the_values_and_wants_four_temperatures():
    sigma = 0.5 * np.exp(-900 / (T - 210))
    found = vtf(T, sigma)
    assert (found.b_k, found.t0_k) == (pytest.approx(900, rel=0.02), pytest.approx(210, rel=0.02))
    np.testing.assert_allclose(found.at(T), sigma, rtol=1e-3)
    assert vtf(T[:3], sigma[:3]) is None


def test_the_errors_of_vtf_are_the_scatter_of_trials_and_a_straight_line_needs_none():
    rng = np.random.default_rng(1)
    wide = np.linspace(300, 480, 7)

    def trial(sigma, scatter=0.1):
        builds = sigma[:, None] * (1 + scatter * rng.normal(size=(7, 3)))
        return vtf(wide, builds.mean(axis=1), builds.std(axis=1, ddof=1) / np.sqrt(3))

    found = [trial(0.5 * np.exp(-900 / (wide - 210))) for _ in range(150)]
    temperatures, errors = np.array([f.t0_k for f in found]), np.array([f.t0_k_sem for f in found])
    assert np.median(errors) == pytest.approx(temperatures.std(), rel=0.25)
    assert np.mean(np.abs(temperatures - 210) < 2 * errors) > 0.88
    assert all(f.is_bent and f.told().startswith("VTF: B ") for f in found)
    straight = [trial(2.0 * np.exp(-0.3 / BOLTZMANN_EV / wide)) for _ in range(60)]
    assert np.mean([f.is_bent for f in straight]) < 0.1
    assert trial(2.0 * np.exp(-0.3 / BOLTZMANN_EV / wide), 0.01).told().startswith("a VTF law does not")


def bent(t0_k, kelvins, replicas, noise, trials, b_k=900.0):
    """Share of trials with a VTF law reported; `t0_k` 0 is an Arrhenius law. `noise` of ln sigma of a replica."""
    rng = np.random.default_rng(5)
    t = np.array(kelvins, float)
    builds = np.exp(-(b_k if t0_k else 35e3 / 8.314462) / (t - t0_k))[:, None]
    builds = builds * np.exp(noise * rng.normal(size=(trials, len(t), replicas)))
    found = [vtf(t, b.mean(axis=1), b.std(axis=1, ddof=1) / np.sqrt(replicas), len(t) * (replicas - 1)) for b in builds]
    return np.mean([fit is not None and fit.is_bent for fit in found])


def test_few_arrhenius_plots_are_called_bent_and_most_bent_ones_are():
    assert bent(0, (333, 353, 373, 393), 2, 0.07, 100) < 0.1
    assert bent(0, (333, 353, 373, 393), 4, 0.07, 100) < 0.1
    assert bent(210, (333, 353, 373, 393), 4, 0.07, 50) > 0.9


def test_what_cannot_be_fitted_is_refused():
    with pytest.raises(InputError, match="at least 2"):
        arrhenius([353, 353], [1e-3, 2e-3])
    with pytest.raises(InputError, match="above zero"):
        arrhenius([353, 373], [0.0, 2e-3])


def test_the_plot_is_written(tmp_path):
    plot(T, 0.5 * np.exp(-900 / (T - 210)), [1e-4] * 5, "*OCC*", tmp_path / "arrhenius.png")
    assert (tmp_path / "arrhenius.png").read_bytes().startswith(b"\x89PNG")


if __name__ == "__main__":
    for replicas, noise in ((2, 0.07), (4, 0.07), (4, 0.3)):
        shares = [f"T0 {t0} K {bent(t0, (333, 353, 373, 393), replicas, noise, 400):.3f}" for t0 in (0, 150, 210)]
        print(f"4 temperatures, {replicas} replicas, noise {noise}:", ", ".join(shares))
