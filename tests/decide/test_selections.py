"""Each selection chooses what its rule says, from a real posterior of real repeat units."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from autodisco.decide import SELECTIONS, Choice, Objective, selected
from autodisco.decide.objective import CONDUCTIVITY
from autodisco.decide.outlook import Aim, Outlook
from autodisco.decide.pareto import front, hypervolume, improvements
from autodisco.decide.selections.expected_improvement import log_improvement
from autodisco.errors import InputError
from autodisco.store import Candidate
from autodisco.surrogate import Label, Posterior, Source, similarity
from tests.distinct_units import distinct_units
from tests.filled_store import ranked_row

LOWER = Objective("cost", "cost", "cost", "c", ("density_g_per_cm3",), direction="lower")
DENSITY = Objective("density", "density_g_per_cm3", "density", "ρ", ("density_g_per_cm3",))
BY_POSTERIOR = ("batch-ucb", "greedy", "thompson", "expected-improvement", "chebyshev-ucb")


def _posterior(units, value):
    labels = [Label(unit, "quick", value(unit)) for unit in units]
    return Posterior.fit(
        labels, [Source.of_kind("quick", "protocol", reference=True)], "quick", prior_mean=None, seed=1
    )


@pytest.fixture(scope="module")
def known_and_new():
    """Repeat units with a value and without, canonical."""
    rng = np.random.default_rng(3)
    units = distinct_units(130, rng)
    return units[:40], units[40:100]


@pytest.fixture(scope="module")
def oxygens(known_and_new):
    """The posterior of a value that rises with the share of oxygen."""
    return _posterior(known_and_new[0], lambda unit: 3.0 * unit.count("O") / len(unit))


@pytest.fixture(scope="module")
def carbons(known_and_new):
    """The posterior of a value that rises with the share of carbon."""
    return _posterior(known_and_new[0], lambda unit: 3.0 * unit.count("C") / len(unit))


@pytest.fixture
def choice(known_and_new, oxygens):
    """A choice of some candidates; other arguments on request."""
    known, new = known_and_new

    def one(most=8, seed=0, **changes):
        given = {
            "candidates": [Candidate(1, n, unit, unit, "new") for n, unit in enumerate(new)],
            "most": most,
            "objective": CONDUCTIVITY,
            "ranked": [ranked_row(1e-3, 1e-4, key=unit, monomer_smiles=unit) for unit in known],
            "rng": np.random.default_rng(seed),
            "posterior": oxygens,
        }
        return Choice(**{**given, **changes})

    return one


def _units(name, given):
    return [row.smiles for row in SELECTIONS.get(name)().select(given)]


def test_greedy_takes_the_highest_means_and_the_lowest_where_lower_is_better(choice, oxygens, known_and_new):
    means = dict(zip(known_and_new[1], oxygens.predict(known_and_new[1]).mean, strict=True))
    order = sorted(means, key=means.get)
    assert _units("greedy", choice()) == order[::-1][:8]
    assert _units("greedy", choice(objective=LOWER)) == order[:8]


def test_batch_ucb_chooses_as_if_each_choice_before_had_been_simulated(choice, oxygens, known_and_new):
    units, chosen = known_and_new[1], []
    for _ in range(8):  # by another way: the posterior is conditioned anew on what was chosen
        seen = (oxygens.condition(chosen) if chosen else oxygens).predict(units)
        scores = np.where(np.isin(units, chosen), -np.inf, seen.mean + seen.sd)
        chosen.append(units[int(np.argmax(scores))])
    assert _units("batch-ucb", choice()) == chosen


def test_the_improvement_is_that_of_the_integral():
    for z in (-8.0, -5.1, -4.9, -1.0, 0.0, 2.0):
        expected, _ = quad(lambda x, z=z: x * norm.pdf(x - z), 0.0, 30.0, points=[0.0, 1.0])
        assert log_improvement(np.array([z]))[0] == pytest.approx(np.log(expected), abs=0.03 if z < -5 else 1e-4)


def test_expected_improvement_prefers_what_may_surpass_the_best_known(choice, oxygens, known_and_new):
    known, new = known_and_new
    best, seen = oxygens.predict(known).mean.max(), oxygens.predict(new)
    draws = seen.mean[:, None] + seen.sd[:, None] * np.random.default_rng(0).standard_normal(40_000)
    gains = dict(zip(new, np.maximum(draws - best, 0.0).mean(axis=1), strict=True))
    chosen = _units("expected-improvement", choice(most=4))
    assert min(gains[unit] for unit in chosen) >= 0.9 * sorted(gains.values())[-4]
    assert _units("expected-improvement", choice(most=4, ranked=[])) == _units("greedy", choice(most=4))


def test_thompson_takes_each_candidate_as_often_as_it_is_the_best(choice, oxygens, known_and_new):
    new = known_and_new[1]
    chances = oxygens.p_best(new, 1, np.random.default_rng(1), 4000)
    first = [_units("thompson", choice(most=1, seed=seed))[0] for seed in range(150)]
    counts = np.array([first.count(unit) for unit in new]) / len(first)
    assert np.abs(counts - chances).max() < 0.1


def test_diverse_takes_what_is_least_like_anything_known_or_chosen(choice, known_and_new):
    known, new = known_and_new
    seen, left = list(known), list(new)
    for unit in _units("diverse", choice(posterior=None)):
        nearest = dict(zip(left, similarity(left, seen).max(axis=1), strict=True))
        assert nearest[unit] == pytest.approx(min(nearest.values()))
        seen.append(unit)
        left.remove(unit)
    assert len(_units("diverse", choice(ranked=[]))) == 8


def test_with_one_aim_chebyshev_is_the_upper_confidence_bound(choice, oxygens, known_and_new):
    seen = oxygens.predict(known_and_new[1])
    order = np.argsort(-(seen.mean + seen.sd), kind="stable")[:8]
    assert _units("chebyshev-ucb", choice()) == [known_and_new[1][place] for place in order]


@pytest.mark.parametrize("name", ["chebyshev-ucb", "ehvi"])
def test_with_two_aims_the_batch_holds_the_trade_offs(name, choice, oxygens, carbons, known_and_new):
    new = known_and_new[1]
    means = np.stack([oxygens.predict(new).mean, carbons.predict(new).mean], axis=1)
    good = 0.9 * means.max(axis=0)

    def reached(units):
        return means[[new.index(unit) for unit in units]].max(axis=0) >= good

    assert reached(_units(name, choice(further=[Aim(DENSITY, carbons)]))).all()
    assert list(reached(_units("greedy", choice()))) == [True, False]


def test_ehvi_improves_the_one_objective_that_is_known_and_refuses_three(choice, carbons):
    assert _units("ehvi", choice()) == _units("expected-improvement", choice())
    with pytest.raises(InputError, match="ehvi weighs two objectives, and there are 3; use chebyshev-ucb"):
        selected("ehvi", choice(further=[Aim(DENSITY, carbons)] * 2))


def test_what_a_point_adds_is_the_difference_of_the_areas():
    rng = np.random.default_rng(0)
    points, origin = rng.normal(size=(30, 2)), np.array([-0.5, -0.3])
    edge, more = front(points), rng.normal(size=(60, 2)) + 0.5
    before = hypervolume(points, origin)
    added = [hypervolume(np.vstack([points, point]), origin) - before for point in more]
    assert improvements(more, edge, origin) == pytest.approx(np.array(added), abs=1e-12)
    assert sum(value > 0 for value in added) > 5
    # Counted by chance: the share of a box that lies below some point.
    box = rng.uniform(origin, [4.0, 4.0], size=(200_000, 2))
    below = (box[:, None] < edge).all(axis=2).any(axis=1).mean() * np.prod(np.array([4.0, 4.0]) - origin)
    assert before == pytest.approx(below, rel=0.02)


@pytest.mark.parametrize("name", BY_POSTERIOR)
def test_a_choice_depends_on_its_arguments_only(name, choice):
    assert _units(name, choice(seed=5)) == _units(name, choice(seed=5))
    assert len(set(_units(name, choice()))) == 8
    assert len(_units(name, choice(most=500))) == 60


@pytest.mark.parametrize("name", [*BY_POSTERIOR, "ehvi"])
def test_without_a_posterior_the_first_candidates_are_taken(name, choice, known_and_new):
    assert SELECTIONS.get(name).by_posterior
    assert _units(name, choice(posterior=None)) == known_and_new[1][:8]


def test_only_the_best_of_many_candidates_are_looked_at_closely(oxygens, known_and_new, monkeypatch):
    monkeypatch.setattr("autodisco.decide.outlook.CLOSELY", 10)
    outlook = Outlook(Aim(CONDUCTIVITY, oxygens), known_and_new[1])
    near = outlook.leaders()
    assert set(near) == set(np.argsort(-outlook.upper(2.0))[:10])
    assert list(near) == sorted(near)
