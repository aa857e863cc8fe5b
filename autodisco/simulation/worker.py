"""The process of one replica: `python -m autodisco.simulation.worker JOB [--parent PID]`.

It runs the task in the file JOB. With a parent, it ends when that process, which started it, ends.
"""

import argparse
import contextlib
import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from autodisco.errors import EngineKilled
from autodisco.files import read_json
from autodisco.process import die_with_parent
from autodisco.simulation.cache import finished_outcome
from autodisco.simulation.replica import run_replica
from autodisco.simulation.task import KILLED, ReplicaTask


def main() -> None:
    """Run the task, unless another process did so meanwhile."""
    arguments = argparse.ArgumentParser(prog="python -m autodisco.simulation.worker")
    arguments.add_argument("job", type=Path)
    arguments.add_argument("--parent", type=int)
    given = arguments.parse_args()
    if given.parent is not None:
        die_with_parent(given.parent)
    task = ReplicaTask.from_dict(read_json(given.job))
    with _alone(task.folder):
        if finished_outcome(task) is not None:
            return
        try:
            run_replica(task)
        except EngineKilled as error:
            print(error, file=sys.stderr)
            sys.exit(KILLED)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other process runs a replica in this folder.

    An executor may have started one whose handle was lost, because the campaign was killed before it was stored.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network file systems do not lock folders
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


if __name__ == "__main__":
    main()
