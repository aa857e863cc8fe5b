"""The command that turns trajectories into transport properties."""

import csv
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from autodisco.cli.options import JSON
from autodisco.cli.output import message, print_json, print_properties, print_windows, stderr_console, tell_plots
from autodisco.errors import InputError

IONS = "MDAnalysis selection of the ions, such as 'type 1' or 'resname LI'; once per species."
CHARGE = "in e; once for all species or once for each."


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("analyze")(analyze)


def analyze(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...",
            help="Folders of replicas or of HTP-MD; or a topology and its trajectories, with a + between replicas.",
        ),
    ],
    cation: Annotated[list[str] | None, typer.Option(help=f"For files: {IONS}")] = None,
    anion: Annotated[list[str] | None, typer.Option(help=f"For files: {IONS}")] = None,
    coordinating: Annotated[
        str | None,
        typer.Option(
            help="For files: atoms that coordinate cations, of anions and of all others; default: N, O, S … by element."
        ),
    ] = None,
    cation_charge: Annotated[list[float] | None, typer.Option(help=f"For files: {CHARGE} Default: 1.")] = None,
    anion_charge: Annotated[list[float] | None, typer.Option(help=f"For files: {CHARGE} Default: -1.")] = None,
    temperature: Annotated[float | None, typer.Option(help="In K; required for files. 80 °C are 353 K.")] = None,
    dt: Annotated[float | None, typer.Option(help="Time between frames in ps, for files that do not hold it.")] = None,
    htp_md: Annotated[bool, typer.Option("--htp-md", help="Follow the conventions of the HTP-MD database.")] = False,
    cluster_cutoff: Annotated[
        float | None,
        typer.Option(
            help="Cation to anion atom, in Å: one cluster, one ion pair (also for lifetimes); default: 3.4, or "
            "what a replica states for its cation."
        ),
    ] = None,
    cluster_join: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PAIR",
            help="Kinds of contacts that join ions to one cluster: cation-anion, anion-anion, cation-cation; once "
            "for each. Without it cation-anion, and all three with --htp-md.",
        ),
    ] = None,
    coordination_cutoff: Annotated[
        float | None,
        typer.Option(
            help="In Å, for coordination numbers and residence at the polymer; 2.8, or what a replica states."
        ),
    ] = None,
    fit: Annotated[
        tuple[float, float] | None,
        typer.Option(
            metavar="FROM TO", help="Lags in ps over which displacements are fitted; default: the diffusive lags."
        ),
    ] = None,
    observable: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH:CLASS",
            help="An observable besides the usual ones, path/to/file.py:Class or the name of one; once for each.",
        ),
    ] = None,
    memory: Annotated[float, typer.Option(help="Memory for frames and displacements, in MB.")] = 256.0,
    threads: Annotated[int, typer.Option(min=1, help="Threads of the kernels.")] = 1,
    plots: Annotated[Path | None, typer.Option(metavar="DIR", help="Write plots there, as PNG and PDF.")] = None,
    as_json: JSON = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print name, value, error and unit as CSV.")] = False,
) -> None:
    """Turn trajectories into transport properties.

    Conductivities, diffusivities, transference numbers, clusters, surroundings and lifetimes of ions, with errors.
    Several folders, or runs of files with a + between them, are replicas of one polymer: their means and standard
    errors follow.
    """
    from autodisco import analysis
    from autodisco.analysis import few_replicas, mean_curves, runs
    from autodisco_kernels.compilation import is_compiled

    if as_json and as_csv:
        raise InputError("--json and --csv exclude each other; leave one of them out")
    if htp_md and plots:
        raise InputError("--plots shows fits, which --htp-md does not make; leave one of the two out")
    options: dict[str, Any] = {
        "cation": cation or (), "anion": anion or (), "coordinating": coordinating,
        "cation_charge": cation_charge or None, "anion_charge": anion_charge or None,
        "temperature_k": temperature, "dt_ps": dt, "mode": "htp-md" if htp_md else "default",
        "cluster_cutoff": cluster_cutoff, "cluster_joins": cluster_join, "coordination_cutoff": coordination_cutoff,
        "fit_ps": fit, "memory_mb": memory, "threads": threads, "observables": observable or (),
    }  # fmt: skip
    given = runs.split(paths)
    names, folders = [runs.name_of(run) for run in given], runs.folders_of(given)
    results, curves = [], []
    if not is_compiled():
        message("the kernels are compiled once, on first use; this takes about a minute")
    for run, name, folder in zip(given, names, folders, strict=True):
        with _Reading(name) as progress:
            found = analysis.analyze(*run, **options, progress=progress)
        results.append(found.properties.to_dict())
        if plots:
            tell_plots(found.plot(plots if len(given) == 1 else plots / folder))
            curves.append(found.curves() if len(given) > 1 else {})
    runs.check_replicas(names, results)
    if plots and len(given) > 1:
        tell_plots(mean_curves.plot_means(curves, plots))
    combined = few_replicas.combined_for_people(results) if len(results) > 1 else results[0]
    title = f"{len(results)} runs" if len(results) > 1 else names[0]
    warnings = runs.warnings_of(names, results, paths)
    if as_json:
        named = [{"run": name, **result} for name, result in zip(names, results, strict=True)]
        several = {"replicas": named, "combined": combined | {"warnings": warnings}}
        print_json(several if len(results) > 1 else named[0])
    elif as_csv:
        table = csv.writer(sys.stdout)
        table.writerow(runs.COLUMNS)
        table.writerows(runs.rows(title, combined, warnings))
    else:
        print_properties(combined, title)
        for name, result in zip(names, results, strict=True):
            if len(results) > 1:
                print_windows(result, name)
    for warning in warnings:
        message(f"warning: {warning}")


class _Reading:
    """A progress bar on a terminal: frames read, and the number of all frames if the files tell it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._progress: Any = None

    def __enter__(self) -> Any:
        if not sys.stderr.isatty():
            return None
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("frames"),
            TimeElapsedColumn(), console=stderr_console(), transient=True,
        )  # fmt: skip
        self._progress.start()
        bar = self._progress.add_task(f"reading {self._name}", total=None)
        return lambda read, total: self._progress.update(bar, completed=read, total=total)

    def __exit__(self, *_: object) -> None:
        if self._progress:
            self._progress.stop()
