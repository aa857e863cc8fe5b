"""The command that simulates a polymer at several molalities and temperatures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

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
from autodisco.cli.output import message, one_line, print_json, print_table
from autodisco.limits import MOLALITY, TEMPERATURE_K


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
    from autodisco.cli.scanned import How, scanned, series
    from autodisco.simulation import engines, forcefield, protocols, scan, scan_results

    loaded = protocols.load(protocol)
    simulated = subject(what, Flags(salt=salt or ()))
    by_molality = scan.at_molalities(simulated, series("--molality", molality, MOLALITY), protocol)
    kelvins = series("--temperature", temperature, TEMPERATURE_K) or [loaded.temperature_k]
    forcefield.load(force_field)
    timeout_s = 60.0 * (timeout_minutes or (0.0 if loaded.checkpoint_every_ps else 60.0))
    how = How(
        protocol, force_field, replicas, out, seed, workers, timeout_s, engines.resolved(engine), threads, executor
    )
    found = scanned(what, simulated, by_molality, kelvins, how)
    _print(found.content, as_json)
    message(f"table, fits and plot: {found.folder}")
    for warning in scan.few_pairs([scan_results.condition_of(row) for row in found.rows], protocol):
        message(f"warning: {warning}")
    if not any(row["n_replicas"] for row in found.rows):
        raise typer.Exit(1)


def _print(found: dict[str, Any], as_json: bool) -> None:
    """Print values and fits, and the builds that failed."""
    from autodisco.analysis import conditions as fits
    from autodisco.simulation import scan_results

    rows = found["values"]
    if as_json:
        print_json(found)
    else:
        conditions = [scan_results.condition_of(row) for row in rows]
        print_values(rows, scan_results.title_of(found))
        told = [fit.told() for fit in fits.over_salt(conditions)]
        print("\n".join([*told, *(fit.told() for fit in fits.over_temperature(conditions))]))
    for row in rows:
        where = f"{row['molality_mol_per_kg']:g} mol/kg, {row['temperature_k']:g} K"
        for failure in row["failures"]:
            message(f"{where}, replica {failure['replica']}: {failure['code']}: {one_line(failure['detail'])}")


def print_values(rows: Sequence[dict[str, Any]], title: str) -> None:
    """Print a table of conditions and their conductivities."""
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
