"""Whole campaigns on real molecular dynamics (protocol `smoke`: seconds a replica, values without meaning)."""

import json
import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from autodisco.campaign import live_owner, load, open_folder, pause, resume, run, start, stop
from autodisco.campaign.control import LOG
from autodisco.decide import ranking
from autodisco.errors import AutodiscoError, InputError, OwnedError
from autodisco.polymer import parse
from autodisco.store import Store
from tests.campaign.conftest import write_campaign

PATIENCE_S = 120


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def test_a_campaign_runs_to_a_stated_end(finished):
    campaign, _ = finished
    with Store.open_readonly(campaign.folder) as store:
        assert store.get("state") == "exhausted"
        assert store.get("reason") == "1 iteration is done and the budget is 1"
        assert live_owner(store) is None
        assert [model.iteration for model in store.models()] == [0, 1]
        (candidate,) = store.polymers("generated", 1)
        (replica,) = store.replicas(key=candidate.key)
        assert replica.status in ("done", "failed")
        if replica.status == "done":
            assert candidate.key in {row.key for row in ranking(store)}
            assert replica.wall_s > 0
        else:
            assert replica.failure_code
        (iteration,) = store.iterations()
        assert iteration.saturation["new_strings"] >= 1
        assert {"begin", "loaded", "drawn", "filtered", "simulated", "acquire", "trained", "end"} <= {
            row.event for row in store.journal()
        }
    assert len((campaign.folder / "events.jsonl").read_text().splitlines()) > 8


def test_running_an_ended_campaign_again_changes_nothing(finished):
    campaign, _ = finished
    before = _tables(campaign.folder)
    assert run(campaign) == 0
    assert _tables(campaign.folder) == before


def test_an_ended_campaign_is_not_started(finished):
    campaign, _ = finished
    assert start(campaign) is None
    assert "has ended" in resume(campaign)


def test_hours_at_work_are_a_budget(tmp_path):
    file = write_campaign(tmp_path)
    file.write_text(file.read_text() + "hours = 1e-6\n")
    campaign = load(file, tmp_path / "runs")
    assert run(campaign) == 0
    with Store.open_readonly(campaign.folder) as store:
        assert (store.get("state"), store.get("resume_at")) == ("exhausted", "prepare")
        assert store.get("reason") == "the budget of 1e-06 hours is used"


@pytest.mark.fault("SIGKILL of daemon, engines, training")
def test_a_finished_replica_whose_daemon_died_before_noting_it_is_adopted(finished, tmp_path):
    campaign, _ = finished
    shutil.copytree(campaign.folder, tmp_path / "copy")
    copied = open_folder(tmp_path / "copy")
    with Store.open(copied.folder) as store:
        (row,) = store.replicas()
        folder = store.replica_folder(row.key, row.protocol, row.replica)
        written = (folder / "outcome.json").stat().st_mtime_ns
        store.update_replica(
            row.key, row.protocol, row.replica, status="running", properties=None, ended=None, wall_s=None
        )
        store.set(state="simulate", ended=None)
    assert run(copied) == 0
    with Store.open_readonly(copied.folder) as store:
        (again,) = store.replicas()
    assert again.properties == row.properties
    assert again.wall_s == row.wall_s
    assert (folder / "outcome.json").stat().st_mtime_ns == written


@pytest.mark.fault("SIGTERM, SIGINT (a service that is stopped, a machine that shuts down)")
def test_a_raised_budget_lets_an_ended_campaign_go_on(finished, tmp_path):
    campaign, _ = finished
    shutil.copytree(campaign.folder, tmp_path / "runs" / "small")
    file = write_campaign(tmp_path, batch=1, iterations=2)
    with Store.open(tmp_path / "runs" / "small") as store:
        settings = store.get("settings")
        settings["seeds"]["file"] = str(tmp_path / "seeds.csv")
        store.set(settings=settings)
    longer = load(file, tmp_path / "runs")
    stop_in = []

    def say(line):
        if "iteration 2: generate" in line:
            stop_in.append(line)
            os.kill(os.getpid(), signal.SIGTERM)

    assert run(longer, say) == 75
    assert stop_in
    with Store.open_readonly(longer.folder) as store:
        assert store.get("iteration") == 2


def test_a_process_is_told_to_wait_to_go_on_and_to_end(tmp_path):
    file = write_campaign(tmp_path, seeds="", replicas=2)
    campaign = load(file, tmp_path / "runs")
    process = start(campaign)

    def told():
        return [json.loads(line)["message"] for line in (campaign.folder / LOG).read_text().splitlines()]

    with Store.open_readonly(campaign.folder) as store:
        assert live_owner(store).pid == process
        with pytest.raises(OwnedError, match=f"run by process {process}"):
            run(campaign)
        with pytest.raises(OwnedError):
            start(campaign)
        wait_until(lambda: any(row.status == "running" for row in store.replicas()))
        begun = next(line for line in reversed(told()) if line.startswith("iteration"))
        assert "asked process" in pause(campaign.folder)
        wait_until(lambda: store.get("state") == "paused")
        assert told().count(begun) == 1
        assert [row.status for row in store.replicas()].count("running") == 0
        assert _engines_of(campaign.folder) == []
        assert live_owner(store).pid == process
        assert "asked" in resume(campaign)
        wait_until(lambda: store.get("state") != "paused")
        wait_until(lambda: told().count(begun) == 2)  # once more after the pause
        assert "asked process" in stop(campaign.folder)
        wait_until(lambda: live_owner(store) is None)
        assert (store.get("state"), store.get("reason")) == ("stopped", "asked for by a person")
        assert _engines_of(campaign.folder) == []
    with pytest.raises(InputError, match="has ended"):
        pause(campaign.folder)


def test_a_campaign_without_a_process_is_paused_at_once(finished, tmp_path):
    campaign, _ = finished
    shutil.copytree(campaign.folder, tmp_path / "copy")
    with Store.open(tmp_path / "copy") as store:
        store.set(state="acquire")
        assert pause(tmp_path / "copy") == "small: paused"
        assert "already" in pause(tmp_path / "copy")
        assert stop(tmp_path / "copy") == "small: stopped"
        assert store.get("resume_at") == "acquire"


def test_a_failed_campaign_says_why_and_is_tried_again(finished, tmp_path, monkeypatch):
    campaign, _ = finished
    shutil.copytree(campaign.folder, tmp_path / "copy")
    copied = open_folder(tmp_path / "copy")
    with Store.open(copied.folder) as store:
        before = [row.smiles for row in store.candidates()]
        for table in ("candidates", "replicas", "polymers WHERE source = 'generated'", "models WHERE iteration = 1"):
            store.write(f"DELETE FROM {table}")
        store.set(state="generate")

    def fails(*_):
        raise AutodiscoError("a person has to look at this")

    with monkeypatch.context() as patch:
        patch.setattr("autodisco.campaign.stages.generate.load_model", fails)
        with pytest.raises(AutodiscoError, match="a person has to look"):
            run(copied)
    with Store.open_readonly(copied.folder) as store:
        assert store.get("state") == "failed"
        assert store.get("reason").startswith("generate: ")
        assert live_owner(store) is None
    assert run(copied) == 0
    with Store.open_readonly(copied.folder) as store:
        assert [row.smiles for row in store.candidates()] == before


def _tables(folder):
    with Store.open_readonly(folder) as store:
        return [store.candidates(), store.replicas(), store.models(), store.journal(), store.training(1)]


def _engines_of(folder):
    """Processes that simulate for the campaign, by what stands in their command line."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(folder) in words and "autodisco.campaign" not in words:
            found.append(words)
    return found


def test_the_reference_was_labelled_by_the_seed_file(finished):
    campaign, _ = finished
    with Store.open_readonly(campaign.folder) as store:
        assert store.replicas(key=parse("*OCC*").key) == []
        (reference,) = [row for row in ranking(store) if row.verdict == "reference"]
    assert reference.origin == "seeds.csv"
