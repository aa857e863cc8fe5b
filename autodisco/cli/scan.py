"""The command that simulates a polymer at several molalities and temperatures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from autodisco.cli.options import (
    ENGINE_OF_BUILDS,
    EXECUTOR_OF_BUILDS,
    FORCE_FIELD_OF_BUILDS,
    JSON,
    PROTOCOL_OF_BUILDS,
    SEED_OF_BUILDS,
    THREADS_OF_BUILDS,
    TIMEOUT_OF_BUILDS,
    WORKERS_OF_BUILDS,
)
from autodisco.cli.output import message, one_line, plain, print_json, print_table
from autodisco.errors import InputError
from autodisco.limits import MOLALITY, TEMPERATURE_K
from autodisco.text import counted

if TYPE_CHECKING:
    from autodisco.simulation.batch import Subject

MOST_VALUES = 100


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("scan")(scan)


def scan(
    what: Annotated[
        str,
        typer.Argument(metavar="SMILES|FILE", help="A repeat unit such as '*OCC*', or a formulation file (.toml)."),
    ],
    molality: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="Mol of salt per kg of polymer and solvent: 0.5,1,2 or FROM:TO:STEP."),
    ] = None,
    temperature: Annotated[
        str | None,
        typer.Option(
            metavar="LIST", help="In K: 333,353 or FROM:TO:STEP, such as 333:373:20; default: that of the protocol."
        ),
    ] = None,
    salt: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME[:RATIO]", help="Salt instead of that of the protocol; several share the amount."),
    ] = None,
    protocol: PROTOCOL_OF_BUILDS = "quick",
    replicas: Annotated[int, typer.Option(min=1, help="Independent builds at each condition.")] = 3,
    workers: WORKERS_OF_BUILDS = 0,
    threads: THREADS_OF_BUILDS = 1,
    force_field: FORCE_FIELD_OF_BUILDS = "pcff+",
    engine: ENGINE_OF_BUILDS = "auto",
    executor: EXECUTOR_OF_BUILDS = "local",
    seed: SEED_OF_BUILDS = 1,
    timeout_minutes: TIMEOUT_OF_BUILDS = None,
    out: Annotated[
        Path, typer.Option(help="Folder of the builds, as of simulate; table and plot: <key>/scan-<protocol>/seed-<n>.")
    ] = Path("simulations"),
    as_json: JSON = False,
) -> None:
    """Simulate a polymer over molality and temperature.

    Its conductivity is fitted over both.

    Every combination is simulated with several builds. Over molality the fit gives the place of the maximum with its
    interval, and the chance that it lies inside the range; over temperature it gives the activation energy. Table and
    plot are written beside the builds, and hold the conditions of earlier scans with the same settings, too. The same
    command again runs what is missing; finished builds are kept.
    """
    from autodisco.cli.mixture import Flags, subject
    from autodisco.simulation import engines, forcefield, protocols, scan, scan_results
    from autodisco.simulation.batch import builds_folder

    loaded = protocols.load(protocol)
    simulated = subject(what, Flags(salt=salt or ()))
    salts = {m: scan.with_molality(simulated, m) for m in series("--molality", molality, MOLALITY)}
    by_molality: Mapping[float, Subject] = salts or {scan.own_molality(simulated, protocol): simulated}
    kelvins = series("--temperature", temperature, TEMPERATURE_K) or [loaded.temperature_k]
    forcefield.load(force_field)
    engine = engines.resolved(engine)
    timeout_s = 60.0 * (timeout_minutes or (0.0 if loaded.checkpoint_every_ps else 60.0))
    base = scan.base_of(protocol)
    folder = builds_folder(out, simulated, f"scan-{protocols.load(base).name}", seed, engine, force_field)
    earlier = scan_results.earlier_rows(folder, base)
    n = len(by_molality) * len(kelvins)
    message(
        f"{what}: {counted(n, 'condition')}, {counted(n * replicas, 'build')} with protocol {loaded.name}, force field "
        f"{force_field}, engine {engine}; finished builds are kept in {out}"
    )
    how = How(protocol, force_field, replicas, out, seed, workers, timeout_s, engine, threads, executor)
    found = simulated_rows(what, by_molality, kelvins, how)
    rows = scan_results.with_earlier(found, earlier)
    if added := len(rows) - len(found):
        message(f"{counted(added, 'condition')} of earlier scans with the same settings are in table and fits, too")
    told = {
        "monomer_smiles": what, "key": simulated.key, "protocol": protocols.load(base).name, "force_field": force_field,
        "engine": engine, "seed": seed,
    }  # fmt: skip
    _report(scan_results.content(told, base, rows, folder), folder, as_json)
    for warning in scan.few_pairs([scan_results.condition_of(row) for row in found], protocol):
        message(f"warning: {warning}")
    if not any(row["n_replicas"] for row in found):
        raise typer.Exit(1)


@dataclass(frozen=True)
class How:
    """How the builds of a scan run; the fields are those of `simulate_batch`."""

    protocol: str
    force_field: str
    replicas: int
    root: Path
    seed: int
    workers: int
    timeout_s: float
    engine: str
    threads: int = 1
    executor: str = "local"


def simulated_rows(
    what: str, by_molality: Mapping[float, Subject], temperatures_k: Sequence[float], how: How
) -> list[dict[str, Any]]:
    """Simulate every condition, with progress on stderr; a row of each, as `scan.json` holds it."""
    from autodisco.cli.single import ReplicaProgress
    from autodisco.simulation import protocols, scan
    from autodisco.simulation.batch import builds_folder, failures, simulate_batch

    rows = []
    for kelvin in temperatures_k:
        name = scan.protocol_at(how.protocol, kelvin)
        shown_as = {one.key: f"{what} {m:g} mol/kg {kelvin:g} K" for m, one in by_molality.items()}
        with ReplicaProgress(shown_as) as shown:
            outcomes = simulate_batch(
                by_molality.values(), name, how.force_field, how.replicas, how.root, how.seed, how.workers,
                how.timeout_s, how.engine, how.threads, shown.begin, shown.end, shown.refresh, how.executor,
                shown.submitted,
            )  # fmt: skip
        for m, one in by_molality.items():
            found = scan.condition(m, kelvin, scan.ion_pairs(one, name), outcomes[one.key])
            place = builds_folder(how.root, one, protocols.load(name).name, how.seed, how.engine, how.force_field)
            more = {"replicas_s_per_cm": found.conductivities, "failures": failures(outcomes[one.key]), "folder": place}
            rows.append(plain(found.to_dict() | more))
    return rows


def _report(found: dict[str, Any], folder: Path, as_json: bool) -> None:
    """Write table, fits and plot into `folder`, and print values and fits."""
    from autodisco.analysis import conditions as fits
    from autodisco.simulation import scan_results

    rows = found["values"]
    title = f"{found['monomer_smiles']} ({found['protocol']}, {found['force_field']})"
    scan_results.write(folder, found, title)
    if as_json:
        print_json(found)
    else:
        conditions = [scan_results.condition_of(row) for row in rows]
        _print_values(rows, title)
        told = [fit.told() for fit in fits.over_salt(conditions)]
        print("\n".join([*told, *(fit.told() for fit in fits.over_temperature(conditions))]))
    for row in rows:
        where = f"{row['molality_mol_per_kg']:g} mol/kg, {row['temperature_k']:g} K"
        for failure in row["failures"]:
            message(f"{where}, replica {failure['replica']}: {failure['code']}: {one_line(failure['detail'])}")
    message(f"table, fits and plot: {folder}")


def _print_values(rows: Sequence[dict[str, Any]], title: str) -> None:
    from autodisco.analysis.quantities import quantity

    sigma, kelvin = quantity("conductivity_s_per_cm"), quantity("temperature_k")
    print_table(
        [">salt, mol/kg", ">in the box", f">{kelvin.heading}", ">ion pairs", f">{sigma.heading}", ">builds"],
        [
            (
                f"{row['molality_mol_per_kg']:g}",
                f"{row['molality_in_box_mol_per_kg']:.2f}",
                f"{row['temperature_k']:g}",
                row["ion_pairs"],
                sigma.shown(row),
                row["n_replicas"],
            )
            for row in rows
        ],
        title,
    )


def series(flag: str, text: str | None, limits: tuple[float, float]) -> list[float]:
    """The numbers of ``1,2,3`` or ``FROM:TO:STEP``, rising, each once; none without a text.

    Raises InputError, naming the flag and its value.
    """
    if text is None:
        return []
    try:
        parts = [float(part) for part in text.replace(":", ",").split(",")]
        if ":" in text:
            start, stop, step = parts
            if text.count(":") != 2 or not step > 0 or not start <= stop or (stop - start) / step > MOST_VALUES:
                raise ValueError
            parts = [round(start + k * step, 9) for k in range(math.floor((stop - start) / step + 1e-9) + 1)]
    except ValueError:
        raise InputError(
            f"{flag} {text}: allowed are numbers with commas, or FROM:TO:STEP with at most 100 steps"
        ) from None
    least, most = limits
    wrong = next((part for part in parts if not least <= part <= most), None)
    if wrong is not None:
        raise InputError(f"{flag} {text}: {wrong:g} is outside {least:g} to {most:g}")
    return sorted(set(parts))
