"""What the queue folder and the pilots cost: on a Slurm that this script brings up, with replicas that only sleep.

    python bench/cluster_load.py                 overhead per replica, and 1,000 replicas of 5 s on 64 slots
    python bench/cluster_load.py --waiting 10000 CPU time and memory of a daemon with so many tasks in the queue folder

Needs root and the packages of `make cluster-test`. Sleeping costs no CPU time, but starting a process and a pilot does:
on a machine with other work the figures are upper bounds.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from autodisco.polymer import parse
from autodisco.simulation.batch import replica_task
from autodisco.simulation.cache import identity
from autodisco.simulation.executors import Callbacks, LocalExecutor, Pool
from autodisco.simulation.executors.psij_executor import PsijExecutor
from autodisco.simulation.task import ReplicaTask
from tests.cluster.slurm import Slurm, missing

ROOT = Path(__file__).parents[1]
OUTCOME = {"ok": True, "properties": {}, "failure_code": None, "detail": "", "wall_s": 1.0, "cpu_s": 0.0}


class Sleep(LocalExecutor):
    """Replicas that sleep as long as the variable SLEEP_S says, and leave an outcome."""

    def command(self, task: ReplicaTask, file: Path) -> list[str]:
        """A shell that sleeps."""
        run = file.parent
        (run / "task.json").write_text(json.dumps(identity(task)))
        (run / "ready.json").write_text(json.dumps(OUTCOME))
        return ["/bin/sh", "-c", f"sleep $SLEEP_S; exec mv {run}/ready.json {run}/outcome.json"]


def tasks(number: int, root: Path) -> list[ReplicaTask]:
    """Different replicas of one polymer."""
    unit = parse("*OCC*")
    return [replica_task(unit, "smoke", "pcff+", n, 0, 1, root, 3600.0, "lammps") for n in range(number)]


def executor(folder: Path, sleep_s: float, pilots: int, slots: int, workers: int = 0) -> PsijExecutor:
    """The executor of a campaign, with pilots whose replicas sleep."""
    lines = [f"export PYTHONPATH={ROOT}:{ROOT / 'kernels'} SLEEP_S={sleep_s:g}"]
    options = {"pilots": pilots, "slots": slots, "walltime_minutes": 60, "look_seconds": 30.0, "environment": lines}
    made = PsijExecutor(workers, 1, **options, runner=f"{Path(__file__).resolve()}:Sleep")
    made.serve("bench", folder)
    return made


def run(number: int, sleep_s: float, pilots: int, slots: int) -> None:
    """Time for so many replicas of one length, from nothing and from the first that started."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        made = executor(Path(name), sleep_s, pilots, slots)
        todo, ended = tasks(number, Path(name)), []
        begun, cpu = time.monotonic(), time.process_time()
        started: list[float] = []

        def claimed() -> None:
            if not started and os.listdir(made.queue.root / "claimed"):
                started.append(time.monotonic())

        calls = Callbacks(on_done=lambda task, outcome: ended.append(outcome.ok), on_progress=claimed)
        Pool(made).run(todo, calls)
        now, used = time.monotonic(), time.process_time() - cpu
        made.stop()
    ideal = -(-number // (pilots * slots)) * sleep_s
    assert ended == [True] * number, "not every replica has its outcome"
    places = pilots * slots
    each = 1000 * (now - started[0] - ideal) * places / number
    told = [
        f"{number:,} replicas of {sleep_s:g} s on {places} slots ({pilots} pilots)",
        f"{now - begun:.1f} s from nothing, {now - started[0]:.1f} s from the first claim, {ideal:.1f} s ideal",
        f"overhead for each replica {each:.0f} ms of a slot",
        f"CPU time of the daemon {used:.1f} s, {1000 * used / number:.1f} ms for each replica",
    ]
    print("; ".join(told), flush=True)


def waiting(number: int, seconds: float) -> None:
    """CPU time and memory of a daemon that watches so many tasks, none of which can run."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        made = executor(Path(name), 1.0, pilots=1, slots=1, workers=number)
        made.queue.hold(True)
        me, unit = psutil.Process(), tasks(1, Path(name))[0]
        memory = me.memory_info().rss / 2**20
        begun = time.process_time()
        handles = [made.submit(unit, "") for _ in range(number)]
        put = time.process_time() - begun
        made.poll(handles)
        begun, cpu, looks = time.monotonic(), time.process_time(), 0
        while time.monotonic() - begun < seconds:
            made.poll(handles)
            looks += 1
            time.sleep(made.poll_s)
        share = (time.process_time() - cpu) / (time.monotonic() - begun)
        grown = me.memory_info().rss / 2**20 - memory
        told = [
            f"{number:,} tasks wait: {100 * share:.1f} % of a core ({looks} looks in {seconds:g} s)",
            f"{grown:.0f} MiB more memory",
            f"writing the tasks {1000 * put / number:.2f} ms of CPU time each",
            *cancelled(made, handles),
        ]
        print("; ".join(told), flush=True)
        made.stop()


def cancelled(made: PsijExecutor, handles: list[str]) -> list[str]:
    """How long it takes to cancel some tasks one by one, and all others at once."""
    some, others = handles[:20], handles[20:]
    begun = time.monotonic()
    for handle in some:
        made.cancel(handle)
    one = (time.monotonic() - begun) / len(some)
    begun = time.monotonic()
    assert not made.cancel_all(others)
    all_ = time.monotonic() - begun
    return [f"cancelling one {1000 * one:.0f} ms", f"cancelling the other {len(others):,} at once {all_:.2f} s"]


def main() -> int:
    """Bring Slurm up and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--waiting", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=60.0)
    given = parser.parse_args()
    if why := missing():
        print(why, file=sys.stderr)
        return 1
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
    with Slurm(Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp")), nodes=4, cpus=16, gpus=0) as cluster:
        os.environ.update(cluster.environment)
        if given.waiting:
            waiting(given.waiting, given.seconds)
        else:
            run(200, 0.0, 4, 8)
            run(1000, 5.0, 4, 16)
    return 0


if __name__ == "__main__":
    sys.exit(main())
