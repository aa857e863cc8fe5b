"""Trajectories that MDAnalysis reads: each file by itself, with the time that its header can be trusted to tell."""

import io
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from autodisco.analysis.formats import check_no_structure, unreadable
from autodisco.analysis.opening import known_format, opened
from autodisco.analysis.timeline import Frame, Timeline, in_chunks
from autodisco.analysis.trajectory import Chunk, Notes
from autodisco.errors import InputError
from autodisco.text import counted

TIMED = ("XTC", "TRR", "NCDF", "NC", "H5MD", "TNG")  # each frame has its time in ps
AKMA_PS = 0.04888821  # CHARMM's unit of time, that of DCD headers
UNITLESS = ("GSD",)
NICE = 1e-5  # relative; the unit of time is known to seven digits


class Foreign:
    """Frames of one file, or of several that follow each other.

    Parameters
    ----------
    paths : at least one
    n_atoms : that each has to have
    dt_ps : time between frames as a person gave it
    notes : takes what was assumed or left out

    Attributes
    ----------
    interval_ps : time between the first two frames, None where the files do not tell it
    n_frames : that the files say they hold

    Raises
    ------
    InputError
        For a file that cannot be read, or has another number of atoms.
    """

    def __init__(self, paths: list[Path], n_atoms: int, dt_ps: float | None, notes: Notes) -> None:
        self._paths, self._n_atoms, self._notes = paths, n_atoms, notes
        formats: dict[Path, tuple[str, int]] = {}
        for path in paths:
            with _reader(path, self._n_atoms) as reader:
                formats[path] = str(reader.format), int(reader.n_frames)  # NetCDF has a list of names
                if reader.n_atoms != n_atoms:
                    raise InputError(
                        f"{path}: {reader.n_atoms} atoms, but the topology describes {n_atoms}; "
                        "give the topology of this trajectory"
                    )
                _check_all_frames(path, reader)
                if reader.format in UNITLESS:
                    notes.say(f"{path}: {reader.format} files name no units; lengths are taken for Å")
        check_no_structure(formats)
        self.n_frames = sum(n for _, n in formats.values())
        self._timeline = Timeline("ps" if self._timed() else "steps", dt_ps, notes)
        self.interval_ps = self._interval(dt_ps)

    def chunks(self, length: int) -> Iterator[Chunk]:
        """The positions of all frames, `length` at a time.

        Raises StartAgain where a restart has written frames again.
        """
        yield from in_chunks(self._timeline.run(self._all()), length)

    def sample(self, n: int) -> Chunk:
        """The first `n` frames, or as many as there are."""
        frames = [frame for frame, _ in zip(self._all(), range(n), strict=False)]
        if not frames:
            raise InputError(
                f"{self._paths[0]}: holds no frame with positions; write them in the run, or give another trajectory"
            )
        return next(in_chunks(frames, n))

    def _timed(self) -> bool:
        with _reader(self._paths[0], self._n_atoms) as reader:
            return _step_ps(reader) is not None

    def _interval(self, dt_ps: float | None) -> float | None:
        frames = [frame for frame, _ in zip(self._all(), range(2), strict=False)]
        if len(frames) < 2 or frames[0].time_ps is None or frames[1].time_ps is None:
            return None
        interval = frames[1].time_ps - frames[0].time_ps
        if dt_ps is None and abs(interval - 1.0) < 1e-6 and self._counts_frames():
            self._notes.say(
                f"{self._paths[0]}: frames are one step and 1 ps apart, which programs also write that do not know the "
                "time; give it with --dt if it is another"
            )
        return interval if interval > 0 else None

    def _counts_frames(self) -> bool:
        """Whether the first file counts one step from frame to frame."""
        with _reader(self._paths[0], self._n_atoms) as reader:
            if reader.format == "DCD":
                return int(reader._file.header["nsavc"]) == 1
            steps = [frame.data.get("step") for frame, _ in zip(reader, range(2), strict=False)]
            return None not in steps and len(steps) == 2 and steps[1] - steps[0] == 1

    def _all(self) -> Iterator[Frame]:
        for path in self._paths:
            with _reader(path, self._n_atoms) as reader:
                yield from self._frames(path, reader)

    def _frames(self, path: Path, reader: Any) -> Iterator[Frame]:
        step_ps, n_frames, without = _step_ps(reader), int(reader.n_frames), 0
        header = reader._file.header if reader.format == "DCD" else None
        for k in range(n_frames):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    now = reader[k]
            except (OSError, EOFError, ValueError, RuntimeError) as error:
                if k > 0 and k == n_frames - 1:
                    self._notes.say(f"{path}: the last frame is incomplete and left out, which leaves {k} ({error})")
                    break
                raise InputError(f"{path}: frame {k} cannot be read ({error})") from None
            if not now.has_positions:
                without += 1
                continue
            if now.dimensions is None or not (now.dimensions[:3] > 0).all():
                raise InputError(
                    f"{path}: frame {k} has no periodic box, whose volume conductivities need; "
                    "write it into the trajectory"
                )
            time: float | None = None
            stamp: float | None
            if header is not None:
                stamp = float(header["istart"] + k * max(int(header["nsavc"]), 1))
                time = stamp * step_ps if step_ps is not None else None
            elif step_ps is not None:
                time = float(now.time)
                stamp = time
            else:
                found = now.data.get("step")
                stamp = None if found is None else float(found)
            yield Frame(
                str(path),
                time if time is not None else stamp,
                time,
                now.positions.astype(np.float64),
                np.asarray(now.triclinic_dimensions, dtype=np.float64),
            )
        if without:
            are = "is" if without == 1 else "are"
            self._notes.say(f"{path}: {counted(without, 'frame')} without positions {are} left out")


def _reader(path: Path, n_atoms: int | None = None) -> Any:
    from MDAnalysis.coordinates.core import reader
    from MDAnalysis.lib.util import guess_format

    try:
        known = guess_format(str(path))
        form = None if known in _readers() else known_format(path)
    except (TypeError, ValueError):
        form = known_format(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return closing(reader(str(path), format=form, **({} if n_atoms is None else {"n_atoms": n_atoms})))
        except Exception as error:  # MDAnalysis raises whatever its readers do
            raise unreadable(path, error) from None


def _check_all_frames(path: Path, reader: Any) -> None:
    """Raise InputError for a GRO file with several frames, of which MDAnalysis reads the first one only."""
    if reader.format != "GRO":
        return
    with opened(path) as stream:
        lines = sum(1 for _ in io.BufferedReader(stream))
    n_frames = lines // (int(reader.n_atoms) + 3)  # title, number of atoms and box
    if n_frames > 1:
        raise InputError(
            f"{path}: {n_frames} frames; only the first frame of a GRO file can be read: convert it to XTC "
            f"(gmx trjconv -f {path.name} -s {path.name} -o {path.stem}.xtc) and give both files"
        )


def _readers() -> Any:
    import MDAnalysis

    return MDAnalysis._READERS


def _step_ps(reader: Any) -> float | None:
    """Time of a step of the file's frames in ps; None where no header tells it, or tells a placeholder.

    DCD headers hold the time step in CHARMM's unit of 48.888 fs. LAMMPS writes its own unit there, others 1 or 0; what
    they write is no round number of fs. A time step of a simulation is, to three digits.
    """
    if reader.format in TIMED:
        return 1.0
    if reader.format == "DCD":
        header = reader._file.header
        step = float(header["delta"]) * AKMA_PS
        if "LAMMPS" in str(header["remarks"]).upper() or step <= 0 or int(header["nsavc"]) < 1:
            return None
        return step if abs(float(f"{step:.3g}") - step) <= NICE * step else None
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        float(reader.dt)
    # MDAnalysis makes 1 ps up where a file does not tell, and says so.
    return None if any("no dt information" in str(warning.message) for warning in said) else 1.0
