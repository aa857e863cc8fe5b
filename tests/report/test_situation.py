"""What a campaign does and why, and the life of one of its polymers, in words."""

import dataclasses
import time
from collections import Counter

import pytest

from autodisco.decide import status
from autodisco.decide.life import explain, lines
from autodisco.errors import InputError
from autodisco.files import write_json
from autodisco.polymer import parse
from autodisco.report.content import gather
from autodisco.report.situation import situation
from autodisco.store import Candidate, Store, TrainingEntry, progress
from tests.filled_store import fill

SEEN = {
    "iteration": 1, "new_strings": 51, "duplicates": 7, "rate": 7 / 51, "p_above": 0.02, "p_risen": 0.9,
    "chance_new": 0.5, "reachable": 80.0, "high": False,
}  # fmt: skip


def test_replicas_in_the_queue_of_a_cluster_do_not_count_as_running(tmp_path):
    with fill(tmp_path / "a") as store:
        store.set(beats_folder=str(tmp_path))
        assert "(6 of 10 replicas done, 0 running, 1 in the queue" in situation(store)["now"]
        seen = progress(store).simulations
        assert (seen.running, seen.queued, seen.left, seen.eta_s) == (0, 1, 2, None)
        assert not seen.running_replicas


def test_the_time_in_the_queue_of_a_cluster_counts_neither_as_work_nor_for_the_rate(tmp_path):
    with fill(tmp_path / "a") as store:
        row = next(row for row in store.open_replicas() if row.status == "running")
        hour = time.time() - 3600
        store.update_replica(row.key, row.protocol, row.replica, handle="mine", started=hour)
        for done in store.replicas():
            if done.status in ("done", "failed"):
                times = {"started": hour, "ended": time.time() - 60, "wall_s": 60.0}
                store.update_replica(done.key, done.protocol, done.replica, **times)
        store.set(beats_folder=str(tmp_path / "beats"))
        told = {"mine": {"step_name": "NVT", "fraction": 0.5, "elapsed_s": 50.0}}
        write_json(tmp_path / "beats" / "7_0.json", {"time": time.time() - 10, "running": told})
        seen = progress(store).simulations
    assert [round(row.elapsed_s) for row in seen.running_replicas] == [60]
    assert seen.rate_per_hour > 60 * 6.5 / 3  # done within two minutes, and not within an hour


def test_at_work_it_says_how_far_it_is_and_what_follows(tmp_path):
    with fill(tmp_path / "a") as store:
        store.end_iteration(1, {}, SEEN)
        told = situation(store)
    assert told["now"].startswith("simulate, iteration 2: it simulates what is new (6 of 10 replicas done, 1 running")
    assert told["left"].startswith("about ")
    assert told["next"].startswith("acquire")
    assert "above 30% with probability 0.9; the rate of iteration 1 is" in told["saturation"]
    assert "above it with probability 0.02 (7 of 51" in told["saturation"]
    assert told["budget"] == "1 of 3 iterations"
    assert "idle" not in told


@pytest.mark.parametrize(
    ("state", "alive", "reason"),
    [
        ("simulate", False, "no process runs it"),
        ("paused", True, "paused by a person; autodisco resume a goes on"),
        ("exhausted", False, "it has ended"),
    ],
)
def test_where_nothing_moves_it_says_why_and_what_to_do(tmp_path, monkeypatch, state, alive, reason):
    monkeypatch.chdir(tmp_path)
    with fill(tmp_path / "a", state=state, alive=alive) as store:
        told = situation(store)
    assert reason in told["idle"]
    assert "left" not in told


@pytest.mark.parametrize("read", [progress, status, situation, gather, explain])
def test_what_is_read_in_several_steps_is_of_one_moment(tmp_path, read):
    """A daemon may write between two of them."""
    said = []
    with fill(tmp_path / "a") as store:
        about = [store.polymers()[0].name or store.polymers()[0].smiles] if read is explain else []
        store._connection.set_trace_callback(said.append)
        read(store, *about)
    assert len(said) > 4
    assert [text for text in said if not text.startswith("SELECT")] == ["BEGIN", "COMMIT"]
    assert (said[0], said[-1]) == ("BEGIN", "COMMIT")


@pytest.mark.parametrize("state", ["prepare", "retrain"])
def test_the_end_of_a_training_is_told_from_its_rate(tmp_path, state):
    with fill(tmp_path / "a", state=state) as store:
        assert "left" not in situation(store)
        store.set(activity="training model 2: 1500 of 2000", training_left_s=40.4)
        assert situation(store)["left"] == f"about 40 s to the end of {state}, from the rate so far"
        assert "(training model 2: 1500 of 2000)" in situation(store)["now"]


def test_the_end_of_the_simulations_before_the_first_model_is_told(tmp_path):
    with fill(tmp_path / "a") as store:
        store.set(state="prepare")
        told = situation(store)
    assert "it reads what is known and trains the first model (6 of 10 replicas done" in told["now"]
    assert told["left"].startswith("about ")


def test_a_shortage_is_why_nothing_starts(tmp_path):
    with fill(tmp_path / "a") as store:
        store.set(short_of_room="0.1 GB of disk are free")
        assert situation(store)["idle"] == "no further replica is started: 0.1 GB of disk are free"


def test_what_other_campaigns_use_is_why_the_next_one_does_not_start(tmp_path):
    with fill(tmp_path / "a") as store:
        store.set(waits_for_cores="campaign peo uses 2 of 4 cores")
        assert situation(store)["idle"].endswith("waits for cores of this machine: campaign peo uses 2 of 4 cores")


@pytest.mark.parametrize(
    ("highs", "escaped", "so_far"),
    [([False, True, True], 0, 2), ([True, True, False], 0, 0), ([True, True, True], 2, 1), ([True], 1, 0)],
)
def test_how_many_iterations_already_count_is_said(tmp_path, highs, escaped, so_far):
    with fill(tmp_path / "a") as store:
        rule = store.get("settings")["saturation"] | {"escape": ["tokens"], "patience": 3}
        taken = [{"iteration": escaped, "action": "tokens"}] if escaped else []
        store.set(settings={"saturation": rule}, escapes=taken)
        for n, high in enumerate(highs, 1):
            store.begin_iteration(n)
            store.end_iteration(n, {}, SEEN | {"iteration": n, "high": high})
        assert f"; {so_far} of 3 iterations in a row have it so far" in situation(store)["saturation"]


def test_a_rule_that_counts_polymers_says_how_many_are_known_and_the_chance_of_a_new_one(tmp_path):
    with fill(tmp_path / "a") as store:
        counted = {"count": "polymers", "known": 93, "draws": 100, "short": False}
        seen = {**SEEN, **counted, "chance_new": 0.07, "chance_new_low": 0.04, "chance_new_high": 0.12}
        store.end_iteration(1, {}, seen)
        told = situation(store)["saturation"]
    assert "(93 of 100 valid draws are known polymers)" in told
    assert "the next valid draw is a new polymer with probability 7% (4% to 12%)" in told


def test_only_simulations_that_are_done_count_in_the_budget(tmp_path):
    with fill(tmp_path / "a") as store:
        store.set(budget={"iterations": 0, "simulations": 50, "hours": 0.0})
        counts = Counter(row.status for row in store.replicas())
        assert counts["waiting"] + counts["running"] > 0
        assert situation(store)["budget"] == f"{counts['done'] + counts['failed']} of 50 simulations"


def test_what_may_still_be_tried_is_named(tmp_path):
    with fill(tmp_path / "a") as store:
        rule = store.get("settings")["saturation"] | {"escape": ["tokens", "seeds"]}
        store.set(settings={"saturation": rule}, escapes=[{"iteration": 1, "action": "tokens"}])
        store.end_iteration(1, {}, SEEN)
        assert "before the end it may still try: seeds" in situation(store)["saturation"]


@pytest.fixture
def lived(tmp_path):
    """A campaign with one polymer that was drawn twice, simulated, learnt and journalled."""
    unit = parse("*NCCO*")
    with Store.create(tmp_path / "b") as store:
        store.set(state="generate", iteration=2, protocol="quick", force_field="pcff+", reference_key="another")
        flags = [{"name": "N-O", "reason": "weak"}]
        store.add_polymer(
            unit.key, unit.smiles, "*NCCO*", "generated", 1, "a polymer with a name", flags, {"sa_score": 3.25}
        )
        found = Candidate(1, 3, "*NCCO*", unit.key, "new", "not known before")
        again = Candidate(2, 5, "*OCCN*", unit.key, "duplicate-symmetry", "the same as *NCCO*")
        store.add_candidates([found, again])
        for replica, value in enumerate((2e-2, None)):
            store.plan_replica(unit.key, "quick", replica, 1)
            store.update_replica(
                unit.key, "quick", replica, status="done" if value else "failed", atoms=500, cpu_s=61.0,
                attempt=replica,
                properties={"conductivity_s_per_cm": value} if value else None,
                failure_code=None if value else "nan", detail="" if value else "lost atoms",
            )  # fmt: skip
        store.write_training(1, [TrainingEntry("*NCCO*", unit.key, "high", 5.0, "good")])
        for model in (2, 3):
            learnt = TrainingEntry("*NCCO*", unit.key, "low", 1.0, "others are better")
            store.write_training(model, [learnt])
        store.write_training(4, [])
        store.write_training(5, [dataclasses.replace(learnt, why="no model has seen this yet")])
        for model in range(1, 5):
            store.add_model(model, f"models/{model}.safetensors", {}, 9.0)
        store.note("retry", "*NCCO* replica 1", {"code": "nan"}, "start again", "a new start mends most")
        store.note("retry", "*NCCOCC* replica 1", {"code": "nan"}, "start again", "another polymer")
        yield store


@pytest.mark.parametrize("asked", ["*OCCN*", "*NCCONCCO*", parse("*OCCN*").key, "a polymer with a name"])
def test_the_life_of_a_polymer_is_told_whatever_it_is_called(lived, asked):
    told = "\n".join(lines(explain(lived, asked)))
    for expected in (
        "drawn as *NCCO* in iteration 1, draw 3, from model 0: new (not known before)",
        "drawn as *OCCN* in iteration 2, draw 5, from model 1: duplicate-symmetry (the same as *NCCO*)",
        "flagged N-O: weak",
        "synthetic accessibility 3.25",
        "replica 0: 20 mS/cm, 500 atoms, 1:01 of CPU time   (protocol quick, pcff+)",
        "replica 1, attempt 2: failed, nan (lost atoms)",
        "20 mS/cm from simulations: rank 1",
        "model 1 learnt it as high, weight 5: good",
        "models 2 to 3 learnt it as low, weight 1: others are better",
        time.strftime("%Y-%m-%d"),
        "retry *NCCO* replica 1: start again (a new start mends most)",
    ):
        assert expected in told
    assert "*NCCOCC*" not in told
    assert "no model has seen this" not in told


def test_no_polymer_is_told_to_be_better_or_worse_for_certain(tmp_path):
    with fill(tmp_path / "a") as store:
        life = explain(store, "poly(oxetane)")
    assert "better with probability 0." in "\n".join(lines(life))
    life = dataclasses.replace(life, ranking=dataclasses.replace(life.ranking, p_better=1e-6))
    assert "better with probability < 0.01" in "\n".join(lines(life))


def test_a_stranger_is_refused(lived):
    with pytest.raises(InputError, match=r"has not met \*CCCCCC\*"):
        explain(lived, "*CCCCCC*")
