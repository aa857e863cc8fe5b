"""Pilots of a batch system that limits the jobs of a user. Slurm does so only with a database of accounts, which the
Slurm of the tests has not; a class stands in for it here."""

import time

import pytest

from autodisco.simulation.executors.cluster_settings import cluster_settings
from autodisco.simulation.executors.fleet import Fleet
from autodisco.simulation.executors.queue_folder import QueueFolder
from autodisco.simulation.executors.scheduler import BatchJob, NoAnswer


class Limited:
    """Starts each job at once, up to a limit."""

    def __init__(self, limit: int):
        self.limit, self.submitted = limit, 0

    def jobs(self, numbers):
        return {str(number): BatchJob(str(number), "running") for number in range(self.submitted)}

    def submit(self, script, cores, without):
        if self.submitted == self.limit:
            raise NoAnswer("job limit reached")
        self.submitted += 1
        return str(self.submitted - 1)


@pytest.fixture
def queue(tmp_path) -> QueueFolder:
    folder = QueueFolder(tmp_path / "queue")
    folder.create()
    for number in range(2):
        folder.put(f"{number}-key", {})
    return folder


def events(fleet: Fleet, queue: QueueFolder, looks: int = 20) -> list[str]:
    """What is journalled meanwhile."""
    found = []
    for _ in range(looks):
        found += [note.event for note in fleet.tend(queue.listing())]
        time.sleep(0.01)
    return found


def test_a_refusal_is_journalled_once_while_the_pilots_that_were_there_before_run(queue):
    settings = cluster_settings({"pilots": 2, "slots": 1, "look_seconds": 0.01})
    batch_system = Limited(1)
    fleet = Fleet(settings, queue, batch_system, 1, 0.0)
    fleet.nodes["0_0"] = "n1"
    queue.beat("0_0", {"time": time.time(), "job": "0", "node": "n1"})
    assert events(fleet, queue) == ["submission refused"]
    batch_system.submitted = 2
    queue.beat("1_0", {"time": time.time(), "job": "1", "node": "n2"})
    assert events(fleet, queue) == ["pilots run"]
