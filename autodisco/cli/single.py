"""One polymer on the command line: what `check` says about it, and its simulation with progress on stderr."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autodisco.cli.output import message, stderr_console
from autodisco.errors import InvalidRepeatUnit
from autodisco.files import read_json

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from autodisco.simulation import ReplicaOutcome, ReplicaTask

RETRIES = 1


def check_unit(text: str) -> dict[str, Any]:
    """``given`` and ``valid``; then ``canonical``, ``key``, ``flags`` and ``scores``, or ``code`` and ``reason``."""
    from autodisco.polymer import parse, scores, stability_flags

    try:
        unit = parse(text)
    except InvalidRepeatUnit as error:
        return {"given": text, "valid": False, "code": error.code, "reason": str(error)}
    flags = [{"name": flag.name, "reason": flag.reason} for flag in stability_flags(unit)]
    return {
        "given": text,
        "valid": True,
        "canonical": unit.smiles,
        "key": unit.key,
        "flags": flags,
        "scores": scores(unit),
    }


def simulate_polymer(
    smiles: str, protocol: str, force_field: str, replicas: int, workers: int, seed: int, timeout_s: float,
    out: Path | None,
) -> dict[str, Any]:  # fmt: skip
    """Run independent builds of a polymer and combine them.

    Replica r gets the seed spawned from `seed` by r, so more replicas later extend the same set; those that `out` holds
    already are not run again. A failed one is started once more from another build. Ctrl-C ends it with exit code 130.

    Returns
    -------
    dict
        ``monomer_smiles``, ``key``, ``protocol``, ``purpose``, ``force_field``, ``n_replicas``, ``properties`` (means
        and ``_sem``, None without any value), ``replicas`` (properties of each), ``failures``, ``cpu_s``, ``folder``.
    """
    from autodisco.analysis import combine
    from autodisco.polymer import parse
    from autodisco.simulation import LocalExecutor, ReplicaTask, protocols

    unit = parse(smiles)
    loaded = protocols.load(protocol)
    folder = (out or Path("simulations") / unit.key / loaded.name).absolute()
    outcomes: dict[int, ReplicaOutcome] = {}

    def task(replica: int, attempt: int) -> ReplicaTask:
        drawn = np.random.SeedSequence(seed, spawn_key=(replica, attempt)).generate_state(1)[0]
        return ReplicaTask(
            key=unit.key,
            monomer_smiles=unit.given,
            replica=replica,
            seed=int(drawn >> 1),
            protocol=protocol if loaded.name == protocol else str(Path(protocol).absolute()),
            force_field=force_field,
            folder=folder / str(replica),
            timeout_s=timeout_s,
            attempt=attempt,
        )

    def done(finished: ReplicaTask, outcome: ReplicaOutcome) -> ReplicaTask | None:
        shown.end(finished, outcome)
        outcomes[finished.replica] = outcome
        again = not outcome.ok and outcome.failure_code != "parameters-missing" and finished.attempt < RETRIES
        return task(finished.replica, finished.attempt + 1) if again else None

    message(f"{unit.given}: {replicas} builds with protocol {loaded.name}, force field {force_field}")
    executor = LocalExecutor(min(replicas, workers or len(os.sched_getaffinity(0))))
    with _Shown() as shown:
        executor.run([task(r, 0) for r in range(replicas)], shown.begin, done, shown.refresh)
    values = [outcome.properties for _, outcome in sorted(outcomes.items()) if outcome.ok and outcome.properties]
    return {
        "monomer_smiles": unit.given,
        "key": unit.key,
        "protocol": loaded.name,
        "purpose": loaded.purpose,
        "force_field": force_field,
        "n_replicas": len(values),
        "properties": combine(values) if values else None,
        "replicas": values,
        "failures": [
            {"replica": number, "code": outcome.failure_code, "detail": outcome.detail}
            for number, outcome in sorted(outcomes.items())
            if not outcome.ok
        ],
        "cpu_s": sum(outcome.cpu_s for outcome in outcomes.values()),
        "folder": str(folder),
    }


class _Shown:
    """Progress of replicas: bars on a terminal, a line at the end of each elsewhere."""

    def __init__(self) -> None:
        self._bars: dict[int, tuple[TaskID, Path]] = {}
        self._progress: Progress | None = None

    def __enter__(self) -> _Shown:
        if sys.stderr.isatty():
            from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

            self._progress = Progress(
                TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(),
                TextColumn("{task.fields[step]:<24}"), TimeElapsedColumn(), console=stderr_console(),
            )  # fmt: skip
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress:
            self._progress.stop()

    def begin(self, task: ReplicaTask) -> None:
        if self._progress:
            again = f" (try {task.attempt + 1})" if task.attempt else ""
            bar = self._progress.add_task(f"replica {task.replica}{again}", total=1.0, step="starting")
            self._bars[task.replica] = (bar, task.folder / "progress.json")

    def refresh(self) -> None:
        for bar, file in self._bars.values():
            try:
                seen = read_json(file)
            except (OSError, ValueError):
                continue
            if self._progress:
                self._progress.update(bar, completed=seen["fraction"], step=seen["step_name"])

    def end(self, task: ReplicaTask, outcome: ReplicaOutcome) -> None:
        state = "done" if outcome.ok else str(outcome.failure_code)
        if self._progress and task.replica in self._bars:
            bar, _ = self._bars.pop(task.replica)
            self._progress.update(bar, completed=1.0 if outcome.ok else None, step=state)
            self._progress.stop_task(bar)
        elif not self._progress:
            message(f"replica {task.replica}: {state} after {outcome.wall_s:.0f} s")
