"""Promotion keeps short and long builds in proportion, takes the promising further, and starves what says nothing."""

from collections import Counter

import numpy as np
import pytest

from autodisco.decide.objective import CONDUCTIVITY
from autodisco.decide.outlook import Aim, Outlook
from autodisco.decide.promotion import ENOUGH, Build, Tier, contribution, due_tiers, next_builds
from autodisco.surrogate import Label, Posterior, Source
from tests.distinct_units import distinct_units

TIERS = (Tier("short", 1.0), Tier("long", 80.0))
SOURCES = (Source.of_kind("short", "protocol"), Source.of_kind("long", "protocol", reference=True))


def _fit(labels):
    return Posterior.fit(labels, SOURCES, "long", prior_mean=None, seed=0)


@pytest.fixture(scope="module")
def units():
    rng = np.random.default_rng(4)
    return distinct_units(120, rng)[:80]


@pytest.fixture(scope="module")
def truth(units):
    """Values that follow the structure in part: oxygen helps, and each polymer is off by something of its own."""
    own = np.random.default_rng(5).normal(0.0, 0.2, len(units))
    return {unit: 2.0 * unit.count("O") / len(unit) + off for unit, off in zip(units, own, strict=True)}


def _labels(units, truth, useful=True, long=range(20), short=range(60), seed=0):
    rng = np.random.default_rng(seed)
    told = [truth[unit] for unit in units] if useful else rng.normal(0.0, 0.3, len(units))
    return [
        *(Label(units[n], "short", 0.5 + 0.7 * told[n] + rng.normal(0.0, 0.05)) for n in short),
        *(Label(units[n], "long", truth[units[n]] + rng.normal(0.0, 0.05)) for n in long),
    ]


@pytest.fixture(scope="module")
def outlook(units, truth):
    return Outlook(Aim(CONDUCTIVITY, _fit(_labels(units, truth, long=range(12), short=range(20)))), units)


def _there(units, short=20, long=0):
    return Counter({Build(unit, "short"): 1 for unit in units[:short]} | {Build(u, "long"): 1 for u in units[:long]})


def test_ten_short_builds_go_with_one_long_one(outlook, units):
    chosen = next_builds(outlook, TIERS, Counter(), 33)
    assert [build.source for build in chosen] == (["short"] * 10 + ["long"]) * 3
    assert len(set(chosen)) == 33


def test_only_what_was_built_short_is_built_long_and_the_most_promising_first(outlook, units):
    there = _there(units)
    first = next_builds(outlook, TIERS, there, 1)[0]
    upper = dict(zip(units, outlook.upper(1.0), strict=True))
    assert first == Build(max(units[:20], key=upper.get), "long")
    later = next_builds(outlook, TIERS, there, 23)
    built = set(units[:20]) | {build.unit for build in later if build.source == "short"}
    assert {build.unit for build in later if build.source == "long"} <= built


def test_a_short_build_of_what_was_built_long_is_not_asked_for(outlook, units):
    there = _there(units, short=0, long=5)
    chosen = next_builds(outlook, TIERS, there, 20)
    assert not {build.unit for build in chosen} & set(units[:5])


def test_a_tier_that_contributes_nothing_gets_one_build_for_each_long_one(outlook, units):
    chosen = next_builds(outlook, TIERS, Counter(), 12, starved={"short"})
    assert [build.source for build in chosen] == ["short", "long"] * 6
    # and any polymer may be built long at once
    assert {b.unit for b in chosen if b.source == "long"} - {b.unit for b in chosen if b.source == "short"}


def test_the_reference_comes_first_and_gets_its_builds_at_each_tier(outlook, units):
    tiers = (Tier("short", 1.0, reference_replicas=2), Tier("long", 80.0, reference_replicas=3))
    reference = "*CCO*"
    chosen = next_builds(outlook, tiers, Counter(), 40, reference=reference)
    own = [build.source for build in chosen if build.unit == reference]
    assert chosen[:2] == [Build(reference, "short")] * 2
    assert own == ["short", "short", "long", "long", "long"]


def test_more_builds_of_a_polymer_are_allowed_up_to_the_number_of_the_tier(outlook, units):
    tiers = (Tier("short", 1.0, replicas=2),)
    chosen = Counter(next_builds(outlook, tiers, Counter(), 500))
    assert len(chosen) == len(units)
    assert set(chosen.values()) == {2}


def test_a_batch_spreads_as_if_its_builds_had_been_made(outlook, units):
    chosen = next_builds(outlook, TIERS[1:], Counter(), 5)
    by_hand = []
    for _ in range(5):
        posterior = outlook.aim.posterior
        seen = (posterior.condition(by_hand, "long") if by_hand else posterior).predict(units)
        by_hand.append(units[int(np.argmax(np.where(np.isin(units, by_hand), -np.inf, seen.mean + seen.sd)))])
    assert [build.unit for build in chosen] == by_hand


def test_what_a_tier_contributes_tells_values_from_noise(units, truth):
    useful = contribution(_labels(units, truth), _fit, "short", "long")
    assert useful > 0.1
    useless = [contribution(_labels(units, truth, useful=False, seed=seed), _fit, "short", "long") for seed in range(3)]
    assert np.mean(useless) < 0.05
    assert useful > max(useless)
    assert contribution(_labels(units, truth, long=range(ENOUGH - 1)), _fit, "short", "long") is None
    assert contribution(_labels(units, truth, short=()), _fit, "short", "long") is None


def test_each_tier_has_its_own_number_of_builds_below():
    tiers = (Tier("a", 1.0), Tier("b", 10.0, builds_below=3), Tier("c", 100.0, builds_below=2))
    assert due_tiers(tiers, {"a": 2}) == []
    assert due_tiers(tiers, {"a": 3}) == [1]
    assert due_tiers(tiers, {"a": 6, "b": 2}) == [2]
    assert due_tiers(tiers, {"a": 9, "b": 2}) == [2, 1]
    assert due_tiers(tiers, {"a": 1}, starved={"a"}) == [1]


def test_builds_of_a_file_count_for_their_polymers_and_not_for_the_turn(outlook, units):
    told = _there(units)
    assert next_builds(outlook, TIERS, Counter(), 1, told=told)[0].source == "short"
    there = Counter({Build("*CCO*", "short"): 10})
    chosen = next_builds(outlook, TIERS, there, 1, told=told)
    assert chosen[0].source == "long"
    assert chosen[0].unit in units[:20]
