"""The process of one run of a replica: `python -m autodisco.simulation.worker JOB [--parent PID]`.

It runs the task in the file JOB, in the folder of that file. With a parent, it ends when that process, which started
it, ends. SIGTERM asks it to write a checkpoint, if its engine can, and to end with exit code 75.
"""

import argparse
import os
import socket
import sys
from dataclasses import replace
from pathlib import Path

from autodisco.errors import EngineKilled
from autodisco.files import read_json
from autodisco.process import die_with_parent, end_when_asked
from autodisco.simulation import claims, engines
from autodisco.simulation.replica import code_of, run_replica
from autodisco.simulation.task import DISK_EXITS, KILLED, ReplicaTask


def main() -> None:
    """Run the task, unless its claim was begun before."""
    arguments = argparse.ArgumentParser(prog="python -m autodisco.simulation.worker")
    arguments.add_argument("job", type=Path)
    arguments.add_argument("--parent", type=int)
    given = arguments.parse_args()
    if given.parent is not None:
        die_with_parent(given.parent)
    end_when_asked()
    stored = read_json(given.job)
    claim = stored.pop("claim")
    folder = given.job.absolute().parent  # which may have another name here
    home = folder.parent if claim else folder
    task = replace(ReplicaTask.from_dict(stored), folder=home)
    task = replace(task, engine=engines.resolved(task.engine))
    try:
        if claim:  # without one a person runs the task
            _begin_once(folder)
        run_replica(claims.begin(task, claim), claims.spent_before(task, claim))
    except EngineKilled as error:
        print(error, file=sys.stderr)
        sys.exit(KILLED)
    except OSError as error:
        for code, failure in DISK_EXITS.items():
            if code_of(error) == failure:
                os._exit(code)  # an orderly end would write to the log, on the same disk
        raise


def _begin_once(folder: Path) -> None:
    """Note which process runs a claim. Raises EngineKilled if one did so before: a batch system may start a job twice,
    and the process of the first start may live on, on a node that was lost."""
    try:
        with open(folder / claims.BEGUN, "x") as begun:
            begun.write(f"{socket.gethostname()} {os.getpid()}\n")
    except FileExistsError:
        who = (folder / claims.BEGUN).read_text().strip() or "another process"
        raise EngineKilled(f"{folder} was begun by {who}; the replica goes on with another claim") from None


if __name__ == "__main__":
    main()
