"""A System as OpenMM knows it: class II as custom forces, equal to LAMMPS' class2 styles term by term.

The forms are those of the LAMMPS manual (bond, angle, dihedral, improper style class2; pair style lj/class2/coul/long).
Sixth-power mixing is written in closed form: with c = sqrt(epsilon) r³ and g = r⁶ of the two atoms, the pair's
epsilon r⁶ is c₁c₂ and its r³ is sqrt((g₁ + g₂) / 2), so that no table of type pairs is needed.
"""

import math
from collections.abc import Sequence

import numpy as np
import openmm
from numpy.typing import NDArray
from scipy.sparse import csr_array

from autodisco.simulation.molecule import ANGLE_COLUMNS, BOND_COLUMNS, DIHEDRAL_COLUMNS, IMPROPER_COLUMNS, System
from autodisco.simulation.protocols import NonbondedSettings

KCAL, ANGSTROM, DEGREE = 4.184, 0.1, math.pi / 180  # in kJ/mol, nm, rad

#: Forces evaluated in every time step; the others in the outer one when there are several.
INNER_FORCES = ("bond", "angle")

BOND = "x^2*(k2+x*(k3+x*k4)); x=r-r0"
ANGLE = (
    "x^2*(k2+x*(k3+x*k4)) + M*(a-r1)*(b-r2) + x*(N1*(a-s1)+N2*(b-s2));"
    "x=angle(p1,p2,p3)-t0; a=distance(p1,p2); b=distance(p2,p3)"
)
TORSION_CROSS = (
    "(b-bm)*(A1*c1+A2*c2+A3*c3) + (a-e1)*(B1*c1+B2*c2+B3*c3) + (c-e2)*(C1*c1+C2*c2+C3*c3)"
    "+ (u-u1)*(D1*c1+D2*c2+D3*c3) + (v-v1)*(E1*c1+E2*c2+E3*c3) + M*(u-u2)*(v-v2)*c1 + N*(a-g1)*(c-g2);"
    "c3=cos(3*phi); c2=cos(2*phi); c1=cos(phi); phi=dihedral(p1,p2,p3,p4);"
    "a=distance(p1,p2); b=distance(p2,p3); c=distance(p3,p4); u=angle(p1,p2,p3); v=angle(p2,p3,p4)"
)
# the centre is the second atom; chi is the mean over the three ways to choose the bond that leaves the plane
WILSON = (
    "K*(chi-chi0)^2; chi=(asin(T/sin(a1))+asin(T/sin(a2))+asin(T/sin(a3)))/3;"
    "T=sin(a1)*sin(a3)*sin(dihedral(p1,p2,p3,p4)); a1=angle(p1,p2,p3); a2=angle(p1,p2,p4); a3=angle(p3,p2,p4)"
)
ANGLE_ANGLE = "M1*x1*x3+M2*x1*x2+M3*x2*x3; x1=angle(p1,p2,p3)-t1; x2=angle(p1,p2,p4)-t2; x3=angle(p3,p2,p4)-t3"
LENNARD_JONES = "c1*c2/r^6*(2*sqrt((g1+g2)/2)/r^3-3)"


def openmm_system(
    system: System, nonbonded: NonbondedSettings, hydrogen_mass: float | None = None, tail: bool = True
) -> openmm.System:
    """All forces of `system` in a periodic box, each named, the inner ones in group 0 and the others in group 1.

    `hydrogen_mass` (g/mol) makes hydrogens heavier at the cost of their neighbour; `tail` adds the correction for
    Lennard-Jones beyond the cutoff.
    """
    result = openmm.System()
    for mass in system.simulated_masses(hydrogen_mass):
        result.addParticle(mass)
    result.setDefaultPeriodicBoxVectors(*np.diag(system.box * ANGSTROM).tolist())
    forces = [_bonds(system), _angles(system), *_torsions(system), *_impropers(system)]
    for force in [*forces, *nonbonded_forces(system, nonbonded, tail)]:
        force.setForceGroup(0 if force.getName() in INNER_FORCES else 1)
        result.addForce(force)
    return result


def _named(force: openmm.Force, name: str) -> openmm.Force:
    force.setName(name)
    return force


def _compound(name: str, atoms: int, energy: str, parameters: str) -> openmm.CustomCompoundBondForce:
    force = _named(openmm.CustomCompoundBondForce(atoms, energy), name)
    for parameter in parameters.split():
        force.addPerBondParameter(parameter)
    return force


def _fill(force: openmm.Force, atoms: NDArray[np.int64], parameters: NDArray[np.float64]) -> openmm.Force:
    for members, values in zip(atoms.tolist(), parameters.tolist(), strict=True):
        force.addBond(members, values)
    return force


def _units(columns: slice, *units: float) -> tuple[slice, NDArray[np.float64]]:
    return columns, np.array(units)


def _converted(rows: NDArray[np.float64], *parts: tuple[slice, NDArray[np.float64]]) -> NDArray[np.float64]:
    """The columns of several sections side by side, in units of OpenMM."""
    return np.concatenate([rows[:, columns] * units for columns, units in parts], axis=1)


def _powers(unit: float) -> Sequence[float]:
    return [KCAL / unit**n for n in (2, 3, 4)]


def _bonds(system: System) -> openmm.Force:
    terms = system.terms("bonds")
    force = _named(openmm.CustomBondForce(BOND), "bond")
    for parameter in ("r0", "k2", "k3", "k4"):
        force.addPerBondParameter(parameter)
    rows = _converted(terms.parameters, _units(BOND_COLUMNS["Bond"], ANGSTROM, *_powers(ANGSTROM)))
    for (i, j), values in zip(terms.atoms.tolist(), rows.tolist(), strict=True):
        force.addBond(i, j, values)
    return force


def _angles(system: System) -> openmm.Force:
    terms, per_length = system.terms("angles"), KCAL / ANGSTROM
    rows = _converted(
        terms.parameters,
        _units(ANGLE_COLUMNS["Angle"], DEGREE, *_powers(1.0)),
        _units(ANGLE_COLUMNS["BondBond"], KCAL / ANGSTROM**2, ANGSTROM, ANGSTROM),
        _units(ANGLE_COLUMNS["BondAngle"], per_length, per_length, ANGSTROM, ANGSTROM),
    )
    return _fill(_compound("angle", 3, ANGLE, "t0 k2 k3 k4 M r1 r2 N1 N2 s1 s2"), terms.atoms, rows)


def _torsions(system: System) -> list[openmm.Force]:
    """The Fourier part as OpenMM's own periodic torsions, and the cross terms of those that have any."""
    terms, per_length = system.terms("dihedrals"), KCAL / ANGSTROM
    plain = _named(openmm.PeriodicTorsionForce(), "torsion")
    fourier = _converted(terms.parameters, _units(DIHEDRAL_COLUMNS["Dihedral"], *[KCAL, DEGREE] * 3))
    for atoms, row in zip(terms.atoms.tolist(), fourier.tolist(), strict=True):
        for n in (1, 2, 3):
            height, phase = row[2 * n - 2 : 2 * n]
            if height:
                plain.addTorsion(*atoms, n, phase + math.pi, height)
    rows = _converted(
        terms.parameters,
        _units(DIHEDRAL_COLUMNS["MiddleBondTorsion"], *[per_length] * 3, ANGSTROM),
        _units(DIHEDRAL_COLUMNS["EndBondTorsion"], *[per_length] * 6, ANGSTROM, ANGSTROM),
        _units(DIHEDRAL_COLUMNS["AngleTorsion"], *[KCAL] * 6, DEGREE, DEGREE),
        _units(DIHEDRAL_COLUMNS["AngleAngleTorsion"], KCAL, DEGREE, DEGREE),
        _units(DIHEDRAL_COLUMNS["BondBond13"], KCAL / ANGSTROM**2, ANGSTROM, ANGSTROM),
    )
    names = "A1 A2 A3 bm B1 B2 B3 C1 C2 C3 e1 e2 D1 D2 D3 E1 E2 E3 u1 v1 M u2 v2 N g1 g2".split()
    strengths = [place for place, name in enumerate(names) if name[0] in "ABCDEMN"]
    coupled = rows[:, strengths].any(axis=1)
    force = _compound("torsion cross", 4, TORSION_CROSS, " ".join(names))
    return [plain, _fill(force, terms.atoms[coupled], rows[coupled])]


def _impropers(system: System) -> list[openmm.Force]:
    terms = system.terms("impropers")
    wilson = _converted(terms.parameters, _units(IMPROPER_COLUMNS["Improper"], KCAL, DEGREE))
    couplings = _converted(terms.parameters, _units(IMPROPER_COLUMNS["AngleAngle"], *[KCAL] * 3, *[DEGREE] * 3))
    bent, coupled = wilson[:, 0] != 0, couplings[:, :3].any(axis=1)
    return [
        _fill(_compound("out-of-plane", 4, WILSON, "K chi0"), terms.atoms[bent], wilson[bent]),
        _fill(_compound("angle-angle", 4, ANGLE_ANGLE, "M1 M2 M3 t1 t2 t3"), terms.atoms[coupled], couplings[coupled]),
    ]


def nonbonded_forces(system: System, settings: NonbondedSettings, tail: bool) -> list[openmm.Force]:
    """9-6 Lennard-Jones and PME; pairs joined by one or two bonds do not see each other, those by three do in full."""
    excluded = _excluded(system)
    epsilon, radius = np.concatenate([m.nonbonded for m in system.molecules]).T
    lengths = radius * ANGSTROM
    lennard_jones = _named(openmm.CustomNonbondedForce(LENNARD_JONES), "van der Waals")
    for parameter in ("c", "g"):
        lennard_jones.addPerParticleParameter(parameter)
    for pair in np.column_stack([np.sqrt(epsilon * KCAL) * lengths**3, lengths**6]).tolist():
        lennard_jones.addParticle(pair)
    lennard_jones.setNonbondedMethod(openmm.CustomNonbondedForce.CutoffPeriodic)
    lennard_jones.setCutoffDistance(settings.cutoff * ANGSTROM)
    lennard_jones.setUseLongRangeCorrection(tail)
    coulomb = _named(openmm.NonbondedForce(), "Coulomb")
    for charge in system.charges.tolist():
        coulomb.addParticle(charge, 0.1, 0.0)
    for i, j in excluded:
        lennard_jones.addExclusion(i, j)
        coulomb.addException(i, j, 0.0, 0.1, 0.0)
    coulomb.setNonbondedMethod(openmm.NonbondedForce.PME)
    coulomb.setCutoffDistance(settings.cutoff * ANGSTROM)
    coulomb.setEwaldErrorTolerance(settings.kspace_accuracy)
    coulomb.setUseDispersionCorrection(False)
    return [lennard_jones, coulomb]


def _excluded(system: System) -> list[tuple[int, int]]:
    """Pairs joined by one or two bonds; from the bonds, because not every two of them make an angle term."""
    bonds = system.terms("bonds").atoms
    n = len(system.elements)
    joined = csr_array((np.ones(2 * len(bonds)), np.concatenate([bonds, bonds[:, ::-1]]).T), shape=(n, n))
    first, second = (joined + joined @ joined).nonzero()
    return [(i, j) for i, j in zip(first.tolist(), second.tolist(), strict=True) if i < j]
