"""Tables of polymers as people keep them: one reader for every command, whatever separates the cells.

Comma, semicolon or tab, decimal point or comma, UTF-8 or UTF-16, with comments, a ``sep=`` line or none of it. All
other text is an error that names file and line, because a row that is skipped without a word is a lost polymer.
"""

import codecs
import csv
import io
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autodisco.errors import InputError
from autodisco.text import counted, six_digits, without_formula

SMILES_COLUMNS = (
    "monomer_smiles", "mol_smiles", "smiles", "psmiles", "repeat_unit", "repeat unit", "wiederholeinheit",
)  # fmt: skip
SEPARATORS = {"\t": "tab", ";": "semicolon", ",": "comma"}
PEEKED = 20  # lines from which the separator is told
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
PACKED = ((b"\x1f\x8b", "a gzip file; unpack it"), (b"PK\x03\x04", "a ZIP file or a spreadsheet; save it as CSV"))
DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")


@dataclass(frozen=True)
class Row:
    """Cells of a row, the line it begins on, and the comment lines directly before it."""

    line: int
    cells: list[str]
    comments: tuple[str, ...] = ()


@dataclass
class Table:
    """A table whose rows are read as a stream, once.

    Attributes
    ----------
    path, encoding, separator, line_end : how the file is written
    names : of the columns in lower case, None where the first row holds a repeat unit and so is no header
    header, header_line : the names as they stand, and their line
    preamble : the lines before the header or first row, blank ones left out
    rows : those below the header that are not blank, each with as many cells as the header or the first row
    comments_after : the comment lines after the last row, when all rows have been read
    """

    path: Path
    encoding: str
    separator: str
    line_end: str
    names: list[str] | None
    header: list[str]
    header_line: int
    preamble: list[str]
    rows: Iterator[Row] = field(default_factory=lambda: iter(()))
    comments_after: tuple[str, ...] = ()

    def column(self, wanted: Sequence[str]) -> int | None:
        """Place of the first of these names that is a column; None without any."""
        names = self.names or []
        return next((names.index(name.lower()) for name in wanted if name.lower() in names), None)

    def where(self, row: Row) -> str:
        """File and line, for messages."""
        return f"{self.path}, line {row.line}"


def open_table(path: Path) -> Table:
    """Read the header of a table; its rows follow as a stream.

    Raises InputError, also while rows are read, with the line, for a file that cannot be read or is no text, a row that
    is no CSV or has another number of cells than the header, and two columns of one name.
    """
    encoding = _encoding(path)
    lines = _Lines(path, encoding)
    preamble: list[str] = []
    separator = ""
    peeked: list[str] = []
    begins = 1
    for text in lines:
        bare = text.strip()
        stated = re.fullmatch(r'"?sep=(\\t|.)"?', bare, re.IGNORECASE | re.DOTALL)
        if peeked or (bare and not bare.startswith("#") and not stated):
            begins = begins if peeked else lines.number
            peeked.append(text)
            if len(peeked) == PEEKED:
                break
            continue
        if stated:
            separator = "\t" if stated.group(1) == "\\t" else stated.group(1)
        if bare:
            preamble.append(bare)
    ends = re.search(r"\r\n|\r|\n", peeked[0]) if peeked else None
    separator = separator or _separator(peeked)
    rows = _Rows(path, itertools.chain(peeked, lines), separator, begins)
    first = next(rows, None)
    table = Table(path, encoding, separator, ends.group() if ends else "\n", None, [], begins, preamble)
    if first is None:
        return table
    cells = [cell.strip() for cell in first.cells]
    names = [cell.lower() for cell in cells]
    if any(_may_be_unit(cell) for cell in cells) and not set(names) & set(SMILES_COLUMNS):
        table.rows = _even(table, itertools.chain([first], rows), len(cells), "the first row has", rows)
        return table
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice:
        raise InputError(f"{path}, line {first.line}: two columns are named {twice!r}; allowed is one")
    table.names, table.header, table.header_line = names, cells, first.line
    table.rows = _even(table, rows, len(cells), "the header names", rows)
    return table


def units_column(table: Table, column: str | None = None, hint: str = "") -> int:
    """Place of the column with the repeat units: the one that is asked for, named as such, or holding one in a table
    without header.

    Raises InputError, naming the columns there are and, as a `hint`, how else one is chosen.
    """
    shown = ", ".join(filter(None, table.header))
    if column is not None:
        place = table.column([column])
        if place is None:
            raise InputError(f"{table.path}: no column {column!r}; there are: {shown or 'none, as there is no header'}")
        return place
    if table.names is None:
        first = next(table.rows, None)
        if first is None:
            return 0
        table.rows = itertools.chain([first], table.rows)
        units = [k for k, cell in enumerate(first.cells) if _may_be_unit(cell)]
        if len(units) == 1:
            return units[0]
        raise InputError(
            f"{table.where(first)}: there is no header, and {counted(len(units), 'cell')} may be the repeat unit; name "
            f"the columns in the first line ({SMILES_COLUMNS[0]}, …)"
        )
    place = table.column(SMILES_COLUMNS)
    if place is None:
        raise InputError(
            f"{table.path}, line {table.header_line}: no column is named {', '.join(SMILES_COLUMNS)} (columns: "
            f"{shown}; separated by {', '.join(SEPARATORS.values())}){f'; {hint}' if hint else ''}"
        )
    return place


def csv_text(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> str:
    """A CSV for people and spreadsheets: numbers have six significant digits, and no text is taken for a formula.

    `columns` come first; those of the rows follow in their order. Cells that a row lacks are empty.
    """
    out = io.StringIO()
    names = dict.fromkeys([*columns, *(name for row in rows for name in row)])
    writer = csv.DictWriter(out, list(names), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: six_digits(without_formula(cell)) for name, cell in row.items()})
    return out.getvalue()


def text_lines(path: Path) -> Iterator[str]:
    """The lines of a text file as a stream, with their ends; raises InputError where it cannot be read."""
    return iter(_Lines(path, _encoding(path)))


def number(text: str) -> float:
    """A number with a decimal point or comma. Raises ValueError for other text, and for 1,234, which is ambiguous."""
    bare = text.strip()
    if DECIMAL_COMMA.fullmatch(bare):
        if THOUSANDS.fullmatch(bare):
            raise ValueError(f"{bare} may be thousands or have a decimal comma; write a decimal point")
        bare = bare.replace(",", ".")
    if "_" in bare:
        raise ValueError(f"{bare} is no number; write digits with a decimal point")
    return float(bare)


class _Lines:
    """Lines of a text, and the number of the one that came last."""

    def __init__(self, path: Path, encoding: str) -> None:
        self._path, self._encoding = path, encoding
        self.number = 0
        self._lines = self._read()

    def __iter__(self) -> Iterator[str]:
        return self._lines

    def _read(self) -> Iterator[str]:
        try:
            with self._path.open(encoding=self._encoding, newline="") as file:
                for self.number, text in enumerate(file, 1):
                    yield text
        except OSError as error:
            raise InputError(f"{self._path}: cannot be read: {error.strerror}") from None
        except UnicodeError:
            raise InputError(
                f"{self._path}{_first_odd_line(self._path)}: it is not UTF-8 text; save it as UTF-8 (in Excel: File, "
                'Save As, type "CSV UTF-8")'
            ) from None


def _encoding(path: Path) -> str:
    try:
        with path.open("rb") as file:
            begins = file.read(1024)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    for mark, said in PACKED:
        if begins.startswith(mark):
            raise InputError(f"{path}: it is {said}")
    for mark, name in MARKS:
        if begins.startswith(mark):
            return name
    even, odd = begins[::2].count(0), begins[1::2].count(0)
    if max(even, odd) > len(begins) // 4:  # text in two bytes a letter, without a mark
        return "utf-16-be" if even > odd else "utf-16-le"
    return "utf-8"


def _first_odd_line(path: Path) -> str:
    for line, content in enumerate(path.read_bytes().split(b"\n"), 1):
        try:
            content.decode("utf-8")
        except UnicodeDecodeError as error:
            return f", line {line}: byte 0x{content[error.start]:02x}"
    return ""


def _separator(lines: Sequence[str]) -> str:
    """The separator of the first line that as many of the others have as often; a comma where there is none."""

    def count(text: str, separator: str) -> int:
        return re.sub(r'"[^"]*"', "", text).count(separator)

    if not lines:
        return ","
    filled = [text for text in lines if text.strip() and not text.startswith("#")]
    found = [separator for separator in SEPARATORS if count(filled[0], separator)]

    def fits(separator: str) -> tuple[int, int]:
        n = count(filled[0], separator)
        return sum(count(text, separator) == n for text in filled), n

    return max(found, key=fits) if found else ","


def _may_be_unit(cell: str) -> bool:
    return "*" in cell or cell.strip().startswith("{") or ("[Cu]" in cell and "[Au]" in cell)


class _Rows:
    """Rows that are not blank, with the line each begins on; comment lines are those between rows that begin with #."""

    def __init__(self, path: Path, lines: Iterator[str], separator: str, begins: int) -> None:
        self._path, self._source, self._line = path, lines, begins - 1
        self._inside, self._began = False, begins
        self.comments: list[str] = []
        self._reader = csv.reader(self._lines(), delimiter=separator, strict=True)

    def _lines(self) -> Iterator[str]:
        for text in self._source:
            self._line += 1
            if not self._inside:
                self._began = self._line
                if text.startswith("#"):
                    self.comments.append(text.rstrip("\r\n"))
                    continue
            self._inside = True
            yield text

    def __iter__(self) -> "_Rows":
        return self

    def __next__(self) -> Row:
        while True:
            self._inside, self._began = False, self._line + 1
            try:
                cells = next(self._reader)
            except csv.Error as error:
                raise InputError(f"{self._path}, line {self._began}: not a CSV row ({error})") from None
            if any(cell.strip() for cell in cells):
                comments, self.comments = tuple(self.comments), []
                return Row(self._began, cells, comments)


def _even(table: Table, rows: Iterator[Row], n: int, named: str, source: _Rows) -> Iterator[Row]:
    """Rows of `n` cells; empty ones behind these are left out."""
    for row in rows:
        cells = row.cells[:n] if not any(cell.strip() for cell in row.cells[n:]) else row.cells
        if len(cells) != n:
            split = table.separator == "," and len(cells) > n
            hint = "; a decimal comma or a comma in a name needs quotation marks, or semicolons between cells"
            told = f"{counted(len(cells), 'cell')} where {named} {counted(n, 'column')}"
            raise InputError(f"{table.where(row)}: {told}{hint if split else ''}")
        yield Row(row.line, cells, row.comments)
    table.comments_after = tuple(source.comments)
