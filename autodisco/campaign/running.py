"""Replicas that run with the executor of a campaign: which of them an earlier process submitted, and how they end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autodisco.campaign.settings import Settings
from autodisco.errors import AutodiscoError
from autodisco.store import Replica, Store

if TYPE_CHECKING:
    from autodisco.simulation.executors import Executor


def executor_of(settings: Settings) -> Executor:
    """The executor of a campaign. Raises InputError if there is none of this kind, or it does not take its options."""
    from autodisco.simulation.executors import load_executor

    given = settings.executor
    return load_executor(given.kind, settings.simulation.workers, settings.simulation.threads, given.options)


def is_with(settings: Settings, executor: Executor, row: Replica) -> bool:
    """Whether a replica was submitted to this executor by an earlier process, and may run on."""
    same = row.executor == settings.executor.kind
    return executor.survives and same and row.status == "running" and row.handle is not None


def end_running(settings: Settings, store: Store) -> None:
    """End the replicas of this iteration that run; they wait to be started again."""
    rows = store.replicas(store.get("iteration"))
    wait_again(settings, store, [row for row in rows if row.status == "running"])


def wait_again(settings: Settings, store: Store, rows: list[Replica]) -> None:
    """Replicas wait to be started again; those that survived the process that submitted them are ended before."""
    for row in rows:
        if row.executor is not None and row.handle is not None:
            _cancel(settings, store, row, row.executor, row.handle)
    with store.transaction():
        for row in rows:
            if row.status == "running":
                store.update_replica(
                    row.key, row.protocol, row.replica, status="waiting", started=None, executor=None, handle=None
                )


def _cancel(settings: Settings, store: Store, row: Replica, kind: str, handle: str) -> None:
    """End a replica that may have survived the process that submitted it; the journal says if it cannot be ended."""
    from autodisco.simulation.executors import EXECUTORS, load_executor

    given = settings.executor
    try:
        if EXECUTORS.get(kind).survives:
            load_executor(kind, options=given.options if kind == given.kind else {}).cancel(handle)
    except AutodiscoError as error:
        subject = f"replica {row.replica} of {row.key}"
        store.note("not cancelled", subject, {"handle": handle}, "start it again", str(error))
