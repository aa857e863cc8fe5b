"""Kills a campaign at random moments, starts it again each time, and compares its end with one that was left alone."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autodisco.decide import ranking
from autodisco.store import Store

RUN = """
import sys
from pathlib import Path
from autodisco.campaign import load, run
sys.exit(run(load(Path(sys.argv[1]), Path(sys.argv[2])), lambda line: print(line, flush=True)))
"""
PATIENCE_S = 1500
SHARE_OF_CHILDREN = 0.3


@dataclass
class Storm:
    """What was done to a campaign: kills of everything, kills of the children alone, by the state they came in."""

    kills: int
    of_children: int
    states: dict[str, int]
    repeated: int
    folder: Path


def begin(file: Path, runs: Path) -> subprocess.Popen:
    """A campaign in a process group of its own; what it says goes to ``log.txt`` beside its file."""
    with open(file.parent / "log.txt", "ab") as log:
        return subprocess.Popen(
            [sys.executable, "-c", RUN, str(file), str(runs)], stdout=log, stderr=log, start_new_session=True
        )


def storm(
    file: Path,
    runs: Path,
    kills: int,
    longest_s: float,
    chance: random.Random,
    on_kill: Callable[[int], None] = lambda done: None,
    at_least: int | None = None,
) -> Storm:
    """Kill the campaign of a file so many times, up to `longest_s` after each start, then let it come to its end.

    Raises AssertionError where it fails, or ends before it was killed `at_least` so often (all times without it).
    """
    folder = runs / "small"
    told = Storm(0, 0, {}, 0, folder)
    finished: dict[Path, int] = {}
    process = None
    while True:
        process = process or begin(file, runs)
        left = told.kills < kills
        try:
            code = process.wait(chance.uniform(0.1, longest_s) if left else PATIENCE_S)
        except subprocess.TimeoutExpired:
            state = _state(folder)
            members = family(process.pid)
            if chance.random() < SHARE_OF_CHILDREN and len(members) > 1:  # the daemon has to notice
                kill(members[1:])
                told.of_children += 1
            else:
                kill(members)
                process.wait()
                process = None
            told.kills += 1
            told.states[state] = told.states.get(state, 0) + 1
            now = outcomes(folder)
            told.repeated += sum(now.get(path) != written for path, written in finished.items())
            finished = now
            on_kill(told.kills)
            continue
        assert code == 0, (file.parent / "log.txt").read_text()[-2000:]
        enough = kills if at_least is None else at_least
        assert told.kills >= enough, f"it ended after {told.kills} kills; make the pauses shorter"
        now = outcomes(folder)
        told.repeated += sum(now.get(path) != written for path, written in finished.items())
        return told


def outcomes(folder: Path) -> dict[Path, int]:
    """When each replica wrote its outcome, by its folder; one that has must not be run again.

    The outcome of a run that was not taken in yet lies in the folder of the run, and keeps its time when it is moved.
    """
    written: dict[Path, int] = {}
    for path in folder.glob("simulations/**/outcome.json"):
        home = path.parent.parent if path.parent.name.startswith("run-") else path.parent
        written[home] = min(path.stat().st_mtime_ns, written.get(home, sys.maxsize))
    return written


def result(folder: Path) -> dict[str, Any]:
    """What a campaign found, without times."""
    with Store.open_readonly(folder) as store:
        names = ("iteration", "draw", "smiles", "key", "verdict", "reason", "flags")
        of_replicas = ("key", "protocol", "replica", "status", "attempt", "seed", "failure_code", "properties")
        return {
            "state": (store.get("state"), store.get("reason")),
            "candidates": [{name: getattr(row, name) for name in names} for row in store.candidates()],
            "replicas": [{name: getattr(row, name) for name in of_replicas} for row in store.replicas()],
            "training": [store.training(model.iteration) for model in store.models()],
            "metrics": [model.metrics for model in store.models()],
            "estimates": store.estimates(),
            "forecasts": store.forecasts(),
            "ranking": [(row.key, row.value, row.verdict) for row in ranking(store)],
        }


def timed(file: Path, runs: Path) -> float:
    """Run a campaign to its end undisturbed; how long that took, in seconds."""
    started = time.monotonic()
    assert begin(file, runs).wait(PATIENCE_S) == 0
    return time.monotonic() - started


def _state(folder: Path) -> str:
    try:
        with Store.open_readonly(folder) as store:
            return str(store.get("state") or "before the first")
    except Exception:
        return "before the first"


def family(pid: int) -> list[int]:
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


def kill(pids: list[int]) -> None:
    """SIGKILL of processes, of which some may be gone."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
