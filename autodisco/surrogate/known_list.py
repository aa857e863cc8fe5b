"""Lists of known polymers of any length as arrays: keys and environments, which are compared with a few polymers.

A list is read once, as a stream and in several processes, into files of plain numbers, about 100 bytes for each row.
They are mapped into memory and compared block by block, so that memory does not grow with the list.
"""

import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from autodisco.arrays import Floats, Indices
from autodisco.errors import InvalidRepeatUnit
from autodisco.files import place_beside, read_json, write_json
from autodisco.polymer import ORGANIC_ELEMENTS, parse, read_material, worked_off
from autodisco.surrogate.similarity import Structures
from autodisco.surrogate.structure import Period, environments
from autodisco_kernels.similarity import Sparse, min_max

COLUMNS = {"rows": np.int64, "keys": np.uint64, "lengths": np.int32, "bits": np.uint32, "counts": np.float32}
"""Files of a list and their types: three with one number a row, two with one for each of its environments."""

ABOUT = "list.json"
ROWS_AT_ONCE = 8192

Arrays = dict[str, np.ndarray]


class Nearest(NamedTuple):
    """The row of a list that is nearest to a polymer: its number in the list (line of a file), how similar it is, and
    whether it is the same polymer, by key. `row` is None for a list without any repeat unit."""

    row: int | None
    similarity: float
    same: bool


@dataclass(frozen=True)
class KnownList:
    """A list as arrays.

    Attributes
    ----------
    rows, keys : (n,) number of each row that is a repeat unit, and the key of its polymer as a number
    starts : (n + 1,) where the environments of a row begin
    bits, counts : of all rows, as in `Structure`
    n_invalid : rows that are no repeat unit
    """

    rows: Indices
    keys: np.ndarray
    starts: Indices
    bits: np.ndarray
    counts: np.ndarray
    n_invalid: int

    @classmethod
    def of_rows(cls, rows: Iterable[tuple[int, str]]) -> "KnownList":
        """A list that is short enough for memory."""
        arrays = _arrays(list(rows))
        return cls(*_in_order(arrays), int(arrays["invalid"][0]))

    @classmethod
    def read(cls, folder: Path) -> "KnownList":
        """A list that `write_list` wrote; its numbers stay on disk until they are needed."""
        n_invalid = int(read_json(folder / ABOUT)["n_invalid"])
        return cls(*_in_order({name: _mapped(folder / name, kind) for name, kind in COLUMNS.items()}), n_invalid)

    def __len__(self) -> int:
        return len(self.rows)

    def nearest(self, polymers: Sequence[str], progress: Callable[[int], None] | None = None) -> list[Nearest]:
        """The nearest row to each material; the first of equal ones.

        Raises InvalidRepeatUnit for a text that is no material.
        """
        if not polymers:
            return []
        wanted = Structures.of(polymers).environments
        known = np.unique(wanted.bits)
        ours = wanted.within(known)
        best, place = np.full(len(polymers), -1.0), np.full(len(polymers), -1)
        for first in range(0, len(self), ROWS_AT_ONCE):
            last = min(first + ROWS_AT_ONCE, len(self))
            alike = min_max(ours, self._block(first, last, known), len(known) + 1)
            nearest = np.argmax(alike, axis=1)
            found = alike[np.arange(len(polymers)), nearest]
            better = found > best
            best[better], place[better] = found[better], nearest[better] + first
            if progress:
                progress(last)
        return [self._found(*one) for one in zip(polymers, place.tolist(), best.tolist(), strict=True)]

    def _found(self, polymer: str, place: int, similarity: float) -> Nearest:
        key = read_material(polymer, ORGANIC_ELEMENTS).key
        same = np.flatnonzero(self.keys == np.uint64(int(key, 16)))
        if len(same):
            return Nearest(int(self.rows[same[0]]), 1.0, True)
        return Nearest(int(self.rows[place]) if place >= 0 else None, max(0.0, min(1.0, similarity)), False)

    def _block(self, first: int, last: int, known: Indices) -> Sparse:
        """Some rows in the columns of the `known` environments; the last column is the sum of all others."""
        starts = np.asarray(self.starts[first : last + 1])
        inside = slice(int(starts[0]), int(starts[-1]))
        bits, counts = self.bits[inside].astype(np.int64), self.counts[inside].astype(np.float64)
        row = np.repeat(np.arange(last - first), np.diff(starts))
        column = np.searchsorted(known, bits).clip(max=len(known) - 1)
        is_known = known[column] == bits
        others = np.bincount(row[~is_known], counts[~is_known], minlength=last - first)
        rows = np.concatenate([row[is_known], np.arange(last - first)])
        columns = np.concatenate([column[is_known], np.full(last - first, len(known))])
        values = np.concatenate([counts[is_known], others])
        order = np.argsort(rows, kind="stable")
        ends = np.zeros(last - first + 1, dtype=np.int64)
        ends[1:] = np.cumsum(np.bincount(rows, minlength=last - first))
        return ends, columns[order], values[order]


def write_list(
    rows: Iterable[tuple[int, str]], folder: Path, workers: int = 1, progress: Callable[[int], None] | None = None
) -> None:
    """Write the arrays of a list into a new `folder`, which is there when all of it is.

    `progress` is told the number of rows read.
    """
    beside = place_beside(folder)
    beside.mkdir(parents=True)
    n_rows = n_invalid = 0
    try:
        with ExitStack() as opened:
            files = {name: opened.enter_context(open(beside / name, "wb")) for name in COLUMNS}
            for arrays in worked_off(rows, workers, _arrays):
                for name, file in files.items():
                    file.write(arrays[name].tobytes())
                n_invalid += int(arrays["invalid"][0])
                n_rows += len(arrays["rows"]) + int(arrays["invalid"][0])
                if progress:
                    progress(n_rows)
        write_json(beside / ABOUT, {"n_invalid": n_invalid})
        if not (folder / ABOUT).is_file():  # another process may have been faster
            beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _arrays(chunk: list[tuple[int, str]]) -> Arrays:
    """The columns of some rows, and how many of them are no repeat unit."""
    found: list[tuple[int, int, Indices, Floats]] = []
    for row, text in chunk:
        try:
            unit = parse(text, ORGANIC_ELEMENTS)
        except InvalidRepeatUnit:
            continue
        found.append((row, int(unit.key, 16), *environments(Period.of_word(unit.word))))
    several: dict[str, Any] = {
        "rows": [row for row, *_ in found],
        "keys": [key for _, key, *_ in found],
        "lengths": [len(bits) for *_, bits, _ in found],
        "bits": np.concatenate([np.empty(0, np.int64), *(bits for *_, bits, _ in found)]),
        "counts": np.concatenate([np.empty(0), *(counts for *_, counts in found)]),
    }
    arrays = {name: np.asarray(several[name], dtype=kind) for name, kind in COLUMNS.items()}
    return arrays | {"invalid": np.array([len(chunk) - len(found)])}


def _in_order(arrays: Arrays) -> tuple[Indices, np.ndarray, Indices, np.ndarray, np.ndarray]:
    starts = np.zeros(len(arrays["lengths"]) + 1, dtype=np.int64)
    np.cumsum(arrays["lengths"], out=starts[1:])
    return arrays["rows"], arrays["keys"], starts, arrays["bits"], arrays["counts"]


def _mapped(path: Path, kind: Any) -> np.ndarray:
    return np.memmap(path, dtype=kind, mode="r") if path.stat().st_size else np.empty(0, kind)
