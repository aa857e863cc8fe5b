"""What a run of OpenMM writes: report, trajectory and checkpoint."""

import contextlib
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from autodisco.errors import SimulationFailure
from autodisco.files import read_json
from autodisco.simulation.engines.engine import TRAJECTORY
from autodisco.simulation.engines.report import report_line
from autodisco.simulation.steps import Production, Step
from autodisco.simulation.units import G_PER_CM3, GAS_CONSTANT, KJ_PER_KCAL

CHECKPOINT, REPORT = "checkpoint.json", "report.txt"
ANGSTROM = 0.1  # nm


@dataclass
class Stored:
    """How far a run has come: the step of the protocol, blocks done in it, and what was written."""

    step: int = 0
    blocks: int = 0
    time_ps: float = 0.0
    frames: int = 0
    trajectory_bytes: int = 0
    report_bytes: int = 0
    volume_sum: float = 0.0
    volumes: int = 0


def read_checkpoint(folder: Path) -> tuple[Stored, Any] | None:
    """How far the run in a folder was, and its state; None without a checkpoint that can be read."""
    import openmm

    try:
        stored = read_json(folder / CHECKPOINT)
        return Stored(**stored["place"]), openmm.XmlSerializer.deserialize(stored["state"])
    except (FileNotFoundError, ValueError, KeyError, TypeError, openmm.OpenMMException):
        return None


def edges(state: Any) -> list[float]:
    """Edges (Å) of the box of a state."""
    vectors = state.getPeriodicBoxVectors(asNumpy=True)._value
    return [float(edge) for edge in np.diag(vectors) / ANGSTROM]


class Outputs:
    """The report, and in production the trajectory, of one step; `stored` counts what is written."""

    def __init__(self, folder: Path, step: Step, stored: Stored, masses: list[float], state: Any, outer_ps: float):
        self._stored, self._mass, self._outer_ps = stored, sum(masses), outer_ps
        self._degrees_of_freedom = 3 * len(masses) - 3
        self._files = contextlib.ExitStack()
        self._report = self._files.enter_context(open(folder / REPORT, "ab"))  # noqa: SIM115
        self._trajectory: Any = None
        if isinstance(step, Production):
            mode = "r+b" if stored.frames else "w+b"
            self._handle = self._files.enter_context(open(folder / TRAJECTORY, mode))  # noqa: SIM115
            self._open_trajectory(step, len(masses), state)

    def _open_trajectory(self, step: Production, atoms: int, state: Any) -> None:
        from openmm import app

        topology = app.Topology()
        residue = topology.addResidue("", topology.addChain())
        for _ in range(atoms):
            topology.addAtom("", None, residue)
        topology.setUnitCellDimensions(np.array(edges(state)) * ANGSTROM)
        interval = max(1, round(step.frame_interval_ps / self._outer_ps))
        begun = bool(self._stored.frames)
        self._trajectory = app.DCDFile(self._handle, topology, self._outer_ps, 0, interval, append=begun)
        if not begun:
            self._add_frame(state)

    def block(self, context: Any) -> None:
        """Write a line of the report, and a frame. Raises SimulationFailure (`nan`)."""
        state = context.getState(energy=True)
        energy = state.getPotentialEnergy()._value / KJ_PER_KCAL
        if not math.isfinite(energy):
            raise SimulationFailure("nan", f"the energy is {energy} in step {self._stored.step}")
        kinetic = state.getKineticEnergy()._value
        values = (
            self._stored.step,
            round(self._stored.time_ps / self._outer_ps),
            2 * kinetic / (self._degrees_of_freedom * GAS_CONSTANT),
            math.nan,
            self._mass / state.getPeriodicBoxVolume()._value * G_PER_CM3,
            energy,
        )
        self._report.write(report_line(values).encode())
        if self._trajectory is not None:
            self._add_frame(context.getState(positions=True, enforcePeriodicBox=False))

    def _add_frame(self, state: Any) -> None:
        self._trajectory.writeModel(state.getPositions(), periodicBoxVectors=state.getPeriodicBoxVectors())
        self._stored.frames += 1

    def flush(self) -> None:
        """Write what is in memory, so that it survives a loss of power."""
        self._report.flush()
        os.fsync(self._report.fileno())
        self._stored.report_bytes = self._report.tell()
        if self._trajectory is not None:
            self._handle.flush()
            os.fsync(self._handle.fileno())
            self._stored.trajectory_bytes = self._handle.seek(0, os.SEEK_END)

    def close(self) -> None:
        """Close the files."""
        self._files.close()
