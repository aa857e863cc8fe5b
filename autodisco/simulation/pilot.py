"""A pilot: `python -m autodisco.simulation.pilot QUEUE [--slots N] [--minutes M] …`, the body of a batch job.

It takes replicas from the queue folder and runs so many at a time as processes of this machine, until its time is
nearly over, it is told to end, or nothing waits for a while. Then it has replicas write a checkpoint, gives back what
has not ended, and exits with 0. Killed at any moment it leaves claims, which the campaign takes back. While the shared
disk is away it waits, and replicas go on as far as they can.
"""

import argparse
import contextlib
import os
import signal
import socket
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from autodisco.files import read_json
from autodisco.simulation import claims, progress, protocols
from autodisco.simulation.executors import Callbacks, Executor, Pool, load_executor
from autodisco.simulation.executors.cards import visible
from autodisco.simulation.executors.nodes import OF_MACHINES
from autodisco.simulation.executors.pilots import HELLO, STARTED, pilot_name
from autodisco.simulation.executors.queue_folder import BEATS, Entry, QueueFolder
from autodisco.simulation.patience import Patience
from autodisco.simulation.task import ReplicaOutcome, ReplicaTask

BEAT_S = 30.0
CHECK_S = 10.0
"""Between looks at whether claims are still valid (s)."""
DISK_S = 1.0
"""Between looks at whether the shared disk is there (s)."""
TRIAL, TRIAL_S = 3, 10.0
"""A pilot begins with so many replicas, and takes more after this time, or after the first value (s)."""
FIRST_S, LONGEST_S = 30.0, 600.0
"""Pauses before a further replica after `TRIAL` failures running (s)."""
DRAW_S = 2.0
"""Between looks into an empty queue (s)."""
POLL_S = 0.25
OF_DISKS = OF_MACHINES | {"timeout"}
"""Failures of replicas that may come from a shared disk that was away."""
PROGRESS_S = 10.0
"""How often replicas write their progress, to a disk that many share (s)."""
SIGNAL_GRACE_S = 20.0
"""How long replicas may take to write a checkpoint after a signal of the batch system (s), which kills soon after."""
LEAST_S, LEAST_SHARE = 60.0, 0.1
"""A replica that can go on from checkpoints is taken while so much time is left (s), or this share of a short job."""


@dataclass
class _Run:
    """A replica that this pilot has claimed. `starts` counts its processes."""

    task: ReplicaTask
    entry: Entry
    starts: int = 0
    started: float = 0.0

    @property
    def claim(self) -> str:
        return self.entry.claim or ""


class Pilot:
    """Runs what waits in a queue folder.

    Parameters
    ----------
    queue
    runner
        Runs replicas on this machine, so many at a time.
    minutes
        Time limit of the job, counted from its start.
    idle_s, warning_s
        It ends after so long without work, and gives replicas back so long before the time limit.
    stalled_s
        A replica without progress for so long is ended.
    """

    def __init__(
        self, queue: QueueFolder, runner: Executor, minutes: float, idle_s: float, warning_s: float, stalled_s: float
    ):
        self.name, self.job = pilot_name()
        self.node = os.environ.get("SLURMD_NODENAME") or socket.gethostname()
        self._queue, self._runner = queue, runner
        began = float(os.environ.get(STARTED) or time.time())
        self._end = time.monotonic() + 60 * minutes - (time.time() - began)
        self._idle_s, self._warning_s, self._begun = idle_s, warning_s, time.time()
        self._least_s = min(LEAST_S, LEAST_SHARE * 60 * minutes)
        self._pool = Pool(runner, self._stops, stalled_s, submit=self._submit, accepts=False)
        self._patience = Patience(self._why, lambda line: _print(f"{HELLO} {self.name} {line}"))
        self._runs: dict[int, _Run] = {}
        self._next: ReplicaTask | None = None
        self._leaving, self._draining = "", False
        self._draws_from = self._beaten = self._checked = self._disk_seen = 0.0
        self._failures = self._taken_so_far = 0
        self._durations: dict[str, list[float]] = {}

    def run(self) -> str:
        """Work until the end; returns why it ended."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
            signal.signal(number, self._signalled)
        calls = Callbacks(on_start=self._start, on_done=self._done, on_progress=self._watch, more=self._draw)
        idle = time.monotonic()
        self._beat()
        try:
            while not self._why():
                if first := self._draw():
                    self._next = None
                    self._pool.run([first], calls)
                    idle = time.monotonic()
                elif time.monotonic() - idle > self._idle_s or self._draining:
                    self._leaving = "nothing to do"
                else:
                    self._watch()
                    time.sleep(POLL_S)
        finally:
            self._hand_in_all()
            with contextlib.suppress(OSError):
                self._queue.end_beat(self.name)
        return self._leaving

    def _signalled(self, number: int, _: FrameType | None) -> None:
        self._leaving = self._leaving or signal.Signals(number).name

    def _why(self) -> str:
        """Why to leave; empty to go on."""
        if not self._leaving and time.monotonic() > self._end - self._warning_s:
            self._leaving = "time limit"
        return self._leaving

    def _stops(self) -> bool:
        """Whether to leave; then replicas have had time to write a checkpoint. Returns when the disk is there."""
        if time.monotonic() - self._disk_seen > DISK_S:
            self._patience(self._queue.check, None)
            self._disk_seen = time.monotonic()
        if not self._why():
            return False
        handles = self._pool.handles
        self._runner.warn(handles)
        grace = self._warning_s / 2 if self._leaving == "time limit" else SIGNAL_GRACE_S
        until = time.monotonic() + grace
        while time.monotonic() < until:
            if all(sighting.state == "ended" for sighting in self._runner.poll(handles).values()):
                break
            time.sleep(POLL_S)
        return True

    def _draw(self) -> ReplicaTask | None:
        """The next replica to start, claimed; the same one until it has started.

        No other one is claimed before, so that there are no more claims than slots, and replicas start in the order in
        which they waited.
        """
        now = time.monotonic()
        all_started = all(run.started for run in self._runs.values())
        if all_started and not self._leaving and not self._draining and now >= self._draws_from:
            if self._patience(lambda: self._queue.given_up(self.name), False):
                self._leaving = "given up by the campaign"
                return None
            self._next = None if self._patience(lambda: self._queue.held, True) else self._taken()
            self._draws_from = now + (DRAW_S if self._next is None else self._pause_s())
        return self._next

    def _pause_s(self) -> float:
        """How long to wait before the next draw.

        A node on which every replica fails at once would empty the queue. The first few replicas of a pilot are
        therefore a trial, and after failures running it draws more and more slowly.
        """
        if self._failures >= TRIAL:
            return float(min(LONGEST_S, FIRST_S * 2 ** (self._failures - TRIAL)))
        return TRIAL_S if self._taken_so_far == TRIAL and not self._durations else 0.0

    def _taken(self) -> ReplicaTask | None:
        entry = self._patience(lambda: self._queue.take(claims.new_claim(), self.name), None)
        if entry is None:
            return None
        content: Any = self._patience(lambda: self._queue.read(entry), None)
        try:
            task = ReplicaTask.from_dict(content)
        except (TypeError, KeyError, ValueError):
            self._patience(lambda: self._queue.move(entry, how="killed"), None)  # no whole task: it is submitted again
            return None
        if not self._fits(task):
            self._draining = True
            self._patience(lambda: self._queue.give_back(entry), None)
            return None
        self._runs[id(task)] = _Run(task, entry)
        self._taken_so_far += 1
        return task

    def _fits(self, task: ReplicaTask) -> bool:
        """Whether there is time for a replica, or for a part of it that is worth it."""
        left = self._end - self._warning_s - time.monotonic()
        if protocols.load(task.protocol).checkpoint_every_ps is not None:
            return left > self._least_s
        known = self._durations.get(task.protocol)
        return left > (statistics.median(known) if known else 0.0)

    def _start(self, task: ReplicaTask) -> None:
        self._next = None
        self._runs[id(task)].started = time.monotonic()

    def _submit(self, task: ReplicaTask) -> tuple[str, str]:
        """Start a run of a replica: with the claim with which it was drawn, later with new ones."""
        run = self._runs[id(task)]
        if run.starts:
            run.entry = self._patience(lambda: self._queue.move(run.entry, claim=claims.new_claim()), None) or run.entry
        run.starts += 1
        handle = self._patience(lambda: self._runner.submit(task, run.claim), None)
        return handle or self._runner.submit(task, run.claim), run.claim

    def _done(self, task: ReplicaTask, outcome: ReplicaOutcome) -> None:
        run = self._runs.pop(id(task))
        self._patience(self._queue.check, None)
        outcome = claims.finished(task, run.claim) or outcome  # which may have been out of sight
        if outcome.failure_code in OF_DISKS and self._patience.waited_since(run.started):
            self._patience(lambda: self._queue.give_back(run.entry), None)  # it may have failed for want of the disk
            return
        if outcome.ok:
            self._failures, self._draws_from = 0, 0.0
            self._durations.setdefault(task.protocol, []).append(time.monotonic() - run.started)
        elif outcome.failure_code in OF_MACHINES:
            self._failures += 1
            self._draws_from = time.monotonic() + self._pause_s()
        self._patience(lambda: claims.leave(task, run.claim, outcome), None)
        self._patience(lambda: self._queue.move(run.entry, how=_how(outcome)), None)

    def _hand_in_all(self) -> None:
        """Give all replicas back. Those that the disk does not let it give back stay claimed, and the campaign takes
        them back."""
        for run in self._runs.values():
            with contextlib.suppress(OSError):
                self._hand_in(run)
        self._runs.clear()

    def _hand_in(self, run: _Run) -> None:
        """Give a replica back, or its result if it has come to its end."""
        outcome = claims.finished(run.task, run.claim) if run.starts else None
        if outcome is None:
            self._queue.give_back(run.entry)
        else:
            self._queue.move(run.entry, how=_how(outcome))

    def _watch(self) -> None:
        """Say that it lives, and end replicas whose claims were taken back."""
        now = time.monotonic()
        if now - self._checked >= CHECK_S:
            self._checked = now
            for key, run in list(self._runs.items()):
                if not self._is_valid(run):
                    self._pool.drop(run.task)
                    del self._runs[key]
        if now - self._beaten >= BEAT_S:
            self._beat()

    def _is_valid(self, run: _Run) -> bool:
        """Whether the claim of a run was not taken back."""
        return self._patience(lambda: self._queue.has(run.entry), True)

    def _beat(self) -> None:
        self._beaten = time.monotonic()
        if self.node in self._queue.left_out():
            self._leaving = self._leaving or "node left out"
        content = {"time": time.time(), "job": self.job, "node": self.node, "pid": os.getpid(), "begun": self._begun}
        content |= {"slots": self._runner.workers, "seconds_left": round(self._end - time.monotonic())}
        with contextlib.suppress(OSError):  # a full disk; replicas that run may still end
            self._queue.beat(self.name, content | {"running": {r.entry.id: _told(r) for r in self._runs.values()}})


def _print(line: str) -> None:
    """Print a line; the output may be a file on the shared disk that is away."""
    with contextlib.suppress(OSError):
        print(line, flush=True)


def _how(outcome: ReplicaOutcome) -> str:
    """How a replica has ended, as a part of the name of its file."""
    return "ok" if outcome.ok else outcome.failure_code or "unknown"


def _told(run: _Run) -> dict[str, Any]:
    """How far a replica is, and for how long this pilot has run it."""
    said: dict[str, Any] = {"elapsed_s": round(time.monotonic() - run.started, 1) if run.started else 0.0}
    with contextlib.suppress(OSError, ValueError):
        told = read_json(claims.in_run(run.task, run.claim).folder / progress.FILE)
        said |= {name: told[name] for name in ("step_name", "fraction", "ns_per_day") if name in told}
    return said


def main() -> int:
    """Run a pilot."""
    parser = argparse.ArgumentParser(prog="python -m autodisco.simulation.pilot", description=__doc__)
    parser.add_argument("queue", type=Path)
    parser.add_argument("--slots", type=int, default=0, help="replicas at a time; 0 for as many as fill the cores")
    parser.add_argument("--threads", type=int, default=1, help="cores of a replica")
    parser.add_argument("--minutes", type=float, default=1e6, help="time limit of the job")
    parser.add_argument("--idle-s", type=float, default=300.0, help="end after so long without work")
    parser.add_argument("--warning-s", type=float, default=120.0, help="give replicas back so long before the end")
    parser.add_argument("--stalled-s", type=float, default=0.0, help="end a replica without progress for so long")
    parser.add_argument("--runner", default="local", help="executor that runs the replicas")
    given = parser.parse_args()
    queue = QueueFolder(given.queue.absolute())
    if not (queue.root / BEATS).is_dir():
        print(f"{queue.root}: no queue folder; is it on a disk that {socket.gethostname()} sees?", file=sys.stderr)
        return 1
    os.environ.setdefault(progress.EVERY_S, str(PROGRESS_S))
    gpus = visible() if given.runner == "local" else None
    runner = load_executor(given.runner, given.slots, given.threads, {"gpus": gpus} if gpus else {})
    pilot = Pilot(queue, runner, given.minutes, given.idle_s, given.warning_s, given.stalled_s)
    _print(f"{HELLO} {pilot.name} on {pilot.node}: {runner.workers} slots")
    _print(f"{HELLO} {pilot.name}: {pilot.run()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
