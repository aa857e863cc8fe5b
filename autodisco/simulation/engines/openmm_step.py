"""A step of a protocol while OpenMM runs it."""

from dataclasses import dataclass
from typing import Any

from autodisco.simulation.engines import openmm_platform as platform
from autodisco.simulation.engines.openmm_output import Outputs
from autodisco.simulation.engines.report import REPORT_PS
from autodisco.simulation.engines.timeline import Timeline
from autodisco.simulation.steps import Npt, Production, Step

BLOCK_PS = REPORT_PS  # also between changes of temperature and pressure in a ramp
AVERAGED_BLOCK_PS = 0.05  # where the volume is averaged
BAR_PER_ATM = 1.01325


@dataclass
class RunningStep:
    """A step that runs: its context and integrator, time step in ps, temperatures (K) and pressures (atm) of its ramp,
    and its files."""

    context: Any
    integrator: Any
    outer_ps: float
    temperatures: tuple[float, float]
    pressures: tuple[float, float] | None
    outputs: Outputs

    def ramp(self, at: float) -> None:
        """Set temperature and pressure at a fraction of the step."""
        first, last = self.temperatures
        kelvin = first + (last - first) * at
        platform.set_temperature(self.integrator, kelvin)
        if self.pressures:
            import openmm

            pressure = (self.pressures[0] + (self.pressures[1] - self.pressures[0]) * at) * BAR_PER_ATM
            self.context.setParameter(openmm.MonteCarloBarostat.Pressure(), pressure)
            self.context.setParameter(openmm.MonteCarloBarostat.Temperature(), kelvin)


def block_steps(timeline: Timeline, step: Step) -> int:
    """Time steps between two lines of the report, or between two frames of production."""
    length = BLOCK_PS
    if isinstance(step, Production):
        length = step.frame_interval_ps
    elif isinstance(step, Npt) and step.set_mean_box_over_ps:
        length = AVERAGED_BLOCK_PS
    return timeline.time_steps(length, step)
