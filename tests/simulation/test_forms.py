"""Every form and every pair rule has the same energy in LAMMPS and in OpenMM."""

import numpy as np
import pytest

from autodisco.errors import InputError
from autodisco.simulation import engines, protocols
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
SETTINGS = protocols.NonbondedSettings(cutoff=8.0, kspace_accuracy=1e-7)


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


def check_parts(system: System) -> None:
    """Bonded and van der Waals energies to 1e-5; that of Coulomb, whose sums have an accuracy, to 1e-4."""
    theirs, ours = (engines.load(name).energy_parts(system, SETTINGS) for name in ("lammps", "openmm"))
    for part, energy in theirs.items():
        limit = {"rel": 1e-4, "abs": 5e-3} if part == "Coulomb" else {"rel": 1e-5, "abs": 1e-6}
        assert ours.get(part, 0.0) == pytest.approx(energy, **limit), part
    assert abs(theirs["van der Waals"]) > 0.1
    assert sum(map(abs, theirs.values())) > 10


@pytest.mark.parametrize("name", BOXES)
def test_bonded_forms_have_one_energy(name):
    check_parts(box(BOXES[name], RULES["class2"]))


@pytest.mark.parametrize("name", RULES)
def test_pair_rules_have_one_energy(name):
    check_parts(box(BOXES["harmonic"], RULES[name]))


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_parameter_of_a_form_reaches_both_engines(form):
    assert form.kind in KINDS
    written = [name for names in form.lammps_sections.values() for name in names if isinstance(name, str)]
    assert sorted(written) == sorted(form.parameters)
    computed = {name for expression in form.openmm for name in expression.parameters}
    computed |= {name for cosine in form.cosines for name in (cosine.height, cosine.phase) if name}
    assert computed == set(form.parameters)
    assert form.atoms == ATOMS_OF_KIND[form.kind]


def test_a_form_that_an_engine_lacks_is_named():
    lammps, openmm = engines.load("lammps"), engines.load("openmm")
    system = box([(Form("cubic-bond", "bond", {"k": "kcal/mol/Å^3"}),)], RULES["class2"])
    with pytest.raises(InputError, match="LAMMPS does not have the form cubic-bond"):
        lammps.energy_parts(system, SETTINGS)
    with pytest.raises(InputError, match="OpenMM does not have the form cubic-bond"):
        openmm.energy_parts(system, SETTINGS)
    with pytest.raises(InputError, match="LAMMPS does not mix lj96 by the rule geometric"):
        lammps.energy_parts(box([HARMONIC], PairRule(LJ96, GEOMETRIC)), SETTINGS)
    with pytest.raises(InputError, match="LAMMPS needs a bond term for each bond"):
        lammps.energy_parts(box([(CLASS2_ANGLE,)], RULES["class2"]), SETTINGS)
