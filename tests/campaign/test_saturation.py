"""The saturation rule: a high duplicate rate that has risen, each with a stated confidence, counted in polymers."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from pydantic import ValidationError

from autodisco.campaign.saturation import (
    Counts,
    Drawn,
    chao1,
    count_polymers,
    fed_most,
    is_saturated,
    judge,
    judge_last,
    left_aside,
    probability_above,
    probability_risen,
)
from autodisco.campaign.settings import Saturation
from autodisco.store import Candidate, Store, TrainingEntry
from bench.saturation_study import REFERENCE, Simulated, campaign

PAPER = [(2, 50), (7, 51), (20, 50)]
"""Duplicates of new strings in the three iterations of Khajeh et al. 2025."""


def judged(counts, settings, short=False):
    """Judgement of the last of (known, draws) of some iterations, the same for polymers and strings."""
    drawn = [Drawn(Counts(*pair), Counts(*pair), None, short) for pair in counts]
    return judge(len(counts), drawn[0], drawn[-1], settings)


def test_the_published_campaign_ends_with_its_third_iteration_by_the_papers_count():
    settings = Saturation(count="strings")
    assert (settings.threshold, settings.confidence, settings.patience) == (0.3, 0.9, 1)
    highs = [judged(PAPER[: n + 1], settings).high for n in range(3)]
    assert highs == [False, False, True]
    assert is_saturated(highs, 1)
    assert not is_saturated(highs, 2)


def test_without_duplicates_the_tail_is_a_power():
    # Beta(1, 1 + n) has the survival function (1 − x)^(n + 1).
    assert probability_above(Counts(0, 9), 0.2) == pytest.approx(0.8**10)
    assert probability_above(Counts(9, 9), 0.2) == pytest.approx(1 - 0.2**10)


def test_equal_counts_have_not_risen():
    assert probability_risen(Counts(5, 20), Counts(5, 20)) == pytest.approx(0.5)


def test_the_probability_of_a_rise_agrees_with_sampling():
    rng = np.random.default_rng(1)
    n = 400_000
    sampled = np.mean(rng.beta(1 + 7, 1 + 44, n) > rng.beta(1 + 2, 1 + 48, n))
    assert probability_risen(Counts(2, 50), Counts(7, 51)) == pytest.approx(sampled, abs=4 * 0.5 / np.sqrt(n))


def test_sharp_posteriors_far_apart_are_certain():
    assert probability_risen(Counts(10, 100_000), Counts(90_000, 100_000)) == pytest.approx(1.0)
    assert probability_risen(Counts(90_000, 100_000), Counts(10, 100_000)) == pytest.approx(0.0, abs=1e-9)


def test_polymers_drawn_twice_count_as_fewer_independent_draws():
    # Esty's variance is that of this many draws: f1 = 40, f2 = 10 of 100.
    known, new = Counts(60, 100, twice=10).posterior
    n = known + new - 2
    assert n == pytest.approx(100 / (1 + 20 / (100 * 0.402 * 0.598)), rel=0.01)
    assert known - 1 == pytest.approx(0.6 * n)


def test_the_first_iteration_alone_does_not_end_a_campaign():
    assert not judged([(500, 500)], Saturation()).high


def test_a_high_rate_that_has_not_risen_since_the_first_iteration_does_not_end_a_campaign():
    settings = Saturation(threshold=0.3)
    judgement = judged([(300, 500), (200, 300), (300, 500)], settings)
    assert judgement.p_above > 0.99
    assert judgement.p_risen == pytest.approx(0.5)
    assert not judgement.high
    assert judged([(100, 500), (300, 500)], settings).high


def test_a_rise_has_to_be_as_sure_as_is_asked():
    counts = [(90, 200), (100, 200)]
    risen = probability_risen(Counts(90, 200), Counts(100, 200))
    assert 0.8 < risen < 0.9
    assert judged(counts, Saturation(threshold=0.3, confidence=0.8)).high
    assert not judged(counts, Saturation(threshold=0.3, confidence=0.9)).high


def test_where_the_draws_are_used_up_nothing_has_to_rise():
    assert judged([(2000, 2000)], Saturation(), short=True).high
    # two draws say nothing, whatever they are
    assert not judged([(2, 2)], Saturation(), short=True).high


def test_an_iteration_without_draws_is_judged_by_the_prior():
    judgement = judged([(3, 10), (0, 0)], Saturation(threshold=0.3))
    assert (judgement.rate, judgement.chance_new) == (None, None)
    assert judgement.p_above == pytest.approx(0.7)


def test_a_draw_is_known_unless_its_polymer_was_discovered_by_it_alone():
    assert count_polymers(["a", "a", "b", "c"], {"a", "b", "c"}) == Counts(2, 4, 1)
    assert count_polymers(["a"] * 5, {"a"}) == Counts(5, 5, 0)
    assert count_polymers(["known", "also known", "a"], {"a"}) == Counts(2, 3, 0)
    assert count_polymers(["fed", "fed", "a"], {"a"}, {"fed"}) == Counts(0, 1, 0)


def test_a_polymer_that_waits_in_the_pool_is_new_however_often_it_is_drawn():
    keys = ["a", "a", "b", "earlier", "earlier", "known"]
    assert count_polymers(keys, {"a", "b"}) == Counts(5, 6, 1)
    assert count_polymers(keys, {"a", "b"}, waiting={"a", "earlier"}) == Counts(1, 6, 0)
    assert count_polymers(keys, {"a", "b"}, {"earlier"}, {"a", "earlier", "elsewhere"}) == Counts(1, 4, 0)


def test_what_the_model_was_fed_most_is_left_aside(tmp_path):
    weights = {"heavy": 5.0, "as heavy": 5.0, "light": 1.0}
    rows = [TrainingEntry(f"*{name}*", name, "high", weight, "") for name, weight in weights.items()]
    with Store.create(tmp_path) as store:
        store.set(reference_key="reference")
        store.write_training(0, rows)
        assert fed_most(store, 1) == {"reference", "heavy", "as heavy"}
        store.write_training(1, [dataclasses.replace(row, weight=1.0) for row in rows])
        assert fed_most(store, 2) == {"reference"}


def test_a_polymer_in_most_of_the_draws_is_left_aside_unless_nothing_else_comes():
    keys = ["often"] * 6 + ["a", "b", "c"]
    assert left_aside(keys, {"reference"}, short=False) == {"reference", "often"}
    assert left_aside(["often", "a"], {"reference"}, short=False) == {"reference"}
    assert left_aside(keys, {"reference"}, short=True) == set()
    assert left_aside([], {"reference"}, short=False) == {"reference"}


def test_the_last_iterations_are_judged_by_their_own_draws_and_the_first_ones(tmp_path):
    settings = SimpleNamespace(
        saturation=Saturation(),
        generate=SimpleNamespace(max_draws=1000, pool=0),
        filter=SimpleNamespace(selection="paper"),
    )
    with Store.create(tmp_path) as store:
        store.set(iteration=3, reference_key="none")
        for iteration, (duplicates, fresh) in enumerate(PAPER, 1):
            verdicts = ["duplicate-symmetry"] * duplicates + ["new"] * (fresh - duplicates)
            draws = [Candidate(iteration, n, f"*{n}*", f"{n}", verdict) for n, verdict in enumerate(verdicts)]
            store.add_candidates(draws)
        asked = []
        store._connection.set_trace_callback(asked.append)
        (latest,) = judge_last(SimpleNamespace(settings=settings), store, 1)
        assert sum("SELECT * FROM candidates" in sql for sql in asked) == 2
        # The last draw of an iteration is new because drawing ended there.
        assert (latest.known, latest.draws, latest.duplicates, latest.new_strings) == (20, 49, 20, 50)
        assert latest.chance_new == pytest.approx(29 / 49)
        assert latest.chance_new_low < 29 / 49 < latest.chance_new_high
        assert judge_last(SimpleNamespace(settings=settings), store, 2)[-1] == latest
        every = judge_last(SimpleNamespace(settings=settings), store, 9)
        assert [judgement.iteration for judgement in every] == [1, 2, 3]


def test_the_chance_of_a_new_polymer_is_one_minus_the_rate_whatever_the_rule_counts():
    drawn = Drawn(Counts(80, 100), Counts(3, 50), 7.0, short=False)
    by_polymers, by_strings = (judge(2, drawn, drawn, Saturation(count=count)) for count in ("polymers", "strings"))
    assert (by_polymers.rate, by_strings.rate) == (0.8, 0.06)
    assert by_polymers.chance_new == by_strings.chance_new == pytest.approx(0.2)
    assert (by_polymers.duplicates, by_polymers.new_strings) == (3, 50)


def test_the_interval_of_the_chance_reaches_0_where_every_draw_is_known():
    low, high = Counts(50, 50).chance_new_interval
    assert low == 0.0
    assert high == pytest.approx(1 - 0.05 ** (1 / 51))
    low, high = Counts(80, 100).chance_new_interval
    assert 0.13 < low < 0.2 < high < 0.28
    assert Counts(0, 10).chance_new_interval[1] == 1.0


def test_threshold_and_patience_go_with_what_is_counted():
    assert (Saturation().threshold, Saturation(count="polymers").patience) == (0.9, 2)
    assert (Saturation(count="strings").threshold, Saturation(count="strings").patience) == (0.3, 1)
    assert (Saturation(count="strings", threshold=0.5).threshold, Saturation(patience=3).patience) == (0.5, 3)


def test_an_action_cannot_be_listed_twice():
    with pytest.raises(ValidationError, match="an action is named twice"):
        Saturation(escape=["tokens", "tokens"])


def test_chao_counts_all_that_were_drawn_often_and_more_where_many_came_once():
    assert chao1(["a", "a", "b", "b", "b"]) == 2
    assert chao1(["a", "b", "c", "c"]) == pytest.approx(3 + 2 * 1 / (2 * 2))
    assert chao1([]) is None


def test_chao_is_near_the_truth_for_equal_kinds_and_never_below_what_was_seen():
    rng = np.random.default_rng(3)
    found = [chao1(map(str, rng.integers(0, 200, 300))) for _ in range(50)]
    assert np.mean(found) == pytest.approx(200, rel=0.05)


def end_of(generator, rule, seed=0, aside=frozenset(), longest=40):
    """Last judgement, and the share of the polymers that are known then."""
    *_, (judgement, _, known) = campaign(generator, rule, np.random.default_rng(seed), aside, longest=longest)
    return judgement, known


@pytest.mark.parametrize("ways", [1, 6])
@pytest.mark.parametrize("aside", [frozenset(), frozenset({REFERENCE})])
def test_a_campaign_ends_when_most_is_known_however_often_a_polymer_can_be_written(ways, aside):
    rule = Saturation(threshold=0.8)
    ended, known = end_of(Simulated.equal(200, ways), rule, aside=aside)
    assert ended.high
    assert known > 0.75
    assert ended.chance_new < 0.2


@pytest.mark.parametrize("ways", [1, 6])
@pytest.mark.parametrize("aside", [frozenset(), frozenset({REFERENCE})])
def test_one_polymer_in_most_of_the_draws_does_not_end_a_campaign_before_the_others_are_known(ways, aside):
    ended, known = end_of(Simulated.skewed(200, ways), Saturation(threshold=0.8), aside=aside)
    assert ended.high
    assert known > 0.75


@pytest.mark.parametrize("pool", [50, 300])
def test_a_campaign_that_draws_a_pool_goes_on_until_most_of_it_is_simulated(pool):
    rule = Saturation(threshold=0.8, patience=1)
    *_, (judgement, chance, known) = campaign(
        Simulated.equal(200), rule, np.random.default_rng(1), batch=20, pool=pool, max_draws=2000, longest=40
    )
    assert judgement.high
    assert known == pytest.approx(0.9)
    assert judgement.chance_new_low < chance < judgement.chance_new_high


def test_the_papers_count_ends_by_spelling():
    rule = Saturation(count="strings")
    assert end_of(Simulated.equal(200, ways=6), rule)[1] < 0.7
    # Prefix in one way, a polymer is never a symmetry duplicate; the campaign ends when the draws are used up.
    ended, known = end_of(Simulated.equal(60, ways=1), rule, longest=4)
    assert (ended.duplicates, ended.short, ended.high, known) == (0, True, True, 1.0)


def test_a_generator_with_few_polymers_ends_at_once_where_the_draws_are_used_up():
    *_, (judgement, _, known) = campaign(
        Simulated.equal(20), Saturation(patience=1), np.random.default_rng(1), max_draws=2000, longest=3
    )
    assert (judgement.iteration, judgement.short, known) == (1, True, 1.0)


def test_a_generator_far_from_exhausted_does_not_end_a_campaign():
    for seed in range(3):
        ended, known = end_of(Simulated.equal(5000, ways=6), Saturation(), seed, longest=10)
        assert (ended.iteration, ended.high) == (10, False)
        assert known < 0.2
