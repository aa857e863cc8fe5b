"""What is believed of many polymers at once: no crowd of false winners, and no winner that is too good."""

import numpy as np
import pytest

from autodisco.analysis import Scatter, beliefs, compare

BUILDS = Scatter(0.39, 20)


def campaign(rng, n, builds, of_reference, between, reference=0.0):
    """True places of `n` polymers in decades above the mean of all, and what is believed of each."""
    true = rng.normal(0.0, between, n)
    groups = {str(k): 10 ** rng.normal(-2 + x, BUILDS.sd, builds) for k, x in enumerate(true)}
    groups["reference"] = 10 ** rng.normal(-2 + reference, BUILDS.sd, of_reference)
    believed = beliefs(compare(groups, BUILDS), "reference")
    mean = 10 ** (-2 + true) * np.exp((BUILDS.sd * np.log(10)) ** 2 / 2)
    raw = np.array([groups[str(k)].mean() for k in range(n)])
    return true, mean, raw, [believed[str(k)] for k in range(n)]


@pytest.mark.parametrize("of_reference", [2, 8])
def test_none_of_two_hundred_equal_candidates_is_better(of_reference):
    # By one standard error 14 % were, on average, and up to 84 % by the luck of the reference.
    rng = np.random.default_rng(of_reference)
    shares = [np.mean([one.p_better > 0.95 for one in campaign(rng, 200, 2, of_reference, 0.0)[3]]) for _ in range(12)]
    assert np.max(shares) < 0.05


def test_those_called_better_are_better_at_the_stated_rate():
    rng, called, wrong = np.random.default_rng(3), 0, 0
    for _ in range(80):
        true, _, _, believed = campaign(rng, 40, 2, 8, 0.4)
        sure = np.array([one.p_better > 0.95 for one in believed])
        called += sure.sum()
        wrong += (sure & (true < 0)).sum()
    assert called > 100
    assert wrong / called < 0.08


def test_the_winner_is_not_reported_too_high_and_its_interval_holds_it():
    rng, raw_off, off, within = np.random.default_rng(4), [], [], []
    for _ in range(60):
        _, mean, raw, believed = campaign(rng, 50, 2, 8, 0.3)
        best = int(np.argmax(raw))
        raw_off.append(np.log10(raw[best] / mean[best]))
        off.append(np.log10(believed[best].median / mean[best]))
        within.append(believed[best].low <= mean[best] <= believed[best].high)
    assert np.mean(raw_off) > 0.25
    assert abs(np.mean(off)) < 0.12
    assert np.mean(within) > 0.8


def test_many_builds_are_believed_and_few_are_drawn_towards_the_others():
    rng = np.random.default_rng(5)
    groups = {str(k): list(10 ** rng.normal(-2, 0.39, 2)) for k in range(30)}
    lucky = 10**-1.2
    seen = beliefs(compare({**groups, "few": [lucky] * 2, "many": [lucky] * 40}, BUILDS), None)
    assert seen["few"].median < 0.75 * lucky
    assert seen["many"].median == pytest.approx(lucky, rel=0.25)
    assert seen["few"].p_better is None


def test_polymers_that_do_not_conduct_neither_draw_nor_are_drawn():
    groups = {"a": [1e-2, 2e-2], "b": [1.5e-2, 1.1e-2], "reference": [1e-2, 1.2e-2]}
    dead = {f"dead {k}": [0.0, 0.0] for k in range(20)}
    alone, among = (beliefs(compare(given, BUILDS), "reference") for given in (groups, groups | dead))
    assert among["a"].median == pytest.approx(alone["a"].median)
    # Two builds of 0.39 decades say no more than that it is about the floor.
    assert among["dead 0"].median < 1e-6
    assert among["dead 0"].p_better < 1e-6


def test_a_polymer_alone_is_believed_as_measured():
    (only,) = beliefs(compare({"a": [1e-2] * 3}, Scatter(0.1, 20)), "a").values()
    assert only.median == pytest.approx(1e-2, rel=0.05)
    assert only.low < 1e-2 < only.high
    assert only.p_better is None
    assert beliefs(compare({}), "a") == {}
