"""Running replicas in parallel on this machine: one process each, with a timeout.

The executor is a single-threaded loop, because Linux ties the life of a child to the thread that started it.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from autodisco.files import tells_of_full_disk, write_json
from autodisco.machine import cores
from autodisco.process import THREADS
from autodisco.simulation import progress
from autodisco.simulation.cache import finished_outcome, lasting_outcome
from autodisco.simulation.task import KILLED, ReplicaOutcome, ReplicaTask

POLL_S = 0.2
LOOK_S = 2.0  # between looks at how far a replica is
STARTS_AFTER_KILLS = 3

OnDone = Callable[[ReplicaTask, ReplicaOutcome], ReplicaTask | None]


def filling_workers(threads: int) -> int:
    """How many replicas of so many threads each fill the available cores."""
    return max(1, cores() // threads)


@dataclass
class _Running:
    task: ReplicaTask
    process: subprocess.Popen
    started: float
    kills: int = 0
    seen: Any = None
    moved: float = 0.0
    looked: float = 0.0

    def restart(self, process: subprocess.Popen) -> None:
        self.process, self.started, self.seen, self.moved = process, time.monotonic(), None, time.monotonic()

    def without_progress_s(self) -> float:
        """How long it has not told of any; what it tells is read every now and then."""
        now = time.monotonic()
        if now - self.looked > LOOK_S:
            self.looked = now
            told = progress.seen(self.task.folder) or self.seen
            if told != self.seen:
                self.seen, self.moved = told, now
        return now - self.moved


class LocalExecutor:
    """At most `workers` replicas at a time, until all are done or `stop()` says so; their engines use `threads` each.

    0 workers are as many as fill the available cores. `room()` is asked before each start: while it gives a reason, no
    further one is started. A replica that tells of no progress for `stalled_s` (0: for ever) is ended with the code
    ``stalled``.
    """

    def __init__(
        self,
        workers: int = 0,
        stop: Callable[[], bool] = lambda: False,
        threads: int = 1,
        room: Callable[[], str] = lambda: "",
        stalled_s: float = 0.0,
    ):
        self.workers = workers or filling_workers(threads)
        self._stop, self._threads, self._room, self._stalled_s = stop, threads, room, stalled_s

    def run(
        self,
        tasks: Iterable[ReplicaTask],
        on_start: Callable[[ReplicaTask], None],
        on_done: OnDone,
        on_progress: Callable[[], None] = lambda: None,
        on_restart: Callable[[ReplicaTask], None] = lambda task: None,
    ) -> bool:
        """Run all tasks; `on_done` may return one more task (a retry). Returns False when it was stopped early.

        A task whose folder already holds its outcome is not run again, unless the failure was the machine's. A replica
        that a signal from outside ended is started again as it was, a few times, and `on_restart` told so. Stopped
        replicas leave no outcome.
        """
        waiting = deque(tasks)
        running: list[_Running] = []
        try:
            while waiting or running:
                if self._stop():
                    return False
                while waiting and len(running) < self.workers:
                    if outcome := lasting_outcome(waiting[0]):
                        self._finish(waiting.popleft(), outcome, on_done, waiting)
                        continue
                    if self._room():
                        break
                    task = waiting.popleft()
                    on_start(task)
                    now = time.monotonic()
                    running.append(_Running(task, _start(task, self._threads), now, moved=now))
                for entry in list(running):
                    if _was_killed(entry) and entry.kills < STARTS_AFTER_KILLS:
                        entry.restart(_start(entry.task, self._threads))
                        entry.kills += 1
                        on_restart(entry.task)
                    elif outcome := _outcome(entry, self._stalled_s):
                        running.remove(entry)
                        self._finish(entry.task, outcome, on_done, waiting)
                on_progress()
                if running or waiting:
                    time.sleep(POLL_S)
        finally:
            for entry in running:
                _kill(entry.process)
        return True

    @staticmethod
    def _finish(task: ReplicaTask, outcome: ReplicaOutcome, on_done: OnDone, waiting: deque[ReplicaTask]) -> None:
        if (retry := on_done(task, outcome)) is not None:
            waiting.appendleft(retry)


def _start(task: ReplicaTask, threads: int) -> subprocess.Popen:
    task.folder.mkdir(parents=True, exist_ok=True)
    for stale in (progress.FILE, "outcome.json"):
        (task.folder / stale).unlink(missing_ok=True)
    job = task.folder / "job.json"
    write_json(job, task.to_dict())
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    with open(task.folder / "replica.log", "wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "autodisco.simulation.worker", str(job), str(os.getpid())],
            env={**os.environ, **one_thread, "NUMBA_NUM_THREADS": "1", THREADS: str(threads)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _was_killed(entry: _Running) -> bool:
    ended = entry.process.poll() in (-signal.SIGKILL, -signal.SIGTERM, KILLED)
    return ended and finished_outcome(entry.task) is None


def _outcome(entry: _Running, stalled_s: float) -> ReplicaOutcome | None:
    """The outcome of a replica that has ended, or None while it runs."""
    wall = time.monotonic() - entry.started
    if entry.process.poll() is None:
        if entry.task.timeout_s and wall >= entry.task.timeout_s:
            failure = "timeout", f"no result after {entry.task.timeout_s:.0f} s"
        elif stalled_s and entry.without_progress_s() >= stalled_s:
            step, fraction, _ = entry.seen or ("start", 0.0, 0)
            failure = "stalled", f"no progress for {stalled_s:.0f} s in {step} at {100 * fraction:.0f} %"
        else:
            return None
        _kill(entry.process)
        # It may have come to its end since the last look.
        return finished_outcome(entry.task) or ReplicaOutcome.failed(*failure, wall)
    if outcome := finished_outcome(entry.task):
        return outcome
    log = entry.task.folder / "replica.log"
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    last = lines[-1] if lines else "no output"
    code = "no-disk" if tells_of_full_disk(last) else "unknown"
    return ReplicaOutcome.failed(code, f"{how_it_ended(entry.process.returncode)}; its log ends with: {last}", wall)


def how_it_ended(returncode: int) -> str:
    """In words: the exit code of a replica's process, or the signal that ended it."""
    if returncode >= 0:
        return f"the replica's process ended with exit code {returncode}"
    name = signal.Signals(-returncode).name
    memory = ", which the system sends when memory is short" if -returncode == signal.SIGKILL else ""
    return f"the replica's process was ended by {name}{memory}"


def _kill(process: subprocess.Popen) -> None:
    """End a replica and the engine it started; they share a session of their own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
