"""Frees the disk: trajectories of replicas that have their value, and what their engines left."""

import shutil
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from autodisco.analysis.components import components_of
from autodisco.campaign.lock import owned
from autodisco.campaign.shared import check_owner
from autodisco.files import PACKED, place_beside, read_json, remove_leftovers, sha256, sync
from autodisco.store import RUNS, Store

POLICIES = ("all", "ions", "none")
TRAJECTORY, IONS, IONS_TOPOLOGY = "trajectory.dcd", "ions.dcd", "ions.pdb"
SCRATCH = (
    "system.data",
    "final.data",
    "system.xml",
    "start.npz",
    "log.lammps",
    "stderr.txt",
    "replica.log",
    "job.json",
)
"""What an engine leaves that no analysis needs; all of it can be made again from the task."""

REMOVING, FREED = "removing", "freed"
"""Facts of a campaign: files of a replica that are being removed; what was removed and is not in the journal yet."""


@dataclass(frozen=True)
class Cleaned:
    """How many replicas were cleaned, how many bytes they gave back, and what could not be cleaned, a sentence each."""

    replicas: int
    bytes: int
    problems: tuple[str, ...]


def clean(store: Store, keep: str = "ions") -> Cleaned:
    """Keep ``all`` of the trajectories, those of the ``ions`` alone, or ``none``, and remove what engines left.

    Values stay. Of replicas that failed no trajectory is kept unless all are. A replica whose ions cannot be kept, such
    as one with a damaged trajectory, stays as it is. ``ions.dcd`` and ``ions.pdb`` open in MDAnalysis and VMD;
    conductivities can be computed again from the trajectory of all atoms only.

    Raises
    ------
    OwnedError
        A live process runs the campaign.
    """
    freed, touched, problems = 0, 0, []
    with owned(store, goes_on=False):
        check_owner(store)
        finish_removal(store)
        try:
            for row in store.replica_states():
                if row.status not in ("done", "failed"):
                    continue
                folder = store.replica_folder(row.key, row.protocol, row.replica)
                try:
                    kept = keep if row.status == "done" or keep == "all" else "none"
                    gained, changed = clean_replica(store, folder, kept)
                except (OSError, ValueError, EOFError) as error:
                    problems.append(f"{store.place(folder)}: left as it is: {error}")
                    continue
                freed, touched = freed + gained, touched + changed
        finally:  # also what was done before it was interrupted is a decision
            more = {"not cleaned": len(problems)} if problems else {}
            note_freed(store, f"keep {keep} of the trajectories", "asked for by a person", more)
    return Cleaned(touched, freed, tuple(problems))


def count_freed(store: Store, freed: int, what: str) -> None:
    """Count one of `what` and the bytes that it gave back, for the next entry of the journal."""
    counts = store.get(FREED) or {}
    counts |= {what: counts.get(what, 0) + 1, "bytes": counts.get("bytes", 0) + freed}
    store.set(**{FREED: counts})
    store.count_on_disk(0, -freed)


def note_freed(store: Store, decided: str, why: str, more: Mapping[str, Any] = MappingProxyType({})) -> None:
    """Journal what was counted since the last time, and `more`, if there is something."""
    if seen := {**(store.get(FREED) or {}), **more}:
        with store.transaction():
            store.note("clean", store.get("name", ""), seen, decided, why)
            store.set(**{FREED: None})


def clean_replica(store: Store, folder: Path, keep: str) -> tuple[int, bool]:
    """Clean the folder of a replica that has ended; the bytes that it gave back, and whether there was anything to
    remove. What a process that is killed meanwhile leaves undone, `finish_removal` does.

    Raises ValueError, EOFError or OSError for a trajectory that is damaged, and ValueError for packed files.
    """
    removed = [
        *SCRATCH,
        *([] if keep == "all" else [TRAJECTORY]),
        *([IONS, IONS_TOPOLOGY] if keep == "none" else []),
    ]
    if (folder / PACKED).is_file():
        raise ValueError("packed; first bring its files back with: autodisco pack --undo")
    remove_leftovers(folder)
    names = [name for name in removed if (folder / name).is_file()]
    runs = list(folder.glob(RUNS))  # none of them has a result
    if not names and not runs:
        return 0, False
    gone = size_of(*(folder / name for name in names), *runs)
    kept = _keep_ions(store, folder) if keep == "ions" and TRAJECTORY in names else []
    freed = max(0, gone - size_of(*kept))
    with store.transaction():
        for path in kept:
            store.record_file(path)
        for name in names:
            store.forget_file(folder / name)
        store.set(**{REMOVING: {"folder": store.place(folder), "names": names, "bytes": freed}})
    finish_removal(store)
    return freed, True


def finish_removal(store: Store) -> None:
    """Remove the files of a replica that the database does not count as its own any more, and the folders of its runs;
    what they give back is counted."""
    if not (left := store.get(REMOVING)):
        return
    folder = store.located(left["folder"])
    for name in left["names"]:
        (folder / name).unlink(missing_ok=True)
    for run in folder.glob(RUNS):
        shutil.rmtree(run)
    with store.transaction():
        store.set(**{REMOVING: None})
        count_freed(store, left["bytes"], "replicas")


def size_of(*paths: Path) -> int:
    """Bytes on the disk that belong to these files and folders alone: what a fork shares is not freed by removing its
    name here."""
    files = [file for path in paths for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file()]
    return sum(entry.st_size for entry in (file.stat() for file in files) if entry.st_nlink == 1)


def _keep_ions(store: Store, folder: Path) -> list[Path]:
    """Write the positions of the ions, whole or not at all; returns the files."""
    written = store.recorded_file(folder / TRAJECTORY)
    if written and written.sha256 != sha256(folder / TRAJECTORY):
        raise ValueError(f"{TRAJECTORY} is not as it was written, and the ions would be kept of a part of it")
    system = read_json(folder / "system.json")
    spans = [span for part in components_of(system) if part.charge for span in part.atoms]
    ions = [atom for start, stop in spans for atom in range(start, stop)]
    parts = {name: place_beside(folder / name) for name in (IONS_TOPOLOGY, IONS)}
    try:
        _write_ions(folder, ions, parts[IONS], parts[IONS_TOPOLOGY])
        for name, part in parts.items():
            sync(part)
            part.replace(folder / name)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)
    sync(folder)  # before the original goes
    return [folder / name for name in parts]


def _write_ions(folder: Path, ions: list[int], trajectory: Path, topology: Path) -> None:
    import MDAnalysis

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about charges that a PDB file need not have, and its own future
        universe = MDAnalysis.Universe(str(folder / "topology.pdb"), str(folder / TRAJECTORY))
        chosen = universe.atoms[ions].residues.atoms
        with MDAnalysis.Writer(str(trajectory), chosen.n_atoms, format="DCD") as writer:
            for _ in universe.trajectory:
                writer.write(chosen)
        with MDAnalysis.Writer(str(topology), chosen.n_atoms, format="PDB", multiframe=False) as writer:
            writer.write(chosen)
