"""simulate: every replica that was asked for gets a value or a failure code. A finished one is never run again."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from autodisco.campaign.budget import end_spent, simulations_left, simulations_spent
from autodisco.campaign.campaign import Campaign
from autodisco.campaign.failures import check_failures
from autodisco.campaign.notify import tell
from autodisco.campaign.room import lack_of_room
from autodisco.campaign.states import Interrupted, advance
from autodisco.decide import comparison, value_of
from autodisco.errors import OwnedError, StorageError
from autodisco.store import Replica, Store, replica_folder
from autodisco.text import counted

LASTING_FILES = ("topology.pdb", "trajectory.dcd", "system.json", "report.txt", "outcome.json")
"""What a finished replica leaves for analysis; their hashes are recorded."""

if TYPE_CHECKING:
    from autodisco.simulation.early import Benchmark
    from autodisco.simulation.replica import ReplicaOutcome, ReplicaTask


def simulate(campaign: Campaign, store: Store) -> None:
    """Run the batch, then step on; a polymer whose replicas all failed stays in the list with its code.

    Raises AutodiscoError where too many do.
    """
    settle(campaign, store)
    iteration = store.get("iteration")
    if any(row.status == "waiting" for row in store.replicas(iteration)):
        end_spent(store, simulations_spent(campaign, store))
        return
    check_failures(campaign, store)
    counts = Counter(row.status for row in store.replicas(iteration))
    with store.transaction():
        why = "every replica has a value or a failure code"
        store.note("simulated", f"iteration {iteration}", dict(counts), "acquire", why)
        advance(store, "settled")


def settle(campaign: Campaign, store: Store) -> None:
    """Run what the current iteration asked for and is not done, as far as the budget allows, the reference first.

    Raises Interrupted, leaving the rest waiting.
    """
    from autodisco.simulation import engines
    from autodisco.simulation.executors import LocalExecutor

    tasks = [
        replica_task(campaign, store, row)
        for row in store.replicas(store.get("iteration"))
        if row.status in ("waiting", "running")
    ]
    tasks.sort(key=lambda task: task.key != store.get("reference_key"))
    tasks = tasks[: simulations_left(campaign, store)]
    if not tasks:
        return
    simulation = campaign.settings.simulation
    engines.load(simulation.engine).check()
    _nothing_runs(store)
    campaign.say(f"{counted(len(tasks), 'replica')} to simulate")
    executor = LocalExecutor(
        simulation.workers,
        campaign.interrupted,
        simulation.threads,
        room=_Room(campaign, store),
        stalled_s=60.0 * simulation.stalled_minutes,
    )
    try:
        finished = executor.run(
            tasks,
            on_start=lambda task: _started(store, task),
            on_done=lambda task, outcome: _ended(campaign, store, task, outcome),
            on_restart=lambda task: _restarted(store, task),
        )
    except OwnedError:
        raise  # what runs now is another process's
    except BaseException:
        _nothing_runs(store)
        raise
    if not finished:
        _nothing_runs(store)
        raise Interrupted
    store.set(short_of_room="")


class _Room:
    """Says what is short on this machine. Begin and end of each shortage are journalled; while it lasts it is a fact of
    the campaign, ``short_of_room``."""

    def __init__(self, campaign: Campaign, store: Store):
        self._campaign, self._store = campaign, store

    def __call__(self) -> str:
        reason, short = lack_of_room(self._campaign), bool(self._store.get("short_of_room"))
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


def _nothing_runs(store: Store) -> None:
    """Replicas of a daemon that was killed, or told to leave, start again."""
    with store.transaction():
        for row in store.replicas(store.get("iteration")):
            if row.status == "running":
                store.update_replica(row.key, row.protocol, row.replica, status="waiting", started=None)


def replica_task(campaign: Campaign, store: Store, row: Replica) -> ReplicaTask:
    """What is to be run for a row of the replicas."""
    from autodisco.simulation import engines
    from autodisco.simulation.replica import ReplicaTask, mending

    settings = campaign.settings.simulation
    polymer = store.polymer(row.key)
    assert polymer is not None, "a planned replica has its polymer"
    return ReplicaTask(
        key=row.key,
        monomer_smiles=polymer.given,
        replica=row.replica,
        seed=campaign.seed(row.iteration, "simulate", row.key, row.replica, row.attempt),
        protocol=settings.protocol,
        force_field=settings.force_field,
        folder=replica_folder(campaign.folder, row.key, row.replica).absolute(),
        timeout_s=60.0 * settings.timeout_minutes,
        attempt=row.attempt,
        **mending(row.failure_code if row.attempt > 0 else None),
        engine=engines.resolved(settings.engine),
        benchmark=_benchmark(campaign, store, row.key),
    )


def _benchmark(campaign: Campaign, store: Store, key: str) -> Benchmark | None:
    """The reference with its error, if the protocol lets a replica stop that is sure to lie below it.

    None if the objective is not the quantity that the test looks at.
    """
    from autodisco.simulation import protocols
    from autodisco.simulation.early import QUANTITY, Benchmark

    if campaign.objective.sole_quantity != QUANTITY:
        return None
    production = protocols.load(campaign.settings.simulation.protocol).production
    reference = store.get("reference_key")
    if not production.stop_below_with_confidence or key == reference or not value_of(store, reference):
        return None
    known = comparison(store)
    place, error = known.place(reference)
    return Benchmark(10**place, error, known.replica_sd, known.degrees)


def _started(store: Store, task: ReplicaTask) -> None:
    store.update_replica(
        task.key, store.get("protocol"), task.replica, status="running", started=time.time(), seed=task.seed
    )


def _restarted(store: Store, task: ReplicaTask) -> None:
    subject = f"{task.monomer_smiles} replica {task.replica}"
    store.note("restart", subject, {"attempt": task.attempt}, "start it again as it was", "a signal ended it")


def _ended(campaign: Campaign, store: Store, task: ReplicaTask, outcome: ReplicaOutcome) -> ReplicaTask | None:
    """Keep a value, or climb the ladder: what mends the failure code, then giving up. Each rung is journalled."""
    from autodisco.simulation.replica import RETRY

    subject = f"{task.monomer_smiles} replica {task.replica}"
    if outcome.failure_code == "no-disk":
        raise StorageError(f"{subject}: no space left for {task.folder}")
    columns: dict[str, Any] = {
        "seed": task.seed,
        "attempt": task.attempt,
        "detail": outcome.detail,
        "failure_code": outcome.failure_code,
        "wall_s": outcome.wall_s,
        "cpu_s": outcome.cpu_s,
        "atoms": outcome.atoms,
        "estimated_terms": outcome.estimated_terms,
        "ended": time.time(),
    }
    seen = {"code": outcome.failure_code, "detail": outcome.detail, "attempt": task.attempt, "wall_s": outcome.wall_s}
    protocol = store.get("protocol")
    with store.transaction():
        if outcome.ok and outcome.properties is not None:
            value = campaign.objective.value(outcome.properties)
            store.update_replica(
                task.key, protocol, task.replica, status="done", properties=outcome.properties, **columns
            )
            for name in LASTING_FILES:
                if (file := replica_folder(campaign.folder, task.key, task.replica) / name).is_file():
                    store.record_file(file)
            if why := outcome.properties.get("stopped_early"):
                saved = {"production_saved_ps": outcome.properties["production_saved_ps"]}
                censored = outcome.properties.get("censored")
                decided = (
                    f"take the value, marked as {censored} the reference" if censored else "take the value as it is"
                )
                store.note("stopped early", subject, saved, decided, why)
            shown = f"no {campaign.objective.name}" if value is None else campaign.objective.exact(value)
            campaign.say(f"{subject}: {shown} after {outcome.wall_s:.0f} s")
            return None
        retry = outcome.failure_code in RETRY and task.attempt < campaign.settings.simulation.retries
        if retry:
            columns["attempt"] += 1
            store.update_replica(task.key, protocol, task.replica, status="waiting", **columns)
            decided = f"start again: {RETRY[outcome.failure_code or '']}"
            store.note("retry", subject, seen, decided, f"attempt {task.attempt + 1} failed: {outcome.failure_code}")
        else:
            store.update_replica(task.key, protocol, task.replica, status="failed", **columns)
            why = "no attempts are left" if outcome.failure_code in RETRY else "a new start cannot mend it"
            store.note("give up", subject, seen, "count the replica as failed", why)
        campaign.say(f"{subject}: {outcome.failure_code} ({outcome.detail}), {'starts again' if retry else 'given up'}")
    if not retry:
        return None
    row = next(row for row in store.replicas(key=task.key) if row.replica == task.replica)
    return replica_task(campaign, store, row)
