"""Fills the label columns of a CSV file and leaves all other bytes unchanged (quotation marks, line ends, …).

The file is read again when the values are there, because hours of simulation lie between, in which people edit it.
"""

import csv
import io
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autodisco.errors import InputError
from autodisco.files import write_atomic
from autodisco.tables import Table, open_table, text_lines, units_column


@dataclass(frozen=True)
class Row:
    """A row: its first line, its repeat unit, its cells by column, and its text up to the next row."""

    line: int
    unit: str
    cells: dict[str, str]
    text: str


def read_rows(path: Path) -> tuple[list[str], list[Row]]:
    """Column names and rows of a file. Raises InputError if it cannot be read or names no column of repeat units."""
    table, _, rows = _read(path)
    return table.names or [], rows


def fill_labels(path: Path, columns: Sequence[str], labels: Mapping[int, Sequence[str]]) -> None:
    """Write `labels`, cells for `columns` by line of the row; missing columns are added at the end.

    Raises InputError if the file can no longer be read.
    """
    table, head, rows = _read(path)
    names = table.names or []
    added = [column for column in columns if column not in names]
    preamble, header = head[: table.header_line - 1], head[table.header_line - 1 :]
    named = dict(zip(names, table.header, strict=True))
    parts = ["".join(preamble), _changed("".join(header), named, {}, added, table.separator)]
    for row in rows:
        new = dict(zip(columns, labels.get(row.line, ()), strict=row.line in labels))
        parts.append(_changed(row.text, row.cells, new, [new.get(column, "") for column in added], table.separator))
    write_atomic(path, "".join(parts).encode(table.encoding))


def _read(path: Path) -> tuple[Table, list[str], list[Row]]:
    """The table, the lines up to its first row, and its rows."""
    if not path.is_file():
        raise InputError(
            f"{path}: the file was removed during the run; finished simulations are kept, run the command again"
        )
    table = open_table(path)
    names = table.names or []
    if table.names is None:
        raise InputError(f"{path}, line {table.header_line}: no header; name the columns there (monomer_smiles, …)")
    place = units_column(table)
    lines, found = list(text_lines(path)), list(table.rows)
    begins = [row.line - 1 for row in found] + [len(lines)]
    rows = [
        Row(
            row.line,
            row.cells[place].strip(),
            dict(zip(names, row.cells, strict=True)),
            "".join(lines[row.line - 1 : end]),
        )
        for row, end in zip(found, begins[1:], strict=True)
    ]
    return table, lines[: begins[0]], rows


def _changed(text: str, cells: Mapping[str, str], new: Mapping[str, str], added: Sequence[str], separator: str) -> str:
    """The text of a row with new cells in some columns and the cells `added` at its end."""
    if not added and all(cells[column] == value for column, value in new.items()):
        return text
    record, rest = _first_record(text, separator)
    body = record.rstrip("\r\n")
    raw = list(_raw_cells(body, separator))
    if len(raw) != len(cells):  # quoted in a way of its own
        raw = [_written(cell, separator) for cell in cells.values()]
    raw = [_written(new[column], separator) if column in new else cell for column, cell in zip(cells, raw, strict=True)]
    return separator.join([*raw, *(_written(cell, separator) for cell in added)]) + record[len(body) :] + rest


def _first_record(text: str, separator: str) -> tuple[str, str]:
    """The first row that is not blank, with its line breaks and the blank lines before it, and the rest."""
    lines = list(io.StringIO(text, newline=""))
    for n in range(1, len(lines) + 1):
        try:
            if any(any(cells) for cells in csv.reader(lines[:n], delimiter=separator, strict=True)):
                return "".join(lines[:n]), "".join(lines[n:])
        except csv.Error:
            continue
    return text, ""


def _raw_cells(record: str, separator: str) -> Iterator[str]:
    """Cells of a row as written, with quotation marks."""
    quoted = itertools.accumulate(record, lambda inside, character: inside ^ (character == '"'), initial=False)
    ends = [
        n
        for n, (inside, character) in enumerate(zip(quoted, record, strict=False))
        if character == separator and not inside
    ]
    for begin, end in itertools.pairwise([-1, *ends, len(record)]):
        yield record[begin + 1 : end]


def _written(cell: str, separator: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="").writerow([cell, ""])
    return out.getvalue()[:-1]
