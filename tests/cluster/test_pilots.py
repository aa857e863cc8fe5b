"""Pilots in a real Slurm without a campaign: those that are refused, and those that die before they begin."""

import re
import time

import pytest

from autodisco.simulation.executors import fleet
from autodisco.simulation.executors.psij_executor import PsijExecutor
from autodisco.simulation.task import ReplicaTask
from tests.cluster.campaigns import ROOT, SLEEPERS

pytestmark = pytest.mark.cluster


@pytest.fixture
def executor_with(slurm, tmp_path, monkeypatch):
    """A function that makes an executor with options, whose jobs are cancelled in the end."""
    monkeypatch.setenv("SLURM_CONF", slurm.environment["SLURM_CONF"])
    monkeypatch.setattr(fleet, "PAUSES_S", (2.0,))
    made = []

    def make(environment: str = "true", **options) -> PsijExecutor:
        begin = (
            f"export PYTHONPATH={ROOT}:{ROOT / 'kernels'} SLEEPER_STEPS=600 SLEEPER_STEP_S=1 SLEEPER_LOG={tmp_path}/log"
        )
        given = {"pilots": 2, "slots": 1, "look_seconds": 0.5, "runner": SLEEPERS, "environment": [begin, environment]}
        executor = PsijExecutor(0, 1, **{**given, **options})
        executor.serve("pilots", tmp_path)
        made.append(executor)
        return executor

    yield make
    for executor in made:
        executor.stop()
    slurm.empty()


def submit(executor: PsijExecutor, folder, number: int) -> list[str]:
    tasks = [ReplicaTask("key", "*OCC*", n, 5, "smoke", "pcff+", folder / "key" / str(n), 600.0) for n in range(number)]
    return [executor.submit(task, "") for task in tasks]


def until(executor: PsijExecutor, handles, event: str, seconds: float = 90.0) -> list:
    """What is journalled until something is."""
    notes, end = [], time.monotonic() + seconds
    while event not in [note.event for note in notes]:
        assert time.monotonic() < end, f"waited in vain for {event!r}: {notes}"
        executor.poll(handles)
        notes += executor.notes()
        time.sleep(0.2)
    return notes


def test_a_refusal_is_journalled_once_while_the_pilots_that_were_there_before_run(slurm, executor_with, tmp_path):
    executor = executor_with()
    handles = submit(executor, tmp_path, 1)
    until(executor, handles, "pilots submitted")
    end = time.monotonic() + 90
    while not executor.queue.beats() and time.monotonic() < end:
        executor.poll(handles)
        time.sleep(0.2)
    slurm.run("scontrol", "update", "partitionname=main", "state=drain")
    try:
        handles += submit(executor, tmp_path, 2)
        (note,) = until(executor, handles, "submission refused")
        assert "partition" in note.why.lower()
        end = time.monotonic() + 6
        while time.monotonic() < end:  # further tries
            executor.poll(handles)
            time.sleep(0.2)
        assert executor.notes() == []
    finally:
        slurm.run("scontrol", "update", "partitionname=main", "state=up")
    assert [note.event for note in until(executor, handles, "pilots run")] == ["pilots submitted", "pilots run"]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (
            {"environment": "echo cannot load module; exit 3"},
            r"job \d+ ended before its pilot began: cannot load",
        ),
        (
            {"python": "/bin/false"},
            r"job \d+ ended before its pilot began, and wrote nothing to .*\.log",
        ),
    ],
    ids=["says why", "says nothing"],
)
def test_a_job_that_dies_at_once_is_no_refused_submission(executor_with, tmp_path, options, why):
    executor = executor_with(**options)
    *_, note = until(executor, submit(executor, tmp_path, 1), "pilot did not start")
    assert re.match(why, note.why)
    assert note.trouble == f"no pilot can be started: {note.why}"
