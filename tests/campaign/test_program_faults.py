"""An error of the program costs a string, a polymer or an iteration; too many of them end the campaign."""

import dataclasses
import importlib

import pytest

from autodisco.campaign import run
from autodisco.campaign.faults import are_too_many
from autodisco.campaign.results import Results
from autodisco.campaign.stages import STAGES, filter, generate
from autodisco.campaign.tasks import Tasks
from autodisco.campaign.verify import verify
from autodisco.errors import AutodiscoError, TrainingDiverged
from autodisco.simulation.task import ReplicaOutcome
from autodisco.store import FAULT, Store


def failing_at(monkeypatch, module, name, strings):
    """The function `name` of a stage fails at some of its strings."""
    real = getattr(module, name)

    def call(given, *arguments, **more):
        if getattr(given, "given", given) in strings:
            raise ZeroDivisionError("a bug")
        return real(given, *arguments, **more)

    monkeypatch.setattr(module, name, call)


def drawn(campaign, store):
    """The new strings of iteration 1, before they are judged."""
    STAGES.get("generate").run(campaign, store)
    return [row.smiles for row in store.candidates(1, "drawn")]


@pytest.mark.fault("an error of the program")
def test_an_error_in_one_string_costs_that_string_and_its_traceback_is_kept(prepared, monkeypatch):
    campaign, store = prepared()
    first, *others = drawn(campaign, store)
    failing_at(monkeypatch, filter, "flags_of", {first})
    STAGES.get("filter").run(campaign, store)
    (row,) = store.candidates(1, FAULT)
    assert row.smiles == first
    assert row.reason.startswith("ZeroDivisionError: a bug (faults/filter-")
    traceback = (campaign.folder / row.reason.rpartition("(")[2].rstrip(")")).read_text()
    assert traceback.startswith(f"filter: {first}\n")
    assert "in _judge" in traceback
    assert {row.smiles for row in store.candidates(1)} >= set(others)
    assert store.get("state") in ("generate", "simulate")
    assert [row.subject for row in store.journal() if row.event == "fault"] == [first]


@pytest.mark.fault("an error of the program")
def test_a_string_that_cannot_even_be_read_costs_that_draw(prepared, monkeypatch):
    campaign, store = prepared()
    other, _ = prepared("other")
    first = drawn(other, Store.open(other.folder))[0]
    failing_at(monkeypatch, generate, "read_material", {first})
    STAGES.get("generate").run(campaign, store)
    assert {row.smiles for row in store.candidates(1, FAULT)} == {first}
    assert first not in [row.smiles for row in store.candidates(1, "drawn")]
    assert store.get("state") == "filter"


def surviving(campaign, most):
    """The campaign with another share of errors that it survives."""
    loop = campaign.settings.loop.model_copy(update={"most_faults": most})
    return dataclasses.replace(campaign, settings=campaign.settings.model_copy(update={"loop": loop}))


@pytest.mark.fault("an error of the program")
def test_the_same_error_at_too_many_strings_ends_the_campaign_and_leaves_them_to_the_next_program(
    prepared, monkeypatch
):
    campaign, store = prepared(batch_size=4)
    campaign = surviving(campaign, 0.0)
    strings = drawn(campaign, store)
    failing_at(monkeypatch, filter, "flags_of", set(strings))
    with pytest.raises(
        AutodiscoError, match=r"the program failed at \d+ of \d+ new strings, more than loop.most_faults = 0 allows"
    ):
        run(campaign)
    assert store.get("state") == "failed"
    assert [row.smiles for row in store.candidates(1, "drawn")] == strings


@pytest.mark.parametrize(
    ("most", "faults", "total", "too_many"),
    [(0.1, 2, 2, False), (0.1, 3, 30, False), (0.1, 3, 29, True), (0.0, 1, 99, True), (0.0, 0, 9, False)],
)
def test_how_many_are_too_many(prepared, most, faults, total, too_many):
    assert are_too_many(surviving(prepared()[0], most), faults, total) == too_many


@pytest.mark.fault("an error of the program")
def test_an_error_in_the_value_of_one_polymer_is_its_failure(prepared, monkeypatch):
    campaign, store = prepared()
    key = store.get("reference_key")
    store.plan_replica(key, "smoke", 0, 1)
    tasks = Tasks(campaign, store)
    task = dataclasses.replace(tasks.of(store.replica_state(key, "smoke", 0)), attempt=9)
    outcome = ReplicaOutcome(True, {"conductivity_s_per_cm": "not a number"}, None, "", 1.0, 1.0)
    assert Results(tasks, lambda protocol: True).ended(task, outcome) is None
    row = store.replica_state(key, "smoke", 0)
    assert (row.status, row.failure_code) == ("failed", "unknown")
    assert "(faults/simulate-" in store.replicas()[0].detail


def raising(monkeypatch, name, error):
    """The stage `name` raises an error."""

    def work(campaign, store):
        raise error

    module = importlib.import_module(f"autodisco.campaign.stages.{name}")
    stage = dataclasses.replace(getattr(module, name.upper()), run=work)
    monkeypatch.setattr(module, name.upper(), stage)


@pytest.mark.fault("an error of the program")
@pytest.mark.parametrize("name", ["generate", "acquire"])
def test_an_error_in_a_stage_costs_the_iteration(prepared, monkeypatch, name):
    campaign, store = prepared()
    raising(monkeypatch, name, KeyError("a bug"))
    assert run(campaign) == 0
    (row,) = [row for row in store.journal() if row.event == "give up iteration"]
    assert row.subject == f"{name}, iteration 1"
    assert store.get("state") == "exhausted"
    assert store.get("lost_iterations") == [1]
    assert len(store.models()) == 2
    assert store.training(1)
    assert verify(store) == []


@pytest.mark.fault("an error of the program")
def test_a_training_that_diverges_leaves_the_model_as_it_was(prepared, monkeypatch):
    campaign, store = prepared()
    raising(monkeypatch, "generate", KeyError("a bug"))
    raising(monkeypatch, "retrain", TrainingDiverged("the loss is not a number"))
    assert run(campaign) == 0
    before, after = (campaign.model_path(number).read_bytes() for number in (0, 1))
    assert before == after
    assert [row.event for row in store.journal()][-2:] == ["end", "give up iteration"]
    assert store.iterations()[0].ended
    assert verify(store) == []


@pytest.mark.fault("an error of the program")
def test_three_lost_iterations_in_a_row_end_the_campaign(prepared, monkeypatch):
    campaign, store = prepared()
    store.set(lost_iterations=[5, 6], iteration=7)
    store.begin_iteration(7)
    raising(monkeypatch, "generate", KeyError("a bug"))
    with pytest.raises(KeyError):
        run(campaign)
    assert store.get("state") == "failed"
