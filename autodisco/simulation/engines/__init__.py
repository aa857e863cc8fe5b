"""Programs that run the dynamics, by the name a campaign file gives them; modules with the functions of `Engine`."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, cast

from autodisco.errors import InputError
from autodisco.simulation.molecule import System
from autodisco.simulation.protocols import Protocol as SimulationProtocol

AUTO = "auto"
KNOWN = {"lammps": "autodisco.simulation.engines.lammps", "openmm": "autodisco.simulation.engines.openmm"}


class Engine(Protocol):
    """What every engine does; `timestep_scale` below 1 shortens every time step."""

    def check(self) -> None:
        """Raises AutodiscoError, saying how to install it, where the program is missing."""

    def resumable(self, folder: Path) -> bool:
        """Whether `run` would go on from a checkpoint in a folder."""

    def forget(self, folder: Path) -> None:
        """Remove the checkpoints in a folder."""

    def write(
        self, folder: Path, system: System, protocol: SimulationProtocol, seed: int, timestep_scale: float = 1.0
    ) -> None:
        """Write into `folder` everything that a run needs; checkpoints of an earlier run are removed first."""

    def run(
        self,
        folder: Path,
        protocol: SimulationProtocol,
        on_progress: Callable[[str, float], None] | None = None,
        timestep_scale: float = 1.0,
        enough: Callable[[float], bool] | None = None,
    ) -> list[float]:
        """Run what was written, or what is left of it, leaving ``trajectory.dcd``; returns the edges (Å) of the box.

        After each leg of production, `enough` is told its length in ps and says whether the trajectory so far will do.

        Raises SimulationFailure, or EngineKilled where a signal from outside ended it.
        """


def resolved(name: str) -> str:
    """The engine that `name` means on this machine: `auto` is OpenMM where it finds a GPU, and LAMMPS elsewhere."""
    if name != AUTO:
        return name
    from autodisco.simulation.engines import openmm

    return "openmm" if openmm.has_gpu() else "lammps"


def load(name: str) -> Engine:
    """The engine `name`. Raises InputError for one that does not exist."""
    name = resolved(name)
    if name not in KNOWN:
        raise InputError(f"engine '{name}' does not exist; known: {AUTO}, {', '.join(KNOWN)}")
    return cast(Engine, importlib.import_module(KNOWN[name]))
