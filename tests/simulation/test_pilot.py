"""A pilot on this machine, without a batch system, also while the disk that it shares is away."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from autodisco.simulation import Callbacks, Pool, claims, patience, pilot
from autodisco.simulation.executors.psij_executor import PsijExecutor
from autodisco.simulation.executors.queue_folder import QueueFolder
from autodisco.simulation.pilot import Pilot
from autodisco.simulation.task import ReplicaTask
from tests.cluster.sleepers import Line, Sleepers, read_log

REPLICAS = 4


@pytest.fixture
def handlers():
    """Signal handlers of this process are as before."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def disk(tmp_path, monkeypatch) -> Path:
    """A folder that stands for a shared disk; replicas sleep and log what they do elsewhere."""
    monkeypatch.setenv("SLURMD_NODENAME", "n1")
    monkeypatch.setenv("SLEEPER_LOG", str(tmp_path / "log"))
    for module, name, value in ((pilot, "CHECK_S", 0.2), (pilot, "DISK_S", 0.1), (patience, "PAUSES_S", (0.2, 0.5))):
        monkeypatch.setattr(module, name, value)
    (tmp_path / "disk").mkdir()
    return tmp_path / "disk"


def sleeping(monkeypatch, steps: int, step_s: float) -> None:
    monkeypatch.setenv("SLEEPER_STEPS", str(steps))
    monkeypatch.setenv("SLEEPER_STEP_S", str(step_s))


def waiting(root: Path, homes: Path) -> QueueFolder:
    """A queue folder in which replicas wait."""
    queue = QueueFolder(root)
    queue.create()
    for replica in range(REPLICAS):
        task = ReplicaTask("key", "*OCC*", replica, 5, "smoke", "pcff+", homes / "key" / str(replica), 600.0)
        queue.put(f"{replica}-key", task.to_dict())
    return queue


def run(queue: QueueFolder, slots: int, minutes: float = 60, warning_s: float = 10) -> str:
    return Pilot(queue, Sleepers(slots), minutes=minutes, idle_s=0.5, warning_s=warning_s, stalled_s=0).run()


def begun(disk: Path) -> list[Line]:
    return [line for line in read_log(disk.parent / "log") if line.what == "begins"]


def take_away(folder: Path, when, seconds: float = 0.0) -> threading.Thread:
    """Take a folder away as soon as something is the case, and bring it back after a while, if one is given."""

    def away() -> None:
        end = time.monotonic() + 60
        while not when() and time.monotonic() < end:
            time.sleep(0.05)
        hidden = folder.with_name("away")
        os.rename(folder, hidden)
        if seconds:
            time.sleep(seconds)
            os.rename(hidden, folder)

    thread = threading.Thread(target=away)
    thread.start()
    return thread


@pytest.mark.usefixtures("handlers")
def test_replicas_start_in_the_order_in_which_they_waited(disk, monkeypatch):
    sleeping(monkeypatch, 1, 0.1)
    queue = waiting(disk / "queue", disk)
    assert run(queue, 1) == "nothing to do"
    assert [line.replica for line in begun(disk)] == [f"key/{replica}" for replica in range(REPLICAS)]
    assert {entry.how for entry in queue.listing().done.values()} == {"ok"}
    assert len(queue.listing().done) == REPLICAS


@pytest.mark.fault("cluster: shared disk away")
@pytest.mark.usefixtures("handlers")
def test_replicas_go_on_while_the_queue_folder_is_away(disk, monkeypatch, capsys):
    sleeping(monkeypatch, 6, 0.3)
    queue = waiting(disk / "queue", disk)
    thread = take_away(queue.root, lambda: len(begun(disk)) == 2, seconds=3)
    assert run(queue, 2) == "nothing to do"
    thread.join()
    assert [line.begun for line in begun(disk)] == [0] * REPLICAS
    assert [entry.how for entry in queue.listing().done.values()] == ["ok"] * REPLICAS
    assert capsys.readouterr().out.count("waits for its disk") == 1


@pytest.mark.fault("cluster: shared disk away")
@pytest.mark.usefixtures("handlers")
def test_replicas_that_fail_because_their_folders_are_away_go_on_from_their_checkpoints(disk, monkeypatch):
    sleeping(monkeypatch, 6, 0.3)
    queue = waiting(disk / "queue", disk)
    thread = take_away(disk, lambda: list(disk.glob("key/*/run-*/steps")), seconds=2)
    assert run(queue, 2) == "nothing to do"
    thread.join()
    assert [entry.how for entry in queue.listing().done.values()] == ["ok"] * REPLICAS
    assert any(line.begun > 0 for line in begun(disk))


@pytest.mark.fault("cluster: shared disk away")
@pytest.mark.usefixtures("handlers")
def test_a_pilot_whose_disk_stays_away_ends_at_its_time_limit(disk, monkeypatch):
    sleeping(monkeypatch, 600, 0.3)
    queue = waiting(disk / "queue", disk)
    thread = take_away(queue.root, lambda: len(begun(disk)) == 2)
    assert run(queue, 2, minutes=0.15, warning_s=4) == "time limit"
    thread.join()
    left = QueueFolder(disk / "away").listing()
    assert (len(left.claimed), len(left.waiting)) == (2, REPLICAS - 2)


@pytest.mark.fault("cluster: shared disk away")
@pytest.mark.usefixtures("handlers")
def test_a_result_that_is_out_of_sight_is_no_failure(disk, monkeypatch):
    sleeping(monkeypatch, 1, 0.1)
    executor = PsijExecutor(0, 1)
    executor.serve("results", disk)
    task = ReplicaTask("key", "*OCC*", 0, 5, "smoke", "pcff+", disk / "key" / "0", 600.0)
    handle = executor.submit(task, "first")
    assert run(executor.queue, 1) == "nothing to do"
    accept = claims.accept

    def accept_without_disk(*given):
        monkeypatch.setattr(claims, "accept", accept)
        os.rename(disk, disk.with_name("away"))
        found = accept(*given)
        os.rename(disk.with_name("away"), disk)
        return found

    outcomes = []
    monkeypatch.setattr(claims, "accept", accept_without_disk)
    calls = Callbacks(on_done=lambda task, outcome: outcomes.append(outcome))
    assert Pool(executor, leave=True).run([], calls, [(task, handle, "first")])
    assert [outcome.ok for outcome in outcomes] == [True]
