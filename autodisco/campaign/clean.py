"""Frees the disk: trajectories of replicas that have their value, and what their engines left."""

import shutil
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

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
    recorded = {row.path: row.sha256 for row in store.files()}
    with owned(store):
        check_owner(store)
        try:
            for row in store.replica_states():
                if row.status not in ("done", "failed"):
                    continue
                folder = store.replica_folder(row.key, row.protocol, row.replica)
                try:
                    kept = keep if row.status == "done" or keep == "all" else "none"
                    gained, changed = _clean(store, folder, kept, recorded)
                except (OSError, ValueError, EOFError) as error:
                    problems.append(f"{store.place(folder)}: left as it is: {error}")
                    continue
                freed, touched = freed + gained, touched + changed
        finally:  # also what was done before it was interrupted is a decision
            if touched or problems:
                seen = {"keep": keep, "replicas": touched, "bytes": freed, "not cleaned": len(problems)}
                decided = f"keep {keep} of the trajectories"
                store.note("clean", store.get("name", ""), seen, decided, "asked for by a person")
    return Cleaned(touched, freed, tuple(problems))


def _clean(store: Store, folder: Path, keep: str, recorded: Mapping[str, str]) -> tuple[int, bool]:
    """Clean the folder of one replica; the bytes that it gave back, and whether there was anything to remove.

    `recorded` are the hashes of files by path. Raises ValueError or OSError for a trajectory that is damaged.
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
    before = _size(folder)
    if keep == "ions" and (folder / TRAJECTORY).is_file():
        written = recorded.get(store.place(folder / TRAJECTORY))
        if written and written != sha256(folder / TRAJECTORY):
            raise ValueError(f"{TRAJECTORY} is not as it was written, and the ions would be kept of a part of it")
        _keep_ions(folder)
        store.record_file(folder / IONS)
        store.record_file(folder / IONS_TOPOLOGY)
    for name in names:
        store.forget_file(folder / name)
        (folder / name).unlink()
    for run in runs:
        shutil.rmtree(run)
    return max(0, before - _size(folder)), bool(names or runs)


def _size(folder: Path) -> int:
    """Bytes on the disk that belong to this folder alone: what a fork shares is not freed by removing its name here."""
    found = (path.stat() for path in folder.rglob("*") if path.is_file())
    return sum(entry.st_size for entry in found if entry.st_nlink == 1)


def _keep_ions(folder: Path) -> None:
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
