"""LAMMPS text dumps as trajectories: plain or compressed, one file after the other, by the compiled reader."""

import gzip
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from autodisco.analysis.elements import elements_by_mass
from autodisco.analysis.trajectory import Chunk, Clock, Floats
from autodisco.errors import InputError
from autodisco_kernels import DumpFrame, LammpsDump, is_unwrapped, position_columns, positions, text_column

SUFFIXES = (".lammpstrj", ".lammpsdump", ".dump")
COMPRESSED = (".gz", ".zst")
PICOSECONDS = {"real": 1e-3, "metal": 1.0}


def is_dump(path: Path) -> bool:
    """Whether a file is named like a LAMMPS text dump, compressed or not."""
    suffix = path.with_suffix("").suffix if path.suffix in COMPRESSED else path.suffix
    return suffix in SUFFIXES


class Dump:
    """Frames of one dump, or of several that follow each other.

    Parameters
    ----------
    paths : at least one
    needed : columns the caller will ask for with `first`
    single : whether box lengths are held in single precision, as HTP-MD's program does

    Attributes
    ----------
    n_atoms : in the first frame; others have to have the same
    unwrapped : whether positions are continuous across the faces of the box
    interval_ps : time between the first two frames where the dump writes its time and units (real or metal)

    Raises
    ------
    InputError
        For a file that cannot be read, holds no frame, or lacks columns.
    """

    def __init__(self, paths: Sequence[Path], needed: Sequence[str] = (), single: bool = False) -> None:
        self._paths, self._single = list(paths), single
        with _opened(self._paths[0]) as stream:
            dump = _dump(self._paths[0], stream, None)
            available = dump.available
            if not available:
                raise InputError(f"{self._paths[0]}: holds no frame")
            if missing := [name for name in needed if name not in available]:
                raise InputError(f"{self._paths[0]}: columns {', '.join(missing)} are missing")
            frames = _frames(self._paths[0], dump)
            first = next(frames)
            second = next(frames, None) if first.time is not None else None
        try:
            self._position = position_columns(available)
        except ValueError as error:
            raise InputError(f"{self._paths[0]}: {error}") from None
        self._columns = dict(zip(dump.columns, first.values.T, strict=True))
        self._text = [name for name in available if name not in self._columns]
        self.n_atoms = len(first.values)
        self.unwrapped = is_unwrapped(self._position)
        self.interval_ps: float | None = None
        if first.time is not None and second and second.time is not None and dump.units in PICOSECONDS:
            self.interval_ps = (second.time - first.time) * PICOSECONDS[dump.units]

    def first(self, column: str) -> Floats:
        """A column of numbers of the first frame, by atom."""
        return self._columns[column]

    def chunks(self, length: int) -> Iterator[Chunk]:
        """The positions of all frames, `length` at a time; a frame that a restart has written again is left out."""
        placed, cells, clock = [], [], Clock(self._paths[0], "steps", False)
        for path in self._paths:
            with _opened(path) as stream:
                for frame in _frames(path, _dump(path, stream, self._position)):
                    if len(frame.values) != self.n_atoms:
                        raise InputError(f"{path}: step {frame.step} has {len(frame.values)} atoms, not {self.n_atoms}")
                    if not clock.advances(frame.step):
                        continue
                    cell = frame.cell.astype(np.float32).astype(np.float64) if self._single else frame.cell
                    placed.append(positions(frame.values, self._position, cell, frame.origin))
                    cells.append(cell)
                    if len(cells) == length:
                        yield Chunk(np.array(placed), np.array(cells))
                        placed, cells = [], []
        if cells:
            yield Chunk(np.array(placed), np.array(cells))

    def universe(self) -> Any:
        """An MDAnalysis universe of the atoms, for selections: type, mass, charge, molecule (as residue), element."""
        import MDAnalysis

        molecules = self._columns.get("mol", np.zeros(self.n_atoms)).astype(int)
        numbers, residue = np.unique(molecules, return_inverse=True)
        universe = MDAnalysis.Universe.empty(
            self.n_atoms, n_residues=len(numbers), atom_resindex=residue, trajectory=False
        )
        universe.add_TopologyAttr("resids", numbers)
        if "id" in self._columns:
            universe.add_TopologyAttr("ids", self._columns["id"].astype(int))
        if "type" in self._columns:
            universe.add_TopologyAttr("types", self._columns["type"].astype(int).astype(str))
        if "q" in self._columns:
            universe.add_TopologyAttr("charges", self._columns["q"])
        if "mass" in self._columns:
            universe.add_TopologyAttr("masses", self._columns["mass"])
            universe.add_TopologyAttr("elements", elements_by_mass(self._columns["mass"]))
        if "element" in self._text:
            with _opened(self._paths[0]) as stream:
                universe.add_TopologyAttr("elements", np.array(text_column(stream, "element"), dtype=object))
        return universe


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The bytes of a file, decompressed where its name ends in .gz or .zst."""
    try:
        with open(path, "rb", buffering=0) as raw:
            if path.suffix == ".gz":
                with gzip.GzipFile(fileobj=raw) as stream:
                    yield stream  # type: ignore[misc]
            elif path.suffix == ".zst":
                import zstandard

                try:
                    with zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True) as stream:
                        yield stream
                except zstandard.ZstdError as error:
                    raise InputError(f"{path}: not a complete zstd file ({error})") from None
            else:
                yield raw
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None


def _dump(path: Path, stream: BinaryIO, columns: Sequence[str] | None) -> LammpsDump:
    try:
        return LammpsDump(stream, columns)
    except (ValueError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: not a complete LAMMPS dump ({error})") from None


def _frames(path: Path, dump: LammpsDump) -> Iterator[DumpFrame]:
    """The frames of a dump; what goes wrong names the file."""
    frames = iter(dump)
    while True:
        try:
            frame = next(frames, None)
        except (ValueError, EOFError, zlib.error) as error:
            raise InputError(f"{path}: not a complete LAMMPS dump ({error})") from None
        if frame is None:
            return
        yield frame
