"""Simulated campaigns with known truth: what the judge says holds."""

import numpy as np
import pytest

from bench import judged_campaigns
from bench.judged_campaigns import campaign, drawn, summary


def test_what_is_called_better_is_better_and_intervals_hold(tmp_path, monkeypatch):
    monkeypatch.setattr(judged_campaigns, "ITERATIONS", 2)
    found = []
    for seed in range(2):
        rng = np.random.default_rng(seed)
        found.append(campaign(drawn(rng), rng, tmp_path / str(seed)))
    called = sum(one["called"] for one in found)
    assert called >= 5
    assert sum(one["wrong"] for one in found) <= 0.1 * called
    assert np.mean([one["inside"] for one in found]) > 0.8
    assert np.mean([one["rank"] for one in found]) < -0.6  # the first rank is the best
    assert all(abs(one["winner"]) < 1.0 for one in found)
    assert summary(found).startswith(f"2 campaigns: {called:.0f} called better")


@pytest.mark.parametrize("place", [0, 7])
def test_short_simulations_lie_a_decade_above_the_reference_protocol(place):
    world = drawn(np.random.default_rng(3))
    means = judged_campaigns.short_means(world, np.random.default_rng(3))
    assert np.corrcoef(means, world.truth)[0, 1] > 0.5
    assert means[place] > world.truth[place]


def test_truths_of_a_table_that_errs_are_off_from_it_and_the_more_the_further_from_its_middle():
    near, far = [f"*{'C' * n}C(=O)NCC(=O)O*" for n in range(2, 8)], ["*OO*", "*NNO*", "*SSO*"]
    shifts = np.array([judged_campaigns.departure([*near, *far], np.random.default_rng(seed)) for seed in range(200)])
    spread = shifts.std(axis=0)
    assert (spread >= 0.15).all()  # the offset of 0.2 decades is common to all
    assert spread[len(near) :].mean() > 1.5 * spread[: len(near)].mean()
