"""Cohesive energy of a simulated box: what its molecules, in the shapes they have there, would lack in vacuum."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autodisco.analysis.quantity import with_error
from autodisco.analysis.statistics import series_mean, series_root_mean
from autodisco.arrays import Floats
from autodisco.simulation.forms import COULOMB, PairRule
from autodisco.simulation.molecule import Molecule, System
from autodisco.simulation.protocols import NonbondedSettings
from autodisco.simulation.units import MPA

FRAMES = 20
EWALD_ACCURACY = 1e-5


def cohesive_energies(
    molecules: Sequence[Molecule],
    positions: Floats,
    edges: Floats,
    cutoff: float,
    pair_rule: PairRule,
    on_frame: Callable[[int], None] = lambda frame: None,
) -> tuple[Floats, Floats]:
    """Van der Waals and electrostatic energy between the molecules of every frame, each (frames,) in kJ/mol.

    The energy of the box less that of every molecule by itself in vacuum. Bonded terms, and near pairs that the pair
    rule counts in part, cancel. A molecule interacts with its periodic images as with other molecules.

    Parameters
    ----------
    molecules : in the order of the atoms
    positions : (frames, n, 3) in Å, molecules whole
    edges : (frames, 3) of the orthogonal box, Å
    cutoff : of the van der Waals potential in Å, beyond which a correction is added; at most half an edge is taken
    pair_rule : of the force field
    on_frame : told the number of each frame that is done
    """
    import openmm

    from autodisco.simulation.engines.openmm_system import ANGSTROM

    box = System(list(molecules), positions[0], edges[0], pair_rule=pair_rule.without_scaled)
    cpu = openmm.Platform.getPlatformByName("CPU")  # a GPU may be full of those that run
    contexts = [
        openmm.Context(system, openmm.VerletIntegrator(0.001), cpu, {"Threads": "1"})
        for system in _periodic_and_alone(box, pair_rule, min(cutoff, 0.499 * edges.min()))
    ]
    found = np.zeros((2, len(positions)))
    for frame, (places, edge) in enumerate(zip(positions, edges, strict=True)):
        contexts[0].setPeriodicBoxVectors(*np.diag(edge * ANGSTROM).tolist())
        for sign, context in zip((1, -1), contexts, strict=True):
            context.setPositions(places * ANGSTROM)
            for number in range(2):
                energy = context.getState(energy=True, groups=1 << number).getPotentialEnergy()._value
                found[number, frame] += sign * energy
        on_frame(frame)
    return found[0], found[1]


def _periodic_and_alone(box: System, pair_rule: PairRule, cutoff: float) -> tuple[Any, Any]:
    """OpenMM systems of a box, and of its molecules each by itself in vacuum: van der Waals in force group 0,
    electrostatics in group 1."""
    import openmm

    from autodisco.simulation.engines.openmm_system import ANGSTROM, nonbonded_forces

    settings = NonbondedSettings(cutoff=cutoff, kspace_accuracy=EWALD_ACCURACY)
    van_der_waals, coulomb = nonbonded_forces(box, settings, tail=True)
    inside = [openmm.CustomNonbondedForce(energy) for energy in (pair_rule.potential.energy, COULOMB)]
    for parameter in pair_rule.potential.parameters:
        inside[0].addPerParticleParameter(parameter)
    inside[1].addPerParticleParameter("q")
    for place, charge in enumerate(box.charges.tolist()):
        inside[0].addParticle(van_der_waals.getParticleParameters(place))
        inside[1].addParticle([charge])
    sizes = zip(box.offsets, box.molecules, strict=True)
    groups = [range(start, start + len(molecule)) for start, molecule in sizes if len(molecule) > 1]
    for force in inside:
        for pair in range(van_der_waals.getNumExclusions()):
            force.addExclusion(*van_der_waals.getExclusionParticles(pair))
        for group in groups:
            force.addInteractionGroup(group, group)
    periodic, alone = openmm.System(), openmm.System()
    periodic.setDefaultPeriodicBoxVectors(*np.diag(box.box * ANGSTROM).tolist())
    for system, forces in ((periodic, (van_der_waals, coulomb)), (alone, inside)):
        for mass in box.masses.tolist():
            system.addParticle(mass)
        for number, force in enumerate(forces):
            force.setForceGroup(number)
            system.addForce(force)
    return periodic, alone


def cohesion(
    folder: Path,
    molecules: Sequence[Molecule],
    cutoff: float,
    pair_rule: PairRule,
    on_frame: Callable[[int], None] = lambda frame: None,
) -> dict[str, Any]:
    """Cohesive energy density and solubility parameters of a finished run in `folder`, with errors from their
    change in time.

    ``cohesive_energy_density_mpa``: less the energy between molecules, per volume; each ion is a molecule, so that with
    salt its attraction counts too. ``solubility_parameter_mpa_sqrt``: its square root (Hildebrand).
    ``dispersion_parameter_mpa_sqrt``: the same from the van der Waals part alone (Hansen), which salt hardly touches.
    None of a negative energy.
    """
    from MDAnalysis.lib.formats.libdcd import DCDFile

    with DCDFile(str(folder / "trajectory.dcd")) as trajectory:
        chosen = np.unique(np.linspace(0, len(trajectory) - 1, FRAMES).round().astype(int))
        positions, edges = np.empty((len(chosen), trajectory.header["natoms"], 3)), np.empty((len(chosen), 3))
        for place, number in enumerate(chosen.tolist()):
            trajectory.seek(number)
            frame = trajectory.read()
            positions[place], edges[place] = frame.xyz, frame.unitcell[[0, 2, 5]]
    parts = cohesive_energies(molecules, positions, edges, cutoff, pair_rule, on_frame)
    dispersion, electrostatic = (-part / (edges.prod(axis=1) / 1000) * MPA for part in parts)
    cohesive = dispersion + electrostatic
    return {
        **with_error("cohesive_energy_density_mpa", series_mean(cohesive)),
        **with_error("solubility_parameter_mpa_sqrt", series_root_mean(cohesive)),
        **with_error("dispersion_parameter_mpa_sqrt", series_root_mean(dispersion)),
    }
