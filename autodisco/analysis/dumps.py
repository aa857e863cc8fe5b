"""LAMMPS text dumps as trajectories: plain or compressed, one or several in a row, read by the compiled reader."""

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autodisco.analysis.opening import Bytes, opened
from autodisco.analysis.timeline import Frame, Timeline, in_chunks
from autodisco.analysis.trajectory import Chunk, Notes
from autodisco.analysis.units import masses_in, units_of
from autodisco.arrays import Floats
from autodisco.errors import InputError
from autodisco_kernels import DumpFrame, LammpsDump, is_unwrapped, position_columns, positions, text_column

TEXT = ("element", "type", "typelabel")


class Dump:
    """The frames of one dump, or of several consecutive ones.

    Parameters
    ----------
    paths : at least one
    needed : columns that the caller asks for with `first`
    single : whether box lengths are rounded to single precision, as in the analysis of HTP-MD
    dt_ps : time between frames as given by the user
    style : unit style, for a dump that does not state it
    notes : gets sentences about what was assumed or left out

    Attributes
    ----------
    n_atoms : number of atoms in the first frame; the other frames must have as many
    unwrapped : whether positions are unwrapped (continuous across the faces of the box)
    interval_ps : time between the first two frames; None if the dump does not hold times and units

    Raises
    ------
    InputError
        For a file that cannot be read, without frames, or without a needed column; for unit styles that cannot be
        converted; for boxes that are not periodic.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        needed: Sequence[str] = (),
        single: bool = False,
        dt_ps: float | None = None,
        style: str | None = None,
        notes: Notes | None = None,
    ) -> None:
        self._paths, self._single, self._style = list(paths), single, style
        self._notes = Notes() if notes is None else notes
        first_path = self._paths[0]
        with opened(first_path) as stream:
            dump = _dump(first_path, stream, None)
            self._available = available = dump.available
            if not available and dump.broken:
                raise _unreadable(first_path, dump.broken[0], whole=False)
            if not available:
                raise InputError(f"{first_path}: holds no frame; did the run end before the first one?")
            if missing := [name for name in needed if name not in available]:
                raise InputError(
                    f"{first_path}: columns {', '.join(missing)} are missing; add them to the dump command of LAMMPS"
                )
            frames = _frames(first_path, dump)
            first = next(frames, None)
            if first is None:
                raise _unreadable(first_path, dump.broken[0], whole=False)
            self._style = dump.units or style
            units = units_of(first_path, self._style)
            second = next(frames, None) if first.time is not None and units else None
        try:
            self._position = position_columns(available)
        except ValueError as error:
            raise InputError(f"{first_path}: {error}") from None
        self._columns = dict(zip(dump.columns, first.values.T, strict=True))
        self._text = [name for name in available if name not in self._columns]
        self._ids = self._columns.get("id")
        self.n_atoms = len(first.values)
        self.unwrapped = is_unwrapped(self._position)
        self.interval_ps: float | None = None
        if units and first.time is not None and second and second.time is not None:
            self.interval_ps = (second.time - first.time) * units.time
        self._timeline = Timeline("steps", dt_ps, self._notes)
        if self._ids is None:
            self._notes.say(f"{first_path}: atoms have no id; row k is assumed to be the same atom in every frame")
        if not first.boundaries:
            self._notes.say(f"{first_path}: does not state whether its box is periodic; a periodic box is assumed")

    def has(self, column: str) -> bool:
        """Whether the first frame has a numeric column of this name."""
        return column in self._columns

    def first(self, column: str) -> Floats:
        """A numeric column of the first frame, one value for each atom; masses in g/mol."""
        values = self._columns[column]
        return masses_in(self._paths[0], self._style, values, self._notes) if column == "mass" else values

    def chunks(self, length: int) -> Iterator[Chunk]:
        """The positions of all frames, `length` at a time.

        Raises StartAgain if a restart wrote frames again.
        """
        yield from in_chunks(self._timeline.run(self._all()), length)

    def sample(self, n: int) -> Chunk:
        """The first `n` frames, or all if there are fewer."""
        return next(in_chunks(itertools.islice(self._all(), n), n))

    def _all(self) -> Iterator[Frame]:
        """The frames of all files, Å and ps."""
        checked = "id" if self._ids is not None else "type" if "type" in self._columns else None
        expected = self._columns[checked] if checked else None
        for path in self._paths:
            with opened(path) as stream:
                dump = _dump(path, stream, [*self._position, *([checked] if checked else [])])
                units = units_of(path, dump.units or self._style)
                scale = units.length if units else 1.0
                n_lost = 0
                for frame in _frames(path, dump):
                    if len(frame.values) != self.n_atoms:
                        raise InputError(f"{path}: step {frame.step} has {len(frame.values)} atoms, not {self.n_atoms}")
                    if expected is not None and not np.array_equal(frame.values[:, -1], expected):
                        raise InputError(
                            f"{path}: the {checked}s of the atoms of step {frame.step} are not those of the first "
                            "frame; the same atoms are needed in every frame"
                        )
                    _check_periodic(path, frame)
                    cell = frame.cell.astype(np.float32).astype(np.float64) if self._single else frame.cell
                    x = frame.values[:, :-1] if checked else frame.values
                    placed = positions(x, self._position, cell, frame.origin)
                    if scale != 1.0:
                        placed, cell = placed * scale, cell * scale
                    time = frame.time * units.time if units and frame.time is not None else None
                    lost = dump.broken[-1] if len(dump.broken) > n_lost else None
                    n_lost = len(dump.broken)
                    yield Frame(str(path), float(frame.step), time, placed, cell, lost)
                if dump.broken:
                    n = len(dump.broken)
                    self._notes.say(
                        f"{path}: {'a frame is' if n == 1 else f'{n} frames are'} incomplete and left out "
                        f"({dump.broken[0]})"
                    )
                elif not dump.available:
                    self._notes.say(f"{path}: holds no frame")
                elif stream.cut:
                    self._notes.say(f"{path}: the compressed file is truncated; its complete frames are used")

    def universe(self) -> Any:
        """An MDAnalysis universe for selections: type, mass, charge, molecule (as residue) and element of each atom."""
        import MDAnalysis

        molecules = self._columns.get("mol", np.zeros(self.n_atoms)).astype(int)
        numbers, residue = np.unique(molecules, return_inverse=True)
        universe = MDAnalysis.Universe.empty(
            self.n_atoms, n_residues=len(numbers), atom_resindex=residue, trajectory=False
        )
        universe.add_TopologyAttr("resids", numbers)
        if self._ids is not None:
            universe.add_TopologyAttr("ids", self._ids.astype(int))
        if "type" in self._columns:
            universe.add_TopologyAttr("types", self._columns["type"].astype(int).astype(str))
        if "q" in self._columns:
            universe.add_TopologyAttr("charges", self._columns["q"])
        if "mass" in self._columns:
            universe.add_TopologyAttr("masses", self.first("mass"))
        texts = {name: self._words(name) for name in TEXT if name in self._text}
        if "element" in texts:
            universe.add_TopologyAttr("elements", texts["element"])
        if "type" in texts:
            universe.add_TopologyAttr("types", texts["type"])
        labels = texts.get("typelabel", texts.get("type"))
        if labels is not None:
            universe.add_TopologyAttr("names", labels)
        return universe

    def _words(self, column: str) -> Any:
        with opened(self._paths[0]) as stream:
            words = text_column(stream, column, lenient=True)  # type: ignore[arg-type]
            return np.array(words, dtype=object)


def _check_periodic(path: Path, frame: DumpFrame) -> None:
    open_axes = [axis for axis, letters in zip("xyz", frame.boundaries, strict=False) if letters != "pp"]
    if open_axes:
        raise InputError(
            f"{path}: the box of step {frame.step} is not periodic along {', '.join(open_axes)} (boundaries "
            f"{' '.join(frame.boundaries)}); conductivities need the volume of a periodic box (pp pp pp)"
        )


def _dump(path: Path, stream: Bytes, columns: Sequence[str] | None) -> LammpsDump:
    try:
        return LammpsDump(stream, columns, lenient=True)  # type: ignore[arg-type]
    except ValueError as error:
        raise _unreadable(path, error) from None


def _frames(path: Path, dump: LammpsDump) -> Iterator[DumpFrame]:
    """The frames of a dump. Errors name the file."""
    frames = iter(dump)
    while True:
        try:
            frame = next(frames, None)
        except ValueError as error:
            raise _unreadable(path, error) from None
        if frame is None:
            return
        yield frame


def _unreadable(path: Path, error: object, whole: bool = True) -> InputError:
    """The error for a dump that cannot be read or is truncated."""
    return InputError(f"{path}: {error}" if whole else f"{path}: not a complete LAMMPS dump ({error})")
