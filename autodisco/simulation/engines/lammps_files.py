"""The files of a run of LAMMPS: checkpoints, and the parts of a trajectory that was interrupted.

`checkpoint-<step>-<time steps done>` is a restart file. Each start inside production begins another part of the
trajectory, `trajectory-<time steps done>.dcd`.
"""

import contextlib
import itertools
import os
from pathlib import Path

from autodisco.errors import EngineKilled, SimulationFailure
from autodisco.files import sync, write_atomic
from autodisco.simulation.engines.engine import TRAJECTORY
from autodisco.simulation.engines.lammps_deform import STARTS
from autodisco.simulation.engines.lammps_input import checkpoint_name, part_name
from autodisco.simulation.engines.report import read_report, report_line
from autodisco.simulation.engines.timeline import Place, Timeline

CHECKPOINTS = "checkpoint-*-*"


def last_checkpoint(folder: Path) -> Place | None:
    """The latest place from which the run in a folder can go on."""
    found = checkpoints(folder)
    return found[-1] if found else None


def checkpoints(folder: Path) -> list[Place]:
    """All places that have a checkpoint, first to last."""
    names = [file.name.split("-")[1:] for file in folder.glob(CHECKPOINTS)]
    return sorted(Place(int(step), int(done)) for step, done in names)


def forget(folder: Path) -> None:
    """Remove the checkpoints in a folder."""
    for checkpoint in folder.glob("checkpoint-*"):
        checkpoint.unlink()


def secure(folder: Path, reached: Place) -> None:
    """Wait until a checkpoint, and what was written before it, would survive a loss of power."""
    written = [
        folder / "report.txt",
        *(folder / part_name(begin) for begin in parts(folder)),
        *folder.glob(STARTS),
        folder / checkpoint_name(reached),
    ]
    for path in (*written, folder):
        sync(path)


def cut(folder: Path, start: Place, timeline: Timeline) -> None:
    """Drop the lines of the report, and the parts of the trajectory, that come after a checkpoint."""
    kept = start.done if timeline.is_production(start) else 0
    for begin in parts(folder):
        if begin > kept:
            (folder / part_name(begin)).unlink()
    rows = [row for row in read_report(folder) if (row["number"], row["step"]) <= (start.step, start.done)]
    write_atomic(folder / "report.txt", "".join(report_line(row.values()) for row in rows))


def parts(folder: Path) -> list[int]:
    """The time steps of production at which the parts of the trajectory begin, first to last."""
    found = [file for file in folder.glob("trajectory*.dcd") if file.stat().st_size]
    return sorted(int(file.stem.partition("-")[2] or 0) for file in found)


def _frames_held(path: Path) -> int:
    """How many frames of a part can be read."""
    from MDAnalysis.lib.formats.libdcd import DCDFile

    held = 0
    with contextlib.suppress(OSError), DCDFile(str(path)) as part:
        for _ in part:
            held += 1
    return held


def _holds_frames(folder: Path, frame: int, until: int) -> bool:
    """Whether the parts of the trajectory hold every frame, one each `frame` time steps, before time step `until`."""
    begins = [begin for begin in parts(folder) if begin < until]
    ends = [*begins[1:], until]
    return begins[:1] == [0] and all(
        _frames_held(folder / part_name(begin)) >= (end - begin) // frame
        for begin, end in zip(begins, ends, strict=True)
    )


def drop_checkpoints_without_frames(folder: Path, timeline: Timeline) -> None:
    """Remove checkpoints of production whose frames did not all survive a loss of power."""
    for place in reversed(checkpoints(folder)):
        # the frame at a checkpoint is written once more by what goes on from there, but nothing goes on from the end
        until = place.done + (timeline.frame if place.done >= timeline.production else 0)
        if not timeline.is_production(place) or _holds_frames(folder, timeline.frame, until):
            return
        (folder / checkpoint_name(place)).unlink()


def join_trajectories(folder: Path, timeline: Timeline, until: int | None) -> None:
    """One file from what each part of an interrupted production left, without the frames that were run twice.

    Frames after time step `until` are dropped. Raises EngineKilled, and forgets the run, if some before it are missing.
    """
    from MDAnalysis.lib.formats.libdcd import DCDFile

    begins, frame, early = parts(folder), timeline.frame, until is not None
    until = timeline.production if until is None else until
    if not _holds_frames(folder, frame, until + frame):
        forget(folder)
        raise EngineKilled("frames of the trajectory are missing, as after a loss of power; it begins again")
    if begins == [0] and not early:
        return
    whole = folder / "trajectory.whole"
    with DCDFile(str(whole), "w") as out:
        for begin, end in zip(begins, [*begins[1:], until + frame], strict=True):
            with DCDFile(str(folder / part_name(begin))) as part:
                if not begin:
                    out.write_header(**part.header | {"is_periodic": 1})
                for positions, unitcell in itertools.islice(part, (end - begin) // frame):
                    out.write(positions, unitcell)
    sync(whole)
    os.replace(whole, folder / TRAJECTORY)
    for begin in begins[1:]:
        (folder / part_name(begin)).unlink()


def final_box(path: Path) -> list[float]:
    """Edges (Å) of the box in a data file. Raises SimulationFailure if there is none."""
    edges = []
    with open(path) as handle:
        for line in handle:
            words = line.split()
            if len(words) == 4 and words[2] in ("xlo", "ylo", "zlo"):
                edges.append(float(words[1]) - float(words[0]))
                if len(edges) == 3:
                    return edges
    raise SimulationFailure("engine-crash", f"{path.name} holds no box")
