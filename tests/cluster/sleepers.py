"""Replicas for tests of a cluster that cost next to nothing: each sleeps in steps, and counts them in a checkpoint.

`Sleepers` takes the place of the executor with which pilots run replicas. The environment of the pilots says how many
steps a replica has (SLEEPER_STEPS), how long one is (SLEEPER_STEP_S), and which file gets a line for each process
(SLEEPER_LOG). A process fails on a node whose name is a file in the folder SLEEPER_BROKEN.
"""

import hashlib
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from autodisco.files import write_json
from autodisco.simulation.cache import TASK, identity
from autodisco.simulation.executors import LocalExecutor
from autodisco.simulation.task import ReplicaOutcome

PROCESS = r"""
import os, sys, time
run = sys.argv[1]
home = os.path.dirname(run)
def steps_of(name):
    try:
        return int(open(os.path.join(home, name, "steps")).read())
    except (OSError, ValueError):
        return 0
begun = max(map(steps_of, os.listdir(home)))
node = os.environ.get("SLURMD_NODENAME", "")
def log(what):
    with open(os.environ["SLEEPER_LOG"], "a") as file:
        replica = "/".join(home.split("/")[-2:])
        file.write(f"{what} {replica} {os.path.basename(run)} {begun} {node} {os.getpid()} "
                   f"{os.environ.get('CUDA_VISIBLE_DEVICES', '-')}\n")
log("begins")
if os.path.exists(os.path.join(os.environ.get("SLEEPER_BROKEN", "/nowhere"), node)):
    sys.exit("this node is broken")
for step in range(begun, int(os.environ["SLEEPER_STEPS"])):
    time.sleep(float(os.environ["SLEEPER_STEP_S"]))
    with open(os.path.join(run, "steps.new"), "w") as file:
        file.write(str(step + 1))
    os.replace(os.path.join(run, "steps.new"), os.path.join(run, "steps"))
os.replace(os.path.join(run, "outcome.ready"), os.path.join(run, "outcome.json"))
log("ends")
"""


class Sleepers(LocalExecutor):
    """Processes that sleep."""

    def command(self, task, file):
        """The command of a process that sleeps, and ends with this one."""
        value = int(hashlib.sha256(f"{task.key} {task.replica}".encode()).hexdigest()[:6], 16) / 16**6
        properties = {"conductivity_s_per_cm": 1e-4 * (0.1 + value), "conductivity_s_per_cm_sem": 1e-6, "warnings": []}
        run = file.parent
        write_json(run / TASK, identity(task))
        write_json(run / "outcome.ready", asdict(ReplicaOutcome(True, properties, None, "", 1.0, 1.0)))
        return ["setpriv", "--pdeathsig", "KILL", sys.executable, "-S", "-c", PROCESS, str(run)]


@dataclass(frozen=True)
class Line:
    """A line of the log: a process ``begins`` or ``ends``."""

    what: str
    replica: str
    run: str
    begun: int
    node: str
    pid: int
    gpu: str


def read_log(file: Path) -> list[Line]:
    """The lines so far."""
    if not file.exists():
        return []
    rows = [line.split() for line in file.read_text().splitlines()]
    return [Line(*words[:3], int(words[3]), words[4], int(words[5]), words[6]) for words in rows]
