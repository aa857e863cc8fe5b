"""Campaigns on a test cluster, each in a process of its own, and what became of their replicas."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from autodisco.errors import AutodiscoError
from autodisco.simulation.executors.queue_folder import Listing, QueueFolder
from autodisco.store import Replica, Store
from tests.campaign.storm import begin
from tests.cluster.sleepers import Line, read_log
from tests.cluster.slurm import Slurm, kill

ROOT = Path(__file__).parents[2]
SLEEPERS = f"{ROOT / 'tests' / 'cluster' / 'sleepers.py'}:Sleepers"
PATIENCE_S = 300.0

SETTINGS = """\
name = "small"
seed = 1
[seeds]
grammar = 30
[generator]
kind = "random"
[generate]
batch_size = {polymers}
pool = {pool}
[filter]
selection = "paper"
[simulation]
folder = "{folder}"
protocol = "smoke"
engine = "lammps"
replicas = {replicas}
reference_replicas = 1
retries = 0
[surrogate]
kind = "none"
[budget]
iterations = 1
[executor]
kind = "psij"
[executor.options]
partition = "{partition}"
pilots = {pilots}
slots = {slots}
gpus = {gpus}
walltime_minutes = {walltime}
warning_seconds = {warning}
look_seconds = 1
idle_minutes = 0.5
container = "{container}"
environment = ["export {environment}"]
"""
DEFAULTS = {
    "polymers": 2, "replicas": 2, "pilots": 1, "slots": 4, "gpus": 0, "walltime": 30, "warning": 20,
    "partition": "main", "folder": "", "runner": SLEEPERS, "steps": 30, "step_s": 1.0, "broken": "",
    "container": "",
}  # fmt: skip


class Clustered:
    """One campaign in a folder, which several processes may run one after the other."""

    def __init__(self, slurm: Slurm, folder: Path):
        self.slurm, self.file, self.folder = slurm, folder / "small.toml", folder / "runs" / "small"
        self.log, self.broken = folder / "sleepers.log", folder / "broken"
        self.queue = QueueFolder(self.folder / "queue")
        self._started: list[subprocess.Popen[bytes]] = []

    def write(self, **changes) -> Path:
        """Write the campaign file."""
        given = DEFAULTS | changes
        words = [f"PYTHONPATH={ROOT}:{ROOT / 'kernels'}", f"SLEEPER_LOG={self.log}", f"SLEEPER_BROKEN={self.broken}"]
        words += [f"SLEEPER_STEPS={given['steps']}", f"SLEEPER_STEP_S={given['step_s']}"]
        pool = given["polymers"] + 4
        text = SETTINGS.format(**given, environment=" ".join(words), pool=pool)
        if given["runner"] != "local":
            text += f'runner = "{given["runner"]}"\n'
        self.file.write_text(text)
        return self.file

    def start(self) -> subprocess.Popen:
        """Run the campaign in a process of its own."""
        self._started.append(begin(self.file, self.folder.parent))
        return self._started[-1]

    def end(self) -> None:
        """End its processes."""
        for process in self._started:
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def said(self) -> str:
        """What its processes printed."""
        file = self.file.parent / "log.txt"
        return file.read_text() if file.exists() else ""

    def until(self, look: Callable[[], object], what: str, seconds: float = PATIENCE_S):
        """Wait until something is the case; returns it."""
        end = time.monotonic() + seconds
        while not (found := look()):
            assert time.monotonic() < end, f"waited in vain until {what}\n{self.said()[-1500:]}"
            time.sleep(0.2)
        return found

    def rows(self) -> list[Replica]:
        """Its replicas; none before it has begun."""
        try:
            with Store.open_readonly(self.folder) as store:
                return store.replicas()
        except AutodiscoError:
            return []

    def journal(self) -> list[str]:
        """Events of its journal; none before it has begun."""
        with contextlib.suppress(AutodiscoError), Store.open_readonly(self.folder) as store:
            return [row.event for row in store.journal()]
        return []

    def fact(self, name: str):
        """A fact of its store."""
        with Store.open_readonly(self.folder) as store:
            return store.get(name)

    def tasks(self) -> Listing:
        """Its queue folder."""
        return self.queue.listing() if (self.queue.root / "done").is_dir() else Listing()

    def lines(self, what: str) -> list[Line]:
        """Processes of replicas that have begun, or have ended."""
        return [line for line in read_log(self.log) if line.what == what]

    def running(self) -> list[Line]:
        """Processes of replicas that run now."""
        return [line for line in self.lines("begins") if psutil.pid_exists(line.pid) and _sleeps(line)]

    def pilots(self) -> dict[str, psutil.Process]:
        """Processes of pilots by their names."""
        found = {}
        for pilot, said in self.queue.beats().items():
            with contextlib.suppress(psutil.Error):
                found[pilot] = psutil.Process(said["pid"])
        return found

    def until_running(self, number: int) -> list[Line]:
        """Wait until so many replicas of the batch run."""
        return self.until(lambda: len(self.running()) >= number and self.running(), f"{number} replicas run")

    def begin_with_checkpoints(self, **changes) -> tuple[subprocess.Popen, list[Line]]:
        """Run a campaign of four replicas until each has a checkpoint; its process, and the replicas that run."""
        self.write(**changes)
        daemon = self.start()
        running = self.until_running(4)
        self.until(lambda: all(map(self.has_checkpoint, running)), "checkpoints are written")
        return daemon, running

    def homes(self) -> list[Path]:
        """Folders of its replicas."""
        with Store.open_readonly(self.folder) as store:
            return [store.replica_folder(row.key, row.protocol, row.replica) for row in store.replicas()]

    def has_checkpoint(self, line: Line) -> bool:
        """Whether the run of a replica has written a checkpoint."""
        return any((home / line.run / "steps").exists() for home in self.homes())

    def kill_pilot(self, pilot: str) -> None:
        """Kill a pilot."""
        kill(self.pilots()[pilot])

    def finish(self, process: subprocess.Popen) -> None:
        """Wait for the end of the campaign, and check that no replica was lost or counted twice."""
        assert process.wait(PATIENCE_S) == 0, self.said()[-3000:]
        rows = self.rows()
        assert rows
        assert {(row.status, row.attempt, row.failure_code) for row in rows} == {("done", 0, None)}
        with Store.open_readonly(self.folder) as store:
            values = [row.event for row in store.journal() if row.event in ("retry", "give up")]
        assert not values
        assert all((home / "outcome.json").is_file() and not list(home.glob("run-*")) for home in self.homes())
        tasks = self.tasks()
        assert not tasks.waiting
        assert not tasks.claimed
        assert not self.slurm.jobs("PENDING", "RUNNING")


def _sleeps(line: Line) -> bool:
    """Whether a process is that of a replica, and has not ended."""
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(line.pid)
        return process.status() != psutil.STATUS_ZOMBIE and line.run in " ".join(process.cmdline())
    return False
