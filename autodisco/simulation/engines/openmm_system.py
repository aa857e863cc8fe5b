"""A System as OpenMM knows it: custom forces from the expressions in `forms`, equal to LAMMPS term by term."""

import math
from collections.abc import Iterator

import numpy as np
import openmm
from scipy.sparse import csr_array

from autodisco.arrays import Floats
from autodisco.errors import InputError
from autodisco.simulation import forms
from autodisco.simulation.forms import Expression, Form, PairRule
from autodisco.simulation.molecule import System, Terms
from autodisco.simulation.protocols import NonbondedSettings
from autodisco.simulation.units import KJ_PER_KCAL

KCAL, ANGSTROM, DEGREE = KJ_PER_KCAL, 0.1, math.pi / 180  # in kJ/mol, nm, rad

#: The units of `forms` in those of OpenMM.
UNITS = {
    forms.KCAL: KCAL,
    forms.LENGTH: ANGSTROM,
    forms.DEGREE: DEGREE,
    **{unit: KCAL / ANGSTROM**n for n, unit in forms.PER_LENGTH.items()},
}

#: Kinds of terms that are evaluated in every time step; all others in the outer one when there are several.
INNER_KINDS = ("bond", "angle")
INNER_GROUP, OUTER_GROUP = 0, 1


def openmm_system(
    system: System, nonbonded: NonbondedSettings, hydrogen_mass: float | None = None, tail: bool = True
) -> openmm.System:
    """All forces of `system` in a periodic box, each named, the inner ones in group 0 and the others in group 1.

    `hydrogen_mass` (g/mol) makes hydrogens heavier at the cost of their neighbour; `tail` adds the correction for
    van der Waals forces beyond the cutoff. Raises InputError for a form that OpenMM does not have.
    """
    result = openmm.System()
    for mass in system.simulated_masses(hydrogen_mass):
        result.addParticle(mass)
    result.setDefaultPeriodicBoxVectors(*np.diag(system.box * ANGSTROM).tolist())
    for kind in forms.KINDS:
        for form in system.forms:
            if form.kind == kind:
                for force in _bonded(form, system.terms(form)):
                    force.setForceGroup(INNER_GROUP if kind in INNER_KINDS else OUTER_GROUP)
                    result.addForce(force)
    for force in nonbonded_forces(system, nonbonded, tail):
        force.setForceGroup(OUTER_GROUP)
        result.addForce(force)
    return result


def _named(force: openmm.Force, name: str) -> openmm.Force:
    force.setName(name)
    return force


def _bonded(form: Form, terms: Terms) -> Iterator[openmm.Force]:
    """The forces of one form."""
    if not form.has_openmm:
        raise InputError(f"OpenMM does not have the form {form.name}")
    if form.cosines:
        yield _torsions(form, terms)
    for expression in form.openmm:
        yield _custom(form, expression, terms)


def _converted(form: Form, terms: Terms, names: tuple[str, ...]) -> Floats:
    """Parameters (n, p) by name, in units of OpenMM."""
    return terms.parameters[:, form.columns(names)] * np.array([UNITS[form.parameters[name]] for name in names])


def _custom(form: Form, expression: Expression, terms: Terms) -> openmm.Force:
    if form.kind == "bond":
        force = openmm.CustomBondForce(expression.energy)
    else:
        force = openmm.CustomCompoundBondForce(form.atoms, expression.energy)
    for parameter in expression.parameters:
        force.addPerBondParameter(parameter)
    rows, atoms = _converted(form, terms, expression.parameters), terms.atoms
    if expression.strengths:
        present = terms.parameters[:, form.columns(expression.strengths)].any(axis=1)
        rows, atoms = rows[present], atoms[present]
    for members, values in zip(atoms.tolist(), rows.tolist(), strict=True):
        if form.kind == "bond":
            force.addBond(*members, values)
        else:
            force.addBond(members, values)
    return _named(force, expression.name)


def _torsions(form: Form, terms: Terms) -> openmm.Force:
    """The cosines of a form as OpenMM's own periodic torsions, without those that have no height."""
    force = openmm.PeriodicTorsionForce()
    heights = [cosine.factor * _converted(form, terms, (cosine.height,))[:, 0] for cosine in form.cosines]
    phases = [
        (_converted(form, terms, (cosine.phase,))[:, 0] if cosine.phase else 0.0)
        + np.full(len(terms.atoms), cosine.shift)
        for cosine in form.cosines
    ]
    for term, members in enumerate(terms.atoms.tolist()):
        for cosine, height, phase in zip(form.cosines, heights, phases, strict=True):
            if height[term]:
                force.addTorsion(*members, cosine.n, float(phase[term]), float(height[term]))
    return _named(force, "torsion")


def nonbonded_forces(system: System, settings: NonbondedSettings, tail: bool) -> list[openmm.Force]:
    """Van der Waals and PME by the pair rule; with a third force for neighbours that count in part, if there are any.

    Raises InputError without a pair rule.
    """
    rule = system.pair_rule
    if rule is None:
        raise InputError("OpenMM needs a force field with a pair rule")
    potential = rule.potential
    epsilon, length = system.nonbonded.T
    per_atom = potential.of_atoms(epsilon * KCAL, length * ANGSTROM).tolist()
    van_der_waals = _named(openmm.CustomNonbondedForce(potential.energy), "van der Waals")
    for parameter in potential.parameters:
        van_der_waals.addPerParticleParameter(parameter)
    for values in per_atom:
        van_der_waals.addParticle(values)
    van_der_waals.setNonbondedMethod(openmm.CustomNonbondedForce.CutoffPeriodic)
    van_der_waals.setCutoffDistance(settings.cutoff * ANGSTROM)
    van_der_waals.setUseLongRangeCorrection(tail)
    coulomb = _named(openmm.NonbondedForce(), "Coulomb")
    charges = system.charges.tolist()
    for charge in charges:
        coulomb.addParticle(charge, 0.1, 0.0)
    scaled = _scaled_pairs(rule)
    for i, j, bonds in near_pairs(system):
        of_pair, of_charges = rule.van_der_waals[bonds - 1], rule.coulomb[bonds - 1]
        if of_pair == of_charges == 1.0:
            continue
        van_der_waals.addExclusion(i, j)
        coulomb.addException(i, j, of_charges * charges[i] * charges[j] if of_charges else 0.0, 0.1, 0.0)
        if of_pair:
            scaled.addBond(i, j, [of_pair, *per_atom[i], *per_atom[j]])
    coulomb.setNonbondedMethod(openmm.NonbondedForce.PME)
    coulomb.setCutoffDistance(settings.cutoff * ANGSTROM)
    coulomb.setEwaldErrorTolerance(settings.kspace_accuracy)
    coulomb.setUseDispersionCorrection(False)
    return [van_der_waals, coulomb, *([scaled] if scaled.getNumBonds() else [])]


def _scaled_pairs(rule: PairRule) -> openmm.CustomBondForce:
    """The van der Waals energy of pairs that count in part, still without any."""
    potential = rule.potential
    force = _named(openmm.CustomBondForce(f"factor*pair; pair={potential.energy}"), "scaled van der Waals")
    for parameter in ("factor", *(f"{name}{atom}" for atom in (1, 2) for name in potential.parameters)):
        force.addPerBondParameter(parameter)
    return force


def near_pairs(system: System) -> list[tuple[int, int, int]]:
    """Pairs of atoms i < j joined by at most three bonds, and by how many at least; from the bonds, because not every
    chain of bonds makes a term."""
    bonds = system.bonds
    n = len(system.elements)
    joined = csr_array((np.ones(2 * len(bonds)), np.concatenate([bonds, bonds[:, ::-1]]).T), shape=(n, n))
    bonded = set(zip(*joined.nonzero(), strict=True))
    found: dict[tuple[int, int], int] = {}
    for reached, distance in ((joined + joined @ joined, 2), (joined @ joined @ joined, 3)):
        for pair in zip(*(side.tolist() for side in reached.nonzero()), strict=True):
            if pair[0] < pair[1]:
                found.setdefault(pair, 1 if pair in bonded else distance)
    return [(*pair, distance) for pair, distance in found.items()]
