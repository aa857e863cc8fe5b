"""Classes by the posterior: the chance to be in the best share decides, with the paper's rule in its place before."""

import numpy as np
import pytest

from autodisco.decide import LABELLINGS, Evidence, Objective
from autodisco.decide.labelling import chances_among_best
from autodisco.decide.objective import CONDUCTIVITY
from autodisco.decide.outlook import Aim, Outlook
from autodisco.surrogate import Label, Posterior, Source
from tests.distinct_units import distinct_units
from tests.filled_store import ranked_row

LOWER = Objective("cost", "cost", "cost", "c", ("density_g_per_cm3",), direction="lower")


@pytest.fixture(scope="module")
def units():
    rng = np.random.default_rng(6)
    return distinct_units(60, rng)[:30]


@pytest.fixture(scope="module")
def posterior(units):
    """Values fall from unit to unit, from 0 to -2.9 on the scale; the last one has a lucky build."""
    values = [-0.1 * place for place in range(len(units))]
    labels = [Label(unit, "p", value, builds=16) for unit, value in zip(units[:-1], values, strict=False)]
    return Posterior.fit(labels, [Source.of_kind("p", "protocol", reference=True)], "p", prior_mean=None, seed=0)


def _evidence(units, posterior, objective=CONDUCTIVITY, **changes):
    rows = [
        ranked_row(1e-3, 1e-4, key=unit, monomer_smiles=unit, expected=1e-3 * 0.9**place)
        for place, unit in enumerate(units)
    ]
    rows[-1] = ranked_row(5e-3, 1e-3, key=units[-1], monomer_smiles=units[-1], expected=5e-3)  # lucky
    for place, change in changes.items():
        number = int(place.removeprefix("row"))
        rows[number] = ranked_row(1e-3, 1e-4, key=units[number], monomer_smiles=units[number], **change)
    return Evidence(objective, rows, [], 0.2, 5.0, 0.95, posterior)


def _classes(name, evidence):
    return LABELLINGS.get(name)().classes(evidence)


def test_the_best_by_the_posterior_are_high_and_a_lucky_build_is_not(units, posterior):
    classes = _classes("posterior", _evidence(units, posterior))
    high = {unit for unit, found in classes.items() if found.label == "high"}
    assert set(units[:4]) <= high <= set(units[:10])
    assert units[-1] not in high
    assert "in the top 20% with a probability of 0." in classes[units[-1]].why
    by_value = _classes("top-fraction", _evidence(units, posterior))
    assert by_value[units[-1]].label == "high"
    assert by_value[units[-2]].why.endswith("below the top 20%")


def test_without_a_posterior_the_papers_rule_decides(units):
    evidence = _evidence(units, None)
    assert _classes("posterior", evidence) == _classes("top-fraction", evidence)
    assert LABELLINGS.get("posterior")().summary(evidence) == LABELLINGS.get("top-fraction")().summary(evidence) != ""


def test_the_reference_what_beats_it_and_what_is_excluded_are_classed_as_ever(units, posterior):
    evidence = _evidence(
        units, posterior,
        row0={"verdict": "excluded", "violated": ["density at least 1.1"]},
        row20={"verdict": "reference"},
        row21={"verdict": "better"},
    )  # fmt: skip
    classes = _classes("posterior", evidence)
    assert (classes[units[0]].label, classes[units[0]].weight) == ("low", 1.0)
    assert (classes[units[20]].label, classes[units[20]].weight) == ("high", 5.0)
    assert (classes[units[21]].label, classes[units[21]].weight) == ("high", 5.0)
    high = sum(found.label == "high" for found in classes.values())
    assert f"{high - 2} of 30 are in the top 20%" in LABELLINGS.get("posterior")().summary(evidence)


def test_chances_add_up_and_turn_round_where_lower_is_better(units, posterior):
    higher = chances_among_best(Outlook(Aim(CONDUCTIVITY, posterior), units), 6)
    lower = chances_among_best(Outlook(Aim(LOWER, posterior), units), 6)
    assert [higher.sum(), lower.sum()] == pytest.approx([6.0, 6.0])
    assert higher == pytest.approx(posterior.p_best(units, 6, np.random.default_rng(1)), abs=0.06)
    assert higher[0] > 0.9 > 0.1 > lower[0]
    assert lower[-2] > 0.9 > 0.1 > higher[-2]


def test_chances_of_very_many_come_from_the_border_of_the_share(units, posterior, monkeypatch):
    outlook = Outlook(Aim(CONDUCTIVITY, posterior), units)
    drawn = chances_among_best(outlook, 6)
    monkeypatch.setattr("autodisco.decide.labelling.MOST_DRAWN", len(units) - 1)
    of_border = chances_among_best(outlook, 6)
    assert of_border.sum() == pytest.approx(6.0)
    assert of_border == pytest.approx(drawn, abs=0.12)
