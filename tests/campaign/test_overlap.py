"""Two batches at a time: what is decided does not depend on which replicas happened to be done."""

import dataclasses
import random
import re
import shutil

import numpy as np
import pytest

from autodisco.campaign import load
from autodisco.campaign.budget import budget_spent
from autodisco.campaign.faults import give_iteration_up
from autodisco.campaign.judging import judge
from autodisco.campaign.overlap import choose_ahead, is_due, last_part, next_ahead, not_yet_known
from autodisco.campaign.replicas import finish
from autodisco.campaign.setup import set_up
from autodisco.campaign.stages import STAGES
from autodisco.campaign.stages.simulate import plan_batch
from autodisco.campaign.states import Interrupted, NotAhead, advance
from autodisco.errors import InputError
from autodisco.simulation.protocols import SHIPPED
from autodisco.store import Store
from tests.campaign.conftest import write_campaign
from tests.campaign.storm import begin as begin_process
from tests.campaign.storm import result, storm, timed
from tests.campaign.test_program_faults import raising

SIGMA = "conductivity_s_per_cm"
PLAN = {"batch": 4, "pool": 20, "selection": "batch-ucb", "iterations": 4}


def conduct(store, rows, factor=1.0):
    """Give replicas values of their own, as if they had run."""
    for row in rows:
        value = factor * 10 ** np.random.default_rng(int(row.key[:3], 16)).uniform(-4, -1)
        store.update_replica(row.key, row.protocol, row.replica, status="done", properties={SIGMA: value}, ended=1.0)


def chosen(store, iteration):
    return {row.key for row in store.replica_states(iteration)}


@pytest.fixture(scope="module")
def first_batch(tmp_path_factory):
    """The folder of a campaign whose first batch is planned, and its file."""
    folder = tmp_path_factory.mktemp("overlap")
    smoke = (SHIPPED / "smoke.toml").read_text()
    trusted = re.sub(r"\[agreement\].*?\n\n", "", smoke, flags=re.DOTALL)  # the values of `smoke` itself do not count
    (folder / "trusted.toml").write_text(trusted.replace('name = "smoke"', 'name = "trusted"'))
    file = write_campaign(folder, overlap=0.5, protocol="trusted.toml", **PLAN)
    campaign = load(file, folder / "runs")
    with Store.create(campaign.folder) as store:
        set_up(campaign, store)
        while (state := store.get("state")) != "simulate":
            STAGES.get(state).run(campaign, store)
        plan_batch(campaign, store)
    return campaign


@pytest.fixture
def planned(first_batch, tmp_path):
    """Copies of that campaign, each with its store."""
    stores = []

    def copy(name):
        shutil.copytree(first_batch.folder, tmp_path / name)
        stores.append(Store.open(tmp_path / name))
        return dataclasses.replace(first_batch, folder=tmp_path / name), stores[-1]

    yield copy
    for store in stores:
        store.close()


def halves(campaign, store):
    last = last_part(campaign, store, 1)
    rows = store.batch_replicas()
    return [row for row in rows if row.key not in last], [row for row in rows if row.key in last]


def test_the_next_batch_is_due_when_the_first_part_of_this_one_has_ended(planned):
    campaign, store = planned("a")
    first, last = halves(campaign, store)
    assert (len(first), len(last)) == (2, 2)
    assert max(row.key for row in first) < min(row.key for row in last), "replicas start in the order of keys"
    conduct(store, [*first[:1], *last])
    assert not is_due(campaign, store)
    store.update_replica(first[1].key, first[1].protocol, 0, status="failed", failure_code="unstable")
    assert is_due(campaign, store)
    choose_ahead(campaign, store)
    assert not is_due(campaign, store)
    assert len(chosen(store, 2)) == 4
    assert (store.get("state"), store.get("iteration")) == ("simulate", 1)


def test_the_next_batch_is_the_same_whatever_the_last_replicas_gave(planned):
    batches = []
    for name, factor in (("none", None), ("poor", 1e-3), ("rich", 1e3)):
        campaign, store = planned(name)
        first, last = halves(campaign, store)
        conduct(store, first)
        if factor:
            conduct(store, last, factor)
        choose_ahead(campaign, store)
        batches.append(chosen(store, 2))
    assert batches[0] == batches[1] == batches[2]


def test_the_first_part_of_a_batch_counts_for_the_next_one(planned):
    batches = []
    for name, factor in (("poor", 1e-3), ("rich", 1e3)):
        campaign, store = planned(name)
        first, _ = halves(campaign, store)
        conduct(store, first, factor)
        choose_ahead(campaign, store)
        batches.append(chosen(store, 2))
    assert batches[0] != batches[1]


def test_nothing_is_chosen_ahead_while_the_reference_is_simulated(begin):
    campaign, store = begin(seeds="", overlap=1.0)
    store.add_polymer("abc", "*OCC*", "*OCC*", "seed", 0)
    store.plan_replica("abc", "smoke", 0, 0)
    conduct(store, store.batch_replicas())
    assert store.get("state") == "prepare"
    assert not is_due(campaign, store)


def limited(campaign, simulations):
    budget = campaign.settings.budget.model_copy(update={"simulations": simulations})
    return dataclasses.replace(campaign, settings=campaign.settings.model_copy(update={"budget": budget}))


def test_values_of_both_parts_of_a_batch_are_compared_with_what_was_said_before(planned):
    campaign, store = planned("a")
    first, last = halves(campaign, store)
    conduct(store, first)
    choose_ahead(campaign, store)
    assert {row.key for row in store.forecasts()} == {row.key for row in first}
    conduct(store, last)
    learnt(campaign, store)
    assert [(row.key, row.iteration) for row in store.forecasts()] == [(row.key, 1) for row in (*first, *last)]


def test_the_budget_is_spent_at_the_same_iteration_however_fast_the_next_batch_runs(planned):
    campaign, store = planned("a")
    campaign = limited(campaign, 8)
    conduct(store, store.batch_replicas())
    choose_ahead(campaign, store)
    conduct(store, store.replica_states(2))
    assert not budget_spent(campaign, store)
    store.set(iteration=2)
    assert budget_spent(campaign, store) == "8 simulations are done and the budget is 8"


def test_replicas_of_a_batch_are_compared_with_what_is_known_whenever_they_start(planned):
    campaign, store = planned("a")
    first, last = halves(campaign, store)
    conduct(store, store.batch_replicas())
    choose_ahead(campaign, store)
    assert not_yet_known(campaign, store, 2) == {row.key for row in last} | chosen(store, 2)
    assert not_yet_known(campaign, store, 1) >= {row.key for row in (*first, *last)} | chosen(store, 2)


def test_a_fork_forgets_what_came_of_the_next_batch(planned):
    campaign, store = planned("a")
    conduct(store, store.batch_replicas())
    choose_ahead(campaign, store)
    batch = chosen(store, 2)
    conduct(store, store.replica_states(2))
    judge(store)
    assert batch & {row.key for row in store.forecasts()}
    store.rewind(1)
    assert not batch & {row.key for row in store.forecasts()}


def learnt(campaign, store):
    """What iteration 1 decides: the training set of its model, and what the posterior says."""
    advance(store, "settled")
    STAGES.get("acquire").run(campaign, store)
    return store.training(1), store.estimates()


def test_an_iteration_learns_nothing_from_the_next_batch(planned):
    found = []
    for name, factor in (("none", None), ("rich", 1e3)):
        campaign, store = planned(name)
        conduct(store, store.batch_replicas())
        choose_ahead(campaign, store)
        if factor:
            conduct(store, store.replica_states(2), factor)
        found.append(learnt(campaign, store))
        assert not chosen(store, 2) & {row.key for row in found[-1][0]}
        assert chosen(store, 2) <= found[-1][1].keys(), "what was said of them is compared with their values later"
    assert found[0] == found[1]


def test_work_ahead_that_was_interrupted_goes_on_to_the_same_batch(planned):
    whole, whole_store = planned("whole")
    cut, cut_store = planned("cut")
    for campaign, store in ((whole, whole_store), (cut, cut_store)):
        conduct(store, halves(campaign, store)[0])
    choose_ahead(whole, whole_store)
    for asked in range(1, 9):
        answers = iter([""] * asked)
        one = dataclasses.replace(cut, interrupted=lambda answers=answers: next(answers, "signal"))
        try:
            choose_ahead(one, cut_store)
        except Interrupted:
            assert not cut_store.is_ahead
            assert not cut_store.hidden
            assert not cut_store.get("activity"), "it has ended"
        else:
            break
    assert asked > 1, "it was interrupted at least once"
    assert chosen(cut_store, 2) == chosen(whole_store, 2)
    assert cut_store.candidates(2) == whole_store.candidates(2)


def test_the_next_iteration_goes_on_with_the_batch_that_was_chosen_ahead(planned):
    campaign, store = planned("a")
    conduct(store, store.batch_replicas())
    choose_ahead(campaign, store)
    batch, draws = chosen(store, 2), store.candidates(2)
    advance(store, "settled")
    for stage in ("acquire", "retrain"):
        STAGES.get(stage).run(campaign, store)
    assert (store.get("state"), store.get("iteration"), store.get("ahead")) == ("simulate", 2, None)
    assert chosen(store, 2) == batch
    assert store.candidates(2) == draws
    assert store.model_of(3) == 1


@pytest.mark.fault("an error of the program")
def test_an_error_while_the_next_batch_is_chosen_costs_this_iteration_and_no_replica(planned, monkeypatch):
    campaign, store = planned("a")
    first, last = halves(campaign, store)
    conduct(store, first)
    with monkeypatch.context() as changed:
        raising(changed, "filter", ZeroDivisionError("a bug"))
        with pytest.raises(ZeroDivisionError) as raised:
            choose_ahead(campaign, store)
    assert give_iteration_up(campaign, store, "simulate", raised.value)
    assert (store.get("state"), store.get("iteration"), store.is_ahead, store.hidden) == ("acquire", 1, False, set())
    while store.get("iteration") == 1 or store.get("state") != "simulate":
        STAGES.get(store.get("state")).run(campaign, store)
    plan_batch(campaign, store)
    assert {(row.key, row.iteration) for row in last} < {(row.key, row.iteration) for row in store.open_replicas()}
    assert len(chosen(store, 2)) == 4
    assert store.get("ahead") is None


@pytest.mark.parametrize(("key", "most"), [("iterations", 1), ("simulations", 4)])
def test_a_budget_that_the_batch_uses_up_allows_no_next_one(planned, key, most):
    campaign, store = planned("a")
    budget = campaign.settings.budget.model_copy(update={key: most})
    campaign = dataclasses.replace(campaign, settings=campaign.settings.model_copy(update={"budget": budget}))
    conduct(store, halves(campaign, store)[0])
    assert not is_due(campaign, store)
    assert next_ahead(campaign, store) is None


def test_what_would_end_the_campaign_waits_for_its_iteration(planned):
    """Such as draws of which none can be used: the present iteration is closed before."""
    campaign, store = planned("a")
    conduct(store, store.batch_replicas())
    generate = campaign.settings.generate.model_copy(update={"max_draws": 0})
    campaign = dataclasses.replace(campaign, settings=campaign.settings.model_copy(update={"generate": generate}))
    store.set(ahead={"iteration": 2, "state": "filter", "chosen": False})
    with store.ahead(), pytest.raises(NotAhead):
        finish(campaign, store)
    with store.ahead(), pytest.raises(NotAhead):
        advance(store, "nothing-usable")
    assert (store.get("state"), store.get("iteration")) == ("simulate", 1)


def test_overlap_needs_the_stage_that_simulates(tmp_path):
    file = write_campaign(tmp_path, overlap=0.5)
    text = file.read_text()
    file.write_text(text.replace("[loop]", '[loop]\nstages = ["generate", "filter", "acquire", "retrain"]'))
    with pytest.raises(InputError, match=r"small\.toml: loop\.overlap: 0\.5 given, .* allowed is 0$"):
        load(file, tmp_path / "runs")


def test_replicas_of_the_next_batch_start_before_the_last_of_this_one_has_ended(tmp_path):
    file = write_campaign(tmp_path, batch=2, iterations=2, overlap=1.0)
    file.write_text(file.read_text().replace("[simulation]", "[simulation]\nworkers = 3"))
    assert begin_process(file, tmp_path / "runs").wait(600) == 0
    with Store.open_readonly(tmp_path / "runs" / "small") as store:
        first, second = (store.replica_states(number) for number in (1, 2))
        (model,) = [row for row in store.journal() if row.event == "trained" and row.subject == "model 1"]
        assert min(row.started for row in second) < max(row.ended for row in first)
        assert min(row.started for row in second) < model.time, "they run while the model trains"
        assert not [row for row in store.journal() if row.event == "restart"]


@pytest.mark.slow
@pytest.mark.parametrize("overlap", [0.5, 1.0])
def test_neither_workers_nor_kills_change_what_is_found(tmp_path, overlap):
    changes = {"batch": 3, "replicas": 2, "iterations": 3, "seeds": "", "overlap": overlap}
    for name, workers in (("whole", 1), ("more", 3), ("killed", 2)):
        (tmp_path / name).mkdir()
        file = write_campaign(tmp_path / name, **changes, selection="batch-ucb", pool=8)
        file.write_text(file.read_text().replace("[simulation]", f"[simulation]\nworkers = {workers}"))
    duration = timed(tmp_path / "whole" / "small.toml", tmp_path / "whole" / "runs")
    timed(tmp_path / "more" / "small.toml", tmp_path / "more" / "runs")
    killed = tmp_path / "killed"
    told = storm(killed / "small.toml", killed / "runs", 10, 0.08 * duration, random.Random(20))
    assert told.repeated == 0
    expected = result(tmp_path / "whole" / "runs" / "small")
    for name in ("more", "killed"):
        found = result(tmp_path / name / "runs" / "small")
        for part in expected:
            assert found[part] == expected[part], (name, part)
