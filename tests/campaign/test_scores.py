"""Values of the structure: they do not hold up other writers, and an accident of their calculation is made up for."""

import dataclasses

import pytest

from autodisco.campaign.objective_settings import ObjectiveSettings
from autodisco.campaign.scores import ask_again, known_scores
from autodisco.campaign.stages import STAGES
from autodisco.campaign.stages.simulate import plan_batch
from autodisco.campaign.states import Interrupted, advance
from autodisco.decide import ranking
from autodisco.decide.judge import constraint_aims
from autodisco.polymer import parse, read_material
from autodisco.stability import limits
from autodisco.store import NOT_SELECTED, Candidate

SLOW = """
from functools import lru_cache
from pathlib import Path
from autodisco.decide import Objective
from autodisco.store import Store


@lru_cache
def value(smiles):
    with Store.open(Path({folder!r})) as other:  # another writer, while the value is calculated
        other.set(**{{smiles: "written"}})
    return float(len(smiles))

LENGTH = Objective("length", "length", "length", "n", structure=value)
"""


@pytest.fixture
def constrained(prepared):
    """A prepared campaign with a constraint on the structure, given as keys and values of its table."""

    def one(name, selection="paper", **bounds):
        campaign, store = prepared(batch_size=1, pool=4)
        settings = campaign.settings
        table = ObjectiveSettings(name=name, aim="constrain", **bounds)
        changes = {
            "objective": [*settings.objective, table],
            "filter": settings.filter.model_copy(update={"selection": selection}),
        }
        campaign = dataclasses.replace(campaign, settings=settings.model_copy(update=changes))
        store.set(settings=campaign.settings.model_dump())
        return campaign, store

    return one


@pytest.mark.parametrize("selection", ["chebyshev-ucb", "random"])
def test_while_values_of_the_pool_are_calculated_others_can_write(constrained, tmp_path, monkeypatch, selection):
    monkeypatch.setattr("autodisco.store.connection.BUSY_S", 0.1)
    file = tmp_path / "slow.py"
    campaign, store = constrained(f"{file}:LENGTH", selection, at_most=100)
    file.write_text(SLOW.format(folder=str(campaign.folder)))
    strings = ["*OCCOC*", "*OCOC*"]
    store.add_candidates([Candidate(0, n, text, parse(text).key, NOT_SELECTED) for n, text in enumerate(strings)])
    with store.transaction():
        advance(store, "drawn")
        advance(store, "filled")
    plan_batch(campaign, store)
    (chosen,) = store.polymers("generated")
    assert chosen.scores["length"] == len(chosen.smiles)
    assert {store.get(parse(text).smiles) for text in strings} == {"written"}


@pytest.fixture
def accident(monkeypatch, tmp_path):
    """The next calculations of a window take too long; calling it begins a new process in which none does."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def new_process():
        patch.undo()
        limits._window_or_none.cache_clear()

    limits._window_or_none.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "TIMEOUT_S", 0.001)
        yield new_process
    limits._window_or_none.cache_clear()


def test_a_value_appears_after_an_accident_and_its_constraint_excludes_then(constrained, accident):
    campaign, store = constrained("oxidation_potential", at_least=7.0)
    unit = read_material("*OCCCC*")
    with store.transaction():
        store.set_scores(unit.key, known_scores(campaign, unit))
    assert store.polymer(unit.key).scores["oxidation_potential_v"] is None
    assert next(row.verdict for row in ranking(store) if row.key == unit.key) != "excluded"
    ask_again(campaign, store)  # the process in which it happened does not repeat it
    assert not [row for row in store.journal() if row.event == "calculated"]

    accident()
    others = {row.key for row in store.lacking_scores(["oxidation_potential_v"])} - {unit.key}
    for key in others:
        store.set_scores(key, {})
    with store.transaction():
        for event in ("drawn", "none-new"):
            advance(store, event)
    STAGES.get("acquire").run(campaign, store)
    found = store.polymer(unit.key).scores
    assert 3.0 < found["oxidation_potential_v"] < 7.0
    assert found["sa_score"] == known_scores(campaign, unit)["sa_score"]
    assert next(row.verdict for row in ranking(store) if row.key == unit.key) == "excluded"
    (note,) = [row for row in store.journal() if row.event == "calculated"]
    assert note.seen == {"oxidation_potential_v": found["oxidation_potential_v"]}


def test_what_the_store_knows_of_a_structure_is_not_calculated_again(constrained, accident):
    _, store = constrained("oxidation_potential", at_least=4.0)
    unit = parse("*OCCCC*")
    store.set_scores(unit.key, {"oxidation_potential_v": 4.5})
    (aim,) = constraint_aims(store)
    assert aim.posterior.predict([unit.smiles]).mean.tolist() == [4.5]


def test_asking_again_leaves_when_the_campaign_is_interrupted(constrained, accident):
    campaign, store = constrained("oxidation_potential", at_least=4.0)
    assert store.lacking_scores(["oxidation_potential_v"])
    with pytest.raises(Interrupted):
        ask_again(dataclasses.replace(campaign, interrupted=lambda: "pause"), store)
