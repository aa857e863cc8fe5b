"""The saturation rule: a high duplicate rate that has risen, with a stated confidence."""

from types import SimpleNamespace

import numpy as np
import pytest

from autodisco.campaign.config import Saturation
from autodisco.campaign.saturation import (
    chao1,
    good_turing,
    is_saturated,
    judge,
    judge_last,
    probability_above,
    probability_risen,
)
from autodisco.store import Store

PAPER = [(2, 50), (7, 51), (20, 50)]
"""Duplicates of new strings in the three iterations of Khajeh et al. 2025."""


def test_the_published_campaign_ends_with_its_third_iteration():
    settings = Saturation(threshold=0.3, confidence=0.9, patience=1)
    highs = [judge(PAPER[: n + 1], [], set(), settings).high for n in range(3)]
    assert highs == [False, False, True]
    assert is_saturated(highs, 1)
    assert not is_saturated(highs, 2)


def test_without_duplicates_the_tail_is_a_power():
    # Beta(1, 1 + n) has the survival function (1 − x)^(n + 1).
    assert probability_above(0, 9, 0.2) == pytest.approx(0.8**10)
    assert probability_above(9, 9, 0.2) == pytest.approx(1 - 0.2**10)


def test_equal_counts_have_not_risen():
    assert probability_risen((5, 20), (5, 20)) == pytest.approx(0.5)
    assert not probability_risen((5, 20), (5, 20)) > 0.5


def test_the_probability_of_a_rise_agrees_with_sampling():
    rng = np.random.default_rng(1)
    n = 400_000
    sampled = np.mean(rng.beta(1 + 7, 1 + 44, n) > rng.beta(1 + 2, 1 + 48, n))
    assert probability_risen((2, 50), (7, 51)) == pytest.approx(sampled, abs=4 * 0.5 / np.sqrt(n))


def test_sharp_posteriors_far_apart_are_certain():
    assert probability_risen((10, 100_000), (90_000, 100_000)) == pytest.approx(1.0)
    assert probability_risen((90_000, 100_000), (10, 100_000)) == pytest.approx(0.0, abs=1e-9)


def test_the_first_iteration_alone_does_not_end_a_campaign():
    assert not judge([(50, 50)], [], set(), Saturation()).high


def test_the_last_iterations_are_judged_by_all_before_them_and_only_their_own_draws_are_read(tmp_path):
    campaign = SimpleNamespace(settings=SimpleNamespace(saturation=Saturation()))
    with Store.create(tmp_path) as store:
        store.set(iteration=3)
        for iteration, (duplicates, fresh) in enumerate(PAPER, 1):
            verdicts = ["duplicate-symmetry"] * duplicates + ["new"] * (fresh - duplicates)
            draws = [{"draw": n, "smiles": f"*{n}*", "key": f"{n}", "verdict": v} for n, v in enumerate(verdicts)]
            store.add_candidates(iteration, draws)
        asked = []
        store._connection.set_trace_callback(asked.append)
        (latest,) = judge_last(campaign, store, 1)
        assert sum("SELECT * FROM candidates" in sql for sql in asked) == 1
        assert latest == judge(PAPER, map(str, range(50)), {str(n) for n in range(20, 50)}, Saturation())
        assert judge_last(campaign, store, 2)[-1] == latest
        assert [judgement.iteration for judgement in judge_last(campaign, store, 9)] == [1, 2, 3]


def test_a_plateau_above_the_threshold_counts():
    assert judge([(45, 50), (44, 50)], [], set(), Saturation()).high


def test_an_iteration_without_new_strings_is_judged_by_the_prior():
    judgement = judge([(3, 10), (0, 0)], [], set(), Saturation(threshold=0.3))
    assert judgement.rate is None
    assert judgement.p_above == pytest.approx(0.7)


def test_good_turing_is_the_share_of_discoveries_drawn_once():
    assert good_turing(["a", "a", "b", "c"], {"a", "b", "c"}) == pytest.approx(0.5)
    assert good_turing(["a"] * 5, {"a"}) == 0.0
    assert good_turing([], set()) is None


def test_a_known_polymer_drawn_once_does_not_promise_new_ones():
    assert good_turing(["known", "also known", "a"], {"a"}) == pytest.approx(1 / 3)


def test_chao_counts_all_that_were_drawn_often_and_more_where_many_came_once():
    assert chao1(["a", "a", "b", "b", "b"]) == 2
    assert chao1(["a", "b", "c", "c"]) == pytest.approx(3 + 2 * 1 / (2 * 2))
    assert chao1([]) is None


def test_chao_is_near_the_truth_for_equal_kinds_and_never_below_what_was_seen():
    rng = np.random.default_rng(3)
    found = [chao1(map(str, rng.integers(0, 200, 300))) for _ in range(50)]
    assert np.mean(found) == pytest.approx(200, rel=0.05)
