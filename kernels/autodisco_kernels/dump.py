"""LAMMPS text dumps, frame after frame from any stream of bytes, in memory that does not grow with the file.

Here are headers, the order of atoms and a buffer; the text of the atoms is made into numbers in `decimals`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

import numpy as np
from numba import njit
from numpy.typing import NDArray

from autodisco_kernels.cells import Floats, Longs
from autodisco_kernels.decimals import BEFORE, BEHIND, parse_lines

CHUNK_BYTES = 1 << 18  # what has just been read is then still in the second-level cache
LONGEST_HEADER = 1 << 20  # bytes; also of a line
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
ITEM = b"ITEM: "
STEP, TIME, ATOMS, BOX = b"ITEM: TIMESTEP", b"ITEM: TIME", b"ITEM: NUMBER OF ATOMS", b"ITEM: BOX BOUNDS"
UNITS = b"ITEM: UNITS"
TILTS = ("xy", "xz", "yz", "abc", "origin")  # what else stands in the title of the bounds
ITEMS = {STEP: 1, TIME: 1, ATOMS: 1, BOX: 3, UNITS: 1}  # lines that follow


class BrokenOff(ValueError):
    """A frame that is not all there: the file ends in it, or another one begins."""


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
        self._text = _Buffer(stream, chunk_bytes)
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

    def _read(self, header: "_Header | None") -> Iterator[DumpFrame]:
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

    def _next(self, otherwise: str) -> "_Header | None":
        """The next header; where breaks are allowed, none at one that ends the file."""
        while True:
            try:
                return _next_header(self._text, otherwise, self.broken if self._lenient else None)
            except BrokenOff as error:
                if not self._lenient:
                    raise
                self.broken.append(str(error))
                if self._text.begin == self._text.end:
                    return None

    def _numeric(self, header: "_Header | None") -> tuple[str, ...]:
        """Names of the columns that hold numbers in the first row; all of them if there is no row."""
        words = b"".join(self._text.peek(1) if header and header.n_atoms else []).split()
        words += [b"0"] * (len(self.available) - len(words))
        return tuple(name for name, word in zip(self.available, words, strict=False) if _is_number(word))

    def _frame(self, header: "_Header") -> DumpFrame:
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
                        f"column {names[column]} holds {_shown(word)} at step {header.step}; a number expected"
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


def text_column(stream: BinaryIO, name: str) -> list[str]:
    """A column of text, such as ``element``, of the first frame, in the order of the ids; raises as `LammpsDump`."""
    text = _Buffer(stream, CHUNK_BYTES)
    header = _next_header(text, "not a LAMMPS text dump")
    if header is None:
        raise ValueError(f"columns {name} are missing; there is no frame")
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


@dataclass(frozen=True)
class _Header:
    """What comes before the rows of a frame."""

    step: int
    n_atoms: int
    time: float | None
    cell: Floats
    origin: Floats
    columns: tuple[str, ...]
    units: str | None
    boundaries: tuple[str, ...]

    def places(self, names: Sequence[str]) -> NDArray[np.uint64]:
        """Where in a row the columns are; raises ValueError for those that are not."""
        if missing := [name for name in names if name not in self.columns]:
            raise ValueError(f"columns {', '.join(missing)} are missing; there are {' '.join(self.columns)}")
        return np.array([self.columns.index(name) for name in names], np.uint64)

    def broken_off(self, n_rows: int) -> BrokenOff:
        return BrokenOff(f"the frame of step {self.step} breaks off after {n_rows} of {self.n_atoms} atoms")

    def misfit(self, line: bytes, n_rows: int) -> ValueError:
        if b"ITEM:" in line:
            return self.broken_off(n_rows)
        return ValueError(
            f"a row of step {self.step} has not the {len(self.columns)} columns of its header: {_shown(line)}"
        )


def _next_header(text: "_Buffer", otherwise: str, broken: list[str] | None = None) -> _Header | None:
    """The next header, None at the end; what is wrong, if it does not begin as one, is said `otherwise`.

    LAMMPS writes units and time before the step, hence a header may begin with any item. A header that breaks off where
    another begins is left out if there is a list of what is `broken`.
    """
    lines, whole = text.header()
    if not lines:
        return None
    if broken is not None and (begins := _last_beginning(lines)):
        broken.append(f"a frame breaks off in its header, after {_shown(lines[begins - 1])}")
        lines = lines[begins:]
    if not lines[0].startswith(b"ITEM:" if whole or len(lines) > 1 else b"ITEM:"[: len(lines[0])]):
        raise ValueError(f"{otherwise}: 'ITEM: …' expected, found {_shown(lines[0])}")
    if not whole:
        raise BrokenOff(f"a frame breaks off in its header, after {_shown(lines[-1])}")
    following, known = iter(lines), True
    found: dict[bytes, tuple[bytes, list[bytes]]] = {}
    for line in following:
        item = BOX if line.startswith(BOX) else line
        if item in ITEMS:
            found[item] = line, list(islice(following, ITEMS[item]))
        elif known and not line.startswith(b"ITEM:"):
            raise ValueError(f"not a LAMMPS text dump: 'ITEM: …' expected, found {_shown(line)}")
        known = item in ITEMS
    if not found.keys() >= {STEP, ATOMS, BOX}:
        raise ValueError("a frame lacks its time step, number of atoms or box")
    title, bounds = found.pop(BOX)
    general, tilted = b"abc origin" in title, b"xy xz yz" in title
    cell, origin = _cell([_numbers(line, 4 if general else 3 if tilted else 2) for line in bounds])
    units = found.pop(UNITS)[1][0].decode(errors="replace") if UNITS in found else None
    one = {item: _numbers(found[item][1][0], 1)[0] for item in found}
    step, n_atoms = one[STEP], one[ATOMS]
    if not (step.is_integer() and n_atoms.is_integer() and n_atoms >= 0):
        raise ValueError(f"a frame of {n_atoms:g} atoms at step {step:g}")
    columns = tuple(lines[-1].decode(errors="replace").split()[2:])
    flags = tuple(word for word in title[len(BOX) :].decode(errors="replace").split() if word not in TILTS)
    return _Header(int(step), int(n_atoms), one.get(TIME), cell, origin, columns, units, flags)


def _last_beginning(lines: list[bytes]) -> int:
    """Where the last header among some lines begins, a cut one being before it; what is left of a line is split off."""
    begins, values, k = 0, 0, 0
    seen: set[bytes] = set()
    while k < len(lines):
        cut = lines[k].rfind(b"ITEM:")
        if cut > 0:
            lines[k : k + 1] = lines[k][:cut], lines[k][cut:]
            begins, values, seen = k + 1, 0, set()
        elif cut == 0:
            item = BOX if lines[k].startswith(BOX) else lines[k]
            if values or item in seen:
                begins, seen = k, set()
            seen.add(item)
            values = ITEMS.get(item, 0)
        elif values:
            values -= 1
        k += 1
    return begins


def _numbers(line: bytes, n: int) -> list[float]:
    try:
        found = [float(word) for word in line.split()]
    except ValueError:
        found = []
    if len(found) != n:
        raise ValueError(f"{n} numbers expected in the header of a frame, found {_shown(line)}")
    return found


def _cell(bounds: list[list[float]]) -> tuple[Floats, Floats]:
    """Rows a, b, c and the lower corner from the three lines of bounds, https://docs.lammps.org/Howto_triclinic.html.

    Lines hold low and high; or these of the box around the tilted cell, and the tilts xy, xz, yz; or the vector and a
    component of the corner.
    """
    if len(bounds[0]) == 4:
        rows = np.array(bounds)
        return rows[:, :3].copy(), rows[:, 3].copy()
    (x, lx), (y, ly), (z, lz) = ((row[0], row[1] - row[0]) for row in bounds)
    xy, xz, yz = (row[2] for row in bounds) if len(bounds[0]) == 3 else (0.0, 0.0, 0.0)
    below_x, above_x = min(0.0, xy, xz, xy + xz), max(0.0, xy, xz, xy + xz)
    below_y, above_y = min(0.0, yz), max(0.0, yz)
    a, b = lx + below_x - above_x, ly + below_y - above_y
    return np.array([[a, 0.0, 0.0], [xy, b, 0.0], [xz, yz, lz]]), np.array([x - below_x, y - below_y, z])


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
def _place(ids, low, span):  # type: ignore[no-untyped-def]
    """The row of every id from the lowest on, -1 where there is none."""
    rows = np.full(span, -1, np.int64)
    for row in range(len(ids)):
        rows[int(ids[row] - low)] = row
    return rows


@njit(cache=True, nogil=True)
def _ascending(ids):  # type: ignore[no-untyped-def]
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


def _shown(line: bytes) -> str:
    text = line[:60].decode(errors="replace").strip()
    return f"'{text}{'…' if len(line) > 60 else ''}'"


class _Buffer:
    """What was read of a stream and is not used yet: begin:whole are whole lines, whole:end is the start of another."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self._ended = False
        self.unterminated = False  # the last line of the stream had no line end and was given one
        self._bytes = bytearray()
        self.begin = self.whole = self.end = BEFORE
        self._move(max(size, 64))

    def _move(self, size: int) -> None:
        """The text to the front of a buffer that has room for `size` bytes."""
        old, kept = self._bytes, self.end - self.begin
        if len(old) != BEFORE + size + BEHIND:
            self._bytes = bytearray(BEFORE + size + BEHIND)
            self.bytes = np.frombuffer(self._bytes, np.uint8)
        memoryview(self._bytes)[BEFORE : BEFORE + kept] = memoryview(old)[self.begin : self.end]
        self._bytes[BEFORE - 1] = ord("\n")
        self.begin, self.whole, self.end = BEFORE, BEFORE + self.whole - self.begin, BEFORE + kept

    def more(self) -> bool:
        """Read on; False at the end of the stream."""
        if self._ended:
            return False
        if self.end - self.whole > LONGEST_HEADER:
            raise ValueError(f"not a LAMMPS text dump: {LONGEST_HEADER} bytes without the end of a line")
        size = len(self._bytes) - BEFORE - BEHIND
        size *= 2 if self.end - self.begin == size else 1
        self._move(size)
        start, room = self.end, memoryview(self._bytes)[self.end : BEFORE + size]
        if hasattr(self._stream, "readinto"):
            n = self._stream.readinto(room) or 0
        else:
            data = self._stream.read(len(room))
            n = len(data)
            room[:n] = data
        # Zeros are a hole that a crash has left in the file: it ends there, with the first one as what is wrong.
        hole = self._bytes.find(0, start, start + n)
        self._ended = n == 0 or hole >= 0
        self.end = start + n if hole < 0 else hole + 1
        if n == 0 and self.end > self.whole:
            self._bytes[self.end] = ord("\n")
            self.end, self.unterminated = self.end + 1, True
            start, n = self.end - 1, 1
        self.whole = max(self.whole, self._bytes.rfind(b"\n", start, self.end) + 1)
        return n > 0

    def header(self) -> tuple[list[bytes], bool]:
        """Take the lines up to the next that begins with ITEM: ATOMS, blank ones left out, and whether there is one."""
        while True:
            atoms = self._bytes.find(b"\nITEM: ATOMS", self.begin - 1, self.whole)
            if atoms >= 0 or self.whole - self.begin > LONGEST_HEADER or not self.more():
                break
        stop = self.end if atoms < 0 else self._bytes.index(b"\n", atoms + 1)
        cut = -1 if atoms < 0 else self._bytes.rfind(ITEM, atoms + 2, stop)  # another header begins in this line
        stop = stop if cut < 0 else cut
        lines = [line.strip() for line in bytes(self._bytes[self.begin : stop]).split(b"\n")]
        self.begin = cut if cut >= 0 else min(stop + 1, self.end)
        whole = atoms >= 0 and cut < 0 and not (self.unterminated and stop + 1 == self.whole)
        return [line for line in lines if line], whole

    def skip_to(self, mark: bytes) -> bool:
        """Leave out what comes before `mark`; False if that is all there is."""
        while (place := self._bytes.find(mark, self.begin, self.whole)) < 0:
            self.begin = self.whole
            if not self.more():
                return False
        self.begin = place
        return True

    def peek(self, n: int) -> list[bytes]:
        """The `n` lines that come next, or as many as there are, without taking them."""
        while self._bytes.count(b"\n", self.begin, self.whole) < n and self.more():
            pass
        return bytes(self._bytes[self.begin : self.whole]).split(b"\n", n)[:-1]

    def is_cut(self, place: int) -> bool:
        """Whether the line that has this place in the buffer is the last one and had no line end."""
        return self.unterminated and self._bytes.index(b"\n", place) + 1 == self.whole

    def line(self, place: int) -> bytes:
        """The line that has this place in the buffer."""
        return bytes(self._bytes[self._bytes.rfind(b"\n", 0, place) + 1 : self._bytes.index(b"\n", place)]).strip()

    def word(self, place: int) -> bytes:
        """The word that starts at this place in the buffer; none at the end of a line."""
        return b"".join(bytes(self._bytes[place : self._bytes.index(b"\n", place)]).split(maxsplit=1)[:1])
