"""A box for OpenMM without this program: system, state with exact positions, topology, and a script that runs them."""

from pathlib import Path

from autodisco.files import write_atomic
from autodisco.simulation.interchange.box import Box
from autodisco.simulation.interchange.structure import mmcif

RUN = """\
# written by autodisco; run with: python run.py [TIME STEPS]
import sys

from openmm import LangevinMiddleIntegrator, {barostat_name}XmlSerializer, unit
from openmm.app import DCDReporter, PDBxFile, Simulation, StateDataReporter

kelvin, seed = {kelvin} * unit.kelvin, {seed}
system, state = (XmlSerializer.deserialize(open(name).read()) for name in ("system.xml", "state.xml"))
{barostat}integrator = LangevinMiddleIntegrator(kelvin, 1 / unit.picosecond, {timestep} * unit.femtosecond)
simulation = Simulation(PDBxFile("topology.cif").topology, system, integrator)
simulation.context.setState(state)
print("energy:", simulation.context.getState(energy=True).getPotentialEnergy())
simulation.minimizeEnergy(maxIterations=1000)
simulation.context.setVelocitiesToTemperature(kelvin, seed)
report = StateDataReporter(sys.stdout, 1000, step=True, potentialEnergy=True, temperature=True, density=True)
simulation.reporters += [report, DCDReporter("trajectory.dcd", 1000)]
simulation.step(int(sys.argv[1]) if len(sys.argv) > 1 else 10000)
"""
BAROSTAT = "system.addForce(MonteCarloBarostat(1.01325 * unit.bar, kelvin))\n"


def write(box: Box, folder: Path) -> list[Path]:
    """Write ``system.xml``, ``state.xml``, ``topology.cif`` and ``run.py``, and return them.

    Raises InputError for a form that OpenMM lacks.
    """
    import openmm

    from autodisco.simulation.engines.openmm_system import ANGSTROM, openmm_system

    made = openmm_system(box.system, box.protocol.nonbonded, box.protocol.system.hydrogen_mass)
    reference = openmm.Platform.getPlatformByName("Reference")
    context = openmm.Context(made, openmm.VerletIntegrator(0.001), reference)
    context.setPositions(box.system.positions * ANGSTROM)
    state = context.getState(positions=True)
    script = RUN.format(
        barostat="" if box.is_simulated else BAROSTAT,
        barostat_name="" if box.is_simulated else "MonteCarloBarostat, ",
        kelvin=box.protocol.temperature_k,
        timestep=box.protocol.timestep_fs,
        seed=box.seed % 2**31,
    )
    contents = {
        "system.xml": openmm.XmlSerializer.serialize(made),
        "state.xml": openmm.XmlSerializer.serialize(state),
        "topology.cif": mmcif(box.system),
        "run.py": script,
    }
    for name, content in contents.items():
        write_atomic(folder / name, content)
    return [folder / name for name in contents]
