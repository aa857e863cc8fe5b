"""label: simulated values for the polymers of a CSV file, written back into its label columns.

The file stays as it is but for those columns, and is replaced whole at the end. What was simulated before is kept
in the simulation folder, so an interrupted run goes on where it was.
"""

import csv
import io
from pathlib import Path
from typing import Annotated, Any

import typer

import autodisco
from autodisco.cli.output import existing_file, message, one_line, print_json
from autodisco.errors import InputError, InvalidRepeatUnit
from autodisco.files import write_atomic
from autodisco.tables import Row, Table, open_table
from autodisco.text import counted


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("label")(label)


def label(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV with a column monomer_smiles.")],
    protocol: Annotated[str, typer.Option(help="Name of a shipped protocol, or a TOML file.")] = "quick",
    replicas: Annotated[int, typer.Option(min=1, help="Independent builds of each, if the file asks no more.")] = 2,
    workers: Annotated[int, typer.Option(min=0, help="Builds at a time; 0 for one per core.")] = 0,
    force_field: Annotated[str, typer.Option(help="Force field.")] = "pcff+",
    seed: Annotated[int, typer.Option(min=0, help="Decides builds and velocities.")] = 1,
    timeout_minutes: Annotated[float, typer.Option(min=0.01, help="Longest time for one build.")] = 60.0,
    out: Annotated[Path, typer.Option(help="Folder for topologies and trajectories.")] = Path("simulations"),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Simulate the polymers of a CSV file.

    Fills conductivity_s_per_cm and _sem with protocol, force field, program version and number of replicas; a
    polymer without any value keeps what it had. A row that names a larger n_replicas gets that many. Running it again
    continues, or adds replicas.
    """
    from autodisco.analysis import combine
    from autodisco.campaign.seeds import LABEL_COLUMNS
    from autodisco.cli.single import Shown
    from autodisco.polymer import parse
    from autodisco.simulation import forcefield, protocols
    from autodisco.simulation.batch import failures, simulate_batch, values

    name = protocols.load(protocol).name
    forcefield.load(force_field)
    table, numbered = _read(existing_file(file, "file of polymers"))
    rows = [cells for _, cells in numbered]
    units, wanted = [], {}
    for found, row in numbered:
        where = table.where(found)
        try:
            units.append(parse(row["monomer_smiles"]))
        except InvalidRepeatUnit as error:
            raise InputError(f"{where}: {error}") from None
        wanted[units[-1].key] = max(replicas, _asked(row, where))
    message(
        f"{counted(len(units), 'polymer')}, {counted(sum(wanted.values()), 'build')} with protocol {name}; "
        f"finished builds are kept in {out}"
    )
    with Shown({unit.key: unit.given for unit in units}) as shown:
        outcomes = simulate_batch(
            units, protocol, force_field, wanted, out, seed, workers, 60.0 * timeout_minutes,
            on_start=shown.begin, on_done=shown.end, on_progress=shown.refresh,
        )  # fmt: skip
    failed: list[dict[str, Any]] = []
    for unit, row in zip(units, rows, strict=True):
        properties = values(outcomes[unit.key])
        failed += [{"monomer_smiles": unit.given, **failure} for failure in failures(outcomes[unit.key])]
        if properties:
            mean = combine(properties)
            labels = (
                _number(mean["conductivity_s_per_cm"]),
                _number(mean["conductivity_s_per_cm_sem"]),
                name,
                force_field,
                autodisco.__version__,
                str(len(properties)),
            )
            row.update(zip(LABEL_COLUMNS, labels, strict=True))
    _write(table, LABEL_COLUMNS, [(found.comments, row) for found, row in numbered])
    for failure in failed:
        why = one_line(failure["detail"])
        message(f"{failure['monomer_smiles']} replica {failure['replica']}: {failure['code']}: {why}")
    if as_json:
        print_json({"file": file, "polymers": len(units), "failures": failed})
    else:
        message(f"{file}: values of {counted(len(units), 'polymer')} written, {counted(len(failed), 'build')} failed")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _asked(row: dict[str, str], where: str) -> int:
    text = row.get("n_replicas", "").strip()
    if text and not text.isdecimal():
        raise InputError(f"{where}: n_replicas = {text!r}: allowed is a whole number, or nothing")
    return int(text or 0)


def _read(path: Path) -> tuple[Table, list[tuple[Row, dict[str, str]]]]:
    """The table; each row, and its cells by name."""
    table = open_table(path)
    names = table.names or []
    if "monomer_smiles" not in names:
        shown = ", ".join(table.header) or "none"
        raise InputError(f"{path}, line {table.header_line}: no column monomer_smiles (columns: {shown})")
    return table, [(row, dict(zip(names, row.cells, strict=True))) for row in table.rows]


def _write(table: Table, labels: tuple[str, ...], rows: list[tuple[tuple[str, ...], dict[str, str]]]) -> None:
    """Write the table in its place as it was written: separator, comments, line ends, encoding."""
    names = table.names or []
    more = [column for column in labels if column not in names]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=table.separator, lineterminator=table.line_end)
    text.writelines(line + table.line_end for line in table.preamble)
    writer.writerow([*table.header, *more])
    for comments, row in rows:
        text.writelines(line + table.line_end for line in comments)
        writer.writerow([row.get(name, "") for name in (*names, *more)])
    text.writelines(line + table.line_end for line in table.comments_after)
    write_atomic(table.path, text.getvalue().encode(table.encoding))
