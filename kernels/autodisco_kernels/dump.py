"""LAMMPS text dumps, frame after frame from any stream of bytes, in memory that does not grow with the file.

Here are frames and the order of their atoms; `dump_header` reads what comes before the rows, `dump_text` buffers the
text, and `decimals` makes numbers of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numba import njit

from autodisco_kernels.cells import Floats, Longs
from autodisco_kernels.decimals import parse_lines
from autodisco_kernels.dump_header import BrokenOff, Header, next_header
from autodisco_kernels.dump_text import ITEM, Buffer, shown

CHUNK_BYTES = 1 << 18  # what has just been read is then still in the second-level cache
HARD = 1024  # numbers at a time that are left to Python

# In order of preference: continuous in time, then wrapped; as few roundings as possible.
POSITIONS = (
    ("xu", "yu", "zu"),
    ("x", "y", "z", "ix", "iy", "iz"),
    ("xsu", "ysu", "zsu"),
    ("xs", "ys", "zs", "ix", "iy", "iz"),
    ("x", "y", "z"),
    ("xs", "ys", "zs"),
)


@dataclass(frozen=True)
class DumpFrame:
    """One frame, atoms in ascending order of their id; in the order of the file where there is none.

    Attributes
    ----------
    step : timestep
    time : in the time unit of the run, None unless the dump says
    cell : float64 (3, 3), rows a, b, c, restricted or general triclinic as written; Å in the unit styles real and metal
    origin : float64 (3,), the corner from which a, b and c start
    values : float64 (n_atoms, n_columns), the columns that were asked for
    boundaries : LAMMPS' two letters for each axis, such as ``pp`` for periodic; none where the dump does not say
    """

    step: int
    time: float | None
    cell: Floats
    origin: Floats
    values: Floats
    boundaries: tuple[str, ...] = ()


class LammpsDump:
    """Frames of a LAMMPS text dump (styles atom and custom), read once from the beginning by iterating.

    Parameters
    ----------
    stream : binary, with ``readinto`` or ``read``; a file, or what gzip and zstandard make of one
    columns : names, in the order in which they are wanted; None for all that hold numbers. Fewer are faster.
    chunk_bytes : size of the buffer; it grows when a line or a header does not fit
    lenient : leave out frames that break off, as those a killed program leaves, and go on behind them

    Attributes
    ----------
    available : names of all columns of the first frame, none for an empty file
    columns : names of the columns of `DumpFrame.values`
    units : unit style of the run, None unless the dump says
    broken : what is wrong with each of the frames that were left out so far

    Raises
    ------
    ValueError
        At once or while iterating: for what is no LAMMPS dump, columns that are missing or hold text, a frame that
        breaks off (BrokenOff), rows that do not fit their header and ids that occur twice. Frames before it have been
        handed over whole. Columns that were not asked for are counted and not looked at.

    Notes
    -----
    Every value equals Python's ``float`` of its text to the last bit. Frames may differ in the number and order of
    atoms and in the order of columns. The last line needs no line end; a number there that has two digits less than
    is usual in its column counts as cut off.

    Examples
    --------
    >>> with open("traj.lammpstrj", "rb", buffering=0) as stream:
    ...     dump = LammpsDump(stream, ["type", "xu", "yu", "zu"])
    ...     for frame in dump:
    ...         print(frame.step, frame.values[:, 1:].mean(axis=0))
    """

    def __init__(
        self,
        stream: BinaryIO,
        columns: Sequence[str] | None = None,
        chunk_bytes: int = CHUNK_BYTES,
        lenient: bool = False,
    ) -> None:
        self.broken: list[str] = []
        self._lenient = lenient
        self._text = Buffer(stream, chunk_bytes)
        self._hard = np.empty((HARD, 3), np.int64)
        header = self._next("not a LAMMPS text dump")
        self.available: tuple[str, ...] = header.columns if header else ()
        self.units = header.units if header else None
        self.columns = tuple(columns) if columns is not None else self._numeric(header)
        if header and not self.columns:
            raise ValueError("no column of numbers is asked for")
        # One generator for all who iterate: they go on where the stream is, and after an error there is nothing more.
        self._frames = self._read(header)

    def __iter__(self) -> Iterator[DumpFrame]:
        return self._frames

    def _read(self, header: Header | None) -> Iterator[DumpFrame]:
        while header:
            otherwise = f"step {header.step} goes on after its {header.n_atoms} atoms"
            try:
                frame = self._frame(header)
            except BrokenOff as error:
                if not self._lenient:
                    raise
                self.broken.append(str(error))
                if not self._text.skip_to(ITEM):
                    return
            else:
                yield frame
            header = self._next(otherwise)

    def _next(self, otherwise: str) -> Header | None:
        """The next header; where breaks are allowed, none at one that ends the file."""
        while True:
            try:
                return next_header(self._text, otherwise, self.broken if self._lenient else None)
            except BrokenOff as error:
                if not self._lenient:
                    raise
                self.broken.append(str(error))
                if self._text.begin == self._text.end:
                    return None

    def _numeric(self, header: Header | None) -> tuple[str, ...]:
        """Names of the columns that hold numbers in the first row; all of them if there is no row."""
        words = b"".join(self._text.peek(1) if header and header.n_atoms else []).split()
        words += [b"0"] * (len(self.available) - len(words))
        return tuple(name for name, word in zip(self.available, words, strict=False) if _is_number(word))

    def _frame(self, header: Header) -> DumpFrame:
        by_id = "id" in header.columns
        names = [*self.columns, *(["id"] if by_id and "id" not in self.columns else [])]
        places, text, row = header.places(names), self._text, 0
        try:
            values = np.empty((header.n_atoms, len(names)))
        except MemoryError:
            raise ValueError(f"the {header.n_atoms} atoms of step {header.step} do not fit into memory") from None
        if len(names) > len(self._hard):
            self._hard = np.empty((len(names), 3), np.int64)
        while row < header.n_atoms:
            if text.begin == text.whole:
                if not text.more():
                    raise header.broken_off(row)
                continue
            first = row
            begin, row, n_hard = parse_lines(
                text.bytes, text.begin, text.whole, len(header.columns), places, values.reshape(-1), row, self._hard
            )
            for place, column, where in self._hard[:n_hard].tolist():
                word = text.word(place)
                if not _is_number(word):
                    line = text.line(place)
                    if text.is_cut(place):
                        raise header.broken_off(where)
                    if not word or b"ITEM:" in line:
                        raise header.misfit(line, where)
                    raise ValueError(
                        f"column {names[column]} holds {shown(word)} at step {header.step}; a number expected"
                    )
                values[where, column] = float(word)
            text.begin = int(begin)
            if row == first:
                cut = text.is_cut(text.begin)
                raise header.broken_off(row) if cut else header.misfit(text.line(text.begin), row)
        at_the_end = text.unterminated and text.begin == text.whole and header.columns[-1] in names
        if at_the_end and _is_cut(values[:, names.index(header.columns[-1])]):
            raise header.broken_off(header.n_atoms - 1)
        if by_id:
            order = _order(values[:, names.index("id")], header.step)
            values = values if order is None else values.take(order, axis=0)
        if len(names) > len(self.columns):
            values = np.ascontiguousarray(values[:, :-1])
        return DumpFrame(header.step, header.time, header.cell, header.origin, values, header.boundaries)


def text_column(stream: BinaryIO, name: str, lenient: bool = False) -> list[str]:
    """A column of text, such as ``element``, of the first frame, in the order of the ids; raises as `LammpsDump`.

    With `lenient` it is the first frame that is complete.
    """
    text = Buffer(stream, CHUNK_BYTES)
    while True:
        try:
            header = next_header(text, "not a LAMMPS text dump", [] if lenient else None)
            if header is None:
                raise ValueError(f"columns {name} are missing; there is no frame")
            return _text_of_frame(text, header, name)
        except BrokenOff:
            if not lenient or not text.skip_to(ITEM):
                raise


def _text_of_frame(text: Buffer, header: Header, name: str) -> list[str]:
    (place,) = header.places([name])
    lines = [line.strip() for line in text.peek(header.n_atoms)]
    rows = [line.split() for line in lines]
    for k, row in enumerate(rows):
        if len(row) != len(header.columns):
            last = text.unterminated and k == len(rows) - 1
            raise header.broken_off(k) if last else header.misfit(lines[k], k)
    if len(rows) < header.n_atoms:
        raise header.broken_off(len(rows))
    words = [row[int(place)].decode(errors="replace") for row in rows]
    if "id" not in header.columns:
        return words
    order = _order(np.array([float(row[header.columns.index("id")]) for row in rows]), header.step)
    return words if order is None else [words[k] for k in order]


def position_columns(available: Sequence[str]) -> tuple[str, ...]:
    """The columns from which `positions` makes the best positions; raises ValueError where there are none."""
    for names in POSITIONS:
        if set(names) <= set(available):
            return names
    raise ValueError(f"no positions among the columns {' '.join(available)}; xu yu zu or x y z expected")


def is_unwrapped(names: Sequence[str]) -> bool:
    """Whether positions from these columns are continuous across the faces of the box."""
    return len(names) == 6 or names[0].endswith("u")


def positions(values: Floats, names: Sequence[str], cell: Floats, origin: Floats) -> Floats:
    """Positions (n, 3) in Å from the columns `position_columns` names, which are the first of `values`.

    Scaled coordinates are fractions of a, b, c from the origin of the cell, image flags are multiples of a, b, c.
    """
    x = values[:, :3]
    if names[0].startswith("xs"):
        x = x @ cell + origin
    return x + values[:, 3:6] @ cell if len(names) == 6 else np.ascontiguousarray(x)


def _order(ids: Floats, step: int) -> Longs | None:
    """Rows in the order of their ids, None when they are so already; raises ValueError when two are the same."""
    if _ascending(ids):
        return None
    low, high = ids.min(), ids.max()
    if high - low < 4 * len(ids):
        rows = _place(ids, low, int(high - low) + 1)
        order = rows[rows >= 0]
    else:
        order = np.argsort(ids)
    if len(order) < len(ids) or not _ascending(ids[order]):
        raise ValueError(f"two atoms of step {step} have the same id")
    return order


@njit(cache=True, nogil=True)
def _place(ids, low, span):
    """The row of every id from the lowest on, -1 where there is none."""
    rows = np.full(span, -1, np.int64)
    for row in range(len(ids)):
        rows[int(ids[row] - low)] = row
    return rows


@njit(cache=True, nogil=True)
def _ascending(ids):
    for k in range(1, len(ids)):  # noqa: SIM110 - numba compiles no generator inside all()
        if not ids[k - 1] < ids[k]:
            return False
    return True


def _is_cut(column: Floats) -> bool:
    """Whether the last of these numbers has at least two significant digits less than half of those before it."""
    digits = [
        len(f"{abs(value):.15g}".partition("e")[0].replace(".", "").strip("0")) for value in column[-65:].tolist()
    ]
    return len(digits) > 1 and bool(digits[-1] <= np.median(digits[:-1]) - 2)


def _is_number(word: bytes) -> bool:
    """Whether this is a number as a program writes it; Python would take 1_000, too."""
    try:
        float(word)
    except ValueError:
        return False
    return b"_" not in word
