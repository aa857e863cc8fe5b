"""A streaming reader of LAMMPS text dumps: any columns in any order, one frame at a time, in constant memory.

The text is parsed where it lies in the buffer. Digits are gathered in an integer and scaled by one power of ten that
is exact in float64, so that the result is the nearest float64, as Python's own; the few numbers for which that does not
hold (more than 15 digits, far exponents, nan) are left to Python.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numba import njit
from numpy.typing import NDArray

from autodisco_kernels.cells import Floats, Longs
from autodisco_kernels.registers import load_word, trailing_zeros

CHUNK_BYTES = 4_000_000
POWERS = 10.0 ** np.arange(23)  # all of them exact
LARGEST_EXACT = 2**53
SIGNS = np.array([1.0, -1.0])

# Eight characters are looked at together in a register. Unsigned indices spare the test for negative ones.
ZERO, ONE, THREE, EIGHT, TEN, SIXTEEN, THIRTY_TWO = (np.uint64(n) for n in (0, 1, 3, 8, 10, 16, 32))
BYTE, MINUS = np.uint64(0xFF), np.uint64(ord("-"))
HIGHEST_BITS = np.uint64(0x8080808080808080)
LOW_SEVEN = np.uint64(0x7F7F7F7F7F7F7F7F)
NOT_BLANK = np.uint64(0x5F5F5F5F5F5F5F5F)  # added to a byte above the blank, reaches the highest bit
NOT_DIGIT = np.uint64(0x7676767676767676)  # the same for a digit above nine
DOTS, NEWLINES, ZEROS = (np.uint64(ord(c) * 0x0101010101010101) for c in ".\n0")
EVERY_FOURTH = np.uint64(0x000000FF000000FF)
HUNDREDS, ONES = np.uint64(0x000F424000000064), np.uint64(0x0000271000000001)
SLACK = 16  # bytes behind the end of the buffer that a register may reach into

# In order of preference: continuous in time, then with image flags, then wrapped.
POSITIONS = (
    ("xu", "yu", "zu"),
    ("xsu", "ysu", "zsu"),
    ("x", "y", "z", "ix", "iy", "iz"),
    ("xs", "ys", "zs", "ix", "iy", "iz"),
    ("x", "y", "z"),
    ("xs", "ys", "zs"),
)


def _buffer(least: int) -> NDArray[np.uint8]:
    """At least so many bytes, and the slack; zeroed, for what lies behind the end is looked at."""
    return np.zeros(max(least, 64) + SLACK, np.uint8)


@dataclass(frozen=True)
class DumpFrame:
    """One frame, atoms in the order of their id.

    Attributes
    ----------
    step : timestep
    time : in the time unit of the run, None unless the dump says
    cell : (3, 3), rows a, b, c; Å in the unit styles real and metal
    origin : (3,), lower corner
    values : float64 (n_atoms, n_columns), the columns that were asked for
    """

    step: int
    time: float | None
    cell: Floats
    origin: Floats
    values: Floats


class LammpsDump:
    """Frames of a LAMMPS text dump, read once from the beginning by iterating.

    Parameters
    ----------
    stream : binary, with ``readinto``; a file, or what gzip and zstandard make of one
    columns : names, in the order in which they are wanted; None for all that hold numbers
    chunk_bytes : size of the buffer; it grows when a line does not fit

    Attributes
    ----------
    available : names of all columns of the first frame, none for an empty file
    columns : names of the columns of `DumpFrame.values`

    Raises
    ------
    ValueError
        At once or while iterating: for what is no LAMMPS dump, columns that are missing or hold text, a frame that
        breaks off, and rows that do not fit their header. Frames before it have been handed over whole.
    """

    def __init__(self, stream: BinaryIO, columns: Sequence[str] | None = None, chunk_bytes: int = CHUNK_BYTES) -> None:
        self._stream = stream
        self._buffer = _buffer(chunk_bytes)
        self._table = np.empty((0, 0))  # rows of a frame as they come, reused because fresh memory costs time
        self._at = self._end = 0
        self._ended = False
        self._header = self._next_header()
        self.available: tuple[str, ...] = self._header.columns if self._header else ()
        self.columns = tuple(columns) if columns is not None else self._numeric()

    def __iter__(self) -> Iterator[DumpFrame]:
        while self._header:
            header = self._header
            yield self._frame(header)
            self._header = self._next_header()

    def _numeric(self) -> tuple[str, ...]:
        """Names of the columns that hold numbers in the first row."""
        if not self._header or not self._header.n_atoms:
            return self.available
        self._line(keep=True)
        words = bytes(self._buffer[self._at : self._end]).split(b"\n", 1)[0].split()
        return tuple(name for name, word in zip(self.available, words, strict=False) if _is_number(word))

    def _line(self, keep: bool = False) -> bytes | None:
        """The next line without its end, None after the last; `keep` leaves it to be read again."""
        searched = self._at
        while True:
            place = _newline(self._buffer, searched, self._end)
            if place >= 0:
                line = self._buffer[self._at : place].tobytes()
                if not keep:
                    self._at = place + 1
                return line
            searched -= self._at
            if not self._fill():
                if self._at < self._end and self._buffer[self._at : self._end].tobytes().strip():
                    raise ValueError("the last line breaks off")
                return None
            searched += self._at

    def _fill(self) -> bool:
        """Read more behind what is left of the buffer, which moves to the front; False at the end of the file."""
        if self._ended:
            return False
        left = self._end - self._at
        kept = self._buffer[self._at : self._end].copy()
        if left > len(self._buffer) // 2:
            self._buffer = _buffer(2 * len(self._buffer))
        self._buffer[:left] = kept
        self._at, self._end = 0, left
        read = self._stream.readinto(memoryview(self._buffer)[left:-SLACK])  # type: ignore[attr-defined, arg-type]
        self._ended = not read
        self._end += read or 0
        return bool(read)

    def _next_header(self) -> "_Header | None":
        line = self._line()
        while line is not None and not line.strip():
            line = self._line()
        if line is None:
            return None
        header = _Header()
        while not line.startswith(b"ITEM: ATOMS"):
            if not line.startswith(b"ITEM:"):
                raise ValueError(f"not a LAMMPS text dump: 'ITEM: …' expected, found {_shown(line)}")
            self._read_item(line.decode(errors="replace"), header)
            following = self._line()
            while following is not None and not following.strip():
                following = self._line()
            if following is None:
                raise ValueError(f"the frame of step {header.step} breaks off in its header")
            line = following
        header.columns = tuple(line.decode(errors="replace").split()[2:])
        if header.n_atoms < 0 or header.cell is None or header.step is None:
            raise ValueError("a frame lacks its time step, number of atoms or box")
        return header

    def _read_item(self, line: str, header: "_Header") -> None:
        name = line.partition(":")[2].strip()
        if name == "TIMESTEP":
            header.step = int(self._numbers(1)[0])
        elif name == "NUMBER OF ATOMS":
            header.n_atoms = int(self._numbers(1)[0])
        elif name == "TIME":
            header.time = self._numbers(1)[0]
        elif name.startswith("BOX BOUNDS"):
            words = name.split()[2:]
            general, tilted = words[:2] == ["abc", "origin"], words[:3] == ["xy", "xz", "yz"]
            rows = np.array([self._numbers(4 if general else 3 if tilted else 2) for _ in range(3)])
            header.cell, header.origin = (rows[:, :3], rows[:, 3]) if general else _cell(rows)
        else:
            self._line()

    def _numbers(self, n: int) -> list[float]:
        line = self._line() or b""
        try:
            found = [float(word) for word in line.split()]
        except ValueError:
            found = []
        if len(found) != n:
            raise ValueError(f"{n} numbers expected in the header of a frame, found {_shown(line)}")
        return found

    def _frame(self, header: "_Header") -> DumpFrame:
        missing = [name for name in self.columns if name not in header.columns]
        if missing:
            raise ValueError(f"columns {', '.join(missing)} are missing; there are {' '.join(header.columns)}")
        by_id = "id" in header.columns
        wanted = [*self.columns, *(["id"] if by_id and "id" not in self.columns else [])]
        slots = np.full(len(header.columns), -1, np.int64)
        slots[[header.columns.index(name) for name in wanted]] = np.arange(len(wanted))
        if self._table.shape != (header.n_atoms, len(wanted)):
            self._table = np.empty((header.n_atoms, len(wanted)))
        values, row = self._table, 0
        while row < header.n_atoms:
            row, self._at = self._rows(header, slots, values, row)
            if row < header.n_atoms and not self._fill():
                raise ValueError(f"the frame of step {header.step} breaks off after {row} of {header.n_atoms} atoms")
        values = values[:, : len(self.columns)]
        order = _order(self._table[:, wanted.index("id")], header.step) if by_id else None
        values = values.copy() if order is None else values.take(order, axis=0)
        assert header.cell is not None
        return DumpFrame(header.step or 0, header.time, header.cell, header.origin, values)

    def _rows(self, header: "_Header", slots: Longs, values: Floats, row: int) -> tuple[int, int]:
        """Parse the whole rows in the buffer; the next row and where it begins."""
        hard = np.empty((256, 4), np.int64)
        at = self._at
        while True:
            row, at, problem, n_hard = _parse(self._buffer, at, self._end, slots, values, row, hard)
            for place, slot, start, stop in hard[:n_hard]:
                word = self._buffer[start:stop].tobytes()
                if not _is_number(word):
                    name = header.columns[int(np.flatnonzero(slots == slot)[0])]
                    raise ValueError(f"column {name} holds {_shown(word)} at step {header.step}; a number expected")
                values[place, slot] = float(word)
            if problem:
                line = self._buffer[at : _newline(self._buffer, at, self._end)].tobytes()
                n = len(header.columns)
                raise ValueError(f"a row of step {header.step} has not the {n} columns of its header: {_shown(line)}")
            if n_hard < len(hard) - len(slots):
                return row, at


class _Header:
    """What comes before the rows of a frame."""

    def __init__(self) -> None:
        self.step: int | None = None
        self.time: float | None = None
        self.n_atoms = -1
        self.cell: Floats | None = None
        self.origin: Floats = np.zeros(3)
        self.columns: tuple[str, ...] = ()


def text_column(stream: BinaryIO, name: str) -> list[str]:
    """A column of text, such as ``element``, of the first frame, in the order of the ids; raises as `LammpsDump`."""
    dump = LammpsDump(stream, ())
    header = dump._header
    if header is None or name not in header.columns:
        raise ValueError(f"columns {name} are missing; there are {' '.join(dump.available)}")
    rows = [(dump._line() or b"").split() for _ in range(header.n_atoms)]
    if any(len(row) != len(header.columns) for row in rows):
        raise ValueError(f"the frame of step {header.step} breaks off")
    words = [row[header.columns.index(name)].decode(errors="replace") for row in rows]
    if "id" not in header.columns:
        return words
    ids = np.array([float(row[header.columns.index("id")]) for row in rows])
    order = _order(ids, header.step)
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
    """Positions (n, 3) in Å from the columns `position_columns` names: scaled ones unscaled, image flags applied."""
    x = values[:, :3]
    if names[0].startswith("xs"):
        x = x @ cell + origin
    return x + values[:, 3:6] @ cell if len(names) == 6 else np.ascontiguousarray(x)


def _cell(bounds: Floats) -> tuple[Floats, Floats]:
    """Rows a, b, c and the lower corner from bounds (3, 2), or (3, 3) with the tilts xy, xz, yz in the last column."""
    xy, xz, yz = bounds[:, 2] if bounds.shape[1] == 3 else (0.0, 0.0, 0.0)
    # LAMMPS writes the box that encloses the tilted cell.
    low = bounds[:, 0] - [min(0.0, xy, xz, xy + xz), min(0.0, yz), 0.0]
    high = bounds[:, 1] - [max(0.0, xy, xz, xy + xz), max(0.0, yz), 0.0]
    lx, ly, lz = high - low
    return np.array([[lx, 0.0, 0.0], [xy, ly, 0.0], [xz, yz, lz]]), low


def _is_number(word: bytes) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return b"_" not in word


def _shown(line: bytes) -> str:
    text = line[:60].decode(errors="replace").strip()
    return f"'{text}{'…' if len(line) > 60 else ''}'"


def _order(ids: Floats, step: int | None) -> Longs | None:
    """Rows in the order of their ids, None when they are so already; raises ValueError when two are the same."""
    if _ascending(ids):
        return None
    order = _by_table(ids)
    if len(order) < len(ids):
        order = np.argsort(ids, kind="stable")
        if (np.diff(ids[order]) == 0).any():
            raise ValueError(f"two atoms of step {step} have the same id")
    return order


@njit(cache=True, nogil=True)
def _ascending(ids):  # type: ignore[no-untyped-def]
    for k in range(1, len(ids)):  # noqa: SIM110 - numba compiles no generator inside all()
        if not ids[k - 1] < ids[k]:
            return False
    return True


@njit(cache=True, nogil=True)
def _by_table(ids):  # type: ignore[no-untyped-def]
    """The order of ids that fill most of their range, by putting each in its place; empty where that fails."""
    n = len(ids)
    if n == 0:
        return np.empty(0, np.int64)
    low, high = ids.min(), ids.max()
    if not (high - low < 4.0 * n):
        return np.empty(0, np.int64)
    row_of = np.full(int(high - low) + 1, -1, np.int64)
    for row in range(n):
        place = int(ids[row] - low)
        if row_of[place] >= 0:
            return np.empty(0, np.int64)
        row_of[place] = row
    order, found = np.empty(n, np.int64), 0
    for place in range(len(row_of)):
        if row_of[place] >= 0:
            order[found] = row_of[place]
            found += 1
    return order


@njit(cache=True, nogil=True)
def _newline(buffer, at, end):  # type: ignore[no-untyped-def]
    for place in range(at, end):
        if buffer[place] == 10:
            return place
    return -1


@njit(cache=True, nogil=True)
def _first(mask):  # type: ignore[no-untyped-def]
    """Number of the lowest byte that has a bit set."""
    return trailing_zeros(mask) >> THREE


@njit(cache=True, nogil=True)
def _blanks(word):  # type: ignore[no-untyped-def]
    """The highest bit of every byte that is a blank or a control character."""
    return ~(((word & LOW_SEVEN) + NOT_BLANK) | word) & HIGHEST_BITS


@njit(cache=True, nogil=True)
def _equal(word, pattern):  # type: ignore[no-untyped-def]
    """The highest bit of every byte that equals that of the pattern."""
    other = word ^ pattern
    return ~(((other & LOW_SEVEN) + LOW_SEVEN) | other) & HIGHEST_BITS


@njit(cache=True, nogil=True)
def _token_end(buffer, p):  # type: ignore[no-untyped-def]
    mask = _blanks(load_word(buffer, p))
    while mask == 0:
        p += EIGHT
        mask = _blanks(load_word(buffer, p))
    return p + _first(mask)


@njit(cache=True, nogil=True)
def _line_end(buffer, p):  # type: ignore[no-untyped-def]
    mask = _equal(load_word(buffer, p), NEWLINES)
    while mask == 0:
        p += EIGHT
        mask = _equal(load_word(buffer, p), NEWLINES)
    return p + _first(mask)


@njit(cache=True, nogil=True)
def _short_number(word, length):  # type: ignore[no-untyped-def]
    """The value of up to eight characters such as ``-12.345``, and whether they are such a number.

    All eight digits are added up at once, by three multiplications of the register that holds them.
    """
    # Signs come at random, and a branch that is guessed wrong costs more than all of this.
    negative = np.uint64((word & BYTE) == MINUS)
    word >>= negative << THREE
    length -= negative
    decimals = ZERO
    dots = _equal(word, DOTS)
    if dots != 0:
        dot = _first(dots)
        if dot < length:
            below = (ONE << (dot << THREE)) - ONE
            word = (word & below) | ((word >> EIGHT) & ~below)
            length -= ONE
            decimals = length - dot
    if length == 0:
        return 0.0, False
    word = (word ^ ZEROS) << ((EIGHT - length) << THREE)
    if ((word + NOT_DIGIT) | word) & HIGHEST_BITS:
        return 0.0, False
    word = word * TEN + (word >> EIGHT)
    low, high = word & EVERY_FOURTH, (word >> SIXTEEN) & EVERY_FOURTH
    value = float(np.int64((low * HUNDREDS + high * ONES) >> THIRTY_TWO)) / POWERS[decimals]
    return value * SIGNS[negative], True


@njit(cache=True, nogil=True)
def _long_number(buffer, p):  # type: ignore[no-untyped-def]
    """The value of the characters up to the next blank, and whether float64 arithmetic gives it exactly."""
    negative = buffer[p] == 45
    if negative or buffer[p] == 43:
        p += ONE
    mantissa, first = np.int64(0), p
    while 48 <= buffer[p] <= 57:
        mantissa = mantissa * 10 + (np.int64(buffer[p]) - 48)
        p += ONE
    digits, exponent = np.int64(p - first), np.int64(0)
    if buffer[p] == 46:
        p += ONE
        first = p
        while 48 <= buffer[p] <= 57:
            mantissa = mantissa * 10 + (np.int64(buffer[p]) - 48)
            p += ONE
        exponent = -np.int64(p - first)
        digits -= exponent
    if buffer[p] == 101 or buffer[p] == 69:
        p += ONE
        minus = buffer[p] == 45
        if minus or buffer[p] == 43:
            p += ONE
        first, power = p, np.int64(0)
        while 48 <= buffer[p] <= 57 and power < 10000:
            power = power * 10 + (np.int64(buffer[p]) - 48)
            p += ONE
        if p == first:
            return 0.0, False
        exponent += -power if minus else power
    # Eighteen digits fit into the integer; whether they fit into a float64 the value tells.
    if buffer[p] > 32 or digits < 1 or digits > 18 or mantissa > LARGEST_EXACT or abs(exponent) > 22:
        return 0.0, False
    value = float(mantissa)
    value = value / POWERS[-exponent] if exponent < 0 else value * POWERS[exponent]
    return (-value if negative else value), True


@njit(cache=True, nogil=True)
def _parse(buffer, at, end, slots, values, row, hard):  # type: ignore[no-untyped-def]
    """Parse whole rows from `at`; numbers too hard for float64 arithmetic are listed (row, slot, start, stop).

    Returns the next row, where it begins, whether it has the wrong number of columns, and how many are listed; stops
    early when the list might not hold another row.
    """
    last = end - 1
    while last >= at and buffer[last] != 10:
        last -= 1
    n_columns, n_hard, wanted = len(slots), 0, len(slots)
    while wanted > 0 and slots[wanted - 1] < 0:
        wanted -= 1
    while row < values.shape[0] and at < last and n_hard + n_columns <= len(hard):
        # Every loop below ends at the newline that `last` makes sure of.
        p = np.uint64(at)
        for column in range(wanted):
            while buffer[p] == 32 or buffer[p] == 9:
                p += ONE
            if buffer[p] == 10 or buffer[p] == 13:
                return row, at, True, n_hard
            slot = slots[column]
            if slot < 0:
                p = _token_end(buffer, p)
                continue
            word = load_word(buffer, p)
            mask = _blanks(word)
            if mask != 0:
                length = _first(mask)
                stop = p + length
                value, plain = _short_number(word, length)
                if not plain:
                    value, plain = _long_number(buffer, p)
            else:
                stop = _token_end(buffer, p)
                value, plain = _long_number(buffer, p)
            if plain:
                values[row, slot] = value
            else:
                hard[n_hard, 0], hard[n_hard, 1] = row, slot
                hard[n_hard, 2], hard[n_hard, 3] = np.int64(p), np.int64(stop)
                n_hard += 1
            p = stop
        if wanted == n_columns:
            while buffer[p] == 32 or buffer[p] == 9 or buffer[p] == 13:
                p += ONE
            if buffer[p] != 10:
                return row, at, True, n_hard
        else:
            p = _line_end(buffer, p)
        at = np.int64(p + ONE)
        row += 1
    return row, at, False, n_hard
