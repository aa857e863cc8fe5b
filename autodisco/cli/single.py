"""One polymer on the command line: the record of `check`, and its simulation with progress on stderr."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from autodisco.cli.output import message, number, one_line, print_json, print_table, stderr_console
from autodisco.errors import InvalidRepeatUnit
from autodisco.files import read_json, write_json
from autodisco.names import common_names
from autodisco.store import run_folder
from autodisco.text import counted

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from autodisco.polymer import RepeatUnit
    from autodisco.simulation import ReplicaOutcome, ReplicaTask
    from autodisco.simulation.formulation import Formulation


def check_unit(text: str, known: Mapping[str, tuple[int, str]] | None = None) -> dict[str, Any]:
    """The record of `check` about a text. It has the same keys whether or not the text is a valid repeat unit.

    Returns
    -------
    dict
        ``smiles`` as given; ``valid``; ``reasons`` why it is invalid, each with ``code`` and ``reason``; ``key``,
        ``canonical``, ``psmiles``, ``bigsmiles`` and ``scores``, None if it is invalid; ``name``, the common one with
        its abbreviation, or None; ``flags``; ``force_field_flags``, its groups for which the force field is weak, None
        if the force field has no parameters for it; ``notes``, what the text allows beyond the polymer; with `known`
        (key to line and text) also ``equals``: ``line`` and ``smiles`` of the same polymer there, or None.
    """
    from autodisco.polymer import parse, scores, stability_flags
    from autodisco.polymer.bigsmiles import bigsmiles_of, psmiles_of
    from autodisco.polymer.repeat_unit import undirected
    from autodisco.simulation.forcefield import weaknesses

    row: dict[str, Any] = {
        "smiles": text, "valid": False, "reasons": [], "key": None, "canonical": None, "name": None, "flags": [],
        "scores": None, "force_field_flags": None, "psmiles": None, "bigsmiles": None, "notes": [],
    }  # fmt: skip
    if known is not None:
        row["equals"] = None
    try:
        unit = parse(text)
    except InvalidRepeatUnit as error:
        return row | {"reasons": [{"code": error.code, "reason": str(error)}]}
    flags = [flag.to_dict() for flag in stability_flags(unit)]
    found = common_names().get(unit.key)
    row["name"] = found.whole if found else None
    row |= {"valid": True, "key": unit.key, "canonical": unit.smiles, "flags": flags, "scores": scores(unit)}
    row |= {"psmiles": psmiles_of(unit.smiles), "bigsmiles": bigsmiles_of(unit.smiles)}
    row["notes"] = ["units may be turned in this BigSMILES; read as head to tail"] if undirected(text) else []
    row["force_field_flags"] = weaknesses(unit)
    if known and unit.key in known:
        line, smiles = known[unit.key]
        row["equals"] = {"line": line, "smiles": smiles}
    return row


def render_checked(rows: list[dict[str, Any]]) -> bytes:
    """A PNG of the valid repeat units among rows of `check_unit`, weak motifs marked."""
    from autodisco.polymer import parse, render_png

    units = [parse(row["smiles"]) for row in rows]
    legends = [", ".join([row["canonical"], *(flag["name"] for flag in row["flags"])]) for row in rows]
    return render_png(units, legends, [[atom for flag in row["flags"] for atom in flag["atoms"]] for row in rows])


def simulate_subject(
    subject: RepeatUnit | Formulation,
    protocol: str,
    force_field: str,
    replicas: int,
    workers: int,
    threads: int,
    seed: int,
    timeout_s: float,
    root: Path,
    engine: str = "auto",
    executor: str = "local",
) -> dict[str, Any]:
    """Run independent builds of a polymer or formulation and combine them. Finished builds in `root` are not run again.

    Returns
    -------
    dict
        ``monomer_smiles`` (the title of a formulation), ``key``, ``protocol``,
        ``purpose``, ``force_field``, ``engine``, ``n_replicas``,
        ``properties`` (means and ``_sem``, None without any value), ``replicas`` (properties of each), ``warnings``
        (of all replicas, each once), ``failures``, ``cpu_s``, ``folder``.
    """
    from autodisco.analysis import combine
    from autodisco.simulation import engines, protocols
    from autodisco.simulation.batch import builds_folder, failures, simulate_batch, values

    name = name_of(subject)
    loaded, engine = protocols.load(protocol), engines.resolved(engine)
    message(
        f"{name}: {counted(replicas, 'build')} with protocol {loaded.name}, force field {force_field}, engine {engine}"
    )
    with ReplicaProgress({subject.key: name}) as shown:
        outcomes = simulate_batch(
            [subject], protocol, force_field, replicas, root, seed, workers, timeout_s, engine, threads,
            shown.begin, shown.end, shown.refresh, executor, shown.submitted,
        )[subject.key]  # fmt: skip
    properties = values(outcomes)
    return {
        "monomer_smiles": name,
        "key": subject.key,
        "protocol": loaded.name,
        "purpose": loaded.purpose,
        "force_field": force_field,
        "engine": engine,
        "n_replicas": len(properties),
        "properties": combine(properties) if properties else None,
        "replicas": properties,
        "warnings": list(dict.fromkeys(text for row in properties for text in row["warnings"])),
        "failures": failures(outcomes),
        "cpu_s": sum(outcome.cpu_s for outcome in outcomes.values()),
        "folder": str(builds_folder(root, subject, loaded.name, seed, engine, force_field)),
    }


def over_temperature(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Fit the conductivities at several temperatures, and write a plot into the folder of the simulations.

    Returns
    -------
    dict
        ``values``: temperature, conductivity and its error of each; ``arrhenius`` and ``vtf``, None where there are too
        few values above zero; ``plot``, the file or None.
    """
    from dataclasses import asdict

    from autodisco.analysis import temperatures

    names = ("temperature_k", "conductivity_s_per_cm", "conductivity_s_per_cm_sem")
    found = [{name: result["properties"][name] for name in names} for result in results if result["properties"]]
    kept = [[row[name] for row in found if (row["conductivity_s_per_cm"] or 0.0) > 0] for name in names]
    kelvins, conductivities, errors = kept
    if len(set(kelvins)) < 2:
        return {"values": found, "arrhenius": None, "vtf": None, "plot": None}
    line = temperatures.arrhenius(kelvins, conductivities, errors)
    curve = temperatures.vtf(kelvins, conductivities)
    told = line.to_dict()
    file = Path(results[0]["folder"]).parents[1] / "temperatures.png"
    first = results[0]
    title = f"{first['monomer_smiles']} ({first['protocol'].partition('@')[0]}, {first['force_field']})"
    temperatures.plot(kelvins, conductivities, errors, title, file)
    return {"values": found, "arrhenius": told, "vtf": asdict(curve) if curve else None, "plot": str(file)}


def print_over_temperature(results: list[dict[str, Any]], as_json: bool) -> None:
    """Print conductivities and the activation energy, and write a plot into the folder of the simulations."""
    from autodisco.analysis.quantities import quantity

    told = over_temperature(results)
    if as_json:
        print_json({"temperatures": results, **told})
    else:
        rows = [
            (f"{r['temperature_k']:g}", number(r["conductivity_s_per_cm"]), number(r["conductivity_s_per_cm_sem"]))
            for r in told["values"]
        ]
        title = f"{results[0]['monomer_smiles']}   ({results[0]['force_field']})"
        kelvin, sigma = quantity("temperature_k"), quantity("conductivity_s_per_cm")
        print_table([f">{kelvin.heading}", f">{sigma.label}, {sigma.unit}", ">± standard error"], rows, title)
    for result in results:
        for failure in result["failures"]:
            where = f"{result['protocol']} replica {failure['replica']}"
            message(f"{where} failed: {failure['code']}: {one_line(failure['detail'])}")
        for warning in result["warnings"]:
            message(f"warning: {result['protocol']}: {warning}")
    if not told["arrhenius"]:
        message("no activation energy: it needs two temperatures with a conductivity above zero")
        raise typer.Exit(1)
    if not as_json:
        fit, curve = told["arrhenius"], told["vtf"]
        error = "" if fit["activation_energy_ev_sem"] is None else f" ± {fit['activation_energy_ev_sem']:.2g}"
        energy = f"{fit['activation_energy_ev']:.3g}{error} eV ({fit['activation_energy_kj_per_mol']:.3g} kJ/mol)"
        message(f"activation energy {energy}")
        if curve:
            message(f"Vogel-Tammann-Fulcher: B {curve['b_k']:.0f} K, T0 {curve['t0_k']:.0f} K")
    message(f"plot: {told['plot']}")


def name_of(subject: RepeatUnit | Formulation) -> str:
    """A repeat unit as given, or the title of a formulation."""
    from autodisco.polymer import RepeatUnit

    return subject.given if isinstance(subject, RepeatUnit) else subject.title


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
            name = f"{self._name(task)}{again}"
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
        state = "done" if outcome.ok else str(outcome.failure_code)
        if self._progress and task.folder in self._bars:
            bar, _ = self._bars.pop(task.folder)
            self._progress.update(bar, completed=1.0 if outcome.ok else None, step=state)
            self._progress.stop_task(bar)
        elif not self._progress:
            message(f"{self._name(task)}: {state} after {outcome.wall_s:.0f} s")

    def _name(self, task: ReplicaTask) -> str:
        return f"{self._names.get(task.key, task.monomer_smiles)} replica {task.replica}"
