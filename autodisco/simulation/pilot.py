"""A pilot: `python -m autodisco.simulation.pilot QUEUE [--slots N] [--minutes M] …`, the body of a batch job.

It takes replicas from the queue folder and runs so many at a time as processes of this machine, until its time is
nearly over, it is told to end, or nothing waits for a while. Then it has replicas write a checkpoint, gives back what
has not ended, and exits with 0. Killed at any moment it leaves claims, which the campaign takes back.
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
from autodisco.simulation.executors.fleet import HELLO, STARTED, pilot_name
from autodisco.simulation.executors.nodes import OF_MACHINES
from autodisco.simulation.executors.queue_folder import BEATS, Entry, QueueFolder
from autodisco.simulation.task import ReplicaOutcome, ReplicaTask

BEAT_S = 30.0
CHECK_S = 10.0
"""Between looks at whether claims are still valid (s)."""
TRIAL, TRIAL_S = 3, 10.0
"""A pilot begins with so many replicas, and takes more after this time, or after the first value (s)."""
FIRST_S, LONGEST_S = 30.0, 600.0
"""Pauses before a further replica after `TRIAL` failures running (s)."""
DRAW_S = 2.0
"""Between looks into an empty queue (s)."""
POLL_S = 0.25
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
        self._pool = Pool(runner, self._stops, stalled_s, new_claim=self._claim, accepts=False)
        self._runs: dict[int, _Run] = {}
        self._next: ReplicaTask | None = None
        self._leaving, self._draining = "", False
        self._draws_from = self._beaten = self._checked = 0.0
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
            for run in self._runs.values():
                self._hand_in(run)
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
        """Whether to leave; then replicas have had time to write a checkpoint."""
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
            if self._queue.given_up(self.name):
                self._leaving = "given up by the campaign"
                return None
            self._next = None if self._queue.held else self._taken()
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
        entry = self._queue.take(claims.new_claim(), self.name)
        if entry is None:
            return None
        try:
            task = ReplicaTask.from_dict(self._queue.read(entry))
        except (TypeError, KeyError, ValueError):
            self._queue.move(entry, how="killed")  # not a whole task: it is submitted again
            return None
        if not self._fits(task):
            self._draining = True
            self._queue.give_back(entry)
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

    def _claim(self, task: ReplicaTask) -> str:
        """The claim of the next run of a replica: that with which it was drawn, then new ones."""
        run = self._runs[id(task)]
        if run.starts:
            run.entry = self._queue.move(run.entry, claim=claims.new_claim()) or run.entry
        run.starts += 1
        return run.claim

    def _done(self, task: ReplicaTask, outcome: ReplicaOutcome) -> None:
        run = self._runs.pop(id(task))
        if outcome.ok:
            self._failures, self._draws_from = 0, 0.0
            self._durations.setdefault(task.protocol, []).append(time.monotonic() - run.started)
        elif outcome.failure_code in OF_MACHINES:
            self._failures += 1
            self._draws_from = time.monotonic() + self._pause_s()
        claims.leave(task, run.claim, outcome)
        self._queue.move(run.entry, how="ok" if outcome.ok else outcome.failure_code)

    def _hand_in(self, run: _Run) -> None:
        """Give a replica back, or its result if it has come to its end."""
        outcome = claims.finished(run.task, run.claim) if run.starts else None
        if outcome is None:
            self._queue.give_back(run.entry)
        else:
            self._queue.move(run.entry, how="ok" if outcome.ok else outcome.failure_code)

    def _watch(self) -> None:
        """Say that it lives, and end replicas whose claims were taken back."""
        now = time.monotonic()
        if now - self._checked >= CHECK_S:
            self._checked = now
            for key, run in list(self._runs.items()):
                if not (self._queue.root / run.entry.place).exists():
                    self._pool.drop(run.task)
                    del self._runs[key]
        if now - self._beaten >= BEAT_S:
            self._beat()

    def _beat(self) -> None:
        self._beaten = time.monotonic()
        if self.node in self._queue.left_out():
            self._leaving = self._leaving or "node left out"
        content = {"time": time.time(), "job": self.job, "node": self.node, "pid": os.getpid(), "begun": self._begun}
        content |= {"slots": self._runner.workers, "seconds_left": round(self._end - time.monotonic())}
        with contextlib.suppress(OSError):  # a full disk; replicas that run may still end
            self._queue.beat(self.name, content | {"running": {r.entry.id: _told(r) for r in self._runs.values()}})


def _told(run: _Run) -> dict[str, Any]:
    """How far a replica is."""
    with contextlib.suppress(OSError, ValueError):
        told = read_json(claims.in_run(run.task, run.claim).folder / progress.FILE)
        return {name: told[name] for name in ("step_name", "fraction", "ns_per_day") if name in told}
    return {}


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
    print(f"{HELLO} {pilot.name} on {pilot.node}: {runner.workers} slots", flush=True)
    print(f"{HELLO} {pilot.name}: {pilot.run()}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
