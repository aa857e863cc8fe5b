"""Chances of several objectives together; classes, front and stopping rule that follow them."""

import numpy as np
import pytest

from autodisco.decide import LABELLINGS, Evidence, Objective
from autodisco.decide.front import Expected, Front, FrontRow
from autodisco.decide.objective import CONDUCTIVITY
from autodisco.decide.outlook import Aim
from autodisco.decide.trade_offs import TradeOffs, chance_front_settled, front_rows
from autodisco.surrogate import Label, Posterior, Source
from tests.distinct_units import distinct_units
from tests.filled_store import ranked_row

COST = Objective("cost", "cost", "cost", "c", ("density_g_per_cm3",), direction="lower")


@pytest.fixture(scope="module")
def units():
    return distinct_units(50, np.random.default_rng(6))[:20]


def _aim(objective, units, values, builds):
    labels = [Label(unit, "p", value, builds=builds) for unit, value in zip(units, values, strict=True)]
    source = Source.of_kind("p", "protocol", reference=True)
    return Aim(objective, Posterior.fit(labels, [source], "p", prior_mean=None, seed=0))


@pytest.fixture(scope="module")
def aims(units):
    """Values that fall and costs that rise from unit to unit, but the last five are cheap: fronts of known members."""
    falling = [-0.2 * n for n in range(20)]
    costs = [-1.0 + 0.2 * n for n in range(15)] + [-3.0 + 0.3 * n for n in range(5)]
    return [_aim(CONDUCTIVITY, units, falling, 10_000), _aim(COST, units, costs, 10_000)]


def test_the_front_holds_the_best_of_each_and_chances_follow_the_draws(units, aims):
    together = TradeOffs(aims, units)
    # The first has the highest value; number 15 is the cheapest; all others are worse in both than one of the two.
    assert np.flatnonzero(together.on_front()).tolist() == [0, 15]
    chances = together.chances_on_front(1)
    assert chances[[0, 15]].min() > 0.8
    best = together.chances_among_best(4, 1)
    assert (best >= chances - 0.02).all()
    assert best[[0, 15]].min() > 0.9
    assert 4.0 <= best.sum() <= 9.0


def test_beyond_a_number_whole_fronts_are_compared(units, aims, monkeypatch):
    monkeypatch.setattr("autodisco.decide.trade_offs.MOST_DRAWN", 3)
    together = TradeOffs(aims, units)
    assert 3 <= len(together.near) < 20
    assert {0, 15} <= set(together.near.tolist())
    assert not together.chances_on_front(1)[np.setdiff1d(np.arange(20), together.near)].any()


def test_a_polymer_is_high_by_the_fronts_and_heavy_on_the_first(units, aims):
    first, second = aims
    rows = [ranked_row(1e-3, 1e-4, key=unit, monomer_smiles=unit, verdict="worse") for unit in units]
    rows[1] = ranked_row(1e-3, 1e-4, key=units[1], monomer_smiles=units[1], verdict="better")  # in the first alone
    evidence = Evidence(CONDUCTIVITY, rows, [], 0.2, 5.0, 0.95, first.posterior, [second])
    rule = LABELLINGS.get("posterior")()
    classes = rule.classes(evidence)
    heavy = {unit for unit, found in classes.items() if found.weight == 5.0}
    assert heavy == {units[0], units[15]}
    assert "on the front of all objectives with a probability of" in classes[units[15]].why
    high = {n for n, unit in enumerate(units) if classes[unit].label == "high"}
    assert {0, 15} <= high
    assert high <= {0, 1, 2, 3, 15, 16, 17, 18}
    assert {16, 17} & high  # cheap ones, which the value alone would never show
    assert "by fronts with a probability of 0.5, 2 on the front of all objectives" in rule.summary(evidence)
    alone = rule.classes(Evidence(CONDUCTIVITY, rows, [], 0.2, 5.0, 0.95, first.posterior))
    assert alone[units[16]].label == "low"


def test_a_front_is_settled_when_no_other_can_belong_to_it(units, aims):
    assert chance_front_settled(aims, units, [], 0, margin=0.0) > 0.6
    unsure = [_aim(CONDUCTIVITY, units, [-0.2 * n for n in range(20)], 1), aims[1]]
    assert chance_front_settled(unsure, units, [], 0, margin=0.0) < 0.9
    assert chance_front_settled(unsure, units, [], 0, margin=5.0) == 1.0
    unknown = distinct_units(50, np.random.default_rng(8))[:20]
    others = [unit for unit in unknown if unit not in units]
    assert chance_front_settled(aims, units, others, 0, margin=0.0) < 0.3
    assert chance_front_settled(aims, [], others, 0, margin=0.0) == 0.0
    assert chance_front_settled(aims, units[:1], [], 0, margin=0.0) == 1.0


def test_the_rows_that_are_kept_hold_what_is_expected_of_each(units, aims):
    keys = {f"key-{n}": unit for n, unit in enumerate(units)}
    kept = front_rows(aims, keys, {key: f"given {key}" for key in keys}, [1, 2])
    assert kept["of"] == 20
    assert kept["hypervolume"] > 0
    rows = {row["key"]: row for row in kept["rows"]}
    assert {key for key, row in rows.items() if row["on_front"]} == {"key-0", "key-15"}
    assert [row["p_front"] for row in kept["rows"]] == sorted((row["p_front"] for row in kept["rows"]), reverse=True)
    value, cost = rows["key-15"]["values"]
    assert cost[0] == pytest.approx(-3.0, abs=0.3)
    assert cost[1] < cost[0] < cost[2]
    assert value[1] <= value[0] <= value[2]
    assert rows["key-0"]["monomer_smiles"] == "given key-0"


def test_a_row_is_shown_in_the_units_that_people_read():
    row = FrontRow("key", "*COC*", 0.62, True, (Expected(2e-3, 1e-3, 4e-3), Expected(1.5, 1.0, 2.0)))
    front = Front((CONDUCTIVITY, COST), (row,), 1.0, 4)
    assert front.shown(row) == ["2.0 (1.0–4.0)", "1.5 (1.0–2.0)"]
    assert front.columns(row)["conductivity_s_per_cm_expected_low"] == 1e-3
    assert front.to_dict()["objectives"][1]["wish"] == "lower is better"
