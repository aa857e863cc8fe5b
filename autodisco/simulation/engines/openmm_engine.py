"""OpenMM as an engine, for GPUs: runs in this process, and can go on from its last checkpoint.

A folder holds `system.xml`, `start.npz` (positions and box in Å) and `openmm.json` (the seed), and after the run
`report.txt` and `trajectory.dcd` like those of the other engines. `checkpoint.json` is written after every leg and
every ten minutes: a run that finds it goes on from there.

Equilibration is thermostatted with Nosé-Hoover chains, or with Langevin friction where the protocol has several time
steps (`nonbonded.every`), since OpenMM has no chains for these; the barostat is Monte Carlo.
"""

import functools
import itertools
import os
import struct
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numpy as np

from autodisco.errors import EngineAbsent, SimulationFailure
from autodisco.files import DISK_FULL, read_json, sync, write_atomic, write_json
from autodisco.simulation.engines import openmm_measure
from autodisco.simulation.engines import openmm_platform as platform
from autodisco.simulation.engines.engine import TRAJECTORY, Engine, Speed, Tell
from autodisco.simulation.engines.openmm_output import (
    ANGSTROM,
    CHECKPOINT,
    REPORT,
    Outputs,
    Stored,
    edges,
    read_checkpoint,
)
from autodisco.simulation.engines.openmm_step import BAR_PER_ATM, RunningStep, block_steps
from autodisco.simulation.engines.timeline import Leg, Place, Plan, Timeline
from autodisco.simulation.molecule import System
from autodisco.simulation.protocols import NonbondedSettings, Protocol
from autodisco.simulation.steps import Deform, Minimise, Npt, Nvt, Production, Relax

CHECKPOINT_EVERY_S = 600.0
BAROSTAT_EVERY = 10  # time steps between trial changes of the volume
Dynamic = Relax | Npt | Nvt | Production
P = ParamSpec("P")
T = TypeVar("T")


def _failing_as_simulation(method: Callable[P, T]) -> Callable[P, T]:
    """A method whose errors of OpenMM and of a full disk become a SimulationFailure."""

    @functools.wraps(method)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        import openmm

        try:
            return method(*args, **kwargs)
        except openmm.OpenMMException as error:
            raise SimulationFailure(_code(str(error)), str(error)[:300]) from error
        except OSError as error:
            if error.errno in DISK_FULL:
                raise SimulationFailure("no-disk", str(error)) from error
            raise

    return wrapped


def _code(text: str) -> str:
    """Failure code of a message of OpenMM."""
    if "less than twice the nonbonded cutoff" in text or "cutoff distance cannot be greater than half" in text:
        return "box-too-small"
    return "nan" if "NaN" in text or "nan" in text else "engine-crash"


class OpenMM(Engine):
    """OpenMM on the fastest platform of this machine."""

    is_automatic = True
    checkpoints = CHECKPOINT

    def __init__(self) -> None:
        self._state: Any = None
        self._stored = Stored()
        self._step: RunningStep | None = None
        self._reached: Place | None = None

    def check(self) -> None:
        try:
            import openmm  # noqa: F401
        except ImportError as error:
            raise EngineAbsent("OpenMM was not found: pip install openmm") from error

    def describe(self) -> str:
        self.check()
        return f"on {platform.platform_name()}"

    def has_gpu(self) -> bool:
        return platform.has_gpu()

    def forget(self, folder: Path) -> None:
        (folder / CHECKPOINT).unlink(missing_ok=True)

    def stored_place(self, folder: Path, timeline: Timeline) -> Place | None:
        found = read_checkpoint(folder)
        if found is None:
            return None
        stored = found[0]
        if stored.step == len(timeline.protocol.steps):
            return Place(stored.step, 0)
        step = timeline.protocol.steps[stored.step]
        return Place(stored.step, 0 if isinstance(step, Minimise) else stored.blocks * block_steps(timeline, step))

    def last_place(self, folder: Path, timeline: Timeline) -> Place | None:
        if (place := self.stored_place(folder, timeline)) is None:
            self.forget(folder)  # a damaged one
        return place

    def write(self, folder: Path, system: System, protocol: Protocol, seed: int, timestep_scale: float = 1.0) -> None:
        import openmm

        from autodisco.simulation.engines.openmm_system import openmm_system

        self.forget(folder)
        made = openmm_system(system, protocol.nonbonded, protocol.system.hydrogen_mass)
        write_atomic(folder / "system.xml", openmm.XmlSerializer.serialize(made))
        np.savez(folder / "start.npz", positions=system.positions, box=system.box)
        sync(folder / "start.npz")
        write_json(folder / "openmm.json", {"seed": seed})

    @_failing_as_simulation
    def start(self, folder: Path, plan: Plan, tell: Tell) -> None:
        import openmm

        self._folder, self._plan, self._tell = folder, plan, tell
        self._timeline, self._protocol = plan.timeline, plan.timeline.protocol
        self._system = openmm.XmlSerializer.deserialize((folder / "system.xml").read_text())
        self._masses = [self._system.getParticleMass(i)._value for i in range(self._system.getNumParticles())]
        self._seed = int(read_json(folder / "openmm.json")["seed"]) % (2**31 - 1) or 1
        self._outer_ps = (
            self._protocol.timestep_fs * self._protocol.nonbonded.every * self._timeline.scale / 1000
        )  # in this order of factors, on which the last digits of a trajectory depend
        self._saved_at = time.monotonic()
        if self._step is None or plan.start != self._reached:
            self._resume()
        elif plan.legs and plan.legs[0].step != self._stored.step:
            self._leave()  # a gate is passed

    @_failing_as_simulation
    def run_leg(self, leg: Leg) -> Place:
        step = self._protocol.steps[leg.step]
        if leg.step != self._stored.step:
            self._leave()
        if isinstance(step, Minimise):
            self._minimise(step)
            self._leave()
            self._reached = leg.place
        else:
            assert not isinstance(step, Deform)  # `engines.check_steps`
            self._reached = self._dynamics(leg, step)
        return self._reached

    def save(self) -> None:
        if self._step:
            self._keep(self._step.context)
            self._step.outputs.flush()
            self._save()

    @_failing_as_simulation
    def stop(self) -> None:
        """Write what is in memory; the context stays, because a run goes on from it after a gate."""
        if self._step:
            self._step.outputs.flush()

    def finish(self, folder: Path, timeline: Timeline, stopped: Place | None) -> list[float]:
        return edges(self._state)

    def energy_parts(self, system: System, nonbonded: NonbondedSettings) -> dict[str, float]:
        return openmm_measure.energy_parts(system, nonbonded)

    def speed(self, system: System, protocol: Protocol, folder: Path, seconds: float) -> Speed:
        return openmm_measure.speed(system, protocol, seconds)

    # contexts and states

    def _new_context(self, integrator: Any, barostat: Any = None) -> Any:
        """A context in the present state, for a copy of the system with the barostat that there may be."""
        import openmm

        system = openmm.XmlSerializer.deserialize(openmm.XmlSerializer.serialize(self._system))
        system.addForce(openmm.CMMotionRemover(100))
        if barostat is not None:
            system.addForce(barostat)
        context = platform.context_for(system, integrator)
        if self._state is None:
            start = np.load(self._folder / "start.npz")
            context.setPeriodicBoxVectors(*np.diag(start["box"] * ANGSTROM))
            context.setPositions(start["positions"] * ANGSTROM)
        else:
            context.setPeriodicBoxVectors(*self._state.getPeriodicBoxVectors())
            context.setPositions(self._state.getPositions())
            context.setVelocities(self._state.getVelocities())
        return context

    def _keep(self, context: Any) -> None:
        self._state = context.getState(
            positions=True, velocities=True, parameters=True, integratorParameters=True, enforcePeriodicBox=False
        )

    def _save(self) -> None:
        import openmm

        text = openmm.XmlSerializer.serialize(self._state)
        write_json(self._folder / CHECKPOINT, {"place": asdict(self._stored), "state": text})
        self._saved_at = time.monotonic()

    def _resume(self) -> None:
        """Go back to the checkpoint, and cut what was written after it; without one, begin."""
        self._step, self._reached = None, self._plan.start
        self._stored, self._state = read_checkpoint(self._folder) or (Stored(), None)
        if self._state is None:
            return
        for name, size in ((REPORT, self._stored.report_bytes), (TRAJECTORY, self._stored.trajectory_bytes)):
            if (path := self._folder / name).exists():
                os.truncate(path, size)
        if self._stored.frames:
            with open(self._folder / TRAJECTORY, "r+b") as handle:
                handle.seek(8)  # the header's count of frames
                handle.write(struct.pack("<i", self._stored.frames))

    def _leave(self) -> None:
        """The present step is over: go on to the next."""
        if self._step:
            self._step.outputs.flush()
            self._step.outputs.close()
            self._step = None
        stored = self._stored
        stored.step, stored.blocks = stored.step + 1, 0
        stored.volume_sum, stored.volumes = 0.0, 0
        self._save()

    # steps of a protocol

    def _minimise(self, step: Minimise) -> None:
        import openmm

        context = self._new_context(openmm.VerletIntegrator(0.001))
        place, tell, iterations = Place(self._stored.step, 0), self._tell, itertools.count(1)

        class Reporter(openmm.MinimizationReporter):
            def report(self, *_: Any) -> bool:
                tell(place, next(iterations))
                return False

        openmm.LocalEnergyMinimizer.minimize(context, 10.0, step.max_iterations, Reporter())
        self._keep(context)

    def _enter(self, step: Dynamic) -> "RunningStep":
        """Make the context of a step, at its beginning or where it was interrupted."""
        first, last = self._temperatures(step)
        outer = self._outer_ps
        if isinstance(step, Relax):
            outer = step.timestep_fs * self._timeline.scale / 1000
        elif isinstance(step, Npt) and step.timestep_fs:
            outer *= step.timestep_fs / self._protocol.timestep_fs
        integrator = self._integrator(step, first, outer)
        pressures = step.pressure_atm if isinstance(step, Npt) else None
        context = self._new_context(integrator, self._barostat(pressures[0], first) if pressures else None)
        if self._stored.step == self._first_moving and self._stored.blocks == 0:
            context.setVelocitiesToTemperature(first, self._seed)
        elif self._stored.blocks:
            context.setState(self._state)  # inside a step: the thermostat's own variables as well
        outputs = Outputs(self._folder, step, self._stored, self._masses, self._state, self._outer_ps)
        return RunningStep(context, integrator, outer, (first, last), pressures, outputs)

    def _dynamics(self, leg: Leg, step: Dynamic) -> Place:
        """Run whole blocks at least to the end of a leg; one of production is what lies between two frames."""
        running = self._step = self._step or self._enter(step)
        stored, outer, context = self._stored, running.outer_ps, running.context
        total, size = self._plan.total(leg.step), block_steps(self._timeline, step)
        done = min(total, stored.blocks * size)
        while done < leg.end:
            block = min(size, total - done)
            at = min(1.0, (done + block / 2) * outer / step.duration_ps)
            running.ramp(at)
            running.integrator.step(block)
            stored.blocks += 1
            done += block
            stored.time_ps += block * outer
            running.outputs.block(context)
            if isinstance(step, Npt) and self._is_averaged(step, done * outer):
                stored.volume_sum += context.getState().getPeriodicBoxVolume()._value
                stored.volumes += 1
            self._tell(Place(leg.step, done), stored.blocks)
            if time.monotonic() - self._saved_at > CHECKPOINT_EVERY_S:
                self._keep(context)
                running.outputs.flush()
                self._save()
        self._keep(context)
        running.outputs.flush()
        if done < total or self._plan.gate == leg.step:
            self._save()
            return Place(leg.step, done)
        if isinstance(step, Npt) and step.set_mean_box_over_ps:
            self._set_volume(context, stored.volume_sum / stored.volumes)
        self._leave()
        return Place(leg.step, done)

    @property
    def _first_moving(self) -> int:
        return next(n for n, step in enumerate(self._protocol.steps) if not isinstance(step, Minimise))

    def _temperatures(self, step: Dynamic) -> tuple[float, float]:
        if isinstance(step, Npt | Nvt):
            return step.temperature_k
        t = step.temperature_k if isinstance(step, Relax) else self._protocol.temperature_k
        return t, t

    def _integrator(self, step: Dynamic, temperature: float, outer: float) -> Any:
        import openmm

        stored = self._stored
        seed = 1 + (self._seed + 7919 * stored.step + 104729 * stored.blocks) % (2**31 - 2)
        if isinstance(step, Relax):
            integrator = platform.limited(temperature, outer, step.max_displacement * ANGSTROM)
        else:
            friction = platform.PRODUCTION_FRICTION if isinstance(step, Production) else platform.FRICTION
            integrator = platform.integrator_for(self._protocol, temperature, outer, friction)
        if not isinstance(integrator, openmm.NoseHooverIntegrator):
            integrator.setRandomNumberSeed(seed)
        return integrator

    def _barostat(self, pressure_atm: float, temperature: float) -> Any:
        import openmm

        barostat = openmm.MonteCarloBarostat(pressure_atm * BAR_PER_ATM, temperature, BAROSTAT_EVERY)
        barostat.setRandomNumberSeed(1 + (self._seed + self._stored.step + self._stored.blocks) % (2**31 - 2))
        return barostat

    def _is_averaged(self, step: Npt, done_ps: float) -> bool:
        averaged, times = step.set_mean_box_over_ps, self._plan.times(self._stored.step)
        return bool(averaged and done_ps > times * step.duration_ps - averaged - 1e-9)

    def _set_volume(self, context: Any, volume: float) -> None:
        """Scale box and coordinates to a mean volume (nm³)."""
        edge = volume ** (1 / 3)
        factor = edge / (context.getState().getPeriodicBoxVolume()._value ** (1 / 3))
        context.setPositions(self._state.getPositions(asNumpy=True) * factor)
        context.setPeriodicBoxVectors(*np.diag([edge] * 3))
        self._keep(context)
