"""Simulations on the command line: their progress on stderr, results over temperature, and files for other machines."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from autodisco.api.builds import LineWatcher, build_name
from autodisco.cli.output import message, number, one_line, print_json, print_table, stderr_console
from autodisco.files import read_json, write_json
from autodisco.store import run_folder

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from autodisco.api.simulate import Simulation
    from autodisco.polymer import RepeatUnit
    from autodisco.simulation import ReplicaOutcome, ReplicaTask
    from autodisco.simulation.formulation import Formulation


def print_over_temperature(results: Sequence[Simulation], as_json: bool) -> None:
    """Print conductivities and the activation energy, and write a plot into the folder of the simulations."""
    from autodisco.analysis.quantities import quantity
    from autodisco.api.simulate import over_temperature

    told = over_temperature(results)
    if as_json:
        print_json({"temperatures": results, **told.to_dict()})
    else:
        rows = [
            (f"{r['temperature_k']:g}", number(r["conductivity_s_per_cm"]), number(r["conductivity_s_per_cm_sem"]))
            for r in told.values
        ]
        title = f"{results[0].monomer_smiles}   ({results[0].force_field})"
        kelvin, sigma = quantity("temperature_k"), quantity("conductivity_s_per_cm")
        print_table([f">{kelvin.heading}", f">{sigma.label}, {sigma.unit}", ">± standard error"], rows, title)
    for result in results:
        for failure in result.failures:
            where = f"{result.protocol} replica {failure['replica']}"
            message(f"{where} failed: {failure['code']}: {one_line(failure['detail'])}")
        for warning in result.warnings:
            message(f"warning: {result.protocol}: {warning}")
    if not told.arrhenius:
        message("no activation energy: it needs two temperatures with a conductivity above zero")
        raise typer.Exit(1)
    if not as_json:
        fit, curve = told.arrhenius, told.vtf
        error = "" if fit.activation_energy_ev_sem is None else f" ± {fit.activation_energy_ev_sem:.2g}"
        energy = f"{fit.activation_energy_ev:.3g}{error} eV ({fit.activation_energy_kj_per_mol:.3g} kJ/mol)"
        message(f"activation energy {energy}")
        if curve and curve.is_bent:
            message(f"Vogel-Tammann-Fulcher: B {curve.b_k:.0f} K, T0 {curve.t0_k:.0f} K")
    message(f"plot: {told.plot}")


def write_inputs(
    subject: RepeatUnit | Formulation, protocol: str, force_field: str, replicas: int, seed: int, out: Path, engine: str
) -> None:
    """Build boxes and write the input files of an engine, one folder for each box in `out`.

    For an engine that needs this program beside it, a folder holds a task for `autodisco.simulation.worker` too.
    """
    from dataclasses import replace

    from autodisco.simulation import cache, engines
    from autodisco.simulation.batch import replica_task
    from autodisco.simulation.executors import job
    from autodisco.simulation.replica import prepare

    chosen = engines.load(engine)
    chosen.check()
    for replica in range(replicas):
        task = replica_task(subject, protocol, force_field, replica, 0, seed, out, 0.0, engine)
        folder = out.absolute() / str(replica)
        folder.mkdir(parents=True, exist_ok=True)
        task = replace(task, folder=folder)
        prepare(task, plain=bool(chosen.hint))
        if not chosen.hint:
            write_json(folder / cache.TASK, cache.identity(task))
            job.write_job(task, "")


class ReplicaProgress:
    """Progress of replicas: bars on a terminal, otherwise a line at the end of each replica.

    `names` holds the text that the user gave for a polymer, by key; without it the repeat unit of the task is shown.
    """

    def __init__(self, names: Mapping[str, str] | None = None) -> None:
        self._names = names or {}
        self._lines = LineWatcher(message, self._names)
        self._bars: dict[Path, tuple[TaskID, Path]] = {}
        self._progress: Progress | None = None

    def __enter__(self) -> ReplicaProgress:
        if sys.stderr.isatty():
            from rich.progress import (
                BarColumn,
                Progress,
                TaskProgressColumn,
                TextColumn,
                TimeElapsedColumn,
                TimeRemainingColumn,
            )

            self._progress = Progress(
                TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(),
                TextColumn("{task.fields[step]:<24}"), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
                console=stderr_console(), speed_estimate_period=600,
            )  # fmt: skip
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress:
            self._progress.stop()

    def begin(self, task: ReplicaTask) -> None:
        if self._progress:
            again = f" (try {task.attempt + 1})" if task.attempt else ""
            name = f"{build_name(task, self._names)}{again}"
            bar = self._progress.add_task(name, total=1.0, step="starting")
            self._bars[task.folder] = (bar, task.folder / "progress.json")

    def submitted(self, task: ReplicaTask, handle: str, claim: str) -> None:
        if task.folder in self._bars:
            bar, _ = self._bars[task.folder]
            self._bars[task.folder] = (bar, run_folder(task.folder, claim) / "progress.json")

    def refresh(self) -> None:
        for bar, file in self._bars.values():
            try:
                seen = read_json(file)
            except (OSError, ValueError):
                continue
            if self._progress:
                speed = f", {seen['ns_per_day']:.3g} ns/day" if seen.get("ns_per_day") else ""
                self._progress.update(bar, completed=seen["fraction"], step=f"{seen['step_name']}{speed}")

    def end(self, task: ReplicaTask, outcome: ReplicaOutcome) -> None:
        if not self._progress:
            self._lines.end(task, outcome)
        elif task.folder in self._bars:
            bar, _ = self._bars.pop(task.folder)
            state = "done" if outcome.ok else str(outcome.failure_code)
            self._progress.update(bar, completed=1.0 if outcome.ok else None, step=state)
            self._progress.stop_task(bar)
