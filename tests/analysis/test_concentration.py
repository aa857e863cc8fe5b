"""Fits over molality: the maximum that made the values is found, and the interval holds it as often as it says."""

import numpy as np
import pytest

from autodisco.analysis import concentration
from autodisco.analysis.concentration import salt_curve
from autodisco.errors import InputError

M = np.array([0.5, 1.0, 1.5, 2.0, 3.0])


def sigma(place, power=1.5):
    """Conductivities in S/cm with a maximum at `place` mol/kg."""
    return 1e-2 * (M / place) ** power * np.exp(power * (1 - M / place))


def builds(values, scatter, rng, n=3):
    return values[:, None] * np.exp(scatter * rng.standard_normal((len(values), n)))


def test_the_maximum_that_made_the_values_is_found():
    found = salt_curve(M, builds(sigma(1.4), 0.02, np.random.default_rng(1)))
    assert found.verdict == "maximum"
    assert found.optimum == pytest.approx(1.4, rel=0.03)
    assert found.interval[0] < 1.4 < found.interval[1]
    assert found.conductivity_s_per_cm == pytest.approx(1e-2, rel=0.05)
    assert found.conductivity_interval[0] < 1e-2 < found.conductivity_interval[1]
    np.testing.assert_allclose(found.at(M), sigma(1.4), rtol=0.1)
    assert "maximum at 1.39 mol/kg (90 % interval" in found.told()


@pytest.mark.parametrize("scatter", [0.2, 0.4, 0.83])  # the last is that of `quick`
def test_the_interval_holds_the_maximum_in_nine_of_ten_scans(monkeypatch, scatter):
    monkeypatch.setattr(concentration, "DRAWS", 1000)
    rng = np.random.default_rng(2)
    scans = [salt_curve(M, builds(sigma(1.5), scatter, rng)) for _ in range(400)]
    assert 0.84 < np.mean([low <= 1.5 <= high for low, high in (scan.interval for scan in scans)]) < 0.95
    heights = [scan.conductivity_interval for scan in scans]
    # The mean of builds that scatter widely lies above the curve that made them.
    assert scatter > 0.5 or 0.84 < np.mean([low <= 1e-2 <= high for low, high in heights]) < 0.97


@pytest.mark.parametrize(("place", "verdict"), [(6.0, "rises"), (0.2, "falls")])
def test_no_maximum_is_reported_where_it_lies_outside(monkeypatch, place, verdict):
    monkeypatch.setattr(concentration, "DRAWS", 1000)
    rng = np.random.default_rng(3)
    verdicts = [salt_curve(M, builds(sigma(place), 0.3, rng)).verdict for _ in range(200)]
    assert verdicts.count("maximum") <= 6
    assert set(verdicts) <= {"maximum", verdict, "undecided"}
    clear = salt_curve(M, builds(sigma(place), 0.01, rng))
    assert clear.verdict == verdict
    assert f"the conductivity {verdict}" in clear.told()


def test_noise_that_hides_the_maximum_is_said():
    found = salt_curve(M, builds(np.full(5, 1e-3), 1.0, np.random.default_rng(4)))
    assert found.verdict == "undecided"
    assert found.chance_inside + found.chance_at_least + found.chance_at_most == pytest.approx(1)
    assert found.told().startswith("not found: the maximum lies between 0.5 and 3 mol/kg with a chance of 0.")


def test_the_scatter_is_that_of_the_builds_and_of_the_curve():
    rng = np.random.default_rng(5)
    assert salt_curve(M, builds(sigma(1.4), 0.3, rng, n=40)).relative_scatter == pytest.approx(0.3, rel=0.1)
    alone = salt_curve(M, builds(sigma(1.4), 0.3, rng, n=1))
    assert alone.degrees == 2
    step = np.array([1e-3, 1e-2, 1e-3, 1e-2, 1e-3])[:, None]
    assert salt_curve(M, step).verdict == "undecided"


def test_a_build_whose_ions_never_part_counts_as_zero():
    values = [[1e-3, 0.0], *builds(sigma(1.4), 0.1, np.random.default_rng(6))[1:]]
    assert np.isfinite(salt_curve(M, values).relative_scatter)


def test_the_same_values_give_the_same_numbers():
    values = builds(sigma(1.4), 0.3, np.random.default_rng(7))
    assert salt_curve(M, values) == salt_curve(M, values)


def test_too_few_molalities_and_zeros_are_refused():
    with pytest.raises(InputError, match="3 different molalities with a value; a fit needs at least 4"):
        salt_curve([1, 2, 3, 3], [[1e-3]] * 4)
    with pytest.raises(InputError, match="above zero"):
        salt_curve(M, [[0.0]] * 5)
