"""What OpenMM says of a box without running a protocol: energy by part, and speed."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from autodisco.arrays import Floats
from autodisco.simulation.engines import openmm_platform as platform
from autodisco.simulation.engines.engine import COMPRESSION_STEPS, Speed, compression
from autodisco.simulation.molecule import System
from autodisco.simulation.protocols import NonbondedSettings, Protocol
from autodisco.simulation.units import KJ_PER_KCAL

ANGSTROM = 0.1  # nm
NS_PER_DAY = 86_400 / 1000  # of one ps per second
ROUNDS = 40  # of a compression and relaxing steps
RELAXING_STEPS = 400  # after the compression, whose strain would be heat in the dynamics that are measured
#: The part of an energy that each force belongs to.
PARTS = {
    "bond": "bond",
    "angle": "angle",
    "torsion": "dihedral",
    "torsion cross": "dihedral",
    "out-of-plane": "improper",
    "angle-angle": "improper",
    "van der Waals": "van der Waals",
    "scaled van der Waals": "van der Waals",
    "Coulomb": "Coulomb",
}


def energy_parts(system: System, nonbonded: NonbondedSettings) -> dict[str, float]:
    """Energy of a box in kcal/mol by part, in double precision; see `Engine.energy_parts`."""
    import openmm

    from autodisco.simulation.engines.openmm_system import openmm_system

    def in_double_precision(made: Any, integrator: Any) -> Any:
        return openmm.Context(made, integrator, openmm.Platform.getPlatformByName("Reference"))

    return parts_of(openmm_system(system, nonbonded, tail=False), system.positions, system.box, in_double_precision)


def parts_of(made: Any, positions: Floats, box: Floats, context_for: Callable[[Any, Any], Any]) -> dict[str, float]:
    """Energy of an openmm.System in kcal/mol by part, in the context that `context_for` makes of it and an integrator.

    `positions` (n, 3) and the edges `box` (3,) are in Å. Forces of the system get groups of their own.
    """
    import openmm

    parts = [force.getName() for force in made.getForces()]
    for group, force in enumerate(made.getForces()):
        force.setForceGroup(group)
    context = context_for(made, openmm.VerletIntegrator(0.001))
    context.setPeriodicBoxVectors(*np.diag(box * ANGSTROM))
    context.setPositions(positions * ANGSTROM)
    found = dict.fromkeys(dict.fromkeys(PARTS.values()), 0.0)
    for group, part in enumerate(parts):
        energy = context.getState(energy=True, groups=1 << group).getPotentialEnergy()._value
        found[PARTS[part]] += energy / KJ_PER_KCAL
    return found


def speed(system: System, protocol: Protocol, seconds: float) -> Speed:
    """See `Engine.speed`."""
    from autodisco.simulation.engines.openmm_system import openmm_system

    timestep = protocol.timestep_fs * protocol.nonbonded.every / 1000
    made = openmm_system(system, protocol.nonbonded, protocol.system.hydrogen_mass)
    # a minimiser may press a wide angle over the top of its quartic potential
    relaxing = platform.limited(10.0, 0.0005, 0.002)
    relaxed = platform.context_for(made, relaxing)
    relaxed.setPositions(system.positions * ANGSTROM)
    edges, shrink = np.array(system.box) * ANGSTROM, compression(protocol) ** (1 / ROUNDS)
    for _ in range(ROUNDS):
        edges *= shrink
        positions = relaxed.getState(positions=True).getPositions(asNumpy=True)
        relaxed.setPeriodicBoxVectors(*np.diag(edges))
        relaxed.setPositions(positions * shrink)
        relaxing.step(COMPRESSION_STEPS // ROUNDS)
    relaxing.step(RELAXING_STEPS)
    integrator = platform.integrator_for(protocol, protocol.temperature_k, timestep)
    context = platform.context_for(made, integrator)
    context.setPeriodicBoxVectors(*np.diag(edges))
    context.setPositions(relaxed.getState(positions=True).getPositions())
    context.setVelocitiesToTemperature(protocol.temperature_k / 2, 1)  # the box still warms up
    integrator.step(20)
    context.getState(energy=True)  # waits for a GPU
    begin, used, steps = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - begin < seconds:
        integrator.step(20)
        context.getState(energy=True)
        steps += 20
    took = time.perf_counter() - begin
    return Speed(steps * timestep / took * NS_PER_DAY, (time.process_time() - used) / took)
