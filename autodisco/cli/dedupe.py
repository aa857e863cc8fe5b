"""Reading repeat units from any table, and grouping them by the polymer that they are."""

from pathlib import Path
from typing import Any

from autodisco.errors import InputError, InvalidRepeatUnit
from autodisco.files import csv_rows, read_text

COLUMNS = ("monomer_smiles", "mol_smiles", "smiles", "psmiles", "repeat_unit")


def read_strings(file: Path, column: str | None) -> list[tuple[int, str]]:
    """Line number and text of every repeat unit in a CSV, a TSV, or a list with one a line (``#`` begins a comment).

    Without `column`, the first of `COLUMNS` in the header is taken; one column without such a header is a list.

    Raises InputError where the file cannot be read or no column is named as asked.
    """
    text = read_text(file)
    rows = csv_rows(file, text, "\t" if "\t" in text.partition("\n")[0] else ",")
    _, names = next(rows, (1, []))
    header = [name.strip() for name in names]
    wanted = column or next((name for name in COLUMNS if name in header), None)
    if wanted is None:
        if len(header) > 1:
            raise InputError(
                f"{file}: no column is named {', '.join(COLUMNS)}; name it with --column ({', '.join(header)})"
            )
        numbered = ((number, line.strip()) for number, line in enumerate(text.splitlines(), 1))
        return [(number, line) for number, line in numbered if line and not line.startswith("#")]
    if wanted not in header:
        raise InputError(f"{file}: no column '{wanted}'; there are: {', '.join(header)}")
    place = header.index(wanted)
    found = []
    for line, cells in rows:
        if place >= len(cells):
            raise InputError(f"{file}, line {line}: {len(cells)} columns, but '{wanted}' is column {place + 1}")
        found.append((line, cells[place].strip()))
    return found


def distinct(rows: list[tuple[int, str]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The polymers in order of their first line, each with its duplicates; and the rows that are no repeat unit."""
    from autodisco.polymer import parse

    polymers: dict[str, dict[str, Any]] = {}
    invalid = []
    for line, text in rows:
        try:
            unit = parse(text)
        except InvalidRepeatUnit as error:
            invalid.append({"line": line, "given": text, "code": error.code, "reason": str(error)})
            continue
        first = polymers.setdefault(
            unit.key,
            {"line": line, "given": text, "canonical": unit.smiles, "key": unit.key, "count": 0, "duplicates": []},
        )
        first["count"] += 1
        if first["count"] > 1:
            first["duplicates"].append({"line": line, "given": text})
    return list(polymers.values()), invalid
