"""Executors: where replicas run. `Pool` runs tasks with one of them."""

import inspect
from collections.abc import Mapping
from typing import Any

from autodisco.errors import InputError
from autodisco.registry import Registry
from autodisco.simulation import engines
from autodisco.simulation.executors import cards
from autodisco.simulation.executors.executor import Executor, Sighting, filling_workers
from autodisco.simulation.executors.local import LocalExecutor
from autodisco.simulation.executors.pool import Callbacks, OnSubmit, Pool

EXECUTORS: Registry[type[Executor]] = Registry(
    "executors",
    "executor",
    {
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
    try:
        inspect.signature(made).bind(workers, threads, **given)
    except TypeError as error:
        raise InputError(f"executor {kind}: {error}") from None
    try:
        inspect.signature(made.submit).bind(made, "task", "claim")
    except TypeError:
        raise InputError(f"executor {kind}: its method submit has to take a task and a claim") from None
    return made(workers, threads, **given)


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
