"""Reading repeat units from any table, row by row, and writing the groups of equal ones."""

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

from autodisco.errors import InputError, InvalidRepeatUnit
from autodisco.names import called
from autodisco.tables import SMILES_COLUMNS, open_table, text_lines, units_column
from autodisco.text import joined

if TYPE_CHECKING:
    from autodisco.polymer import Library

LISTS = (".smi", ".smiles")
FILES = (".csv", ".tsv", ".txt", *LISTS)
WORKBOOKS = (".xlsx", ".xls", ".ods", ".numbers")
NAME_COLUMN = "name"
NAME_COLUMNS = (NAME_COLUMN, "polymer", "polymer_name")
HOW = "choose one with --column"
MOST_LOOKED_AT = 10_000
"""Polymers of a seed file whose bonds are looked at, some milliseconds each."""


class UnitText(NamedTuple):
    """A text that should be a repeat unit, its line (0 without a file), and the name of its row (empty without one)."""

    line: int
    text: str
    name: str = ""

    def refusal(self, code: str, reason: str) -> str:
        """Why the text is no repeat unit; for a text without two ends, also the unit of the polymer of that name."""
        known = called(self.name) if code in ("ends", "unparsable") else None
        if known is None or known.monomer_smiles in reason:
            return reason
        return f"{reason}; the repeat unit of {known.whole} is {known.monomer_smiles}"


def given_units(words: Sequence[str], column: str | None) -> Iterator[tuple[str, UnitText]]:
    """The texts of a command line, whose words are texts or files of them, each with its file (empty without one).

    A word is a file if it ends in one of `FILES` or `WORKBOOKS`, or holds no ``*`` and exists. Raises InputError as
    `read_units`, and for a column without a file.
    """
    files = files_among(words)
    if column and not files:
        raise InputError("--column names a column of FILE; no file is given")
    for word in words:
        if word in files and Path(word).suffix.lower() in WORKBOOKS:
            missing = "" if Path(word).is_file() else "no such file, and "
            raise InputError(f"{word}: {missing}workbooks are not read; save the sheet as CSV")
        if word in files:
            yield from ((word, unit) for unit in read_units(Path(word), column))
        else:
            yield "", UnitText(0, word)


def files_among(words: Sequence[str]) -> list[str]:
    """Words of a command line that are files."""
    endings = (*FILES, *WORKBOOKS)
    return [w for w in words if Path(w).suffix.lower() in endings or ("*" not in w and Path(w).is_file())]


def read_strings(file: Path, column: str | None) -> Iterator[tuple[int, str]]:
    """Line number and text of every repeat unit, as `read_units` reads them, for a command without ``--column``."""
    return ((unit.line, unit.text) for unit in _some(file, _units(file, column)))


def read_units(file: Path, column: str | None) -> Iterator[UnitText]:
    """Line, text and name of every repeat unit in a table, or in a list with one a line (``#`` begins a comment).

    Without `column`, the column of a known name is taken, or the one with repeat units where there is no header. The
    name is in the first of `NAME_COLUMNS`. In a SMI file the first word of a line is the repeat unit, and the rest its
    name.

    Raises InputError where the file cannot be read, no column is named as asked, rows have unequal numbers of cells, or
    there is no row.
    """
    return _some(file, _units(file, column, HOW))


def _some(file: Path, rows: Iterator[UnitText]) -> Iterator[UnitText]:
    first = next(rows, None)
    if first is None:
        raise InputError(
            f"{file}: holds no repeat unit; write one in a line, or in a column such as {SMILES_COLUMNS[0]}"
        )
    yield first
    yield from rows


def _units(file: Path, column: str | None, hint: str = "") -> Iterator[UnitText]:
    if file.suffix.lower() in LISTS:
        if column:
            raise InputError(f"{file}: a SMI file has no columns; leave --column out")
        for number, content in enumerate(text_lines(file), 1):
            words = content.split()
            if words and not words[0].startswith("#"):
                from autodisco.polymer.habits import cleaned

                misplaced = "*" not in words[0] and any("*" in word for word in words[1:])
                name = "" if misplaced else " ".join(cleaned(content).split()[1:])
                yield UnitText(number, content.strip() if misplaced else words[0], name)
        return
    table = open_table(file)
    if table.names is not None and len(table.names) == 1 and table.column(SMILES_COLUMNS) is None and not column:
        # A list whose first line is no repeat unit, unless something separates words in it.
        (name,) = table.header
        if "|" in name or len(name.split()) > 1:
            units_column(table, hint=hint)
        yield UnitText(table.header_line, name)
        place = 0
    else:
        place = units_column(table, column, hint)
    named = table.column(NAME_COLUMNS)
    named = None if named == place else named
    for row in table.rows:
        yield UnitText(row.line, row.cells[place].strip(), "" if named is None else row.cells[named].strip())


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
    """One row per polymer: name, first text, canonical repeat unit, key, number of rows, and their lines."""
    table = csv.writer(target)
    table.writerow(("name", "representative", "canonical", "key", "count", "lines"))
    for group in library.groups():
        lines = " ".join(str(line) for line, _ in group.members)
        table.writerow((group.name, group.members[0][1], group.canonical, group.key, len(group.members), lines))


def write_seeds(library: "Library", target: TextIO) -> tuple[list[str], list[str]]:
    """A seed file with the polymers that can be simulated.

    Returns a line for each that cannot, which is left out, and one for each with a weak bond, which is written; bonds
    of more than `MOST_LOOKED_AT` polymers are not looked at.
    """
    from autodisco.polymer import parse, stability_flags

    table = csv.writer(target)
    table.writerow((NAME_COLUMN, SMILES_COLUMNS[0]))
    left_out, weak = [], []
    for group in library.groups():
        (line, text), *_ = group.members
        try:
            unit = parse(text)
        except InvalidRepeatUnit as error:
            left_out.append(f"line {line}: {error}: left out, cannot be simulated")
            continue
        table.writerow((group.name, text))
        if library.n_groups <= MOST_LOOKED_AT and (flags := stability_flags(unit)):
            named = f" ({group.name})" if group.name else ""
            weak.append(f"line {line}: {text}{named}: weak bond {joined([flag.name for flag in flags])}, kept")
    return left_out, weak
