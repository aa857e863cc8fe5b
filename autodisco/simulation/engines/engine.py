"""What an engine is: a program that runs the dynamics of a box. The shared `driver` decides what it runs, and when."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from autodisco.simulation.engines.timeline import Leg, Place, Plan, Timeline

if TYPE_CHECKING:
    from autodisco.simulation.molecule import System
    from autodisco.simulation.progress import OnProgress
    from autodisco.simulation.protocols import NonbondedSettings, Protocol

TRAJECTORY = "trajectory.dcd"

Tell = Callable[[Place, int], None]
"""Told how far a run is, and a count of anything that grows while it gets on, such as steps of a minimisation."""


@dataclass(frozen=True)
class Speed:
    """Nanoseconds of dynamics per day of wall time, and the CPU time of the engine per wall time meanwhile, which is
    less than its threads where other programs use the cores."""

    ns_per_day: float
    cpu_per_wall: float


DENSE_G_PER_CM3 = 1.1
"""Density at which speed is measured, as in the dynamics of dense polymers: a box is built with much more room, in
which an atom has fewer neighbours and a step is faster."""
COMPRESSION_STEPS = 200
"""Time steps in which a box is brought to that density."""


def compression(protocol: "Protocol") -> float:
    """Factor for the edges of a box as it is built that brings it to `DENSE_G_PER_CM3`."""
    return min(1.0, (protocol.system.build_density_g_per_cm3 / DENSE_G_PER_CM3) ** (1 / 3))


class DamagedCheckpoint(Exception):
    """A checkpoint cannot be read; the engine removed it, and an earlier one may do."""


class Engine(ABC):
    """Base class of engines; `check`, `write`, `start` and `run_leg` are needed, all else has a default.

    An engine leaves two files in the folder of a run: ``trajectory.dcd`` with all atoms, unwrapped, and ``report.txt``
    (`report.report_line`). An instance holds the state of one run.
    """

    title: ClassVar[str] = ""
    """Name in messages, if it is not that of the class."""
    is_automatic: ClassVar[bool] = False
    """Whether ``auto`` may choose it: its values equal those of the other automatic engines."""
    deforms: ClassVar[bool] = False
    """Whether it runs steps of kind ``deform``, whose stress it has to tell."""
    checkpoints: ClassVar[str] = "checkpoint*"
    """Pattern of the names of checkpoints. What one needs is in other files, and was written before it."""
    hint: ClassVar[str] = ""
    """Command that runs what `write` leaves without autodisco, if there is one."""

    @abstractmethod
    def check(self) -> None:
        """Raises EngineAbsent, with the command that installs it, if the program is missing."""

    @abstractmethod
    def write(
        self, folder: Path, system: "System", protocol: "Protocol", seed: int, timestep_scale: float = 1.0
    ) -> None:
        """Write into `folder` all that a run needs, and remove checkpoints of an earlier one.

        Raises InputError for a form or a pair rule that it lacks.
        """

    @abstractmethod
    def start(self, folder: Path, plan: Plan, tell: Tell) -> None:
        """Make ready to run the legs of a plan, from its place; what was written after that place is dropped.

        After a gate it is called again, with the place that the last leg led to.
        """

    @abstractmethod
    def run_leg(self, leg: Leg) -> Place:
        """Run at least to the end of `leg`; returns how far it has come. Files are complete up to there.

        Raises SimulationFailure, DamagedCheckpoint, or EngineKilled if a signal from outside ended it.
        """

    def energy_parts(self, system: "System", nonbonded: "NonbondedSettings") -> dict[str, float]:
        """Energy of a box in kcal/mol by part: bond, angle, dihedral, improper, van der Waals (without the correction
        beyond the cutoff), Coulomb."""
        raise NotImplementedError(f"{self.name} does not tell the parts of an energy")

    # what an engine may do besides

    @property
    def name(self) -> str:
        """For messages."""
        return self.title or type(self).__name__

    def describe(self) -> str:
        """What `doctor` says of it; raises AutodiscoError if it does not run."""
        self.check()
        return "found"

    def has_gpu(self) -> bool:
        """Whether it runs on a GPU of this machine."""
        return False

    def speed(self, system: "System", protocol: "Protocol", folder: Path, seconds: float) -> Speed | None:
        """Speed of NVE with the settings of `protocol` at `DENSE_G_PER_CM3`, one thread on a CPU, without the start."""
        return None

    def stored_place(self, folder: Path, timeline: Timeline) -> Place | None:
        """The place of the last checkpoint in `folder`; None for an engine without restarts.

        It changes nothing, since a process may be writing there, and reads no trajectories.
        """
        return None

    def last_place(self, folder: Path, timeline: Timeline) -> Place | None:
        """The last place in `folder` from which a run can go on; checkpoints that cannot be used are removed."""
        return self.stored_place(folder, timeline)

    def forget(self, folder: Path) -> None:  # noqa: B027
        """Remove what a run could go on from."""

    def save(self) -> None:  # noqa: B027
        """Write a checkpoint of the place where a leg is now, if the engine can: the process was asked to end."""

    def stop(self) -> None:  # noqa: B027
        """End what `start` began, also in the middle of a leg."""

    def finish(self, folder: Path, timeline: Timeline, stopped: Place | None) -> list[float]:
        """Complete the files of a run that is over, at `stopped` if that was before its end; returns the edges (Å) of
        the box."""
        return box_of_trajectory(folder / TRAJECTORY)

    def run(
        self,
        folder: Path,
        protocol: "Protocol",
        on_progress: "OnProgress | None" = None,
        timestep_scale: float = 1.0,
        enough: Callable[[float], bool] | None = None,
    ) -> list[float]:
        """Run what was written, or what is left of it; see `driver.run`."""
        from autodisco.simulation.engines import driver

        return driver.run(self, folder, protocol, on_progress, timestep_scale, enough)


def box_of_trajectory(path: Path) -> list[float]:
    """Edges (Å) of the orthogonal box of the first frame."""
    from MDAnalysis.lib.formats.libdcd import DCDFile

    with DCDFile(str(path)) as trajectory:
        cell = trajectory.read().unitcell
    return [float(cell[place]) for place in (0, 2, 5)]
