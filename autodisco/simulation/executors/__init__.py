"""Executors: where replicas run. `Pool` runs tasks with one of them."""

import inspect
from collections.abc import Mapping
from typing import Any

from autodisco.errors import InputError
from autodisco.registry import Registry
from autodisco.simulation import engines
from autodisco.simulation.executors import cards
from autodisco.simulation.executors.cluster_settings import OPTIONS
from autodisco.simulation.executors.executor import Executor, Sighting, filling_workers
from autodisco.simulation.executors.local import LocalExecutor
from autodisco.simulation.executors.pool import Callbacks, OnSubmit, Pool

EXECUTORS: Registry[type[Executor]] = Registry(
    "executors",
    "executor",
    {
        "ask": "autodisco.simulation.executors.ask_executor:AskExecutor",
        "local": "autodisco.simulation.executors.local:LocalExecutor",
        "psij": "autodisco.simulation.executors.psij_executor:PsijExecutor",
    },
    Executor,
)


def load_executor(
    kind: str,
    workers: int = 0,
    threads: int = 1,
    options: Mapping[str, Any] | None = None,
    engine: str | None = None,
) -> Executor:
    """A new executor. `local` takes all GPUs of the machine, if its `engine` uses them and the options name none.

    Raises InputError if there is no such kind, if it does not take these options, or if it was written for an older
    version, in which runs had no claim.
    """
    made, given = EXECUTORS.get(kind), dict(options or {})
    if made is LocalExecutor and "gpus" not in given and engine and engines.load(engine).has_gpu():
        given["gpus"] = cards.found() or None
    _check_options(kind, made, given)
    try:
        inspect.signature(made.submit).bind(made, "task", "claim")
    except TypeError:
        takes = "its method submit has to take a task and a claim"
        raise InputError(f"executor.kind = {kind!r}: {takes}", "executor.kind") from None
    return made(workers, threads, **given)


def _check_options(kind: str, made: type[Executor], given: Mapping[str, Any]) -> None:
    """Raise InputError for an option that an executor does not take, or lacks."""
    parameters = list(inspect.signature(made).parameters.values())[2:]
    named = [one.name for one in parameters if one.kind != one.VAR_KEYWORD]
    takes = f"executor {kind} takes {', '.join(named)}" if named else f"executor {kind} takes no options"
    if len(named) == len(parameters) and (unknown := next((key for key in given if key not in named), None)):
        key = f"{OPTIONS}.{unknown}"
        raise InputError(f"{key} = {given[unknown]!r}: unknown key; {takes}", key)
    needed = [one.name for one in parameters if one.name in named and one.default is one.empty]
    if missing := next((key for key in needed if key not in given), None):
        raise InputError(f"{OPTIONS}.{missing} is missing; {takes}", f"{OPTIONS}.{missing}")


__all__ = [
    "EXECUTORS",
    "Callbacks",
    "Executor",
    "LocalExecutor",
    "OnSubmit",
    "Pool",
    "Sighting",
    "filling_workers",
    "load_executor",
]
