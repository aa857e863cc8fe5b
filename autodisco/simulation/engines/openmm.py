"""OpenMM as an engine, for GPUs: runs a protocol in this process and can go on from its last checkpoint.

A folder holds `system.xml`, `start.npz` (positions and box in Å) and `openmm.json` (the seed), and after the run
`report.txt` and `trajectory.dcd` like those of the other engines. `checkpoint.json` is written after every step and
every ten minutes: a run that finds it goes on from there.

Equilibration is thermostatted with Nosé-Hoover chains, or with Langevin friction where the protocol has several time
steps (`nonbonded.every`), since OpenMM has no chains for these; the barostat is Monte Carlo.
"""

import contextlib
import ctypes
import ctypes.util
import functools
import itertools
import math
import os
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from autodisco.errors import AutodiscoError, SimulationFailure
from autodisco.files import DISK_FULL, read_json, write_atomic, write_json
from autodisco.process import threads
from autodisco.simulation import equilibration
from autodisco.simulation.engines.report import REPORT_PS, report_line
from autodisco.simulation.molecule import System
from autodisco.simulation.progress import OnProgress
from autodisco.simulation.protocols import Minimise, Npt, Nvt, Production, Protocol, Relax
from autodisco.simulation.units import GAS_CONSTANT, KJ_PER_KCAL

#: Platforms from the fastest to the slowest; the first that there is does the work.
PLATFORMS = ("CUDA", "HIP", "OpenCL", "CPU")
GPU_PLATFORMS = PLATFORMS[:3]
OPENCL_TYPE_GPU = ctypes.c_uint64(4)  # CL_DEVICE_TYPE_GPU
CHECKPOINT_EVERY_S = 600.0
BLOCK_PS = REPORT_PS  # also between changes of temperature and pressure in a ramp
AVERAGED_BLOCK_PS = 0.05  # where the volume is averaged
BAROSTAT_EVERY = 10  # time steps between trial changes of the volume
FRICTION, PRODUCTION_FRICTION = 1.0, 0.1  # 1/ps, with several time steps
ANGSTROM, BAR_PER_ATM = 0.1, 1.01325
AMU_PER_NM3 = 1.66053907e-3  # g/cm³


def check() -> None:
    """Raises AutodiscoError where OpenMM is missing."""
    try:
        import openmm  # noqa: F401
    except ImportError as error:
        raise AutodiscoError("OpenMM was not found: pip install openmm") from error


def resumable(folder: Path) -> bool:
    """Whether `run` would go on from a checkpoint."""
    return (folder / "checkpoint.json").exists()


def forget(folder: Path) -> None:
    """Remove the checkpoint in a folder."""
    (folder / "checkpoint.json").unlink(missing_ok=True)


@functools.cache
def platform_name() -> str:
    """The platform that runs will use; `AUTODISCO_OPENMM_PLATFORM` names another."""
    import openmm

    if wanted := os.environ.get("AUTODISCO_OPENMM_PLATFORM"):
        return wanted
    there = {openmm.Platform.getPlatform(i).getName() for i in range(openmm.Platform.getNumPlatforms())}
    return next((name for name in PLATFORMS if name in there and _works(name)), "Reference")


def has_gpu() -> bool:
    """Whether OpenMM finds a GPU that it can use."""
    try:
        return platform_name() in GPU_PLATFORMS
    except ImportError:
        return False


def _works(name: str) -> bool:
    """Whether a platform can take a particle: one may be installed where its hardware is not, or drive no GPU."""
    import openmm

    if name not in GPU_PLATFORMS:
        return True
    probe = openmm.System()
    probe.addParticle(1.0)
    platform = openmm.Platform.getPlatformByName(name)
    try:
        context = openmm.Context(probe, openmm.VerletIntegrator(0.001), platform)
        return name != "OpenCL" or _has_gpus(int(platform.getPropertyValue(context, "OpenCLPlatformIndex")))
    except (openmm.OpenMMException, OSError, AttributeError):  # the last two of a library that cannot be asked
        return False


def _has_gpus(opencl_platform: int) -> bool:
    """Whether an OpenCL implementation, by its index, drives a GPU: some run on CPUs, slower than OpenMM's own way."""
    opencl = ctypes.CDLL(ctypes.util.find_library("OpenCL") or "libOpenCL.so.1")  # OpenMM has loaded it already
    found = (ctypes.c_void_p * (opencl_platform + 1))()
    opencl.clGetPlatformIDs(len(found), found, None)
    gpus = ctypes.c_uint32(0)
    opencl.clGetDeviceIDs(ctypes.c_void_p(found[-1]), OPENCL_TYPE_GPU, 0, None, ctypes.byref(gpus))
    return gpus.value > 0


def write(folder: Path, system: System, protocol: Protocol, seed: int, timestep_scale: float = 1.0) -> None:
    """Write what a run needs, after dropping the checkpoint of an earlier one."""
    import openmm

    from autodisco.simulation.engines.openmm_system import openmm_system

    forget(folder)
    made = openmm_system(system, protocol.nonbonded, protocol.system.hydrogen_mass)
    write_atomic(folder / "system.xml", openmm.XmlSerializer.serialize(made))
    np.savez(folder / "start.npz", positions=system.positions, box=system.box)
    write_json(folder / "openmm.json", {"seed": seed})


def run(
    folder: Path,
    protocol: Protocol,
    on_progress: OnProgress | None = None,
    timestep_scale: float = 1.0,
    enough: Callable[[float], bool] | None = None,
) -> list[float]:
    """Run what was written, from its checkpoint if there is one; returns the edges (Å) of the final box.

    Raises SimulationFailure (`nan`, `no-disk`, `box-too-small`, `engine-crash`).
    """
    import openmm

    try:
        watched = on_progress or (lambda step, fraction, grown: None)
        return _Run(folder, protocol, timestep_scale, watched, enough).to_the_end()
    except openmm.OpenMMException as error:
        raise SimulationFailure(_code(str(error)), str(error)[:300]) from error
    except OSError as error:
        if error.errno in DISK_FULL:
            raise SimulationFailure("no-disk", str(error)) from error
        raise


def _code(text: str) -> str:
    """Of a message of OpenMM."""
    if "less than twice the nonbonded cutoff" in text or "cutoff distance cannot be greater than half" in text:
        return "box-too-small"
    return "nan" if "NaN" in text or "nan" in text else "engine-crash"


@dataclass
class _Place:
    """How far a run has come: the step of the protocol, blocks done in it, and what was written."""

    step: int = 0
    blocks: int = 0
    time_ps: float = 0.0
    frames: int = 0
    trajectory_bytes: int = 0
    report_bytes: int = 0
    volume_sum: float = 0.0
    volumes: int = 0


class _Run:
    """One run of a protocol in one folder."""

    def __init__(
        self,
        folder: Path,
        protocol: Protocol,
        scale: float,
        on_progress: OnProgress,
        enough: Callable[[float], bool] | None,
    ):
        import openmm

        self.enough = enough
        self.folder, self.protocol, self.on_progress = folder, protocol, on_progress
        self.system = openmm.XmlSerializer.deserialize((folder / "system.xml").read_text())
        self.mass = sum(self.system.getParticleMass(i)._value for i in range(self.system.getNumParticles()))
        self.degrees_of_freedom = 3 * self.system.getNumParticles() - 3
        self.seed = int(read_json(folder / "openmm.json")["seed"]) % (2**31 - 1) or 1
        self.outer_ps = protocol.timestep_fs * protocol.nonbonded.every * scale / 1000
        self.scale = scale
        self.place = _Place()
        self.state: Any = None
        self.saved_at = time.monotonic()

    def to_the_end(self) -> list[float]:
        self._resume()
        while self.place.step < len(self.protocol.steps):
            step = self.protocol.steps[self.place.step]
            if isinstance(step, Minimise):
                self._minimise(step)
            elif not self._dynamics(step):
                self._save()
                continue  # extended
            self.place.step, self.place.blocks = self.place.step + 1, 0
            self.place.volume_sum, self.place.volumes = 0.0, 0
            self._save()
        forget(self.folder)
        return self._edges()

    # contexts and states

    def _context(self, integrator: Any, barostat: Any = None) -> Any:
        """A context in the present state, for a copy of the system with the barostat that there may be."""
        import openmm

        system = openmm.XmlSerializer.deserialize(openmm.XmlSerializer.serialize(self.system))
        system.addForce(openmm.CMMotionRemover(100))
        if barostat is not None:
            system.addForce(barostat)
        context = context_for(system, integrator)
        if self.state is None:
            start = np.load(self.folder / "start.npz")
            context.setPeriodicBoxVectors(*np.diag(start["box"] * ANGSTROM))
            context.setPositions(start["positions"] * ANGSTROM)
        else:
            context.setPeriodicBoxVectors(*self.state.getPeriodicBoxVectors())
            context.setPositions(self.state.getPositions())
            context.setVelocities(self.state.getVelocities())
        return context

    def _keep(self, context: Any) -> None:
        self.state = context.getState(
            positions=True, velocities=True, parameters=True, integratorParameters=True, enforcePeriodicBox=False
        )

    def _save(self) -> None:
        import openmm

        text = openmm.XmlSerializer.serialize(self.state)
        write_json(self.folder / "checkpoint.json", {"place": asdict(self.place), "state": text})
        self.saved_at = time.monotonic()

    def _resume(self) -> None:
        """Go back to the checkpoint, and cut what was written after it; without one that can be read, begin."""
        import openmm

        file = self.folder / "checkpoint.json"
        try:
            stored = read_json(file)
            place, state = _Place(**stored["place"]), openmm.XmlSerializer.deserialize(stored["state"])
        except (FileNotFoundError, ValueError, KeyError, TypeError, openmm.OpenMMException):  # none, or a damaged one
            for stale in ("checkpoint.json", "report.txt", "trajectory.dcd", equilibration.FILE):
                (self.folder / stale).unlink(missing_ok=True)
            return
        self.place, self.state = place, state
        for name, size in (("report.txt", self.place.report_bytes), ("trajectory.dcd", self.place.trajectory_bytes)):
            if (path := self.folder / name).exists():
                os.truncate(path, size)
        if self.place.frames:
            with open(self.folder / "trajectory.dcd", "r+b") as handle:
                handle.seek(8)  # the header's count of frames
                handle.write(struct.pack("<i", self.place.frames))

    def _edges(self) -> list[float]:
        vectors = self.state.getPeriodicBoxVectors(asNumpy=True)._value
        return [float(edge) for edge in np.diag(vectors) / ANGSTROM]

    # steps of a protocol

    def _minimise(self, step: Minimise) -> None:
        import openmm

        context = self._context(openmm.VerletIntegrator(0.001))
        durations = equilibration.durations_ps(self.folder, self.protocol)
        at, told, iterations = sum(durations[: self.place.step]) / sum(durations), self.on_progress, itertools.count(1)

        class Reporter(openmm.MinimizationReporter):
            def report(self, *_: Any) -> bool:
                told(step.kind, at, next(iterations))
                return False

        openmm.LocalEnergyMinimizer.minimize(context, 10.0, step.max_iterations, Reporter())
        self._keep(context)

    def _dynamics(self, step: Relax | Npt | Nvt | Production) -> bool:
        """Run a step to its end; False where it is not at rest then and has to go on."""
        times = 1 + equilibration.extensions(self.folder, self.protocol).get(self.place.step, 0)
        durations = equilibration.durations_ps(self.folder, self.protocol)
        first, last = self._temperatures(step)
        outer = self.outer_ps
        if isinstance(step, Relax):
            outer = step.timestep_fs * self.scale / 1000
        elif isinstance(step, Npt) and step.timestep_fs:
            outer *= step.timestep_fs / self.protocol.timestep_fs
        integrator = self._integrator(step, first, outer)
        pressures = step.pressure_atm if isinstance(step, Npt) else None
        context = self._context(integrator, self._barostat(pressures[0], first) if pressures else None)
        fresh = self.place.step == self._first_moving and self.place.blocks == 0
        if fresh:
            context.setVelocitiesToTemperature(first, self.seed)
        elif self.place.blocks:
            context.setState(self.state)  # inside a step: the thermostat's own variables as well
        blocks = self._blocks(step, outer, times)
        done = sum(blocks[: self.place.blocks])
        with self._outputs(step) as (report, trajectory):
            while self.place.blocks < len(blocks):
                block = self.place.blocks
                at = min(1.0, (done + blocks[block] / 2) * outer / step.duration_ps)
                kelvin = first + (last - first) * at
                _set_temperature(integrator, kelvin)
                if pressures:
                    import openmm

                    pressure = (pressures[0] + (pressures[1] - pressures[0]) * at) * BAR_PER_ATM
                    context.setParameter(openmm.MonteCarloBarostat.Pressure(), pressure)
                    context.setParameter(openmm.MonteCarloBarostat.Temperature(), kelvin)
                integrator.step(blocks[block])
                self.place.blocks += 1
                done += blocks[block]
                self.place.time_ps += blocks[block] * outer
                self._report(context, report)
                if trajectory:
                    self._frame(context, trajectory)
                if isinstance(step, Npt) and self._averages(step, times, done * outer):
                    self.place.volume_sum += context.getState().getPeriodicBoxVolume()._value
                    self.place.volumes += 1
                passed = sum(durations[: self.place.step]) + done * outer
                self.on_progress(step.kind, min(1.0, passed / sum(durations)), self.place.blocks)
                if time.monotonic() - self.saved_at > CHECKPOINT_EVERY_S:
                    self._keep(context)
                    self._written(report, trajectory)
                    self._save()
                inside = self.place.blocks < len(blocks)
                if trajectory and inside and self._leg_ends(done * outer, blocks[block] * outer):
                    self._written(report, trajectory)
                    if self.enough and self.enough(done * outer):
                        break
            self._keep(context)
            self._written(report, trajectory)
        if self._is_gate():
            assert isinstance(step, Npt)
            averaged = round((step.set_mean_box_over_ps or 0.0) / self.outer_ps)
            equilibration.judge(self.folder, self.place.step, averaged)
            if self._is_gate():
                self.place.volume_sum, self.place.volumes = 0.0, 0
                return False
        if isinstance(step, Npt) and step.set_mean_box_over_ps:
            self._set_volume(context, self.place.volume_sum / self.place.volumes)
        return True

    def _is_gate(self) -> bool:
        """Whether the present step has to be judged before the next."""
        return equilibration.next_gate(self.folder, self.protocol, self.place.step) == self.place.step

    def _leg_ends(self, done_ps: float, block_ps: float) -> bool:
        leg = self.protocol.checkpoint_every_ps
        return bool(leg and done_ps // leg > (done_ps - block_ps) // leg)

    @property
    def _first_moving(self) -> int:
        return next(n for n, step in enumerate(self.protocol.steps) if not isinstance(step, Minimise))

    def _temperatures(self, step: Relax | Npt | Nvt | Production) -> tuple[float, float]:
        if isinstance(step, Npt | Nvt):
            return step.temperature_k
        t = step.temperature_k if isinstance(step, Relax) else self.protocol.temperature_k
        return t, t

    def _integrator(self, step: Relax | Npt | Nvt | Production, temperature: float, outer: float) -> Any:
        import openmm

        seed = 1 + (self.seed + 7919 * self.place.step + 104729 * self.place.blocks) % (2**31 - 2)
        if isinstance(step, Relax):
            integrator = limited(temperature, outer, step.max_displacement * ANGSTROM)
        else:
            friction = PRODUCTION_FRICTION if isinstance(step, Production) else FRICTION
            integrator = integrator_for(self.protocol, temperature, outer, friction)
        if not isinstance(integrator, openmm.NoseHooverIntegrator):
            integrator.setRandomNumberSeed(seed)
        return integrator

    def _barostat(self, pressure_atm: float, temperature: float) -> Any:
        import openmm

        barostat = openmm.MonteCarloBarostat(pressure_atm * BAR_PER_ATM, temperature, BAROSTAT_EVERY)
        barostat.setRandomNumberSeed(1 + (self.seed + self.place.step + self.place.blocks) % (2**31 - 2))
        return barostat

    def _averages(self, step: Npt, times: int, done_ps: float) -> bool:
        averaged = step.set_mean_box_over_ps
        return bool(averaged and done_ps > times * step.duration_ps - averaged - 1e-9)

    def _blocks(self, step: Relax | Npt | Nvt | Production, outer: float, times: int) -> list[int]:
        """Time steps of each block of a step run `times` times; one of production is what lies between two frames."""
        total = times * max(1, round(step.duration_ps / outer))
        length = BLOCK_PS
        if isinstance(step, Production):
            length = step.frame_interval_ps
        elif isinstance(step, Npt) and step.set_mean_box_over_ps:
            length = AVERAGED_BLOCK_PS
        size = max(1, round(length / outer))
        return [min(size, total - begin) for begin in range(0, total, size)]

    def _set_volume(self, context: Any, volume: float) -> None:
        """Scale box and coordinates to a mean volume (nm³)."""
        edge = volume ** (1 / 3)
        factor = edge / (context.getState().getPeriodicBoxVolume()._value ** (1 / 3))
        context.setPositions(self.state.getPositions(asNumpy=True) * factor)
        context.setPeriodicBoxVectors(*np.diag([edge] * 3))
        self._keep(context)

    # what is written

    @contextlib.contextmanager
    def _outputs(self, step: Relax | Npt | Nvt | Production) -> Iterator[tuple[BinaryIO, Any]]:
        with contextlib.ExitStack() as stack:
            report = stack.enter_context(open(self.folder / "report.txt", "ab"))
            trajectory = None
            if isinstance(step, Production):
                path = self.folder / "trajectory.dcd"
                handle = stack.enter_context(open(path, "r+b" if self.place.frames else "w+b"))
                trajectory = self._dcd(handle, step)
            yield report, trajectory

    def _dcd(self, handle: BinaryIO, step: Production) -> Any:
        from openmm import app

        topology = app.Topology()
        residue = topology.addResidue("", topology.addChain())
        for _ in range(self.system.getNumParticles()):
            topology.addAtom("", None, residue)
        topology.setUnitCellDimensions(np.array(self._edges()) * ANGSTROM)
        interval = max(1, round(step.frame_interval_ps / self.outer_ps))
        file = app.DCDFile(handle, topology, self.outer_ps, 0, interval, append=bool(self.place.frames))
        if not self.place.frames:
            self._add_frame(file, self.state)
        return file

    def _frame(self, context: Any, trajectory: Any) -> None:
        self._add_frame(trajectory, context.getState(positions=True, enforcePeriodicBox=False))

    def _add_frame(self, trajectory: Any, state: Any) -> None:
        trajectory.writeModel(state.getPositions(), periodicBoxVectors=state.getPeriodicBoxVectors())
        self.place.frames += 1

    def _report(self, context: Any, report: BinaryIO) -> None:
        state = context.getState(energy=True)
        energy = state.getPotentialEnergy()._value / KJ_PER_KCAL
        if not math.isfinite(energy):
            raise SimulationFailure("nan", f"the energy is {energy} in step {self.place.step}")
        kinetic = state.getKineticEnergy()._value
        values = (
            self.place.step,
            round(self.place.time_ps / self.outer_ps),
            2 * kinetic / (self.degrees_of_freedom * GAS_CONSTANT),
            math.nan,
            self.mass / state.getPeriodicBoxVolume()._value * AMU_PER_NM3,
            energy,
        )
        report.write(report_line(values).encode())

    def _written(self, report: BinaryIO, trajectory: Any) -> None:
        report.flush()
        os.fsync(report.fileno())
        self.place.report_bytes = report.tell()
        if trajectory is not None:
            handle = trajectory._file
            handle.flush()
            os.fsync(handle.fileno())
            self.place.trajectory_bytes = handle.seek(0, os.SEEK_END)


def context_for(system: Any, integrator: Any) -> Any:
    """A context of an openmm.System on the platform that runs use: mixed precision on a GPU, `threads()` on a CPU."""
    import openmm

    name = platform_name()
    properties = {"Precision": "mixed"} if name in GPU_PLATFORMS else {}
    if name == "CPU":
        properties = {"Threads": str(threads())}
    return openmm.Context(system, integrator, openmm.Platform.getPlatformByName(name), properties)


def integrator_for(protocol: Protocol, temperature: float, outer_ps: float, friction: float = FRICTION) -> Any:
    """Nosé-Hoover chains, or with several time steps Langevin dynamics with `friction` (1/ps)."""
    import openmm

    if protocol.nonbonded.every == 1:
        return openmm.NoseHooverIntegrator(temperature, 1000 / protocol.temperature_damping_fs, outer_ps)
    groups = [(1, 1), (0, protocol.nonbonded.every)]
    return openmm.MTSLangevinIntegrator(temperature, friction, outer_ps, groups)


def limited(temperature: float, timestep: float, longest: float) -> Any:
    """Langevin dynamics in which no coordinate moves by more than `longest` nm in a step."""
    import openmm

    integrator = openmm.CustomIntegrator(timestep)
    friction = 20.0  # 1/ps
    integrator.addGlobalVariable("kT", GAS_CONSTANT * temperature)
    integrator.addGlobalVariable("a", math.exp(-friction * timestep))
    integrator.addGlobalVariable("b", math.sqrt(1 - math.exp(-2 * friction * timestep)))
    integrator.addGlobalVariable("longest", longest)
    integrator.addUpdateContextState()
    integrator.addComputePerDof("v", "a*(v+dt*f/m)+b*sqrt(kT/m)*gaussian")
    integrator.addComputePerDof("v", "max(-longest, min(longest, dt*v))/dt")
    integrator.addComputePerDof("x", "x+dt*v")
    return integrator


def _set_temperature(integrator: Any, temperature: float) -> None:
    import openmm

    if isinstance(integrator, openmm.NoseHooverIntegrator):
        integrator.setTemperature(temperature)
    else:
        integrator.setGlobalVariableByName("kT", GAS_CONSTANT * temperature)
