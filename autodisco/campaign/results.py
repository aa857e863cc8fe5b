"""Taking in the results of replicas: values, failure codes, another attempt, each with its row in the journal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from autodisco.campaign.clean import size_of
from autodisco.campaign.faults import kept
from autodisco.campaign.tasks import Tasks, identity, subject
from autodisco.errors import AutodiscoError, EngineAbsent, StorageError
from autodisco.store import NOT_SUBMITTED, WAITING

if TYPE_CHECKING:
    from autodisco.simulation.task import ReplicaOutcome, ReplicaTask

Awaited = Callable[["ReplicaTask"], bool]
"""Whether a replica is waited for."""


class Results:
    """Takes in outcomes, many in one transaction; each is in its folder until that is committed.

    Attributes
    ----------
    taken : how many were taken in
    """

    def __init__(self, tasks: Tasks, awaited: Awaited):
        self._tasks, self._campaign, self._store = tasks, tasks.campaign, tasks.store
        self._awaited = awaited
        self._not_now: AutodiscoError | None = None
        self.taken = 0

    @contextmanager
    def together(self) -> Iterator[None]:
        """Store all outcomes that are given inside, or none.

        Raises StorageError or EngineAbsent if one of them says that the disk is full or fails, or that there is no
        engine: its replica waits, and the stage is run again.
        """
        with self._store.transaction():
            yield
        if fault := self._not_now:
            self._not_now = None
            raise fault

    def ended(self, task: ReplicaTask, outcome: ReplicaOutcome) -> ReplicaTask | None:
        """Store an outcome. If the failure code allows another attempt, and attempts are left, the replica waits for
        it; returns its task where it is waited for."""
        from autodisco.simulation.task import NOT_NOW

        self.taken += 1
        if outcome.failure_code in NOT_NOW:
            self._tasks.update(task, **WAITING)
            kind = EngineAbsent if outcome.failure_code == "no-engine" else StorageError
            self._not_now = kind(f"{subject(self._campaign, task)}: {outcome.failure_code}: {outcome.detail}")
            return None
        columns: dict[str, Any] = {
            **{name: getattr(outcome, name) for name in ("detail", "failure_code", "wall_s", "cpu_s", "atoms")},
            "seed": task.seed,
            "attempt": task.attempt,
            "estimated_terms": outcome.estimated_terms,
            "ended": time.time(),
            **NOT_SUBMITTED,
        }
        try:
            value = self._campaign.objective.value(outcome.properties or {}) if outcome.ok else None
        except Exception as error:  # of the formula, in one polymer
            told = kept(self._campaign.folder, error, "simulate", subject(self._campaign, task))
            outcome = replace(outcome, ok=False, failure_code="unknown", detail=told)
            columns |= {"failure_code": "unknown", "detail": told}
        with self._store.transaction():
            if outcome.ok and outcome.properties is not None:
                self._keep(task, outcome, value, columns)
                return None
            return self._failed(task, outcome, columns)

    def _keep(self, task: ReplicaTask, outcome: ReplicaOutcome, value: float | None, columns: dict[str, Any]) -> None:
        """Store the properties of a replica, and the hashes of its files."""
        from autodisco.simulation.cache import OUTCOME
        from autodisco.simulation.task import RESULT_FILES

        name, objective, store = subject(self._campaign, task), self._campaign.objective, self._store
        properties = outcome.properties or {}
        self._tasks.update(task, status="done", properties=properties, **columns)
        folder = store.replica_folder(task.key, self._campaign.protocol_name(task), task.replica)
        store.count_on_disk(1, outcome.bytes or size_of(folder))
        for file in (folder / result for result in (*RESULT_FILES, OUTCOME)):
            if file.is_file():
                store.record_file(file, outcome.hashes.get(file.name))
        if why := properties.get("stopped_early"):
            saved, censored = {"production_saved_ps": properties["production_saved_ps"]}, properties.get("censored")
            marked = f"take the value, marked as {censored} the reference" if censored else "take the value as it is"
            store.note("stopped early", name, saved, marked, why)
        shown = f"no {objective.name}" if value is None else objective.exact(value)
        self._campaign.say(f"{name}: {shown} after {columns['wall_s']:.0f} s")

    def _failed(self, task: ReplicaTask, outcome: ReplicaOutcome, columns: dict[str, Any]) -> ReplicaTask | None:
        """Store a failure; the task of the next attempt, if there is one that is waited for."""
        from autodisco.simulation.task import RETRY

        campaign, name, code = self._campaign, subject(self._campaign, task), outcome.failure_code or ""
        seen = {"code": code, "detail": outcome.detail, "attempt": task.attempt, "wall_s": outcome.wall_s}
        retry = code in RETRY and task.attempt < campaign.settings.simulation.retries
        if retry:
            self._tasks.update(task, status="waiting", **columns | {"attempt": task.attempt + 1})
            why = f"attempt {task.attempt + 1} failed: {code}"
            self._store.note("retry", name, seen, f"start again: {RETRY[code]}", why)
        else:
            self._tasks.update(task, status="failed", **columns)
            folder = self._store.replica_folder(*identity(campaign, task))
            self._store.count_on_disk(1, size_of(folder))
            why = "no attempts are left" if code in RETRY else "a new start cannot mend it"
            self._store.note("give up", name, seen, "count the replica as failed", why)
        campaign.say(f"{name}: {code} ({outcome.detail}), {'starts again' if retry else 'given up'}")
        if not retry or not self._awaited(task):
            return None
        row = self._store.replica_state(*identity(campaign, task))
        assert row is not None, "it has run"
        return self._tasks.of(row)
