"""Replicas that run with the executor of a campaign: which of them an earlier process submitted, and how they end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from autodisco.campaign.settings import Settings
from autodisco.campaign.shared import out_of_reach, shared_folder
from autodisco.errors import AutodiscoError, StorageError
from autodisco.machine import cores
from autodisco.store import WAITING, ReplicaState, Store, available_part
from autodisco.text import counted

if TYPE_CHECKING:
    from autodisco.campaign.campaign import Campaign
    from autodisco.simulation.executors import Executor


UNDONE = "undone"
"""Fact of a campaign: what could not be told to its replicas on other machines when it was left."""
EVENTS = {"pause": "not paused", "stop": "not stopped"}


def executor_of(settings: Settings) -> Executor:
    """The executor of a campaign file. Raises InputError if there is none of this kind, or it does not take its
    options."""
    from autodisco.simulation.executors import load_executor

    given = settings.executor
    asked = settings.simulation
    return load_executor(given.kind, asked.workers, asked.threads, given.options, asked.engine)


@dataclass(frozen=True)
class AtHand:
    """Cores of this machine, how many replicas its cores or GPUs have places for, and which those are, in words."""

    cores: int
    replicas: int
    told: str


def at_hand(settings: Settings, executor: Executor) -> AtHand | None:
    """What replicas of executor ``local`` have on this machine; None for other executors."""
    if settings.executor.kind != "local":
        return None
    from autodisco.simulation import engines
    from autodisco.simulation.executors.cards import found

    options, n = settings.executor.options, cores()
    if engines.load(settings.simulation.engine).has_gpu():
        given = options.get("gpus")
        cards = len(found() if given is None else given)
        if cards:
            each = options.get("replicas_per_gpu", 1)
            return AtHand(n, cards * each, f"{counted(cards, 'GPU')} at hand, {counted(each, 'replica')} each")
    threads = f", {executor.threads} a replica" if executor.threads > 1 else ""
    return AtHand(n, max(1, n // executor.threads), f"{counted(n, 'core')} at hand{threads}")


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


def share_machine(settings: Settings, executor: Executor) -> None:
    """Let replicas wait for those of other campaigns, as far as the settings say so, until the executor leaves."""
    if settings.executor.share:
        executor.share(settings.executor.machine_cores)


def is_with(settings: Settings, folder: Path, executor: Executor, row: ReplicaState) -> bool:
    """Whether a replica was submitted to this executor by an earlier process, and may run on."""
    same = row.executor is not None and _same_kind(settings, folder, row.executor)
    return executor.survives and same and row.status == "running" and row.handle is not None


def _same_kind(settings: Settings, folder: Path, kind: str) -> bool:
    return available_part(folder, kind) == available_part(folder, settings.executor.kind)


def queue_of(settings: Settings, folder: Path) -> Path | None:
    """The folder in which replicas of a campaign wait for other machines; None if they wait in none."""
    from autodisco.simulation.executors import EXECUTORS

    survives = EXECUTORS.get(settings.executor.kind).survives
    return serving(settings, folder).place if survives else None


def leave_replicas(campaign: Campaign, store: Store, why: str) -> None:
    """End the replicas that run, because the work is left; they wait to be started again.

    Those that survive this process go on, if it leaves because of a ``signal`` or a ``failure``. For a ``pause``, an
    executor that can hold them starts nothing more, and those that run go on to their end.
    """
    campaign.pool.end()
    executor = campaign.pool.executor
    if store.get("waits_for_cores"):
        store.set(waits_for_cores="")
    if not (executor.survives and why in ("signal", "failure")):
        hold_or_end_all(campaign.settings, store, executor, why)


def hold_or_end_all(settings: Settings, store: Store, executor: Executor, why: str) -> None:
    """For a ``pause``, have an executor that can hold replicas start nothing more; otherwise end them all."""
    if executor.pauses and why == "pause":
        _tell(settings, store, executor, "pause")
    else:
        end_all(settings, store, executor)


def end_all(settings: Settings, store: Store, executor: Executor) -> None:
    """End the replicas that run, and what else the executor has; replicas wait to be started again.

    While the shared disk is not mounted, those of other machines are left as they are.
    """
    if _tell(settings, store, executor, "stop"):
        end_running(settings, store)


def make_up(settings: Settings, store: Store, executor: Executor) -> bool:
    """Do again what could not be done when the campaign was paused or left; whether nothing is left of it now."""
    if asked := (store.get(UNDONE) or {}).get("asked for"):
        hold_or_end_all(settings, store, executor, asked)
    if asked and not store.get(UNDONE):
        store.note("made up", settings.executor.kind, {"asked for": asked}, f"{asked} its pilots now", "it is possible")
    return not store.get(UNDONE)


def _tell(settings: Settings, store: Store, executor: Executor, asked: str) -> bool:
    """Have an executor ``pause`` or ``stop``; whether replicas on other machines can be reached. What it could not do
    is journalled once, and a fact of the campaign until it is made up for."""
    why = out_of_reach(store) if executor.survives else ""
    reached = not why
    if reached:
        try:
            executor.stop() if asked == "stop" else executor.hold(True)
        except (AutodiscoError, OSError) as error:
            why = str(error)
        write_notes(store, executor)
    undone = {"asked for": asked, "why": why} if why else None
    if undone and undone != store.get(UNDONE):
        decided = "do it as soon as possible" if asked == "pause" else "leave its replicas and jobs as they are"
        store.note(EVENTS[asked], settings.executor.kind, {}, decided, why)
    store.set(**{UNDONE: undone})
    return reached


def write_notes(store: Store, executor: Executor) -> None:
    """Journal what an executor did by itself, and keep in mind for what its next replica waits."""
    if executor.waits_for != store.get("waits_for_cores", ""):
        store.set(waits_for_cores=executor.waits_for)
    if executor.activity and executor.activity != store.get("activity"):
        store.set(activity=executor.activity)
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
    rows = [row for row in store.open_replicas() if row.status == "running"]
    errors = _cancel(settings, store, rows)
    for row in rows:
        if error := errors.get(row.handle or ""):
            decided = "count it as running, and wait for it when the campaign goes on"
            store.note("not cancelled", _named(row), {"handle": row.handle}, decided, str(error))
    _wait(store, [row for row in rows if (row.handle or "") not in errors])


def wait_again(settings: Settings, store: Store, rows: list[ReplicaState]) -> None:
    """Replicas wait to be started again; those that survived the process that submitted them are ended before.

    Raises StorageError, and changes nothing, where one cannot be ended: two of it would write into one folder.
    """
    errors = _cancel(settings, store, rows)
    for row in rows:
        if error := errors.get(row.handle or ""):
            raise StorageError(f"{_named(row)} may still run, and cannot be cancelled: {error}") from error
    _wait(store, rows)


def _wait(store: Store, rows: list[ReplicaState]) -> None:
    with store.transaction():
        for row in rows:
            if row.status == "running":
                store.update_replica(row.key, row.protocol, row.replica, **WAITING)


def _cancel(settings: Settings, store: Store, rows: list[ReplicaState]) -> dict[str, Exception]:
    """End replicas that may have survived the process that submitted them; the errors of those that could not be ended,
    by handle."""
    from autodisco.simulation.executors import EXECUTORS, load_executor

    by_kind: dict[str, list[str]] = {}
    for row in rows:
        if row.executor is not None and row.handle is not None:
            by_kind.setdefault(available_part(store.folder, row.executor), []).append(row.handle)
    errors: dict[str, Exception] = {}
    for kind, handles in by_kind.items():
        try:
            if EXECUTORS.get(kind).survives:
                options = settings.executor.options if _same_kind(settings, store.folder, kind) else {}
                executor = load_executor(kind, options=options)
                executor.serve(settings.name, store.shared)
                errors |= executor.cancel_all(handles)
        except (AutodiscoError, OSError) as error:
            errors |= dict.fromkeys(handles, error)
    return errors


def _named(row: ReplicaState) -> str:
    return f"replica {row.replica} of {row.key} at {row.protocol}"
