"""Comparisons of polymers: the pooled scatter, and probabilities that hold at their stated rate."""

import numpy as np
import pytest
from scipy.stats import t as student

from autodisco.analysis import UNKNOWN_SCATTER, Scatter, compare
from autodisco.analysis.comparison import MOST_KNOWN_DEGREES
from autodisco.analysis.quantity import CONDUCTIVITY_SCALE

KNOWN = Scatter(0.41, 4)


def test_polymer_that_does_not_conduct_stays_on_the_logarithmic_scale():
    assert CONDUCTIVITY_SCALE.place(0.0) == -6
    assert CONDUCTIVITY_SCALE.place(-1e-9) == -6


def test_known_spread_decides_while_every_polymer_has_one_replica():
    pair = compare({"a": [1e-3], "b": [2e-3], "c": [2e-2]}, KNOWN)
    assert pair.replica_sd == pytest.approx(0.41)
    assert pair.degrees == 4
    # One build is exactly log-normal: its error is the spread.
    assert pair.standard_error("a", "b") == pytest.approx(0.41 * np.sqrt(2))


def test_spread_is_pooled_over_polymers_with_the_known_one():
    logs = {"a": [-3.0, -3.2, -2.8], "b": [-2.0, -2.6]}
    measured = compare({key: [10**x - 1e-6 for x in values] for key, values in logs.items()}, Scatter(0.5, 4))
    squares = 0.08 + 0.18
    assert measured.degrees == 4 + 3
    assert measured.replica_sd == pytest.approx(np.sqrt((4 * 0.25 + squares) / (4 + 3)))


def test_a_spread_known_from_many_builds_counts_no_more_than_twenty():
    assert compare({"a": [1e-3]}, Scatter(0.16, 97)).degrees == MOST_KNOWN_DEGREES
    assert compare({"a": [1e-3]}).degrees == UNKNOWN_SCATTER.degrees


@pytest.mark.parametrize("true", [0.05, 0.16, 0.39])
def test_the_pooled_spread_is_that_of_the_builds_whatever_another_protocol_has(true):
    rng = np.random.default_rng(0)
    groups = {f"p{k}": list(10 ** rng.normal(-3, true, 5)) for k in range(200)}
    assert compare(groups, UNKNOWN_SCATTER).replica_sd == pytest.approx(true, rel=0.1)


def test_replicas_below_the_floor_do_not_change_the_spread():
    without = compare({"a": [1e-3, 3e-3]})
    assert compare({"a": [1e-3, 3e-3], "zero": [0.0, 0.0, 0.0], "once": [0.0, 1e-2]}).replica_sd == without.replica_sd


def test_order_of_the_comparison_is_the_order_of_the_arithmetic_means():
    pair = compare({"patchy": [0.0, 1e-2], "steady": [1e-3, 1e-3]}, KNOWN)
    assert pair.p_higher("patchy", "steady") > 0.5
    assert pair.place("patchy")[0] - pair.place("steady")[0] == pytest.approx(np.log10(5e-3 / 1e-3), abs=1e-3)


def test_a_build_that_conducts_nothing_makes_its_polymer_less_certain():
    pair = compare({"patchy": [0.0, 1e-2], "steady": [1e-2, 1e-2]}, Scatter(0.1, 20))
    assert pair.place("patchy")[1] == pytest.approx(1 / np.log(10))
    assert pair.place("steady")[1] < 0.1


def test_probability_to_be_better_is_students_and_symmetric():
    pair = compare({"a": [3e-3, 5e-3], "b": [1e-3, 2e-3], "copy": [3e-3, 5e-3]})
    difference = (pair.place("a")[0] - pair.place("b")[0]) / pair.standard_error("a", "b")
    assert pair.p_higher("a", "b") == pytest.approx(student.cdf(difference, pair.degrees))
    assert pair.p_higher("a", "b") + pair.p_higher("b", "a") == pytest.approx(1)
    assert pair.p_higher("a", "copy") == 0.5


def test_places_do_not_rise_with_the_number_of_builds():
    # The logarithm of a mean of n log-normal values of 0.39 decades rises by 0.16 decades from one value to twenty.
    rng, places = np.random.default_rng(1), {}
    for n in (1, 2, 4, 8, 20):
        draws = 10 ** rng.normal(-2, 0.39, (2000, n))
        seen = [compare({"a": draw}, Scatter(0.39, 20)).places(0.39) for draw in draws]
        places[n] = np.mean([place[0] for place, _ in seen])
        assert np.mean([error[0] for _, error in seen]) == pytest.approx(
            np.std([place[0] for place, _ in seen]), rel=0.07
        )
    assert max(places.values()) - min(places.values()) < 0.025


@pytest.mark.parametrize("builds", [(2, 2), (2, 8), (2, 20), (4, 1)])
@pytest.mark.parametrize("spread", [0.16, 0.39])
def test_equal_polymers_are_called_different_at_the_stated_rate(builds, spread):
    rng, found = np.random.default_rng(sum(builds)), []
    for _ in range(1500):
        a, b = (10 ** rng.normal(-2, spread, n) for n in builds)
        found.append(compare({"a": a, "b": b}, Scatter(spread, 20)).p_higher("a", "b"))
    p = np.array(found)
    assert p.mean() == pytest.approx(0.5, abs=0.03)
    for level in (0.05, 0.1):
        assert np.mean(p < level) < level + 0.02
        assert np.mean(p > 1 - level) < level + 0.02
    assert np.mean(np.abs(p - 0.5) > 0.4) > 0.12
