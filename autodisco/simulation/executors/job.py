"""The process of a run of a replica: its files, command and environment, for executors."""

import sys
from pathlib import Path

from autodisco.files import write_json
from autodisco.process import THREADS
from autodisco.simulation.claims import JOB, LOG
from autodisco.simulation.task import ReplicaTask
from autodisco.store import run_folder


def write_job(task: ReplicaTask, claim: str) -> Path:
    """Prepare the folder of a run; returns the file that `command` names."""
    job = run_folder(task.folder, claim) / JOB
    write_json(job, task.to_dict() | {"claim": claim})
    return job


def log_of(job: Path) -> Path:
    """The file that gets the output of the process."""
    return job.with_name(LOG)


def command(job: Path, parent: int | None = None) -> list[str]:
    """The command that runs a replica; with `parent`, the process ends when that one, which started it, ends."""
    ends_with = [] if parent is None else ["--parent", str(parent)]
    return [sys.executable, "-m", "autodisco.simulation.worker", str(job), *ends_with]


def environment(threads: int) -> dict[str, str]:
    """Variables that the command needs beside those of this process."""
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**one_thread, "NUMBA_NUM_THREADS": "1", THREADS: str(threads)}
