"""A pilot on this machine, without a batch system."""

import signal

import pytest

from autodisco.simulation.executors.queue_folder import QueueFolder
from autodisco.simulation.pilot import Pilot
from autodisco.simulation.task import ReplicaTask
from tests.cluster.sleepers import Sleepers, read_log

REPLICAS = 4


@pytest.fixture
def handlers():
    """Signal handlers of this process are as before."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("handlers")
def test_replicas_start_in_the_order_in_which_they_waited(tmp_path, monkeypatch):
    monkeypatch.setenv("SLURMD_NODENAME", "n1")
    for name, value in {"STEPS": 1, "STEP_S": 0.1, "LOG": tmp_path / "log"}.items():
        monkeypatch.setenv(f"SLEEPER_{name}", str(value))
    queue = QueueFolder(tmp_path / "queue")
    queue.create()
    for replica in range(REPLICAS):
        task = ReplicaTask("key", "*OCC*", replica, 5, "smoke", "pcff+", tmp_path / "key" / str(replica), 600.0)
        queue.put(f"{replica}-key", task.to_dict())
    assert Pilot(queue, Sleepers(1), minutes=60, idle_s=0.5, warning_s=10, stalled_s=0).run() == "nothing to do"
    begun = [line.replica for line in read_log(tmp_path / "log") if line.what == "begins"]
    assert begun == [f"key/{replica}" for replica in range(REPLICAS)]
    assert {entry.how for entry in queue.listing().done.values()} == {"ok"}
    assert len(queue.listing().done) == REPLICAS
