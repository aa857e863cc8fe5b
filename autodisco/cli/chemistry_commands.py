"""Commands about polymers: simulate, dedupe."""

import itertools
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autodisco.cli.options import (
    ARCHITECTURE,
    BLEND,
    COMONOMER,
    ENGINE_OF_BUILDS,
    EXECUTOR_OF_BUILDS,
    FORCE_FIELD_OF_BUILDS,
    ION,
    JSON,
    MOLALITY_OF_SALT,
    NO_SALT,
    PROTOCOL_OF_BUILDS,
    SALT,
    SEED_OF_BUILDS,
    SOLVENT,
    SUBJECT,
    THREADS_OF_BUILDS,
    TIMEOUT_OF_BUILDS,
    WORKERS_OF_BUILDS,
)
from autodisco.cli.output import message, one_line, print_json, print_properties, print_table
from autodisco.errors import InputError
from autodisco.files import open_atomic
from autodisco.limits import TEMPERATURE_K
from autodisco.text import counted

if TYPE_CHECKING:
    from autodisco.api.simulate import Simulation
    from autodisco.polymer import Group, Library

MOST_SHOWN = 50


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (simulate, dedupe):
        app.command(command.__name__)(command)


def simulate(
    what: SUBJECT,
    protocol: PROTOCOL_OF_BUILDS = "quick",
    replicas: Annotated[int, typer.Option(min=1, help="Number of independent builds.")] = 2,
    workers: WORKERS_OF_BUILDS = 0,
    threads: THREADS_OF_BUILDS = 1,
    force_field: FORCE_FIELD_OF_BUILDS = "pcff+",
    engine: ENGINE_OF_BUILDS = "auto",
    executor: EXECUTOR_OF_BUILDS = "local",
    seed: SEED_OF_BUILDS = 1,
    timeout_minutes: TIMEOUT_OF_BUILDS = None,
    out: Annotated[
        Path, typer.Option(help="Folder for topologies and trajectories, in <key>/<protocol>/seed-<N>/<replica>.")
    ] = Path("simulations"),
    temperature: Annotated[
        list[float] | None,
        typer.Option(
            min=TEMPERATURE_K[0],
            max=TEMPERATURE_K[1],
            metavar="K",
            help="Temperature instead of that of the protocol; several give an activation energy.",
        ),
    ] = None,
    blend: BLEND = None,
    comonomer: COMONOMER = None,
    architecture: ARCHITECTURE = None,
    solvent: SOLVENT = None,
    salt: SALT = None,
    no_salt: NO_SALT = False,
    molality: MOLALITY_OF_SALT = None,
    ion: ION = None,
    write_only: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Only build and write input files, one folder for each replica."),
    ] = None,
    as_json: JSON = False,
) -> None:
    """Simulate a polymer electrolyte: repeat unit, mixture or file.

    With a repeat unit, the flags may add the other parts of a mixture; a formulation file holds all of them.

    Prints transport properties with errors over independent builds; trajectories stay for MDAnalysis and VMD.
    """
    from autodisco.api.simulate import simulate as simulated_with
    from autodisco.cli.mixture import Flags, subject
    from autodisco.cli.single import ReplicaProgress, print_over_temperature, write_inputs
    from autodisco.simulation import engines, forcefield, protocols

    mixed = Flags(blend, comonomer, architecture, solvent, salt, no_salt, molality, ion)
    simulated = subject(what, mixed)
    kelvins = temperature or protocols.load(protocol).temperatures
    names = [f"{protocol}@{kelvin:g}" for kelvin in kelvins] or [protocol]
    chosen = [protocols.load(name) for name in names]
    forcefield.load(force_field)
    hint = engines.load(engine).hint
    if write_only:
        for name, loaded in zip(names, chosen, strict=True):
            folder = write_only / loaded.name if len(names) > 1 else write_only
            write_inputs(simulated, name, force_field, replicas, seed, folder, engine)
            without = ", without checkpoints, extensions and early stops" if hint else ""
            message(f"{counted(replicas, 'folder')} in {folder}{without}")
        elsewhere = "python -m autodisco.simulation.worker job.json, also on another machine with autodisco"
        message(f"run each with: {hint or elsewhere}; then: autodisco analyze {folder / '0'}")
        return
    results = [
        simulated_with(
            simulated, protocol, replicas, temperature_k=kelvin, force_field=force_field, engine=engine,
            executor=executor, workers=workers, threads=threads, seed=seed, timeout_minutes=timeout_minutes,
            folder=out, progress=message, watch=ReplicaProgress,
        )
        for kelvin in kelvins or (None,)
    ]  # fmt: skip
    if len(results) > 1:
        print_over_temperature(results, as_json)
    else:
        _print_simulation(results[0], as_json)


def _print_simulation(result: "Simulation", as_json: bool) -> None:
    """Print what a simulation gave; exit code 1 without any value."""
    for failure in result.failures:
        message(f"replica {failure['replica']} failed: {failure['code']}: {one_line(failure['detail'])}")
    if as_json:
        print_json(result)
    elif result.properties:
        if result.headline:
            print(result.headline)
        kind = f"{result.protocol}, {result.force_field}, {counted(result.n_replicas, 'replica')}"
        print_properties(result.properties, f"{result.monomer_smiles}   ({kind})")
        if weak := result.properties.get("force_field_flags"):
            message(f"the force field is weak here: {', '.join(weak)} (docs/validation.md)")
        message(f"protocol {result.protocol}: {result.purpose}")
    for warning in result.warnings:
        message(f"warning: {warning}")
    message(f"topologies and trajectories: {result.folder}")
    if not result.properties:
        raise typer.Exit(1)


def dedupe(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="CSV or TSV with a header, SMI, or one repeat unit a line.")
    ],
    column: Annotated[str | None, typer.Option(help="Column with the repeat units.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="CSV", help="Write all polymers to this file.")] = None,
    seeds: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="Write a seed file of a campaign: the polymers that can be simulated."),
    ] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0 for one per core.")] = 0,
    as_json: JSON = False,
) -> None:
    """Group the rows of a file by polymer.

    Strings that are the same infinite chain are one group. Files of any length are read as a stream.
    """
    from autodisco.cli.output import counting
    from autodisco.machine import cores
    from autodisco.polymer import Library
    from autodisco.polymer.library_files import read_units, write_csv, write_json, write_seeds

    file, *others = files
    if others:
        several = " ".join(map(str, files))
        raise InputError(f"one file is read; 'autodisco check {several} --out ALL.csv' makes one of several")
    rows = read_units(file, column)
    with counting(f"reading {file}", "rows") as progress:
        library = Library(rows, workers or cores(), progress=progress)
    with library:
        if out:
            with open_atomic(out) as target:
                write_csv(library, target)
        left_out, weak = list[str](), list[str]()
        if seeds:
            with open_atomic(seeds) as target:
                left_out, weak = write_seeds(library, target)
        if as_json:
            write_json(library, sys.stdout)
        elif not out and not seeds:
            _print_groups(library)
        _tell_lines(file, left_out, "that cannot be simulated")
        _tell_lines(file, weak, "with a weak bond")
        for row in itertools.islice(library.refusals(), MOST_SHOWN):
            message(f"{file}, line {row.line}: {one_line(row.given)[:80]}: {one_line(row.reason)}")
        if (more := library.n_invalid - MOST_SHOWN) > 0:
            message(f"… and {more} more that are not valid; --json lists them all")
        duplicates = library.n_rows - library.n_invalid - library.n_groups
        message(
            f"{counted(library.n_rows, 'row')}: {counted(library.n_groups, 'distinct polymer')}, "
            f"{counted(duplicates, 'duplicate')}, {library.n_invalid} not valid"
        )
        if out:
            message(f"polymers: {out}")
        if seeds:
            message(f"seed file of {counted(library.n_groups - len(left_out), 'polymer')}: {seeds}")
        if not library.n_groups:
            raise InputError(f"{file}: no row holds a repeat unit; each is a SMILES with two ends, such as *OCC*")


def _tell_lines(file: Path, lines: Sequence[str], what: str) -> None:
    """The first lines about rows of a file on stderr, and how many more there are."""
    for line in lines[:MOST_SHOWN]:
        message(f"{file}, {one_line(line)}")
    if (more := len(lines) - MOST_SHOWN) > 0:
        message(f"… and {more} more {what}")


def _print_groups(library: "Library") -> None:
    """Print the first polymers; polymers with several rows come first."""
    several = list(itertools.islice((g for g in library.groups() if len(g.members) > 1), MOST_SHOWN))
    single = itertools.islice((g for g in library.groups() if len(g.members) == 1), MOST_SHOWN - len(several))
    shown = [*several, *single]
    named = any(group.name for group in shown)
    print_table(
        [">line", *["name"] * named, "polymer", "canonical", "key", ">count", "same as"],
        [
            (
                group.members[0][0],
                *[group.name] * named,
                group.members[0][1],
                group.canonical,
                group.key,
                len(group.members),
                _others(group),
            )
            for group in shown
        ],
    )
    if (more := library.n_groups - MOST_SHOWN) > 0:
        message(f"… and {more} more polymers; --out FILE or --json lists them all")


def _others(group: "Group") -> str:
    others = [*zip(group.members, group.names, strict=True)][1:6]
    shown = ", ".join(f"{text} ({f'{name}, ' if name else ''}line {line})" for (line, text), name in others)
    return shown + (f" and {len(group.members) - 6} more" if len(group.members) > 6 else "")
