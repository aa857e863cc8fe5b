"""Running many replicas with an executor: so many at a time, with time limits, and again after a kill."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any

from autodisco.files import sync_all, tells_of_disk_fault, tells_of_full_disk
from autodisco.parts import in_parts
from autodisco.simulation import claims, progress
from autodisco.simulation.cache import lasting_outcome
from autodisco.simulation.executors.executor import Executor, Sighting
from autodisco.simulation.task import ReplicaOutcome, ReplicaTask

LOOK_S = 2.0  # between looks at how far a replica is
TURN_S = 1.0  # between turns beside other work
STARTS_AFTER_KILLS = 3
AT_ONCE = 100  # starts or results in one transaction: others who want to write wait for its end

OnTask = Callable[[ReplicaTask], None]
OnSubmit = Callable[[ReplicaTask, str, str], None]
OnDone = Callable[[ReplicaTask, ReplicaOutcome], ReplicaTask | None]


def _nothing(*_: object) -> None:
    return


@dataclass(frozen=True)
class Callbacks:
    """What a pool calls while it runs tasks. Each has a default that does nothing.

    Attributes
    ----------
    on_start
        A task is about to be submitted.
    on_submit
        A task, its handle, and the claim that is valid from now on.
    on_done
        A task and its outcome; it may return one more task (a retry).
    on_progress
        After each look at the running replicas.
    on_restart
        Something outside ended a replica, which was started again as it was.
    room
        A reason to start no further replica now; empty if there is none.
    more
        A task that goes before those of the call, or None; the same one until it has started.
    later
        The same for a task that goes where none of the call waits.
    awaited
        Whether the call waits for the end of a task.
    together
        A transaction of the caller, within which calls of starts and of one look are made, `AT_ONCE` at most.
    """

    on_start: OnTask = _nothing
    on_submit: OnSubmit = _nothing
    on_done: OnDone = _nothing
    on_progress: Callable[[], None] = _nothing
    on_restart: OnTask = _nothing
    room: Callable[[], str] = lambda: ""
    more: Callable[[], ReplicaTask | None] = _nothing
    later: Callable[[], ReplicaTask | None] = _nothing
    awaited: Callable[[ReplicaTask], bool] = lambda task: True
    together: Callable[[], AbstractContextManager[object]] = nullcontext


@dataclass(eq=False)
class _Running:
    """A replica that was submitted, and the claim that is valid. It counts as started when it has left the queue of its
    executor."""

    task: ReplicaTask
    handle: str
    claim: str
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
            told = progress.seen(claims.in_run(self.task, self.claim).folder) or self.seen
            if told != self.seen:
                self.seen, self.moved = told, now
        return now - self.moved


class Pool:
    """Runs tasks, at most ``executor.workers`` at a time, until all are done or `stop()` is true. That number and
    `stalled_s` may change at any time; with fewer places than replicas that run, these go on.

    Parameters
    ----------
    stalled_s
        A replica without progress for this time (0: no limit) is ended with the code ``stalled``.
    leave
        Replicas that survive this process go on when `run` ends early; otherwise they are cancelled.
    submit
        Starts a run of a task; returns its handle and its claim. By default the executor starts it with a new claim.
    accepts
        Results are moved from the folder of their run to that of the replica. Without it, as in a pilot, they stay
        there, and another process decides whether the claim is valid.
    """

    def __init__(
        self,
        executor: Executor,
        stop: Callable[[], object] = lambda: False,
        stalled_s: float = 0.0,
        leave: bool = False,
        submit: Callable[[ReplicaTask], tuple[str, str]] | None = None,
        accepts: bool = True,
    ):
        self.executor = executor
        self._new_run, self._accepts = submit or self._with_new_claim, accepts
        self._stop, self.stalled_s = stop, stalled_s
        self._leave = leave and executor.survives
        self._tasks: Iterator[ReplicaTask] = iter(())
        self._calls = Callbacks()
        self._waiting: deque[ReplicaTask] = deque()  # retries, and the next of the tasks
        self._running: list[_Running] = []
        self._turned = 0.0

    def run(
        self,
        tasks: Iterable[ReplicaTask],
        calls: Callbacks = Callbacks(),
        submitted: Iterable[tuple[ReplicaTask, str, str]] = (),
    ) -> bool:
        """Run all tasks, drawn as there are places for them. Returns False when it was stopped early.

        Tasks that are not ``awaited`` may run on when this returns True; `turn` and the next call look after them.
        `submitted` are replicas that an earlier process submitted: task, handle and claim.

        A task whose folder already holds its outcome is not run again, unless the failure was the machine's. A replica
        that something outside ended is started again as it was, a few times. Cancelled replicas leave no outcome.
        """
        self._tasks, self._calls = iter(tasks), calls
        self._running += [_Running(*given) for given in submitted]

        def unfinished() -> bool:
            return self._next() is not None or any(calls.awaited(entry.task) for entry in self._running)

        complete = False
        try:
            while unfinished():
                if self._stop():
                    return False
                self._start()
                self._look()
                calls.on_progress()
                if unfinished():
                    time.sleep(self.executor.poll_s)
            complete = True
        finally:
            if not complete:
                self.end()
        return True

    def turn(self) -> None:
        """Look after what runs on after a `run`, and start more of it; called again and again beside other work, it
        does so every `TURN_S`."""
        if time.monotonic() - self._turned >= TURN_S:
            self._start()
            self._look()
            self._turned = time.monotonic()

    @property
    def running(self) -> list[ReplicaTask]:
        """Tasks that were submitted and have not ended."""
        return [entry.task for entry in self._running]

    @property
    def handles(self) -> list[str]:
        """Handles of the same."""
        return [entry.handle for entry in self._running]

    def drop(self, task: ReplicaTask) -> None:
        """End a replica whose result does not count any more."""
        for entry in [entry for entry in self._running if entry.task is task]:
            self._running.remove(entry)
            self.executor.cancel(entry.handle)

    def end(self) -> None:
        """End all replicas, but those that are to survive. Raises the first error, after each was tried."""
        running, self._running = self._running, []
        self._tasks = iter(())
        self._waiting.clear()
        self.executor.leave()
        if not self._leave:
            self._cancel(running)

    def _start(self) -> None:
        """Submit as many as there are places for, so many in one transaction.

        Replicas whose handles cannot be stored would not be found again: they are ended.
        """
        goes_on = True
        while goes_on and len(self._running) < self.executor.workers:
            known = len(self._running)
            try:
                with self._calls.together():
                    for _ in range(min(AT_ONCE, self.executor.workers - known)):
                        if not (goes_on := self._start_one()):
                            break
            except BaseException:
                new = self._running[known:]
                del self._running[known:]
                self._cancel(new)
                raise
            if goes_on and self._stop():
                return

    def _cancel(self, entries: list[_Running]) -> None:
        """End replicas. Raises the first error, after each was tried."""
        for error in self.executor.cancel_all([entry.handle for entry in entries]).values():
            raise error

    def _start_one(self) -> bool:
        """Submit the next task, or take in the outcome that it has; False if there is none, or no room."""
        own = None if (further := self._calls.more()) else self._next()
        if (task := further or own or self._calls.later()) is None:
            return False
        outcome = claims.accepted_before(task) if self._accepts else None
        if outcome is None and (self._calls.room() or not self.executor.reserve()):
            return False
        if own:
            self._waiting.popleft()
        if outcome:
            self._finish(task, outcome)
        else:
            self._calls.on_start(task)
            self._running.append(_Running(task, *self._submit(task)))
        return True

    def _next(self) -> ReplicaTask | None:
        """The task that is to start next, which stays in the queue."""
        if not self._waiting and (drawn := next(self._tasks, None)) is not None:
            self._waiting.append(drawn)
        return self._waiting[0] if self._waiting else None

    def _submit(self, task: ReplicaTask) -> tuple[str, str]:
        """Submit a task; its handle and claim. A replica whose handle cannot be stored is ended: it would be lost."""
        handle, claim = self._new_run(task)
        try:
            self._calls.on_submit(task, handle, claim)
        except BaseException:
            self.executor.cancel(handle)
            raise
        return handle, claim

    def _with_new_claim(self, task: ReplicaTask) -> tuple[str, str]:
        claim = claims.new_claim()
        return self.executor.submit(task, claim), claim

    def _look(self) -> None:
        """Take in what ended, end what takes too long, start again what was killed."""
        ended: list[tuple[ReplicaTask, ReplicaOutcome]] = []
        sightings = self.executor.poll([entry.handle for entry in self._running])
        for part in in_parts(
            [one for one in self._running if sightings[one.handle].claim not in (None, one.claim)], AT_ONCE
        ):
            with self._calls.together():
                for entry in part:
                    entry.claim = sightings[entry.handle].claim or ""
                    self._calls.on_submit(entry.task, entry.handle, entry.claim)
        for entry in list(self._running):
            sighting = sightings[entry.handle]
            if entry.started is None and sighting.state != "waiting":
                entry.started = entry.moved = time.monotonic()
            if self._starts_again(entry, sighting):
                entry.handle, entry.claim = self._submit(entry.task)
                entry.kills, entry.started, entry.seen = entry.kills + 1, None, None
                self._calls.on_restart(entry.task)
            elif outcome := self._outcome(entry, sighting):
                self._running.remove(entry)
                ended.append((entry.task, outcome))
        for results in in_parts(ended, AT_ONCE):
            if self._accepts:
                sync_all([task.folder for task, _ in results])
            with self._calls.together():
                for task, outcome in results:
                    self._finish(task, outcome)

    def _starts_again(self, entry: _Running, sighting: Sighting) -> bool:
        """Whether a replica was ended by something outside, and may be run once more."""
        return sighting.killed and entry.kills < STARTS_AFTER_KILLS and self._result(entry) is None

    def _result(self, entry: _Running) -> ReplicaOutcome | None:
        """The outcome of the valid claim, or one that another process accepted meanwhile."""
        if self._accepts:
            return claims.accept(entry.task, entry.claim) or lasting_outcome(entry.task)
        return claims.finished(entry.task, entry.claim)

    def _finish(self, task: ReplicaTask, outcome: ReplicaOutcome) -> None:
        if (retry := self._calls.on_done(task, outcome)) is not None:
            self._waiting.appendleft(retry)

    def _outcome(self, entry: _Running, sighting: Sighting) -> ReplicaOutcome | None:
        """The outcome of a replica that has ended, or None while it runs."""
        if sighting.state == "waiting":
            return None
        if sighting.state == "ended":
            return self._result(entry) or self._without_result(entry, sighting)
        if self.executor.watches or not (failure := self._overdue(entry)):
            return None
        self.executor.cancel(entry.handle)
        # It may have come to its end since the last look.
        return self._result(entry) or failure

    def _overdue(self, entry: _Running) -> ReplicaOutcome | None:
        """The failure of a replica that runs for too long, or without progress."""
        wall = entry.wall_s()
        if entry.task.timeout_s and wall >= entry.task.timeout_s:
            return ReplicaOutcome.failed("timeout", f"no result after {entry.task.timeout_s:.0f} s", wall)
        if self.stalled_s and entry.without_progress_s() >= self.stalled_s:
            step, fraction, _ = entry.seen or ("start", 0.0, 0)
            detail = f"no progress for {self.stalled_s:.0f} s in {step} at {100 * fraction:.0f} %"
            return ReplicaOutcome.failed("stalled", detail, wall)
        return None

    def _without_result(self, entry: _Running, sighting: Sighting) -> ReplicaOutcome:
        """The failure of a replica that ended without an outcome. Raises OSError while a disk that machines share is
        away, where the outcome may be."""
        if not self.executor.here:
            self.executor.poll(self.handles)
            if outcome := self._result(entry):
                return outcome
        log, lines = claims.in_run(entry.task, entry.claim).folder / claims.LOG, []
        with suppress(OSError):
            lines = log.read_text(errors="replace").strip().splitlines()
        last = lines[-1] if lines else "no output"
        code = "disk-fault" if tells_of_disk_fault(last) else sighting.code
        code = "no-disk" if tells_of_full_disk(last) else code
        return ReplicaOutcome.failed(code, f"{sighting.how}; its log ends with: {last}", entry.wall_s())
