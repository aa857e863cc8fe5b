"""Reading repeat units from any table, row by row, and writing the groups of equal ones."""

import csv
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from autodisco.errors import InputError
from autodisco.files import csv_rows, text_lines

if TYPE_CHECKING:
    from autodisco.polymer import Library

COLUMNS = ("monomer_smiles", "mol_smiles", "smiles", "psmiles", "repeat_unit")
LISTS = (".smi", ".smiles")


def read_strings(file: Path, column: str | None) -> Iterator[tuple[int, str]]:
    """Line number and text of every repeat unit in a CSV, a TSV, or a list with one a line (``#`` begins a comment).

    Without `column`, the first of `COLUMNS` in the header is taken; one column without such a header is a list. In a
    SMI file the first word of a line is the repeat unit.

    Raises InputError where the file cannot be read or no column is named as asked.
    """
    lines = enumerate(text_lines(file), 1)
    begins, first = next(((n, line) for n, line in lines if line.strip() and not line.startswith("#")), (1, ""))
    delimiter = "\t" if "\t" in first else ","
    _, names = next(csv_rows(file, [first], delimiter), (1, []))
    header = [name.strip() for name in names]
    is_list = file.suffix.lower() in LISTS
    if column and is_list:
        raise InputError(f"{file}: a SMI file has no columns; leave --column out")
    wanted = column or next((name for name in header if name.lower() in COLUMNS), None)
    if wanted is None or is_list:
        if len(header) > 1 and not is_list:
            raise InputError(
                f"{file}: no column is named {', '.join(COLUMNS)}; name it with --column ({', '.join(header)})"
            )
        for number, content in enumerate(text_lines(file), 1):
            words = content.split() if is_list else [content.strip()]
            if words and words[0] and not words[0].startswith("#"):
                yield number, words[0]
        return
    if wanted not in header:
        raise InputError(f"{file}: no column '{wanted}'; there are: {', '.join(header)}")
    place = header.index(wanted)
    rows = csv_rows(file, itertools.islice(text_lines(file), begins - 1, None), delimiter, skip=1)
    for line, cells in rows:
        yield line + begins - 1, cells[place].strip() if place < len(cells) else ""


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
