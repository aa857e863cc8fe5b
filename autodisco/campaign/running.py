"""Replicas that run with the executor of a campaign: which of them an earlier process submitted, and how they end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from autodisco.campaign.settings import Settings
from autodisco.campaign.shared import absence, shared_folder
from autodisco.errors import AutodiscoError, StorageError
from autodisco.store import WAITING, ReplicaState, Store, available_part

if TYPE_CHECKING:
    from autodisco.campaign.campaign import Campaign
    from autodisco.simulation.executors import Executor


def executor_of(settings: Settings) -> Executor:
    """The executor of a campaign file. Raises InputError if there is none of this kind, or it does not take its
    options."""
    from autodisco.simulation.executors import load_executor

    given = settings.executor
    asked = settings.simulation
    return load_executor(given.kind, asked.workers, asked.threads, given.options, asked.engine)


def engine_of(settings: Settings, executor: Executor) -> str:
    """The engine of replicas; ``auto`` is left to the machines where they run."""
    from autodisco.simulation import engines

    name = settings.simulation.engine
    return engines.resolved(name) if executor.here else name


def serving(settings: Settings, folder: Path) -> Executor:
    """The executor of a campaign, which knows where its replicas lie."""
    executor = executor_of(settings)
    executor.serve(settings.name, shared_folder(settings) or folder, 60.0 * settings.simulation.stalled_minutes)
    return executor


def is_with(settings: Settings, folder: Path, executor: Executor, row: ReplicaState) -> bool:
    """Whether a replica was submitted to this executor by an earlier process, and may run on."""
    same = row.executor is not None and _same_kind(settings, folder, row.executor)
    return executor.survives and same and row.status == "running" and row.handle is not None


def _same_kind(settings: Settings, folder: Path, kind: str) -> bool:
    return available_part(folder, kind) == available_part(folder, settings.executor.kind)


def leave_replicas(campaign: Campaign, store: Store, why: str) -> None:
    """End the replicas that run, because the work is left; they wait to be started again.

    Those that survive this process go on, if it leaves because of a ``signal`` or a ``failure``. For a ``pause``, an
    executor that can hold them starts nothing more, and those that run go on to their end.
    """
    campaign.pool.end()
    executor = campaign.pool.executor
    if executor.survives and why in ("signal", "failure"):
        return
    if executor.pauses and why == "pause":
        if not _out_of_reach(campaign.settings, store, executor):
            executor.hold(True)
    else:
        end_all(campaign.settings, store, executor)


def end_all(settings: Settings, store: Store, executor: Executor) -> None:
    """End the replicas that run, and what else the executor has; replicas wait to be started again.

    While the shared disk is not mounted, those of other machines are left as they are.
    """
    if _out_of_reach(settings, store, executor):
        return
    try:
        executor.stop()
    except (AutodiscoError, OSError) as error:
        store.note("not stopped", settings.executor.kind, {}, "leave it as it is", str(error))
    write_notes(store, executor)
    end_running(settings, store)


def _out_of_reach(settings: Settings, store: Store, executor: Executor) -> bool:
    """Whether nothing can be told to replicas on other machines, which is journalled."""
    folder = shared_folder(settings)
    if folder is None or not executor.survives or not (reason := absence(folder)):
        return False
    store.note("not stopped", settings.executor.kind, {}, "leave its replicas and jobs as they are", reason)
    return True


def write_notes(store: Store, executor: Executor) -> None:
    """Journal what an executor did by itself."""
    if not (notes := executor.notes()):
        return
    with store.transaction():
        for note in notes:
            store.note(note.event, note.subject, note.seen, note.decided, note.why)
            if note.trouble is not None:
                store.set(trouble=note.trouble)


def end_running(settings: Settings, store: Store) -> None:
    """End the replicas that run; they wait to be started again.

    A replica that cannot be ended keeps its handle: two of it would write into one folder.
    """
    ended = []
    for row in store.open_replicas():
        if row.status != "running":
            continue
        try:
            _cancel(settings, store, row)
        except AutodiscoError as error:
            decided = "count it as running, and wait for it when the campaign goes on"
            store.note("not cancelled", _named(row), {"handle": row.handle}, decided, str(error))
        else:
            ended.append(row)
    _wait(store, ended)


def wait_again(settings: Settings, store: Store, rows: list[ReplicaState]) -> None:
    """Replicas wait to be started again; those that survived the process that submitted them are ended before.

    Raises StorageError, and changes nothing, where one cannot be ended: two of it would write into one folder.
    """
    for row in rows:
        try:
            _cancel(settings, store, row)
        except AutodiscoError as error:
            raise StorageError(f"{_named(row)} may still run, and cannot be cancelled: {error}") from error
    _wait(store, rows)


def _wait(store: Store, rows: list[ReplicaState]) -> None:
    with store.transaction():
        for row in rows:
            if row.status == "running":
                store.update_replica(row.key, row.protocol, row.replica, **WAITING)


def _cancel(settings: Settings, store: Store, row: ReplicaState) -> None:
    """End a replica that may have survived the process that submitted it. Raises AutodiscoError if it cannot."""
    from autodisco.simulation.executors import EXECUTORS, load_executor

    if row.executor is None or row.handle is None:
        return
    kind = available_part(store.folder, row.executor)
    if EXECUTORS.get(kind).survives:
        options = settings.executor.options if _same_kind(settings, store.folder, kind) else {}
        executor = load_executor(kind, options=options)
        executor.serve(settings.name, store.shared)
        executor.cancel(row.handle)


def _named(row: ReplicaState) -> str:
    return f"replica {row.replica} of {row.key} at {row.protocol}"
