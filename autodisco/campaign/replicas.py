"""Running the replicas of a campaign: those of the batch, and builds of further tiers between them.

An iteration ends when its batch at the first tier is done. Builds of further tiers run on meanwhile, in the same
places, and belong to no iteration.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from autodisco.campaign.budget import simulations_left
from autodisco.campaign.campaign import Campaign
from autodisco.campaign.notify import tell
from autodisco.campaign.promoting import Promotions
from autodisco.campaign.results import Awaited, Results
from autodisco.campaign.room import lack_of_room
from autodisco.campaign.running import is_with, leave_replicas, wait_again, write_notes
from autodisco.campaign.shared import absence, shared_folder
from autodisco.campaign.states import Interrupted
from autodisco.campaign.tasks import Tasks, identity, subject
from autodisco.errors import DiskAbsent, OwnedError
from autodisco.store import ReplicaState, Store
from autodisco.text import counted

if TYPE_CHECKING:
    from autodisco.simulation.task import ReplicaTask


def settle(campaign: Campaign, store: Store) -> None:
    """Run the replicas at the first tier that are not done, as far as the budget allows, the reference first, and
    between them what is promoted.

    Replicas that an earlier process submitted, and that survived it, are waited for. Raises Interrupted, leaving the
    rest waiting; a signal leaves those that survive this process running.
    """
    first = campaign.tiers[0].protocol
    _run(campaign, store, lambda protocol: protocol == first, Promotions(campaign, store))


def finish(campaign: Campaign, store: Store) -> None:
    """Wait for the builds of further tiers that run or were begun. Raises Interrupted as `settle` does."""
    first = campaign.tiers[0].protocol
    if open_ := [row for row in store.open_replicas() if row.protocol != first]:
        store.set(activity=f"waiting for {counted(len(open_), 'build')} of further tiers")
    _run(campaign, store, lambda protocol: protocol != first)


def _run(campaign: Campaign, store: Store, awaited: Awaited, promotions: Promotions | None = None) -> None:
    from autodisco.simulation import engines
    from autodisco.simulation.executors import Callbacks

    if (folder := shared_folder(campaign.settings)) and (reason := absence(folder)):
        raise DiskAbsent(reason)  # nothing is known of its replicas now
    pool, tasks, reference = campaign.pool, Tasks(campaign, store), store.get("reference_key")
    results, kind = Results(tasks, awaited), campaign.settings.executor.kind
    held = {identity(campaign, task) for task in pool.running}
    open_ = [row for row in store.open_replicas() if (row.key, row.protocol, row.replica) not in held]
    open_.sort(key=lambda row: row.key != reference)
    found: list[ReplicaState] = []
    others: list[ReplicaState] = []
    for row in open_:
        survived = is_with(campaign.settings, campaign.folder, pool.executor, row)
        (found if survived else others).append(row)
    waiting, left = [row for row in others if awaited(row.protocol)], simulations_left(campaign, store)
    if left is not None:
        begun = len(held) + len(found) + len(others) - len(waiting)
        waiting = waiting[: max(0, left - begun)]
    running = sum(awaited(campaign.protocol_name(task)) for task in pool.running)
    if not (number := len(waiting) + running + sum(awaited(row.protocol) for row in found)):
        return
    if pool.executor.here:
        engines.load(campaign.settings.simulation.engine).check()
    pool.executor.hold(False)
    store.set(beats_folder=str(pool.executor.beats or ""))
    wait_again(campaign.settings, store, others)
    campaign.say(f"{counted(number, 'replica')} to simulate")

    def more() -> ReplicaTask | None:
        row = promotions.next() if promotions else None
        return tasks.of(row) if row else None

    try:
        calls = Callbacks(
            on_start=lambda task: tasks.update(task, status="running", started=time.time(), seed=task.seed),
            on_done=results.ended,
            on_progress=lambda: write_notes(store, pool.executor),
            on_restart=lambda task: _restarted(tasks, task),
            on_submit=lambda task, handle, claim: tasks.update(task, executor=kind, handle=handle, claim=claim),
            room=_Room(campaign, store, pool.executor.here),
            more=more,
            awaited=lambda task: awaited(campaign.protocol_name(task)),
            together=results.together,
        )
        submitted = [(tasks.of(row), row.handle or "", row.claim or "") for row in found]
        finished = pool.run((tasks.of(row) for row in waiting), calls, submitted)
    except OwnedError:
        raise  # another process runs the replicas now
    except BaseException:
        leave_replicas(campaign, store, "failure")
        raise
    if not finished:
        leave_replicas(campaign, store, campaign.interrupted())
        raise Interrupted
    store.set(short_of_room="")


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
