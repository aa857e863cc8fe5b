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
from autodisco.files import csv_rows, read_text, write_atomic
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
    header, numbered = _read(existing_file(file, "file of polymers"))
    rows = [row for _, row in numbered]
    units, wanted = [], {}
    for line, row in numbered:
        where = f"{file}, line {line}"
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
    text = io.StringIO()
    writer = csv.DictWriter(text, [*header, *(c for c in LABEL_COLUMNS if c not in header)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_atomic(file, text.getvalue())
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


def _read(path: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """Column names; line and cells of each row."""
    rows = csv_rows(path, read_text(path))
    line, header = next(rows, (1, []))
    if "monomer_smiles" not in header:
        raise InputError(f"{path}, line {line}: no column monomer_smiles (columns: {', '.join(header)})")
    found = []
    for line, cells in rows:
        if len(cells) != len(header):
            columns = counted(len(header), "column")
            raise InputError(f"{path}, line {line}: {counted(len(cells), 'cell')} where the header names {columns}")
        found.append((line, dict(zip(header, cells, strict=True))))
    return header, found
