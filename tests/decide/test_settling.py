"""The chance that the best are settled is as often right as it says, in worlds whose truth is known."""

import numpy as np
import pytest

from autodisco.decide.objective import CONDUCTIVITY
from autodisco.decide.outlook import Aim
from autodisco.decide.settling import best_known, chance_settled
from autodisco.surrogate import Label, Posterior, Source, similarity
from tests.distinct_units import distinct_units

NOISE = 0.1


@pytest.fixture(scope="module")
def world():
    """Repeat units, and a matrix that turns random numbers into values that are as alike as their structures."""
    units = distinct_units(90, np.random.default_rng(2))[:60]
    covariance = 0.16 * similarity(units, units) + 1e-6 * np.eye(len(units))
    return units, np.linalg.cholesky(covariance)


def _look(world, seed, margin=0.0, labelled=30, builds=4, k=5):
    """Truth of one world, its best known and the chance that they are settled, after `labelled` polymers."""
    units, factor = world
    rng = np.random.default_rng(seed)
    truth = dict(zip(units, factor @ rng.standard_normal(len(units)), strict=True))
    known = units[:labelled]
    labels = [Label(unit, "p", truth[unit] + rng.normal(0, NOISE / builds**0.5), builds) for unit in known]
    source = Source.of_kind("p", "protocol", reference=True)
    aim = Aim(CONDUCTIVITY, Posterior.fit(labels, [source], "p", prior_mean=None, seed=0))
    best = best_known(aim, known, k)
    worst = min(truth[unit] for unit in best)
    settled = all(truth[unit] <= worst + margin for unit in units if unit not in best)
    return chance_settled(aim, best, units, rng, margin), settled


def test_the_stated_chance_holds_in_simulated_worlds(world):
    looks = [_look(world, seed, margin, labelled=50) for seed in range(25) for margin in (0.0, 0.2, 0.4)]
    stated, held = np.array([chance for chance, _ in looks]), np.array([settled for _, settled in looks])
    assert held.mean() == pytest.approx(stated.mean(), abs=0.15)
    sure, unsure = stated > 0.8, stated < 0.3
    assert min(sure.sum(), unsure.sum()) >= 10
    assert held[sure].mean() >= 0.8
    assert held[unsure].mean() <= 0.5


def test_more_labels_settle_what_few_leave_open(world):
    few = np.mean([_look(world, seed, labelled=15)[0] for seed in range(5)])
    all_of_them = np.mean([_look(world, seed, labelled=60, builds=100)[0] for seed in range(5)])
    assert few < 0.2
    assert all_of_them > few + 0.3


def test_a_margin_and_fewer_others_make_it_surer(world):
    units, _ = world
    assert _look(world, 1, margin=2.0)[0] > _look(world, 1, margin=0.1)[0]
    labels = [Label(unit, "p", 0.1 * place) for place, unit in enumerate(units[:10])]
    source = Source.of_kind("p", "protocol", reference=True)
    aim = Aim(CONDUCTIVITY, Posterior.fit(labels, [source], "p", prior_mean=None, seed=0))
    best = best_known(aim, units[:10], 3)
    rng = np.random.default_rng(0)
    assert set(best) == set(units[7:10])
    assert chance_settled(aim, best, best, rng) == 1.0
    assert chance_settled(aim, [], units, rng) == 0.0
    assert chance_settled(aim, best, units, rng) < chance_settled(aim, best, units[:10], rng)
