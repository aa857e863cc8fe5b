"""label: simulated values for the polymers of a CSV file, written back into its label columns.

Finished replicas are kept in the simulation folder, so that an interrupted run continues.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import autodisco
from autodisco.cli.label_table import Row, fill_labels, read_rows
from autodisco.cli.options import ENGINE, FORCE_FIELD_OF_BUILDS, JSON, SEED_OF_BUILDS
from autodisco.cli.output import existing_file, message, one_line, print_json
from autodisco.errors import InputError, InvalidRepeatUnit
from autodisco.limits import LEAST_TIMEOUT_MINUTES
from autodisco.text import counted

if TYPE_CHECKING:
    from autodisco.polymer import RepeatUnit


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("label")(label)


def label(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV with a column of repeat units, monomer_smiles.")],
    protocol: Annotated[str, typer.Option(help="Name of a shipped protocol, or a TOML file.")] = "quick",
    replicas: Annotated[
        int, typer.Option(min=1, help="Number of independent builds, if the file does not ask for more.")
    ] = 2,
    workers: Annotated[int, typer.Option(min=0, help="Builds at the same time; 0: one for each core.")] = 0,
    force_field: FORCE_FIELD_OF_BUILDS = "pcff+",
    seed: SEED_OF_BUILDS = 1,
    engine: Annotated[str, typer.Option(help=ENGINE)] = "auto",
    threads: Annotated[int, typer.Option(min=1, help="Cores for each build.")] = 1,
    executor: Annotated[str, typer.Option(help="Where builds run: local, or path/to/file.py:NAME.")] = "local",
    timeout_minutes: Annotated[float, typer.Option(min=LEAST_TIMEOUT_MINUTES, help="Time limit of one build.")] = 60.0,
    objective: Annotated[str, typer.Option(help="Objective: a name, or path/to/file.py:object.")] = "conductivity",
    out: Annotated[Path, typer.Option(help="Folder for topologies and trajectories.")] = Path("simulations"),
    as_json: JSON = False,
) -> None:
    """Simulate the polymers of a CSV file.

    Fills the columns of the objective (conductivity_s_per_cm), its standard error (_sem), protocol, force field,
    program version and number of replicas. A polymer without any new value keeps its old one. All other content of the
    file is kept, including edits during the run. A row with a larger n_replicas gets that many replicas. The same
    command run again continues, or adds replicas.
    """
    from autodisco.analysis import combine
    from autodisco.campaign.seeds import label_columns
    from autodisco.cli.single import ReplicaProgress
    from autodisco.decide import objective_named
    from autodisco.simulation import forcefield, protocols
    from autodisco.simulation.batch import failures, simulate_batch, values

    name = protocols.load(protocol).name  # first: its observables bring quantities
    aim = objective_named(objective)
    aim.check()
    forcefield.load(force_field)
    _, rows = read_rows(existing_file(file, "file of polymers"))
    units = {row.line: _unit(row, file) for row in rows}
    wanted: dict[str, int] = {}
    for row in rows:
        key = units[row.line].key
        wanted[key] = max(replicas, wanted.get(key, 0), _asked(row.cells, f"{file}, line {row.line}"))
    by_key = {unit.key: unit for unit in units.values()}
    message(
        f"{counted(len(by_key), 'polymer')}, {counted(sum(wanted.values()), 'build')} with protocol {name}; "
        f"finished builds are kept in {out}"
    )
    with ReplicaProgress({key: unit.given for key, unit in by_key.items()}) as shown:
        outcomes = simulate_batch(
            by_key.values(), protocol, force_field, wanted, out, seed, workers, 60.0 * timeout_minutes, engine, threads,
            on_start=shown.begin, on_done=shown.end, on_progress=shown.refresh,
            executor=executor, on_submit=shown.submitted,
        )  # fmt: skip
    failed: list[dict[str, Any]] = []
    labels: dict[str, tuple[str, ...]] = {}
    for key, unit in by_key.items():
        properties = [
            {**one, aim.column: value} for one in values(outcomes[key]) if (value := aim.value(one)) is not None
        ]
        failed += [{"monomer_smiles": unit.given, **failure} for failure in failures(outcomes[key])]
        if properties:
            mean = combine(properties)
            measured = _number(mean[aim.column]), _number(mean[aim.sem_column])
            labels[key] = (*measured, name, force_field, autodisco.__version__, str(len(properties)))
    _, rows = read_rows(file)  # it may have been edited meanwhile
    now = {row.line: _unit(row, file).key for row in rows}
    fill_labels(file, label_columns(aim), {line: labels[key] for line, key in now.items() if key in labels})
    if later := len(set(now.values()) - by_key.keys()):
        message(
            f"{file}: {counted(later, 'polymer')} added to the file during the run; run the command again for these"
        )
    for failure in failed:
        why = one_line(failure["detail"])
        message(f"{failure['monomer_smiles']} replica {failure['replica']}: {failure['code']}: {why}")
    if as_json:
        print_json({"file": file, "polymers": len(by_key), "failures": failed})
    else:
        message(f"{file}: values of {counted(len(by_key), 'polymer')} written, {counted(len(failed), 'build')} failed")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _asked(row: dict[str, str], where: str) -> int:
    text = row.get("n_replicas", "").strip()
    if text and not text.isdecimal():
        raise InputError(f"{where}: n_replicas = {text!r}: allowed is a whole number, or nothing")
    return int(text or 0)


def _unit(row: Row, file: Path) -> "RepeatUnit":
    from autodisco.polymer import parse

    try:
        return parse(row.unit)
    except InvalidRepeatUnit as error:
        raise InputError(f"{file}, line {row.line}: {error}") from None
