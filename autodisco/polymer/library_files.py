"""Reading repeat units from any table, row by row, and writing the groups of equal ones."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from autodisco.errors import InputError
from autodisco.tables import SMILES_COLUMNS, open_table, text_lines, units_column

if TYPE_CHECKING:
    from autodisco.polymer import Library

LISTS = (".smi", ".smiles")


def read_strings(file: Path, column: str | None) -> Iterator[tuple[int, str]]:
    """Line number and text of every repeat unit in a table, or in a list with one a line (``#`` begins a comment).

    Without `column`, the column of a known name is taken, or the one with repeat units where there is no header. In a
    SMI file the first word of a line is the repeat unit.

    Raises InputError where the file cannot be read, no column is named as asked, rows have unequal numbers of cells, or
    there is no row.
    """
    rows = _strings(file, column)
    first = next(rows, None)
    if first is None:
        raise InputError(f"{file}: holds no repeat unit")
    yield first
    yield from rows


def _strings(file: Path, column: str | None) -> Iterator[tuple[int, str]]:
    if file.suffix.lower() in LISTS:
        if column:
            raise InputError(f"{file}: a SMI file has no columns; leave --column out")
        for number, content in enumerate(text_lines(file), 1):
            words = content.split()
            if words and not words[0].startswith("#"):
                yield number, words[0]
        return
    table = open_table(file)
    if table.names is not None and len(table.names) == 1 and table.column(SMILES_COLUMNS) is None and not column:
        # A list whose first line is no repeat unit, unless something separates words in it.
        (name,) = table.header
        if "|" in name or len(name.split()) > 1:
            units_column(table)
        yield table.header_line, name
        place = 0
    else:
        place = units_column(table, column)
    for row in table.rows:
        yield row.line, row.cells[place].strip()


def write_json(library: "Library", target: TextIO) -> None:
    """Groups, counts and what is no repeat unit as one JSON object, written as a stream."""
    target.write('{\n "groups": [')
    for number, group in enumerate(library.groups()):
        target.write(f"{',' if number else ''}\n  {json.dumps(group.to_dict())}")
    counts = {
        "rows": library.n_rows,
        "distinct": library.n_groups,
        "duplicates": library.n_rows - library.n_invalid - library.n_groups,
        "invalid": library.n_invalid,
    }
    target.write("\n ],\n" + "".join(f' "{name}": {value},\n' for name, value in counts.items()) + ' "not_valid": [')
    for number, row in enumerate(library.refusals()):
        refused = {"line": row.line, "given": row.given, "code": row.code, "reason": row.reason}
        target.write(f"{',' if number else ''}\n  {json.dumps(refused)}")
    target.write("\n ]\n}\n")


def write_csv(library: "Library", target: TextIO) -> None:
    """One row per polymer: its first text, canonical repeat unit, key, how many rows are the same, and their lines."""
    table = csv.writer(target)
    table.writerow(("representative", "canonical", "key", "count", "lines"))
    for group in library.groups():
        lines = " ".join(str(line) for line, _ in group.members)
        table.writerow((group.members[0][1], group.canonical, group.key, len(group.members), lines))
