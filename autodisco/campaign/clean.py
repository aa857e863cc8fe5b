"""Frees the disk: trajectories of replicas that have their value, and what their engines left."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from autodisco.campaign.lock import owned
from autodisco.files import place_beside, read_json, sync
from autodisco.store import Store, replica_folder

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
    """How many replicas were cleaned and how many bytes they gave back."""

    replicas: int
    bytes: int


def clean(store: Store, keep: str = "ions") -> Cleaned:
    """Keep ``all`` of the trajectories, those of the ``ions`` alone, or ``none``, and remove what engines left.

    Only replicas that have a value are touched, and their values stay. ``ions.dcd`` and ``ions.pdb`` open in MDAnalysis
    and VMD; conductivities can be computed again from the trajectory of all atoms only.

    Raises
    ------
    OwnedError
        A live process runs the campaign.
    """
    freed = touched = 0
    with owned(store):
        for row in store.replicas():
            if row["status"] != "done":
                continue
            folder = replica_folder(store.folder, row["key"], row["replica"])
            before = _size(folder)
            if keep == "ions" and (folder / TRAJECTORY).is_file():
                _keep_ions(folder)
                store.record_file(folder / IONS)
                store.record_file(folder / IONS_TOPOLOGY)
            names = [
                *SCRATCH,
                *([] if keep == "all" else [TRAJECTORY]),
                *([IONS, IONS_TOPOLOGY] if keep == "none" else []),
            ]
            for name in names:
                if (folder / name).is_file():
                    store.forget_file(folder / name)
                    (folder / name).unlink()
            gained = before - _size(folder)
            freed, touched = freed + gained, touched + bool(gained)
        if touched:
            seen = {"keep": keep, "replicas": touched, "bytes": freed}
            store.note(
                "clean", store.get("name", ""), seen, f"keep {keep} of the trajectories", "asked for by a person"
            )
    return Cleaned(touched, freed)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*") if path.is_file())


def _keep_ions(folder: Path) -> None:
    import MDAnalysis

    system = read_json(folder / "system.json")
    ions = np.unique(np.concatenate([system["cations"], *system["anions"], system["anion_centres"]]).astype(int))
    part = place_beside(folder / IONS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about charges that a PDB file need not have, and its own future
        universe = MDAnalysis.Universe(str(folder / "topology.pdb"), str(folder / TRAJECTORY))
        chosen = universe.atoms[ions].residues.atoms
        with MDAnalysis.Writer(str(part), chosen.n_atoms, format="DCD") as writer:
            for _ in universe.trajectory:
                writer.write(chosen)
        chosen.write(str(folder / IONS_TOPOLOGY))
    for path in (part, folder / IONS_TOPOLOGY):
        sync(path)
    part.replace(folder / IONS)
    sync(folder)  # before the original goes
