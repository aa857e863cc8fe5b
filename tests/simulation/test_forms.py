"""Every form and every pair rule has the same energy in LAMMPS and in OpenMM."""

import subprocess
from pathlib import Path

import numpy as np
import openmm
import pytest

from autodisco.errors import InputError
from autodisco.simulation import protocols
from autodisco.simulation.engines import lammps
from autodisco.simulation.engines.lammps_data import data_file
from autodisco.simulation.engines.openmm_system import ANGSTROM, KCAL, openmm_system
from autodisco.simulation.forms import (
    ARITHMETIC,
    ATOMS_OF_KIND,
    CLASS2_ANGLE,
    CLASS2_BOND,
    CLASS2_IMPROPER,
    CLASS2_TORSION,
    DEGREE,
    FORMS,
    FOURIER_TORSION,
    GEOMETRIC,
    HARMONIC_ANGLE,
    HARMONIC_BOND,
    KINDS,
    LENGTH,
    LJ96,
    LJ126,
    OPLS_TORSION,
    SIXTH_POWER,
    Form,
    PairRule,
)
from autodisco.simulation.molecule import Molecule, System, Terms, pairs_of

# a chain of five atoms with a sixth on the third
BONDS = [(0, 1), (1, 2), (2, 3), (3, 4), (2, 5)]
ATOMS = {
    "bond": BONDS,
    "angle": [(0, 1, 2), (1, 2, 3), (2, 3, 4), (1, 2, 5), (3, 2, 5)],
    "dihedral": [(0, 1, 2, 3), (1, 2, 3, 4), (0, 1, 2, 5), (5, 2, 3, 4)],
    "improper": [(1, 2, 3, 5)],
}
SHAPE = [(0, 0, 0), (1.4, 0.6, 0), (2.6, -0.3, 0.2), (3.9, 0.5, -0.4), (5.1, -0.2, 0.5), (2.5, -1.5, 0.9)]
CLASS2 = (CLASS2_BOND, CLASS2_ANGLE, CLASS2_TORSION, CLASS2_IMPROPER)
HARMONIC = (HARMONIC_BOND, HARMONIC_ANGLE, OPLS_TORSION)
BOXES = {
    "class2": [CLASS2],
    "harmonic": [HARMONIC],
    "fourier": [(HARMONIC_BOND, FOURIER_TORSION)],
    "class2 beside harmonic": [CLASS2, HARMONIC],
    "three kinds of torsion": [(CLASS2_BOND, CLASS2_TORSION, FOURIER_TORSION), HARMONIC],
}
RULES = {
    "class2": PairRule(LJ96, SIXTH_POWER),
    "9-6, scaled": PairRule(LJ96, SIXTH_POWER, (0.0, 0.0, 0.5), (0.0, 0.0, 0.5)),
    "12-6, sixth power": PairRule(LJ126, SIXTH_POWER, (0.0, 0.3, 1.0), (0.0, 0.0, 1.0)),
    "OPLS": PairRule(LJ126, GEOMETRIC, (0.0, 0.0, 0.5), (0.0, 0.0, 0.5)),
    "AMBER": PairRule(LJ126, ARITHMETIC, (0.0, 0.0, 0.5), (0.0, 0.0, 5 / 6)),
}
MEASURED = """
thermo_style custom emol evdwl ecoul elong
thermo_modify format float %.12g
run 0
"""


def molecule(forms: tuple[Form, ...], rng: np.random.Generator) -> Molecule:
    """Six atoms with terms of these forms and parameters at random, of a size that occurs."""
    spans = {LENGTH: (1.3, 1.7), DEGREE: (90, 130)}

    def terms(form: Form) -> Terms:
        rows = [[rng.uniform(*spans.get(u, (1, 9))) for u in form.parameters.values()] for _ in ATOMS[form.kind]]
        return Terms.of(form, ATOMS[form.kind], rows)

    charges = rng.uniform(-0.3, 0.3, 6)
    pairs = np.column_stack([rng.uniform(0.05, 0.2, 6), rng.uniform(2.5, 3.5, 6)])
    return Molecule("m", ["C"] * 6, list("abcdef"), np.full(6, 12.0), charges - charges.mean(), pairs_of(BONDS), pairs,
                    tuple(map(terms, forms)))  # fmt: skip


def box(kinds: list[tuple[Form, ...]], rule: PairRule) -> System:
    rng = np.random.default_rng(3)
    molecules = [molecule(forms, rng) for forms in kinds] * 2
    places = [np.array(SHAPE) + rng.normal(0, 0.05, (6, 3)) + [3, 6 + 4 * n, 8] for n in range(len(molecules))]
    return System(molecules, np.concatenate(places).round(5), np.full(3, 24.0), pair_rule=rule)


def by_lammps(folder: Path, system: System) -> np.ndarray:
    """Bonded, van der Waals and Coulomb energy in kcal/mol."""
    protocol = protocols.load("quick")
    nonbonded = protocol.nonbonded.model_copy(update={"kspace_accuracy": 1e-7})
    script = lammps.header(system, protocol.model_copy(update={"nonbonded": nonbonded}))
    script = script.replace("read_data", "pair_modify tail no table 0\nread_data").replace("pppm", "ewald")
    (folder / "system.data").write_text(data_file(system))
    (folder / "in.energy").write_text(script + MEASURED)
    program, environment = lammps.command()
    subprocess.run([*program, "-in", "in.energy", "-screen", "none"], cwd=folder, env=environment, check=True)
    lines = (folder / "log.lammps").read_text().splitlines()
    row = next(n for n, line in enumerate(lines) if line.split()[:1] == ["E_mol"])
    bonded, van_der_waals, coulomb, reciprocal = map(float, lines[row + 1].split())
    return np.array([bonded, van_der_waals, coulomb + reciprocal])


def by_openmm(system: System) -> np.ndarray:
    settings = protocols.NonbondedSettings(cutoff=protocols.load("quick").nonbonded.cutoff, kspace_accuracy=1e-6)
    made = openmm_system(system, settings, tail=False)
    names = [force.getName() for force in made.getForces()]
    for group, force in enumerate(made.getForces()):
        force.setForceGroup(group)
    context = openmm.Context(made, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatformByName("Reference"))
    context.setPositions(system.positions * ANGSTROM)
    found = np.zeros(3)
    for group, name in enumerate(names):
        energy = context.getState(getEnergy=True, groups=1 << group).getPotentialEnergy()._value / KCAL
        found[1 if name.endswith("van der Waals") else 2 if name == "Coulomb" else 0] += energy
    return found


def check(folder: Path, system: System) -> None:
    theirs, ours = by_lammps(folder, system), by_openmm(system)
    assert ours[:2] == pytest.approx(theirs[:2], rel=1e-5)
    assert ours[2] == pytest.approx(theirs[2], rel=1e-4, abs=5e-3)
    assert abs(theirs).min() > 0.1


@pytest.mark.parametrize("name", BOXES)
def test_bonded_forms_have_one_energy(name, tmp_path):
    check(tmp_path, box(BOXES[name], RULES["class2"]))


@pytest.mark.parametrize("name", RULES)
def test_pair_rules_have_one_energy(name, tmp_path):
    check(tmp_path, box(BOXES["harmonic"], RULES[name]))


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_parameter_of_a_form_reaches_both_engines(form):
    assert form.kind in KINDS
    written = [name for names in form.lammps_sections.values() for name in names if isinstance(name, str)]
    assert sorted(written) == sorted(form.parameters)
    computed = {name for expression in form.openmm for name in expression.parameters}
    computed |= {name for cosine in form.cosines for name in (cosine.height, cosine.phase) if name}
    assert computed == set(form.parameters)
    assert form.atoms == ATOMS_OF_KIND[form.kind]


def test_a_form_that_an_engine_lacks_is_named(tmp_path):
    unknown = Form("cubic-bond", "bond", {"k": "kcal/mol/Å^3"})
    system = box([(unknown,)], RULES["class2"])
    with pytest.raises(InputError, match="LAMMPS does not have the form cubic-bond"):
        data_file(system)
    with pytest.raises(InputError, match="LAMMPS does not mix lj96 by the rule geometric"):
        by_lammps(tmp_path, box([HARMONIC], PairRule(LJ96, GEOMETRIC)))
    with pytest.raises(InputError, match="LAMMPS needs a bond term for each bond"):
        by_lammps(tmp_path, box([(CLASS2_ANGLE,)], RULES["class2"]))
    with pytest.raises(InputError, match="OpenMM does not have the form cubic-bond"):
        by_openmm(system)
