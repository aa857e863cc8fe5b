"""The command that simulates the best polymers of a campaign at several molalities and temperatures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from autodisco.api.locate import campaign_folder
from autodisco.cli.options import (
    EXECUTOR_OF_BUILDS,
    JSON,
    NAME,
    THREADS_OF_BUILDS,
    TIMEOUT_OF_BUILDS,
    WORKERS_OF_BUILDS,
)
from autodisco.cli.output import message, print_json, print_table
from autodisco.files import argument
from autodisco.limits import MOLALITY, TEMPERATURE_K
from autodisco.text import counted, duration

if TYPE_CHECKING:
    from autodisco.api.finalists import Plan, Plans
    from autodisco.api.scan import Scan


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("finalists")(finalists)


def finalists(
    name: NAME = None,
    best: Annotated[int, typer.Option(min=1, max=100, help="Polymers of the ranking, beside the reference.")] = 3,
    molality: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Mol of salt per kg of polymer and solvent: 1,2 or FROM:TO:STEP; default: 0.5,1,1.5,2,3.",
        ),
    ] = None,
    temperature: Annotated[
        str | None, typer.Option(metavar="LIST", help="In K: 333,353 or FROM:TO:STEP; default: that of the protocol.")
    ] = None,
    protocol: Annotated[
        str | None, typer.Option(help="Name of a shipped protocol, or a TOML file; default: the highest tier.")
    ] = None,
    replicas: Annotated[int, typer.Option(min=1, help="Independent builds at each condition.")] = 3,
    workers: WORKERS_OF_BUILDS = 0,
    threads: THREADS_OF_BUILDS = 1,
    executor: EXECUTOR_OF_BUILDS = "",
    timeout_minutes: TIMEOUT_OF_BUILDS = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print builds and their cost; run nothing.")] = False,
    as_json: JSON = False,
) -> None:
    """Simulate the best polymers at several conditions.

    The reference and the best of the ranking are scanned as by autodisco scan, with force field, engine and seed of the
    campaign. Results are in finalists/ of the campaign folder; report, status --json and export show them. The same
    command again runs what is missing.
    """
    from autodisco.api.finalists import plan
    from autodisco.cli.series import series
    from autodisco.cli.single import ReplicaProgress

    folder = campaign_folder(name)
    plans = plan(
        folder, best, series("--molality", molality, MOLALITY), series("--temperature", temperature, TEMPERATURE_K),
        protocol, replicas, executor=executor, workers=workers, threads=threads, timeout_minutes=timeout_minutes,
    )  # fmt: skip
    if dry_run:
        _tell_cost(plans, as_json)
        return
    found = [one.run(message, ReplicaProgress) for one in plans.each]
    if as_json:
        print_json([one.content for one in found])
    else:
        _print(plans.each, [one.content for one in found])
    _tell_results(plans.each, found)
    message(f"charts of all of them: autodisco report {argument(folder)}")
    if not any(row["n_replicas"] for one in found for row in one.rows):
        raise typer.Exit(1)


def _tell_cost(plans: Plans, as_json: bool) -> None:
    """Print the builds of each finalist that are missing, and what they cost."""
    cost, rows = plans.cost, [(one, one.missing) for one in plans.each]
    missing = sum(n for _, n in rows)
    cpu_h = None if cost.cpu_s is None else missing * cost.cpu_s / 3600
    if as_json:
        told = [{"monomer_smiles": plan.of.given, "rank": plan.of.rank, "missing_builds": n} for plan, n in rows]
        print_json({"finalists": told, "missing_builds": missing, "build": cost, "cpu_h": cpu_h})
        return
    print_table(
        [">rank", "polymer", ">conditions", ">builds missing"],
        [(plan.of.rank or "reference", plan.of.given, plan.conditions, n) for plan, n in rows],
    )
    took = "not known" if cpu_h is None else f"about {duration(3600 * cpu_h)}"
    print(f"{counted(missing, 'build')} with protocol {cost.protocol}: CPU time {took} ({cost.source})")
    message("nothing was started and nothing was written")


def _tell_results(plans: Sequence[Plan], found: Sequence[Scan]) -> None:
    """Say where the results are, how many builds failed, and at which molalities boxes hold few ions."""
    from autodisco.cli.scan import files_of

    warnings: dict[str, None] = {}
    for plan, one in zip(plans, found, strict=True):
        failed = sum(len(row["failures"]) for row in one.rows)
        lost = f"; {counted(failed, 'build')} without a value" if failed else ""
        message(f"{plan.of.given}: {files_of(one)}{lost}")
        warnings |= dict.fromkeys(one.warnings)
    for warning in warnings:
        message(f"warning: {warning}")


def _print(plans: Sequence[Plan], found: Sequence[dict[str, Any]]) -> None:
    from autodisco.cli.scan import print_values
    from autodisco.simulation.scan_results import title_of

    for plan, content in zip(plans, found, strict=True):
        print_values(content["values"], f"{plan.of.rank or 'reference'}  {title_of(content)}")
