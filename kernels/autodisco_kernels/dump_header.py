"""What comes before the rows of a frame in a LAMMPS text dump: step, box, columns; and how frames break off."""

import codecs
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from autodisco_kernels.cells import Floats
from autodisco_kernels.dump_text import Buffer, shown

STEP, TIME, ATOMS, BOX = b"ITEM: TIMESTEP", b"ITEM: TIME", b"ITEM: NUMBER OF ATOMS", b"ITEM: BOX BOUNDS"
UNITS = b"ITEM: UNITS"
TILTS = ("xy", "xz", "yz", "abc", "origin")  # what else stands in the title of the bounds
ITEMS = {STEP: 1, TIME: 1, ATOMS: 1, BOX: 3, UNITS: 1}  # lines that follow


class BrokenOff(ValueError):
    """An incomplete frame: the file ends in it, or another frame begins."""


@dataclass(frozen=True)
class Header:
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
            f"a row of step {self.step} has not the {len(self.columns)} columns of its header: {shown(line)}"
        )


def next_header(text: Buffer, otherwise: str, broken: list[str] | None = None) -> Header | None:
    """The next header, None at the end; what is wrong, if it does not begin as one, is said `otherwise`.

    LAMMPS writes units and time before the step, hence a header may begin with any item. A header that breaks off where
    another begins is left out if there is a list of what is `broken`.
    """
    lines, whole = text.header()
    if not lines:
        return None
    lines[0] = lines[0].removeprefix(codecs.BOM_UTF8)
    if broken is not None and lines[0].startswith(b"\0"):
        raise BrokenOff("the file breaks off in zeros, as a crash of the machine leaves them")
    if broken is not None and (begins := _last_beginning(lines)):
        broken.append(f"a frame breaks off in its header, after {shown(lines[begins - 1])}")
        lines = lines[begins:]
    if not lines[0].startswith(b"ITEM:" if whole or len(lines) > 1 else b"ITEM:"[: len(lines[0])]):
        raise ValueError(f"{otherwise}: 'ITEM: …' expected, found {shown(lines[0])}")
    if not whole:
        raise BrokenOff(f"a frame breaks off in its header, after {shown(lines[-1])}")
    following, known = iter(lines), True
    found: dict[bytes, tuple[bytes, list[bytes]]] = {}
    for line in following:
        item = BOX if line.startswith(BOX) else line
        if item in ITEMS:
            found[item] = line, list(islice(following, ITEMS[item]))
        elif known and not line.startswith(b"ITEM:"):
            raise ValueError(f"not a LAMMPS text dump: 'ITEM: …' expected, found {shown(line)}")
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
    if twice := [name for name in columns if columns.count(name) > 1]:
        raise ValueError(f"two columns are named {twice[0]} at step {step:g}; allowed is one")
    flags = tuple(word for word in title[len(BOX) :].decode(errors="replace").split() if word not in TILTS)
    return Header(int(step), int(n_atoms), one.get(TIME), cell, origin, columns, units, flags)


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
        raise ValueError(f"{n} numbers expected in the header of a frame, found {shown(line)}")
    return found


def _cell(bounds: list[list[float]]) -> tuple[Floats, Floats]:
    """Rows a, b, c and the lower corner from the three lines of bounds, https://docs.lammps.org/Howto_triclinic.html.

    Lines hold low and high; or these of the box around the tilted cell, and the tilts xy, xz, yz; or the vector and a
    component of the corner. Raises ValueError for negative lengths.
    """
    if len(bounds[0]) == 4:
        rows = np.array(bounds)
        return rows[:, :3].copy(), rows[:, 3].copy()
    (x, lx), (y, ly), (z, lz) = ((row[0], row[1] - row[0]) for row in bounds)
    xy, xz, yz = (row[2] for row in bounds) if len(bounds[0]) == 3 else (0.0, 0.0, 0.0)
    below_x, above_x = min(0.0, xy, xz, xy + xz), max(0.0, xy, xz, xy + xz)
    below_y, above_y = min(0.0, yz), max(0.0, yz)
    a, b = lx + below_x - above_x, ly + below_y - above_y
    if min(a, b, lz) < 0:
        raise ValueError("a frame has a box whose upper bounds are below the lower ones")
    return np.array([[a, 0.0, 0.0], [xy, b, 0.0], [xz, yz, lz]]), np.array([x - below_x, y - below_y, z])
