"""Running the replicas of a campaign: those of the batch, and builds of further tiers between them.

An iteration ends when its batch at the first tier is done. Builds of further tiers run on meanwhile, in the same
places, and belong to no iteration.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autodisco.campaign.budget import simulations_left
from autodisco.campaign.campaign import Campaign
from autodisco.campaign.notify import tell
from autodisco.campaign.promoting import Promotions
from autodisco.campaign.room import lack_of_room
from autodisco.campaign.running import engine_of, is_with, leave_replicas, wait_again, write_notes
from autodisco.campaign.stages.stage import SIMULATION
from autodisco.campaign.states import Interrupted
from autodisco.campaign.tiers import timeout_s
from autodisco.decide import comparison, value_of
from autodisco.errors import OwnedError, StorageError
from autodisco.store import NOT_SUBMITTED, WAITING, Replica, Store
from autodisco.text import counted

if TYPE_CHECKING:
    from autodisco.simulation.early import Benchmark
    from autodisco.simulation.task import ReplicaOutcome, ReplicaTask

Awaited = Callable[[str], bool]
"""Whether replicas of a protocol, given by its name, are waited for."""


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

    pool, held = campaign.pool, {task.folder for task in campaign.pool.running}
    open_ = [row for row in store.open_replicas() if _folder(store, row) not in held]
    open_.sort(key=lambda row: row.key != store.get("reference_key"))
    found = [row for row in open_ if is_with(campaign.settings, campaign.folder, pool.executor, row)]
    others = [row for row in open_ if row not in found]
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
        return replica_task(campaign, store, row) if row else None

    without_space: list[str] = []

    def on_progress() -> None:
        write_notes(store, pool.executor)
        if without_space:
            raise StorageError(without_space[0])

    try:
        finished = pool.run(
            [replica_task(campaign, store, row) for row in waiting],
            on_start=lambda task: _started(campaign, store, task),
            on_done=lambda task, outcome: _ended(campaign, store, task, outcome, awaited, without_space),
            on_progress=on_progress,
            together=store.transaction,
            on_restart=lambda task: _restarted(campaign, store, task),
            on_submit=lambda task, handle, claim: _submitted(campaign, store, task, handle, claim),
            submitted=[(replica_task(campaign, store, row), row.handle or "", row.claim or "") for row in found],
            room=_Room(campaign, store, pool.executor.here),
            more=more,
            awaited=lambda task: awaited(campaign.protocol_name(task)),
        )
    except OwnedError:
        raise  # another process runs the replicas now
    except BaseException:
        leave_replicas(campaign, store, "failure")
        raise
    if not finished:
        leave_replicas(campaign, store, campaign.interrupted())
        raise Interrupted
    store.set(short_of_room="")


def _folder(store: Store, row: Replica) -> Path:
    return store.replica_folder(row.key, row.protocol, row.replica).absolute()


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


def replica_task(campaign: Campaign, store: Store, row: Replica) -> ReplicaTask:
    """The task of a planned replica."""
    from autodisco.simulation.task import ReplicaTask, mending

    settings = campaign.settings.simulation
    polymer = store.polymer(row.key)
    assert polymer is not None, "a planned replica has its polymer"
    tier = campaign.tier_number(row.protocol)
    parts: list[int | str] = [row.key, row.replica, row.attempt, *([tier] if tier else [])]
    return ReplicaTask(
        key=row.key,
        monomer_smiles=polymer.given,
        replica=row.replica,
        seed=campaign.seed(row.iteration, SIMULATION, *parts),
        protocol=campaign.settings.tiers[tier].protocol,
        force_field=settings.force_field,
        folder=_folder(store, row),
        timeout_s=timeout_s(campaign.settings, tier),
        attempt=row.attempt,
        **mending(row.failure_code if row.attempt > 0 else None),
        engine=engine_of(campaign.settings, campaign.pool.executor),
        benchmark=_benchmark(campaign, store, row),
        may_stop_early=campaign.may_stop_early,
        force_field_name=store.get("force_field"),
    )


def _benchmark(campaign: Campaign, store: Store, row: Replica) -> Benchmark | None:
    """The reference with its error, if the protocol lets a replica stop that is sure to lie below it."""
    from autodisco.simulation import protocols
    from autodisco.simulation.early import Benchmark

    if not campaign.may_stop_early:
        return None
    production = protocols.load(campaign.settings.tiers[campaign.tier_number(row.protocol)].protocol).production
    reference = store.get("reference_key")
    if not production.stop_below_with_confidence or row.key == reference:
        return None
    if not value_of(store, reference, row.protocol):
        return None
    known = comparison(store, row.protocol)
    place, error = known.place(reference)
    return Benchmark(10**place, error, known.replica_sd, known.degrees)


def _started(campaign: Campaign, store: Store, task: ReplicaTask) -> None:
    _update(campaign, store, task, status="running", started=time.time(), seed=task.seed)


def _submitted(campaign: Campaign, store: Store, task: ReplicaTask, handle: str, claim: str) -> None:
    _update(campaign, store, task, executor=campaign.settings.executor.kind, handle=handle, claim=claim)


def _restarted(campaign: Campaign, store: Store, task: ReplicaTask) -> None:
    store.note(
        "restart", subject(campaign, task), {"attempt": task.attempt}, "start it again as it was", "a signal ended it"
    )


def _update(campaign: Campaign, store: Store, task: ReplicaTask, **columns: Any) -> None:
    store.update_replica(task.key, campaign.protocol_name(task), task.replica, **columns)


def subject(campaign: Campaign, task: ReplicaTask) -> str:
    """A replica as the journal names it: with its protocol if the campaign has several."""
    at = f" at {campaign.protocol_name(task)}" if len(campaign.tiers) > 1 else ""
    return f"{task.monomer_smiles} replica {task.replica}{at}"


def _ended(
    campaign: Campaign,
    store: Store,
    task: ReplicaTask,
    outcome: ReplicaOutcome,
    awaited: Awaited,
    without_space: list[str],
) -> ReplicaTask | None:
    """Store the outcome. If the failure code allows another attempt, and attempts are left, the replica waits for it;
    returns its task where it is waited for.

    If the disk was full, the replica waits too, and a sentence about it is added to `without_space`.
    """
    from autodisco.simulation.task import RETRY

    name = subject(campaign, task)
    if outcome.failure_code == "no-disk":
        _update(campaign, store, task, **WAITING)
        without_space.append(f"{name}: no space left for {task.folder}")
        return None
    columns: dict[str, Any] = {
        **{name: getattr(outcome, name) for name in ("detail", "failure_code", "wall_s", "cpu_s", "atoms")},
        "seed": task.seed,
        "attempt": task.attempt,
        "estimated_terms": outcome.estimated_terms,
        "ended": time.time(),
        **NOT_SUBMITTED,
    }
    if outcome.ok and outcome.properties is not None:
        _keep(campaign, store, task, outcome, columns)
        return None
    seen = {"code": outcome.failure_code, "detail": outcome.detail, "attempt": task.attempt, "wall_s": outcome.wall_s}
    retry = outcome.failure_code in RETRY and task.attempt < campaign.settings.simulation.retries
    with store.transaction():
        if retry:
            columns["attempt"] += 1
            _update(campaign, store, task, status="waiting", **columns)
            decided = f"start again: {RETRY[outcome.failure_code or '']}"
            store.note("retry", name, seen, decided, f"attempt {task.attempt + 1} failed: {outcome.failure_code}")
        else:
            _update(campaign, store, task, status="failed", **columns)
            why = "no attempts are left" if outcome.failure_code in RETRY else "a new start cannot mend it"
            store.note("give up", name, seen, "count the replica as failed", why)
        campaign.say(f"{name}: {outcome.failure_code} ({outcome.detail}), {'starts again' if retry else 'given up'}")
    if not retry or not awaited(campaign.protocol_name(task)):
        return None
    rows = store.replicas(key=task.key, protocol=campaign.protocol_name(task))
    row = next(row for row in rows if row.replica == task.replica)
    return replica_task(campaign, store, row)


def _keep(
    campaign: Campaign, store: Store, task: ReplicaTask, outcome: ReplicaOutcome, columns: dict[str, Any]
) -> None:
    """Store the properties of a replica, and the hashes of its files."""
    from autodisco.simulation.cache import OUTCOME
    from autodisco.simulation.task import RESULT_FILES

    properties = outcome.properties or {}
    name, objective = subject(campaign, task), campaign.objective
    value = objective.value(properties)
    with store.transaction():
        _update(campaign, store, task, status="done", properties=properties, **columns)
        folder = store.replica_folder(task.key, campaign.protocol_name(task), task.replica)
        for file in (folder / name for name in (*RESULT_FILES, OUTCOME)):
            if file.is_file():
                store.record_file(file, outcome.hashes.get(file.name))
        if why := properties.get("stopped_early"):
            saved, censored = {"production_saved_ps": properties["production_saved_ps"]}, properties.get("censored")
            marked = f"take the value, marked as {censored} the reference" if censored else "take the value as it is"
            store.note("stopped early", name, saved, marked, why)
    shown = f"no {objective.name}" if value is None else objective.exact(value)
    campaign.say(f"{name}: {shown} after {columns['wall_s']:.0f} s")
