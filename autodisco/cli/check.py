"""check: validity, identity, stability of repeat units, and whether they can be simulated."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from autodisco.cli.options import JSON, UNITS
from autodisco.cli.output import counting, message, number, one_line, print_json, print_table
from autodisco.errors import InvalidRepeatUnit
from autodisco.files import write_atomic
from autodisco.tables import csv_text
from autodisco.text import counted, joined, shortened

LONGEST_SHOWN = 60
SPARE = (">SA score", ">rotatable", ">O/C", ">heavy atoms", ">g/mol", "canonical", "key")
"""Columns that a narrow terminal does without, the first of them first."""

ANSWERS = {"reservations": "with reservations"}
"""Words of the table for the values of `Check.simulation` that differ."""

Place = tuple[str, int]
"""File and line of a text; of the command line no file, and a count from 1."""


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("check")(check)


def check(
    what: UNITS,
    against: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File of known polymers, with which each repeat unit is compared."),
    ] = None,
    column: Annotated[
        str | None, typer.Option(help="Column with the repeat units: of FILE, otherwise of the file of --against.")
    ] = None,
    png: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the repeat units into this file, weak bonds marked.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="CSV", help="Write the table to this file.")] = None,
    as_json: JSON = False,
) -> None:
    """Check repeat units: validity, identity, stability.

    The column simulation says whether a polymer can be simulated: yes, with reservations (the force field is weak for
    some of its groups), or no.
    """
    from autodisco.api.check import check as checked
    from autodisco.api.check import draw_units
    from autodisco.polymer.library_files import files_among, given_units

    of_file = bool(files_among(what)) or not against
    texts = list(given_units(what, column if of_file else None))
    checks = []
    for _, text in texts:
        one = checked(text.text)
        reasons = [{**why, "reason": text.refusal(why["code"], why["reason"])} for why in one.reasons]
        checks.append(replace(one, name=text.name or one.name, reasons=reasons))
    rows = [one.to_dict() for one in checks]
    if against:
        known = _known(against, None if of_file else column, {one.key for one in checks if one.key})
        rows = [{**row, "equals": known.get(row["key"])} for row in rows]
    drawn = png is not None and any(one.valid for one in checks)
    if png and drawn:
        write_atomic(png, draw_units(checks))
    places = [(file, text.line or count) for count, (file, text) in enumerate(texts, 1)]
    same, several = _repeated(rows), len(files_among(what)) > 1
    if as_json:
        print_json(rows)
    else:
        _print(rows, not files_among(what))
        for (file, text), one in zip(texts, checks, strict=True):
            named = f" ({text.name})" if text.name else ""
            where = f"{file}, line {text.line}{named}: " if file else ""
            for reason in one.reasons:
                message(f"error: {where}{one_line(reason['reason'])} ({reason['code']})")
        _tell_same(rows, places, same, several)
    if out:
        firsts = [places[same[later]] if later in same else None for later in range(len(rows))]
        table = zip(places, firsts, rows, strict=True)
        cells = [_place("", at, several) | _place("same_as_", first, several) | _cells(row) for at, first, row in table]
        write_atomic(out, csv_text(cells))
        message(f"table: {out}")
    if drawn:
        message(f"drawing: {png}")
    if not all(one.valid for one in checks):
        raise typer.Exit(InvalidRepeatUnit.exit_code)


def _known(file: Path, column: str | None, keys: set[str]) -> dict[str, dict[str, Any]]:
    """Line and text of the first row of each key in a file."""
    from autodisco.api.check import known_polymers

    left_out: list[int] = []
    with counting(f"reading {file}", "rows") as progress:
        known = known_polymers(file, column, keys, progress, left_out.append)
    for n in left_out:
        message(f"{file}: {counted(n, 'row')} without a valid repeat unit left out")
    return known


def _repeated(rows: Sequence[dict[str, Any]]) -> dict[int, int]:
    """Places of rows whose polymer an earlier row has, and the place of that row."""
    first: dict[str, int] = {}
    places = [(place, first.setdefault(row["key"], place)) for place, row in enumerate(rows) if row["key"]]
    return {place: earlier for place, earlier in places if place != earlier}


def _tell_same(rows: Sequence[dict[str, Any]], places: Sequence[Place], same: dict[int, int], several: bool) -> None:
    """A line on stderr for each row that is the polymer of an earlier one."""
    for later, first in same.items():
        file, line = places[first]
        where = "".join([f", {file}" * several, f", line {line}" * bool(file)])
        message(f"{_called(rows[later])}: the same polymer as {_called(rows[first])}{where}")


def _called(row: dict[str, Any]) -> str:
    """A row in a sentence: its text, with its name."""
    return f"{row['name']} {row['smiles']}" if row["name"] else str(row["smiles"])


def _place(of: str, place: Place | None, several: bool) -> dict[str, str | int | None]:
    """Columns of --out that say where a text stands; with the file where there are several."""
    file, line = place or ("", None)
    return {**({f"{of}file": file} if several else {}), f"{of}line": line}


def _cells(row: dict[str, Any]) -> dict[str, Any]:
    """What was found of a text, for the CSV of --out."""
    scores = row["scores"] or {}
    return {
        "name": row["name"], "monomer_smiles": row["smiles"], "simulation": row["simulation"],
        "refused": "; ".join(reason["reason"] for reason in row["reasons"]),
        "canonical": row["canonical"], "key": row["key"],
        "flags": "; ".join(flag["name"] for flag in row["flags"]),
        "force_field_flags": "; ".join(flag["name"] for flag in row["force_field_flags"] or ()),
        **{name: value for name, value in scores.items() if isinstance(value, (int, float))},
        "psmiles": row["psmiles"], "bigsmiles": row["bigsmiles"],
        **({"known_as": _known_as(row)} if "equals" in row else {}),
    }  # fmt: skip


def _print(rows: Sequence[dict[str, Any]], other_notations: bool) -> None:
    """A row for each text, refused ones too, notes below, and other notations of the valid ones if they are asked
    for."""
    against, named = "equals" in rows[0], any(row["name"] for row in rows)
    left_out = print_table(
        [
            "repeat unit", *["name"] * named, "simulation", "canonical", "key", ">g/mol", ">heavy atoms", ">O/C",
            ">rotatable", ">SA score", "flags", *["known as"] * against,
        ],
        [
            (
                _shown(row), *[row["name"]] * named, ANSWERS.get(row["simulation"], row["simulation"]),
                *(_values(row) if row["valid"] else [""] * 7 + [f"refused: {row['reasons'][0]['code']}"]),
                *[_known_as(row) for _ in range(against)],
            )
            for row in rows
        ],
        spare=SPARE,
    )  # fmt: skip
    if left_out:
        message(f"too narrow for all columns; --out FILE or --json has {joined(left_out)} too")
    valid = [row for row in rows if row["valid"]]
    if valid and other_notations:
        print_table(
            ["repeat unit", "PSMILES", "BigSMILES"], [(_shown(row), row["psmiles"], row["bigsmiles"]) for row in valid]
        )
    for row in valid:
        _tell(row)


def _tell(row: dict[str, Any]) -> None:
    """Notes, weak bonds and weak groups of a repeat unit, on stderr."""
    for note in row["notes"]:
        message(f"{row['smiles']}: {note}")
    for flag in row["flags"]:
        bond = "" if flag["bond"] == flag["name"] else f" ({flag['bond']})"
        message(f"{row['smiles']}: {flag['name']}{bond}: {flag['reason']} ({flag['reference']})")
    for weak in row["force_field_flags"] or []:
        message(f"{row['smiles']}: force field, {weak['name']}: {weak['reason']} ({weak['figure']})")


def _shown(row: dict[str, Any]) -> str:
    """A text as given, without the tail of drawing programs, in one line."""
    from autodisco.polymer.habits import cleaned

    return shortened(one_line(cleaned(row["smiles"])), LONGEST_SHOWN)


def _values(row: dict[str, Any]) -> list[str]:
    """The cells of a valid repeat unit from its canonical form to its flags."""
    scores = row["scores"]
    return [
        row["canonical"],
        row["key"],
        f"{scores['molar_mass_g_per_mol']:.2f}",
        scores["heavy_atoms"],
        number(scores["oxygen_carbon_ratio"]),
        number(scores["rotatable_fraction"]),
        f"{scores['sa_score']:.2f}",
        ", ".join(flag["name"] for flag in row["flags"]) or "none",
    ]


def _known_as(row: dict[str, Any]) -> str:
    equals = row["equals"]
    if not row["valid"]:
        return ""
    if not equals:
        return "new"
    name = equals["name"] or equals["smiles"]
    return f"{name} (line {equals['line']})"
