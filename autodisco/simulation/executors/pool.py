"""Running many replicas with an executor: so many at a time, with time limits, and again after a kill."""

import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from autodisco.files import tells_of_full_disk
from autodisco.simulation import progress
from autodisco.simulation.cache import finished_outcome, lasting_outcome
from autodisco.simulation.executors.executor import Executor, Sighting
from autodisco.simulation.executors.job import LOG
from autodisco.simulation.task import ReplicaOutcome, ReplicaTask

LOOK_S = 2.0  # between looks at how far a replica is
STARTS_AFTER_KILLS = 3

OnTask = Callable[[ReplicaTask], None]
OnDone = Callable[[ReplicaTask, ReplicaOutcome], ReplicaTask | None]


@dataclass
class _Running:
    """A replica that was submitted. It counts as started when it has left the queue of its executor."""

    task: ReplicaTask
    handle: str
    started: float | None = None
    kills: int = 0
    seen: Any = None
    moved: float = 0.0
    looked: float = 0.0

    def wall_s(self) -> float:
        return time.monotonic() - self.started if self.started is not None else 0.0

    def without_progress_s(self) -> float:
        """Time since the last progress; the file that tells of progress is read every now and then."""
        now = time.monotonic()
        if now - self.looked > LOOK_S:
            self.looked = now
            told = progress.seen(self.task.folder) or self.seen
            if told != self.seen:
                self.seen, self.moved = told, now
        return now - self.moved


class Pool:
    """Runs tasks, at most ``executor.workers`` at a time, until all are done or `stop()` is true.

    Parameters
    ----------
    stalled_s
        A replica without progress for this time (0: no limit) is ended with the code ``stalled``.
    leave
        Replicas that survive this process go on when `run` ends early; otherwise they are cancelled.
    """

    def __init__(
        self,
        executor: Executor,
        stop: Callable[[], object] = lambda: False,
        stalled_s: float = 0.0,
        leave: bool = False,
    ):
        self.executor = executor
        self._stop, self._stalled_s = stop, stalled_s
        self._leave = leave and executor.survives
        self._waiting: deque[ReplicaTask] = deque()
        self._running: list[_Running] = []

    def run(
        self,
        tasks: Iterable[ReplicaTask],
        on_start: OnTask,
        on_done: OnDone,
        on_progress: Callable[[], None] = lambda: None,
        on_restart: OnTask = lambda task: None,
        on_submit: Callable[[ReplicaTask, str], None] = lambda task, handle: None,
        submitted: Iterable[tuple[ReplicaTask, str]] = (),
        room: Callable[[], str] = lambda: "",
        more: Callable[[], ReplicaTask | None] = lambda: None,
        awaited: Callable[[ReplicaTask], bool] = lambda task: True,
    ) -> bool:
        """Run all tasks; `on_done` may return one more task (a retry). Returns False when it was stopped early.

        Each free place is offered to a task of `more` first, which gives the same one until it has started. Tasks that
        are not `awaited` may run on when this returns True; the next call looks after them. While `room` gives a
        reason, no further replica is started.

        A task whose folder already holds its outcome is not run again, unless the failure was the machine's. A replica
        that something outside ended is started again as it was, a few times, after `on_restart`. Cancelled replicas
        leave no outcome. `on_submit` gets each handle; `submitted` are replicas that an earlier process submitted.
        """
        self._waiting.extend(tasks)
        self._running += [_Running(task, handle) for task, handle in submitted]

        def unfinished() -> bool:
            return bool(self._waiting) or any(awaited(entry.task) for entry in self._running)

        complete = False
        try:
            while unfinished():
                if self._stop():
                    return False
                self._start(on_start, on_submit, on_done, room, more)
                self._look(on_restart, on_submit, on_done)
                on_progress()
                if unfinished():
                    time.sleep(self.executor.poll_s)
            complete = True
        finally:
            if not complete:
                self.end()
        return True

    @property
    def running(self) -> list[ReplicaTask]:
        """Tasks that were submitted and have not ended."""
        return [entry.task for entry in self._running]

    def end(self) -> None:
        """End all replicas, but those that are to survive. Raises the first error, after each was tried."""
        running, self._running = self._running, []
        self._waiting.clear()
        with ExitStack() as all_of_them:
            for entry in [] if self._leave else reversed(running):
                all_of_them.callback(self.executor.cancel, entry.handle)

    def _start(
        self,
        on_start: OnTask,
        on_submit: Callable[[ReplicaTask, str], None],
        on_done: OnDone,
        room: Callable[[], str],
        more: Callable[[], ReplicaTask | None],
    ) -> None:
        """Submit as many as there are places for."""
        while len(self._running) < self.executor.workers:
            further = more()
            task = further or (self._waiting[0] if self._waiting else None)
            if task is None:
                return
            outcome = lasting_outcome(task)
            if outcome is None and room():
                return
            if further is None:
                self._waiting.popleft()
            if outcome:
                self._finish(task, outcome, on_done)
                continue
            on_start(task)
            self._running.append(_Running(task, self._submit(task, on_submit)))

    def _submit(self, task: ReplicaTask, on_submit: Callable[[ReplicaTask, str], None]) -> str:
        """Submit a task; its handle. A replica whose handle cannot be stored would not be found again: it is ended."""
        handle = self.executor.submit(task)
        try:
            on_submit(task, handle)
        except BaseException:
            self.executor.cancel(handle)
            raise
        return handle

    def _look(self, on_restart: OnTask, on_submit: Callable[[ReplicaTask, str], None], on_done: OnDone) -> None:
        """Take in what ended, end what takes too long, start again what was killed."""
        sightings = self.executor.poll([entry.handle for entry in self._running])
        for entry in list(self._running):
            sighting = sightings[entry.handle]
            if entry.started is None and sighting.state != "waiting":
                entry.started = entry.moved = time.monotonic()
            if sighting.killed and entry.kills < STARTS_AFTER_KILLS and finished_outcome(entry.task) is None:
                entry.handle = self._submit(entry.task, on_submit)
                entry.kills, entry.started, entry.seen = entry.kills + 1, None, None
                on_restart(entry.task)
            elif outcome := self._outcome(entry, sighting):
                self._running.remove(entry)
                self._finish(entry.task, outcome, on_done)

    def _finish(self, task: ReplicaTask, outcome: ReplicaOutcome, on_done: OnDone) -> None:
        if (retry := on_done(task, outcome)) is not None:
            self._waiting.appendleft(retry)

    def _outcome(self, entry: _Running, sighting: Sighting) -> ReplicaOutcome | None:
        """The outcome of a replica that has ended, or None while it runs."""
        wall = entry.wall_s()
        if sighting.state == "waiting":
            return None
        if sighting.state == "running":
            if entry.task.timeout_s and wall >= entry.task.timeout_s:
                failure = "timeout", f"no result after {entry.task.timeout_s:.0f} s"
            elif self._stalled_s and entry.without_progress_s() >= self._stalled_s:
                step, fraction, _ = entry.seen or ("start", 0.0, 0)
                failure = "stalled", f"no progress for {self._stalled_s:.0f} s in {step} at {100 * fraction:.0f} %"
            else:
                return None
            self.executor.cancel(entry.handle)
            # It may have come to its end since the last look.
            return finished_outcome(entry.task) or ReplicaOutcome.failed(*failure, wall)
        if outcome := finished_outcome(entry.task):
            return outcome
        log = entry.task.folder / LOG
        lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
        last = lines[-1] if lines else "no output"
        code = "no-disk" if tells_of_full_disk(last) else "unknown"
        return ReplicaOutcome.failed(code, f"{sighting.how}; its log ends with: {last}", wall)
