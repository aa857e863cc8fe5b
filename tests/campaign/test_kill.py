"""A campaign that is killed again and again ends as the one that is left alone, and simulates nothing twice."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autodisco.campaign import load
from autodisco.store import Store, ranking
from tests.campaign.conftest import write_campaign

KILLS = 10
PATIENCE_S = 1500
RUN = """
import sys
from pathlib import Path
from autodisco.campaign import load, run
sys.exit(run(load(Path(sys.argv[1]), Path(sys.argv[2])), lambda line: print(line, flush=True)))
"""


def _begin(file, runs):
    with open(file.parent / "log.txt", "ab") as log:
        return subprocess.Popen(
            [sys.executable, "-c", RUN, str(file), str(runs)], stdout=log, stderr=log, start_new_session=True
        )


def _family(pid):
    """The process, its children and theirs."""
    members = [pid]
    for member in members:
        try:
            for task in os.listdir(f"/proc/{member}/task"):
                with open(f"/proc/{member}/task/{task}/children") as children:
                    members += [int(child) for child in children.read().split()]
        except OSError:
            continue
    return members


def _kill(pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _result(folder):
    """What a campaign found, without times."""
    with Store.open_readonly(folder) as store:
        candidates = [
            {name: row[name] for name in ("iteration", "draw", "smiles", "key", "verdict", "reason", "flags")}
            for row in store.candidates()
        ]
        replicas = [
            {name: row[name] for name in ("key", "replica", "status", "attempt", "seed", "failure_code", "properties")}
            for row in store.replicas()
        ]
        training = [store.training(model["iteration"]) for model in store.models()]
        metrics = [model["metrics"] for model in store.models()]
        best = [(row["key"], row["conductivity_s_per_cm"], row["verdict"]) for row in ranking(store)]
        return store.get("state"), store.get("reason"), candidates, replicas, training, metrics, best


def _still_as_they_were(before, folder):
    """Times at which replicas finished; one that had finished by the kill before must not have run again."""
    found = {path: path.stat().st_mtime_ns for path in folder.glob("simulations/*/*/outcome.json")}
    assert {path: found.get(path) for path in before} == before
    return found


@pytest.mark.slow
def test_killed_at_ten_random_moments_it_ends_like_one_left_alone(tmp_path):
    changes = {"batch": 2, "replicas": 2, "iterations": 2, "seeds": ""}
    for name in ("whole", "killed"):
        (tmp_path / name).mkdir()
    whole = write_campaign(tmp_path / "whole", **changes)
    begin = time.monotonic()
    assert _begin(whole, tmp_path / "whole" / "runs").wait(PATIENCE_S) == 0
    duration = time.monotonic() - begin

    killed = write_campaign(tmp_path / "killed", **changes)
    runs = tmp_path / "killed" / "runs"
    chance = random.Random(20)
    kills = 0
    finished: dict[Path, int] = {}
    process = None
    while True:
        process = process or _begin(killed, runs)
        try:
            code = process.wait(chance.uniform(0.1, 0.8 * duration / KILLS) if kills < KILLS else PATIENCE_S)
        except subprocess.TimeoutExpired:
            family = _family(process.pid)
            if chance.random() < 0.3:  # the children alone: the daemon has to notice
                _kill(family[1:])
            else:
                _kill(family)
                process.wait()
                process = None
            kills += 1
            finished = _still_as_they_were(finished, runs / "small")
            continue
        assert code == 0, (killed.parent / "log.txt").read_text()[-2000:]
        if kills >= KILLS:
            break
        pytest.fail(f"it ended after {kills} kills; make the pauses shorter")
    _still_as_they_were(finished, runs / "small")
    assert _result(load(killed, runs).folder) == _result(load(whole, tmp_path / "whole" / "runs").folder)
