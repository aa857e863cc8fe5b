"""Steps that deform the box: a crystal of known stiffness, a box that is put back, and protocols that are refused."""

import itertools
import subprocess

import numpy as np
import pytest
from scipy.optimize import brentq

from autodisco.analysis.mechanics import youngs_modulus
from autodisco.errors import InputError
from autodisco.polymer import parse
from autodisco.simulation import builder, engines, forcefield, protocols
from autodisco.simulation.engines import lammps, lammps_deform, lammps_files
from autodisco.simulation.engines.engine import box_of_trajectory
from autodisco.simulation.engines.report import GPA_PER_ATM, read_report, read_stress
from autodisco.simulation.engines.timeline import Place
from autodisco.simulation.steps import Deform
from tests.simulation.standing import standing_behind

PULL = Deform(
    kind="deform", axis="y", strain=0.02, duration_ps=20, temperature_k=300, pressure_atm=1, pressure_damping_fs=400
)
CUTOFF, CELLS = 3.0, 3
CRYSTAL = f"""
units lj
atom_modify map array
lattice fcc {{density}}
region box block 0 {CELLS} 0 {CELLS} 0 {CELLS}
create_box 1 box
create_atoms 1 box
mass 1 1.0
pair_style lj/cut {CUTOFF}
pair_coeff 1 1 1 1
velocity all create 0.004 1
timestep 0.005
"""


def neighbours(edge):
    """Vectors (n, 3) from an atom of an fcc crystal to those within the cutoff."""
    steps = np.array([s for s in itertools.product(range(-6, 7), repeat=3) if sum(s) % 2 == 0 and any(s)])
    vectors = steps * edge / 2
    return vectors[(vectors**2).sum(axis=1) < CUTOFF**2]


def slope_and_curvature(r):
    """First and second derivative of the Lennard-Jones potential."""
    return 24 * (r**-7 - 2 * r**-13), 24 * (26 * r**-14 - 7 * r**-8)


def virial(edge):
    r = np.linalg.norm(neighbours(edge), axis=1)
    return float((slope_and_curvature(r)[0] * r).sum())


def crystal():
    """Edge of the cell of the crystal without pressure at 0 K, and its Young's modulus along an axis of the cube.

    Elastic constants are lattice sums (Born and Huang, Dynamical Theory of Crystal Lattices, 1954).
    """
    edge = brentq(virial, 1.52, 1.58)
    vectors = neighbours(edge)
    r = np.linalg.norm(vectors, axis=1)
    first, second = slope_and_curvature(r)
    weights = (second - first / r) / r**2 / (2 * edge**3 / 4)
    c11, c12 = (weights * vectors[:, 0] ** 4).sum(), (weights * (vectors[:, 0] * vectors[:, 1]) ** 2).sum()
    return edge, c11 - 2 * c12**2 / (c11 + c12)


def test_a_crystal_has_the_youngs_modulus_of_its_elastic_constants(tmp_path):
    edge, expected = crystal()
    # 61.1 were measured by stretching such a crystal (Quesnel, Rimai and DeMejo, Phys. Rev. B 1993, 48, 6795)
    assert expected == pytest.approx(61.1, rel=0.06)
    step = PULL.model_copy(update={"temperature_k": 0.002, "pressure_atm": 0.0, "pressure_damping_fs": 3.0})
    step = step.model_copy(update={"strain": 0.004})
    after = "".join(f"unfix {name}\n" for name in ("move", "pull", "stress"))
    after += (
        lammps_deform.restore(3) + "write_dump all custom after id x y z vx vy vz modify sort id format float %.17g\n"
    )
    script = CRYSTAL.format(density=4 / edge**3) + lammps_deform.begin(3, step, 0.5, 50, 0, 4000)
    (tmp_path / "in").write_text(script + "run 4000\n" + after)
    program, environment = lammps.command()
    subprocess.run([*program, "-in", "in", "-screen", "none"], cwd=tmp_path, env=environment, check=True)
    strains, stresses = read_stress(tmp_path, 3)
    assert strains[-1] == pytest.approx(0.004, rel=0.01)
    found = youngs_modulus([(strains, stresses / GPA_PER_ATM)])
    assert found.gpa == pytest.approx(expected, rel=0.02)
    before, again = (np.loadtxt(tmp_path / name, skiprows=9) for name in ("checkpoint-start3", "after"))
    assert np.abs(before[:, [2, 3, 4, 8, 9, 10]] - again[:, 1:]).max() < 1e-12


def test_a_deformation_that_was_cut_off_goes_on_and_leaves_the_box_as_it_was(tmp_path):
    smoke = protocols.load("smoke")
    short = PULL.model_copy(update={"duration_ps": 16.0, "temperature_k": 500.0, "pressure_atm": 1000.0})
    steps = (*smoke.steps[:-1], short, smoke.steps[-1])
    protocol = smoke.model_copy(update={"checkpoint_every_ps": 1.0, "steps": steps})
    box = builder.build(parse("*OCC*"), protocol.system, 1, forcefield.load("pcff+"))
    lammps.Lammps().write(tmp_path, box, protocol, 1)
    script = tmp_path / "in.lammps"
    script.write_text(standing_behind(script.read_text(), Place(3, 500)))

    def watch(step: str, fraction: float, grown: int) -> None:
        if (reached := lammps_files.last_checkpoint(tmp_path)) and reached >= Place(3, 500):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lammps.Lammps().run(tmp_path, protocol, watch)
    edges = lammps.Lammps().run(tmp_path, protocol)
    assert "read_restart" in (tmp_path / "in.resume").read_text()
    strains, stresses = read_stress(tmp_path, 3)
    assert len(stresses) == 32  # every 0.5 ps
    assert np.diff(strains) == pytest.approx(np.full(31, 0.02 / 32), rel=1e-4)
    assert strains.mean() == pytest.approx(0.01, rel=0.01)
    assert edges == pytest.approx([edges[0]] * 3)  # a cube again
    assert box_of_trajectory(tmp_path / "trajectory.dcd") == pytest.approx(edges, abs=1e-3)
    rows = read_report(tmp_path)
    (begun,) = {row["density_g_per_cm3"] for row in rows if row["number"] == 3 and row["step"] == 0}
    after = [row["density_g_per_cm3"] for row in rows if row["number"] == 4]
    assert after == pytest.approx([begun] * len(after))


def test_an_engine_that_tells_no_stress_is_refused_before_anything_runs():
    protocol = protocols.load("bench/youngs.toml")
    engines.check_steps("lammps", protocol)
    engines.check_steps("openmm", protocols.load("quick"))
    with pytest.raises(
        InputError, match=r"engine openmm cannot run steps of kind deform, .* \(protocol youngs\); use lam"
    ):
        engines.check_steps("openmm", protocol)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"axis": "x"}, "twice along the same axis; allowed is once along each"),
        ({"axis": "z", "strain": 0.03}, "may differ in their axis only"),
    ],
)
def test_the_steps_that_give_one_modulus_have_to_be_alike(changed, message):
    smoke = protocols.load("smoke")
    first = PULL.model_copy(update={"axis": "x"})
    steps = [*smoke.steps[:-1], first, first.model_copy(update=changed), smoke.steps[-1]]
    content = smoke.model_dump() | {"steps": [step.model_dump() for step in steps]}
    with pytest.raises(ValueError, match=message):
        protocols.Protocol.model_validate(content)


@pytest.mark.parametrize(("key", "value"), [("axis", "w"), ("strain", 0.0), ("strain", 0.2), ("duration_ps", 5)])
def test_a_deformation_that_tells_nothing_is_refused(key, value):
    with pytest.raises(ValueError, match=key):
        Deform.model_validate(PULL.model_dump() | {key: value})
