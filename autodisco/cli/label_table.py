"""Fills the label columns of a CSV file and leaves every other byte of it as it is: quotation, line ends, the rest.

The file is read again when the values are there, because hours of simulation lie between, in which people edit it.
"""

import csv
import io
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autodisco.errors import InputError
from autodisco.files import csv_rows, text_lines, write_atomic
from autodisco.text import counted


@dataclass(frozen=True)
class Row:
    """A row: the line it begins on, its cells by column, and its text up to the row that follows."""

    line: int
    cells: dict[str, str]
    text: str


def read_rows(path: Path) -> tuple[list[str], list[Row]]:
    """Column names and rows of a file. Raises InputError where it cannot be read or has no column monomer_smiles."""
    header, rows, _ = _read(path)
    return header, rows


def fill_labels(path: Path, columns: Sequence[str], labels: Mapping[int, Sequence[str]]) -> None:
    """Write `labels`, cells for `columns` by line of the row; columns that are missing come last.

    Raises InputError where the file cannot be read any more.
    """
    header, rows, head = _read(path)
    added = [column for column in columns if column not in header]
    parts = [_changed(head, dict(zip(header, header, strict=True)), {}, added)]
    for row in rows:
        new = dict(zip(columns, labels.get(row.line, ()), strict=row.line in labels))
        parts.append(_changed(row.text, row.cells, new, [new.get(column, "") for column in added]))
    mark = b"\xef\xbb\xbf" if path.read_bytes().startswith(b"\xef\xbb\xbf") else b""
    write_atomic(path, mark + "".join(parts).encode())


def _read(path: Path) -> tuple[list[str], list[Row], str]:
    """Column names, rows, and the text up to the first row."""
    content = "".join(text_lines(path)) if path.is_file() else _gone(path)
    found = list(csv_rows(path, io.StringIO(content, newline="")))
    first, header = found[0] if found else (1, [])
    if "monomer_smiles" not in header:
        raise InputError(f"{path}, line {first}: no column monomer_smiles (columns: {', '.join(header)})")
    lines = list(io.StringIO(content, newline=""))
    ends = [line - 1 for line, _ in found[1:]] + [len(lines)]
    rows = []
    for (line, cells), end in zip(found[1:], ends[1:], strict=True):
        if len(cells) != len(header):
            columns = counted(len(header), "column")
            raise InputError(f"{path}, line {line}: {counted(len(cells), 'cell')} where the header names {columns}")
        rows.append(Row(line, dict(zip(header, cells, strict=True)), "".join(lines[line - 1 : end])))
    return header, rows, "".join(lines[: ends[0]])


def _gone(path: Path) -> str:
    raise InputError(f"{path}: cannot be read: it is not there any more; what was simulated is kept, so run it again")


def _changed(text: str, cells: Mapping[str, str], new: Mapping[str, str], added: Sequence[str]) -> str:
    """The text of a row with new cells in some columns and `added` ones at its end."""
    if not added and all(cells[column] == value for column, value in new.items()):
        return text
    record, rest = _first_record(text)
    body = record.rstrip("\r\n")
    raw = list(_raw_cells(body))
    if len(raw) != len(cells):  # quoted in a way of its own
        raw = [_written(cell) for cell in cells.values()]
    raw = [_written(new[column]) if column in new else cell for column, cell in zip(cells, raw, strict=True)]
    return ",".join([*raw, *map(_written, added)]) + record[len(body) :] + rest


def _first_record(text: str) -> tuple[str, str]:
    """The first row that is not blank, with its line breaks and the blank lines before it, and the rest."""
    lines = list(io.StringIO(text, newline=""))
    for n in range(1, len(lines) + 1):
        try:
            if any(any(cells) for cells in csv.reader(lines[:n], strict=True)):
                return "".join(lines[:n]), "".join(lines[n:])
        except csv.Error:
            continue
    return text, ""


def _raw_cells(record: str) -> Iterator[str]:
    """Cells of a row as they are written, with their quotation marks."""
    quoted = itertools.accumulate(record, lambda inside, character: inside ^ (character == '"'), initial=False)
    commas = [
        n for n, (inside, character) in enumerate(zip(quoted, record, strict=False)) if character == "," and not inside
    ]
    for begin, end in itertools.pairwise([-1, *commas, len(record)]):
        yield record[begin + 1 : end]


def _written(cell: str) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow([cell, ""])
    return out.getvalue()[:-1]
