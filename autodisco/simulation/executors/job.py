"""The process of a replica: its files, command and environment, for executors."""

import sys
from pathlib import Path

from autodisco.files import write_json
from autodisco.process import THREADS
from autodisco.simulation import progress
from autodisco.simulation.task import ReplicaTask

LOG = "replica.log"
"""File in the folder of a replica that gets the output of its process."""


def write_job(task: ReplicaTask) -> Path:
    """Prepare the folder of a task; returns the file that `command` names."""
    task.folder.mkdir(parents=True, exist_ok=True)
    for stale in (progress.FILE, "outcome.json"):
        (task.folder / stale).unlink(missing_ok=True)
    job = task.folder / "job.json"
    write_json(job, task.to_dict())
    return job


def command(job: Path, parent: int | None = None) -> list[str]:
    """The command that runs a replica; with `parent`, the process ends when that one, which started it, ends."""
    ends_with = [] if parent is None else ["--parent", str(parent)]
    return [sys.executable, "-m", "autodisco.simulation.worker", str(job), *ends_with]


def environment(threads: int) -> dict[str, str]:
    """Variables that the command needs beside those of this process."""
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**one_thread, "NUMBA_NUM_THREADS": "1", THREADS: str(threads)}
