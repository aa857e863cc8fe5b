"""A box to be written for other programs: built now, or the last frame of a replica."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import autodisco
from autodisco.errors import InputError
from autodisco.files import PACKED, read_json
from autodisco.registry import by_content, is_file, label
from autodisco.simulation import boxes, builder, forcefield, protocols
from autodisco.simulation.cache import RECIPE, SYSTEM, TASK
from autodisco.simulation.engines.engine import TRAJECTORY
from autodisco.simulation.formulation import Formulation
from autodisco.simulation.molecule import System
from autodisco.simulation.protocols import Protocol
from autodisco.simulation.task import ReplicaTask

if TYPE_CHECKING:
    from autodisco.polymer import RepeatUnit


@dataclass(frozen=True)
class Box:
    """Molecules with parameters and coordinates, and the protocol for them.

    `is_simulated` says that the box is at equilibrium, so that only production is left of the protocol; one that was
    just built has a low density. `origin` says what was built and how.
    """

    system: System
    protocol: Protocol
    seed: int
    is_simulated: bool
    origin: dict[str, Any]

    @property
    def steps_left(self) -> Protocol:
        """The protocol without what is done, and without what needs this program."""
        done = {"steps": self.protocol.steps[-1:]} if self.is_simulated else {}
        return self.protocol.model_copy(update={"checkpoint_every_ps": None, **done})


def built(subject: "RepeatUnit | Formulation", protocol: str, force_field: str, seed: int) -> Box:
    """A new box at low density, the same for the same seed. Raises SimulationFailure and InputError as `build` does."""
    loaded = protocols.load(protocol)
    settings = boxes.sized(subject, loaded)
    system = builder.build(subject, settings, seed, forcefield.load(force_field))
    return Box(system, loaded, seed, False, _origin(system, loaded, force_field, seed))


def of_replica(folder: Path, force_field: str | None = None) -> Box:
    """The last frame of a finished replica, with the parameters of its run.

    `force_field` is needed where it is one of a file. Raises InputError for a folder without a whole trajectory, for
    one of a version whose parameters may differ, and for another force field.
    """
    task, protocol = _task(folder, force_field)
    settings = boxes.sized(task.contents, protocol, task.times_as_much)
    used = forcefield.load(task.force_field)
    planned = builder.plan(task.contents, settings, task.seed, used)
    positions, edges = _last_frame(folder)
    if len(positions) != sum(map(len, planned.molecules)):
        raise InputError(
            f"{folder}: its trajectory holds {len(positions)} atoms, not all of the box; "
            "give a replica that keeps its whole trajectory"
        )
    system = replace(builder.system_of(planned, positions, edges[0], used), box=edges)
    origin = _origin(system, protocol, task.force_field, task.seed) | {"replica": folder.name}
    return Box(system, protocol, task.seed, True, origin)


def _origin(system: System, protocol: Protocol, force_field: str, seed: int) -> dict[str, Any]:
    return {
        "monomer_smiles": system.labels["monomer_smiles"],
        "protocol": protocol.name,
        "force_field": label(force_field),
        "seed": seed,
        "program": f"autodisco {autodisco.__version__}",
    }


def _task(folder: Path, force_field: str | None) -> tuple[ReplicaTask, Protocol]:
    """What was run in a folder, from the identity that lies there."""
    if not (folder / TASK).is_file() or not (folder / SYSTEM).is_file():
        packed = (folder / PACKED).is_file()
        why = (
            "its files are packed; unpack them with: autodisco pack --undo" if packed else "not the folder of a replica"
        )
        raise InputError(f"{folder}: {why}")
    stored = read_json(folder / TASK)
    if stored.get("recipe") != RECIPE:
        raise InputError(
            f"{folder}: of recipe {stored.get('recipe')}, whose parameters may differ from those of this program "
            f"({RECIPE})"
        )
    kept = str(stored["force_field"])
    if is_file(kept.partition(" ")[0]) or " " in kept:
        if force_field is None or by_content(force_field) != kept:
            raise InputError(f"{folder}: give its force field with --force-field path/to/{kept.partition(' ')[0]}")
    elif force_field not in (None, kept):
        raise InputError(f"--force-field {force_field}: the replica in {folder} has {kept}")
    content = dict(stored["protocol"])
    name = content.pop("name")  # with a temperature, which the name in a file may not have
    protocol = Protocol.model_validate({**content, "name": "stored", "purpose": ""}).model_copy(update={"name": name})
    formulation = stored.get("formulation")
    task = ReplicaTask(
        key="", monomer_smiles=stored["monomer_smiles"], replica=0, seed=stored["seed"], protocol=name,
        force_field=force_field or kept, folder=folder, timeout_s=0.0, attempt=stored["attempt"],
        half_step=stored["half_step"], larger_box=stored["larger_box"],
        formulation=Formulation.model_validate(formulation) if formulation else None,
    )  # fmt: skip
    return task, protocol


def _last_frame(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Positions (n, 3) and edges (3,) in Å of the last frame of a trajectory."""
    from MDAnalysis.lib.formats.libdcd import DCDFile

    path = folder / TRAJECTORY
    if not path.is_file() or not path.stat().st_size:
        raise InputError(f"{folder}: no {TRAJECTORY}; it was removed, or the replica has not ended")
    with DCDFile(str(path)) as trajectory:
        if not len(trajectory):
            raise InputError(f"{path}: holds no frame; give a replica that has ended")
        trajectory.seek(len(trajectory) - 1)
        frame = trajectory.read()
        return frame.xyz.astype(float), frame.unitcell[[0, 2, 5]].astype(float)
