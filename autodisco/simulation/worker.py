"""The process of one replica: `python -m autodisco.simulation.worker JOB PARENT`."""

import sys
from pathlib import Path

from autodisco.errors import EngineKilled
from autodisco.files import read_json
from autodisco.process import die_with_parent
from autodisco.simulation.replica import run_replica
from autodisco.simulation.task import KILLED, ReplicaTask


def main() -> None:
    """Run the task in the file named by the first argument; the second is the process that must stay alive."""
    die_with_parent(int(sys.argv[2]))
    stored = read_json(Path(sys.argv[1]))
    try:
        run_replica(ReplicaTask.from_dict(stored))
    except EngineKilled as error:
        print(error, file=sys.stderr)
        sys.exit(KILLED)


if __name__ == "__main__":
    main()
