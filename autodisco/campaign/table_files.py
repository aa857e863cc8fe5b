"""Writers of exported tables: CSV, Parquet and JSON, each with the description and the unit of every column.

Beside a CSV file lies its metadata in the vocabulary of CSV on the Web (W3C, 2015). Parquet holds them as metadata of
its fields, JSON in the object that holds the rows (`Exported`); ``python -m autodisco.campaign.table_files
docs/schemas`` writes the schema of that.
"""

import csv
import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

from autodisco.campaign.columns import Column
from autodisco.files import json_rows, open_atomic, replacing, write_json
from autodisco.parts import in_parts
from autodisco.section import Section
from autodisco.text import without_formula

Row = dict[str, Any]

Kinds = dict[str, set[type]]
"""Columns, and the types of their cells that are not None."""

ROWS_OF_GROUP = 2000
"""Rows that are written to Parquet at a time."""

CSVW = "http://www.w3.org/ns/csvw"
CSVW_TYPES: dict[type, Any] = {
    bool: {"base": "boolean", "format": "True|False"},
    int: "integer",
    float: "double",
    str: "string",
}
CELLS: dict[type, str] = {bool: "boolean", int: "integer", float: "number", str: "string"}


class ExportedColumn(Section):
    """A column of the table."""

    name: str
    """Key in the rows."""
    description: str
    """What it holds."""
    type: Literal["boolean", "integer", "number", "string"] | None
    """Type of all values that are not null; null if all are."""
    unit: str
    """Unit as the program prints it; empty for pure numbers and text."""
    ucum: str | None
    """Unit in the Unified Code for Units of Measure; null for pure numbers, text, and units that it lacks."""


class Exported(Section):
    """A table that `autodisco export NAME --out DIR --format json` writes."""

    table: str
    """Name of the table, such as `polymers`."""
    campaign: str
    """Name of the campaign."""
    program: str
    """Name and version of the program."""
    columns: list[ExportedColumn]
    """The columns in order."""
    rows: list[dict[str, bool | int | float | str | None]]
    """The rows; a value that is not known is null."""


def noting(rows: Iterable[Row], kinds: Kinds) -> Iterator[Row]:
    """The rows; notes their columns in the order in which they first come, and of what types the cells are."""
    for row in rows:
        for name, cell in row.items():
            known = kinds.setdefault(name, set())
            if cell is not None:
                known.add(type(cell))
        yield row


class TableFile:
    """A table to be written.

    Parameters
    ----------
    name : of the table, and stem of its files
    about : ``campaign`` and ``program``
    kinds : types of the cells of each column
    columns : description of each column, in the same order
    """

    def __init__(self, name: str, about: dict[str, str], kinds: Kinds, columns: list[Column]) -> None:
        self.name, self.about, self.columns = name, about, columns
        self._kinds = {one.name: _kind(kinds[one.name]) if kinds[one.name] else None for one in columns}
        self._as_one = {one.name: _converter(kinds[one.name]) for one in columns}

    def _cells(self, row: Row) -> Iterator[Any]:
        return (as_one(row.get(name)) for name, as_one in self._as_one.items())

    def csv(self, folder: Path, rows: Iterable[Row]) -> list[Path]:
        """Text that a spreadsheet would take for a formula has an apostrophe before it."""
        path = folder / f"{self.name}.csv"
        with open_atomic(path) as handle:
            writer = csv.writer(handle, lineterminator="\n")
            writer.writerow(self._as_one)
            for row in rows:
                writer.writerow(map(without_formula, self._cells(row)))
        metadata = path.with_name(f"{path.name}-metadata.json")
        write_json(metadata, self._csvw(path.name))
        return [path, metadata]

    def _csvw(self, url: str) -> dict[str, Any]:
        columns = []
        for one in self.columns:
            kind = self._kinds[one.name]
            units = {"schema:unitText": one.unit, "schema:unitCode": one.ucum}
            columns.append(
                {"name": one.name, "titles": one.name, "dc:description": one.description}
                | ({"datatype": CSVW_TYPES[kind]} if kind else {})
                | {key: value for key, value in units.items() if value}
            )
        return {
            "@context": [CSVW, {"@language": "en"}],
            "url": url,
            "dc:title": f"{self.name} of the campaign {self.about['campaign']}",
            "dc:creator": self.about["program"],
            "dialect": {"header": True, "encoding": "utf-8"},
            "tableSchema": {"columns": columns},
        }

    def parquet(self, folder: Path, rows: Iterable[Row]) -> list[Path]:
        """With ``description``, ``unit`` and ``ucum`` as metadata of each field."""
        import pyarrow
        from pyarrow import parquet

        types = {bool: pyarrow.bool_(), int: pyarrow.int64(), float: pyarrow.float64(), str: pyarrow.string()}
        fields = []
        for one in self.columns:
            kind = self._kinds[one.name]
            told = {"description": one.description, "unit": one.unit, "ucum": one.ucum or ""}
            fields.append(pyarrow.field(one.name, types[kind] if kind else pyarrow.null(), metadata=told))
        schema = pyarrow.schema(fields, metadata={"table": self.name, **self.about})
        path = folder / f"{self.name}.parquet"
        with replacing(path) as beside, parquet.ParquetWriter(beside, schema) as writer:
            for part in in_parts(rows, ROWS_OF_GROUP):
                cells = zip(*(self._cells(row) for row in part), strict=True)
                writer.write_table(pyarrow.table(dict(zip(self._as_one, map(list, cells), strict=True)), schema))
        return [path]

    def json(self, folder: Path, rows: Iterable[Row]) -> list[Path]:
        """An object of the schema `Exported`; infinities and NaN are null."""
        columns = []
        for one in self.columns:
            kind = self._kinds[one.name]
            columns.append(
                {"name": one.name, "description": one.description, "type": CELLS[kind] if kind else None,
                 "unit": one.unit, "ucum": one.ucum}
            )  # fmt: skip
        path = folder / f"{self.name}.json"
        with json_rows(path, {"table": self.name, **self.about, "columns": columns}, "rows") as write:
            for row in rows:
                write({name: _finite(cell) for name, cell in zip(self._as_one, self._cells(row), strict=True)})
        return [path]


WRITERS: dict[str, Callable[[TableFile, Path, Iterable[Row]], list[Path]]] = {
    "csv": TableFile.csv,
    "parquet": TableFile.parquet,
    "json": TableFile.json,
}


def _finite(cell: Any) -> Any:
    return None if isinstance(cell, float) and not math.isfinite(cell) else cell


def _kind(found: set[type]) -> type:
    """What all cells of a column can be: numbers, truth values or else text."""
    if found == {int, float}:
        return float
    return next(iter(found)) if len(found) == 1 else str


def _converter(found: set[type]) -> Callable[[Any], Any]:
    """Turns the cells of a column into one kind; None stays."""
    if len(found) < 2:
        return lambda cell: cell
    kind = _kind(found)
    return lambda cell: None if cell is None else kind(cell)


def write_schema(folder: Path) -> None:
    """Write the JSON schema of exported tables."""
    (folder / "export.json").write_text(json.dumps(Exported.model_json_schema(), indent=1) + "\n")


if __name__ == "__main__":
    write_schema(Path(sys.argv[1]))
