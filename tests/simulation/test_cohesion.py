"""Energies between molecules against LAMMPS, and what a replica tells about them."""

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from autodisco.polymer import parse
from autodisco.simulation import builder, forcefield, protocols
from autodisco.simulation.cohesion import cohesive_energies
from autodisco.simulation.engines import lammps
from autodisco.simulation.engines.lammps_data import data_file
from autodisco.simulation.molecule import System
from bench.class2 import head
from tests.simulation.single_point import single_point

VACUUM = f"""\
{head("lj/class2/coul/cut 90", boundary="f f f")}\
read_data alone.data
thermo_style custom evdwl ecoul
run 0
variable van_der_waals equal evdwl
variable coulomb equal ecoul
print "$(v_van_der_waals:%.12g) $(v_coulomb:%.12g)" file alone.txt
"""


def energy_alone(folder: Path, system: System, number: int) -> np.ndarray:
    """Van der Waals and Coulomb energy of one molecule of a box in vacuum, by LAMMPS."""
    molecule, start = system.molecules[number], system.offsets[number]
    places = system.positions[start : start + len(molecule)]
    edge = np.full(3, 100.0)
    alone = System([molecule], places - places.mean(axis=0) + edge / 2, edge, pair_rule=system.pair_rule)
    (folder / "alone.data").write_text(data_file(alone))
    (folder / "in.alone").write_text(VACUUM)
    program, environment = lammps.command()
    subprocess.run([*program, "-in", "in.alone", "-screen", "none"], cwd=folder, env=environment, check=True)
    return np.loadtxt(folder / "alone.txt")


@pytest.mark.parametrize("smiles", ["*OCC*", "*CC(C(=O)OCC(F)(F)F)*"])
def test_energies_between_molecules_are_those_of_lammps(smiles, tmp_path):
    settings = protocols.load("smoke").system.model_copy(update={"ion_pairs": 2})
    system = builder.build(parse(smiles), settings, 1, forcefield.load("pcff+"))
    system = replace(system, positions=system.positions.round(5), box=system.box.round(5))
    (tmp_path / "system.data").write_text(data_file(system))
    terms, _ = single_point(tmp_path, tmp_path / "system.data", 8.0, "ewald 1e-7", tail="yes")
    together = np.array([terms[4], terms[5] + terms[6]])
    many = [number for number, molecule in enumerate(system.molecules) if len(molecule) > 1]
    apart = sum(energy_alone(tmp_path, system, number) for number in many)
    found = cohesive_energies(system.molecules, system.positions[None], system.box[None], 8.0, system.pair_rule)
    expected = together - apart
    # OpenMM leaves the atom itself out of the correction beyond the cutoff, LAMMPS does not: 1 % of it here
    assert np.ravel(found) / 4.184 == pytest.approx(expected, rel=1e-3, abs=0.1)
