"""Running the replicas of a campaign: those of the batch, and builds of further tiers between them.

An iteration ends when its batch at the first tier is done. Builds of further tiers run on meanwhile, in the same
places, and belong to no iteration. So do replicas of the next batch, where batches overlap.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING

from autodisco.campaign.budget import simulations_left
from autodisco.campaign.campaign import Campaign
from autodisco.campaign.notify import tell
from autodisco.campaign.overlap import choose_ahead, is_due, next_ahead
from autodisco.campaign.promoting import Promotions
from autodisco.campaign.results import Awaited, Results
from autodisco.campaign.room import lack_of_room
from autodisco.campaign.running import is_with, leave_replicas, wait_again, write_notes
from autodisco.campaign.shared import absence, shared_folder
from autodisco.campaign.states import Interrupted, NotAhead
from autodisco.campaign.tasks import Tasks, identity, subject
from autodisco.errors import DiskAbsent, OwnedError
from autodisco.store import ReplicaState, Store
from autodisco.text import counted

if TYPE_CHECKING:
    from autodisco.simulation.executors import Callbacks
    from autodisco.simulation.task import ReplicaTask


def settle(campaign: Campaign, store: Store) -> None:
    """Run the replicas of the batch that are not done, as far as the budget allows, the reference first, and between
    them what is promoted. With `loop.overlap`, those of the next batch follow.

    Replicas that an earlier process submitted, and that survived it, are waited for. Raises Interrupted, leaving the
    rest waiting; a signal leaves those that survive this process running.
    """
    first, iteration = campaign.tiers[0].protocol, store.get("iteration")
    _run(campaign, store, lambda row: row.protocol == first and row.iteration <= iteration, starts_more=True)


def finish(campaign: Campaign, store: Store) -> None:
    """Wait for the builds of further tiers that run or were begun, and for replicas of the next batch that run.

    Raises Interrupted as `settle` does, and NotAhead for an iteration that has not begun.
    """
    if store.is_ahead:
        raise NotAhead
    first = campaign.tiers[0].protocol
    further = sum(row.protocol != first for row in store.open_replicas())
    if further:
        store.set(activity=f"waiting for {counted(further, 'build')} of further tiers")
    _run(campaign, store, lambda row: row.protocol != first or row.status == "running")


def tend(campaign: Campaign, store: Store) -> None:
    """Look after the replicas that run on, and start more of them, while a stage does other work; called often.

    This work counts as that of a replica among the campaigns of the machine.
    """
    campaign.pool.executor.occupy(getattr(campaign.settings.generator, "threads", 1))
    with store.present():
        campaign.pool.turn()


def _run(
    campaign: Campaign, store: Store, is_awaited: Callable[[ReplicaState], bool], starts_more: bool = False
) -> None:
    from autodisco.simulation import engines

    if (folder := shared_folder(campaign.settings)) and (reason := absence(folder)):
        raise DiskAbsent(reason)  # nothing is known of its replicas now
    pool, tasks, reference = campaign.pool, Tasks(campaign, store), store.get("reference_key")
    pool.executor.occupy(0)
    first = campaign.tiers[0].protocol
    rows = store.open_replicas()
    awaited = {_named(row) for row in rows if is_awaited(row)}
    held = {identity(campaign, task) for task in pool.running}
    found: list[ReplicaState] = []
    others: list[ReplicaState] = []
    for row in sorted(rows, key=lambda row: row.key != reference):
        if _named(row) not in held:
            survived = is_with(campaign.settings, campaign.folder, pool.executor, row)
            (found if survived else others).append(row)
    waiting, left = [row for row in others if _named(row) in awaited], simulations_left(campaign, store)
    if left is not None:
        further = [row for row in others if row.protocol != first and _named(row) not in awaited]
        begun = len(held) + len(found) + len(further)  # the others wait for the next iteration
        waiting = waiting[: max(0, left - begun)]
    if not (number := len(waiting) + len(held & awaited) + sum(_named(row) in awaited for row in found)):
        return
    if pool.executor.here:
        engines.load(campaign.settings.simulation.engine).check()
    pool.executor.hold(False)
    store.set(beats_folder=str(pool.executor.beats or ""))
    wait_again(campaign.settings, store, others)
    campaign.say(f"{counted(number, 'replica')} to simulate")
    calls = _calls(tasks, lambda task: identity(campaign, task) in awaited, starts_more)
    try:
        submitted = [(tasks.of(row), row.handle or "", row.claim or "") for row in found]
        within = takewhile(lambda _: _is_within_budget(campaign, store), waiting)
        finished = pool.run((tasks.of(row) for row in within), calls, submitted)
    except OwnedError:
        raise  # another process runs the replicas now
    except BaseException:
        leave_replicas(campaign, store, "failure")
        raise
    if not finished:
        leave_replicas(campaign, store, campaign.interrupted())
        raise Interrupted
    store.set(short_of_room="", waits_for_cores="", activity="")


def _is_within_budget(campaign: Campaign, store: Store) -> bool:
    """Whether one more replica may start; a person may lower the budget while others run."""
    left = simulations_left(campaign, store)
    return left is None or left > len(campaign.pool.running)


def _calls(tasks: Tasks, awaited: Awaited, starts_more: bool) -> Callbacks:
    """What the pool calls; with `starts_more`, also for replicas beside those that are awaited."""
    from autodisco.simulation.executors import Callbacks

    campaign, store, executor = tasks.campaign, tasks.store, tasks.campaign.pool.executor
    results, kind = Results(tasks, awaited), campaign.settings.executor.kind
    calls = Callbacks(
        on_start=lambda task: tasks.update(task, status="running", started=time.time(), seed=task.seed),
        on_done=results.ended,
        on_progress=lambda: write_notes(store, executor),
        on_restart=lambda task: _restarted(tasks, task),
        on_submit=lambda task, handle, claim: tasks.update(task, executor=kind, handle=handle, claim=claim),
        room=_Room(campaign, store, executor.here),
        awaited=awaited,
        together=results.together,
    )
    if not starts_more:
        return calls
    promotions, looked = Promotions(campaign, store), -1

    def task_of(row: ReplicaState | None) -> ReplicaTask | None:
        return tasks.of(row) if row else None

    def look() -> None:
        nonlocal looked
        write_notes(store, executor)
        if results.taken != looked:
            looked = results.taken
            if is_due(campaign, store):
                with contextlib.suppress(Interrupted):  # the pool asks for the reason next
                    choose_ahead(campaign, store)

    return replace(
        calls,
        on_progress=look,
        more=lambda: task_of(promotions.next()),
        later=lambda: task_of(next_ahead(campaign, store)),
    )


def _named(row: ReplicaState) -> tuple[str, str, int]:
    return row.key, row.protocol, row.replica


class _Room:
    """Says what this machine is short of. Begin and end of a shortage are journalled; meanwhile the fact
    ``short_of_room`` of the campaign says the same."""

    def __init__(self, campaign: Campaign, store: Store, here: bool):
        self._campaign, self._store, self._here = campaign, store, here

    def __call__(self) -> str:
        reason, short = lack_of_room(self._campaign, self._here), bool(self._store.get("short_of_room"))
        if reason and not short:
            self._note("short of room", "start no further replica", reason)
            tell(self._campaign, self._store)
        elif short and not reason:
            self._note("room again", "start further replicas", "")
        return reason

    def _note(self, event: str, decided: str, reason: str) -> None:
        with self._store.transaction():
            self._store.note(event, str(self._campaign.folder), {}, decided, reason)
            self._store.set(short_of_room=reason)


def _restarted(tasks: Tasks, task: ReplicaTask) -> None:
    seen, name = {"attempt": task.attempt}, subject(tasks.campaign, task)
    tasks.store.note("restart", name, seen, "start it again as it was", "a signal ended it")
