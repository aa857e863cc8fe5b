"""How fast an engine runs on this machine: nanoseconds of dynamics per day of a box, from a few seconds of it."""

import re
import subprocess
import time
from pathlib import Path

from autodisco.errors import AutodiscoError
from autodisco.simulation import engines
from autodisco.simulation.molecule import System
from autodisco.simulation.protocols import Protocol

NS_PER_DAY = 86_400 / 1000  # of one ps per second


def speed(engine: str, system: System, protocol: Protocol, folder: Path, seconds: float = 2.0) -> float:
    """ns/day of NVE with the settings of `protocol`, one thread on a CPU; start-up does not count.

    Raises AutodiscoError where the engine is missing or fails.
    """
    engine = engines.resolved(engine)
    engines.load(engine).check()
    return (_lammps if engine == "lammps" else _openmm)(system, protocol, folder, seconds)


def _lammps(system: System, protocol: Protocol, folder: Path, seconds: float) -> float:
    from autodisco.simulation.engines import lammps

    lammps.write(folder, system, protocol, 1)
    script = (folder / "in.lammps").read_text().partition("\n# step")[0]
    every = protocol.nonbonded.every
    script += f"\nminimize 0 1 100 1000\nvelocity all create {protocol.temperature_k} 1 dist gaussian\n"
    script += f"{lammps.run_style(every)}timestep {protocol.timestep_fs * every}\nfix move all nve/limit 0.05\nrun 20\n"
    script += f"timer timeout {max(1, round(seconds))} every 5\nrun 10000000\n"
    (folder / "in.speed").write_text(script)
    program, environment = lammps.command()
    command = [*program, *lammps.arguments("in.speed", "log.speed")]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    found = re.findall(r"Performance: ([0-9.eE+]+) ns/day", (folder / "log.speed").read_text())
    if done.returncode or not found:
        raise AutodiscoError(f"LAMMPS failed in {folder}: see log.speed there")
    return float(found[-1])


def _openmm(system: System, protocol: Protocol, folder: Path, seconds: float) -> float:
    from autodisco.simulation.engines.openmm import context_for, integrator_for, limited
    from autodisco.simulation.engines.openmm_system import ANGSTROM, openmm_system

    timestep = protocol.timestep_fs * protocol.nonbonded.every / 1000
    made = openmm_system(system, protocol.nonbonded, protocol.system.hydrogen_mass)
    relaxing = limited(10.0, 0.0005, 0.002)  # a minimiser may press a wide angle over the top of its quartic potential
    relaxed = context_for(made, relaxing)
    relaxed.setPositions(system.positions * ANGSTROM)
    relaxing.step(200)
    integrator = integrator_for(protocol, protocol.temperature_k, timestep)
    context = context_for(made, integrator)
    context.setPositions(relaxed.getState(positions=True).getPositions())
    context.setVelocitiesToTemperature(protocol.temperature_k, 1)
    integrator.step(20)
    context.getState(energy=True)  # waits for a GPU
    begin, steps = time.perf_counter(), 0
    while time.perf_counter() - begin < seconds:
        integrator.step(20)
        context.getState(energy=True)
        steps += 20
    return steps * timestep / (time.perf_counter() - begin) * NS_PER_DAY
