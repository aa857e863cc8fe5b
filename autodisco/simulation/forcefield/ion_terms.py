"""From the data of an ion to its class II terms.

Class II is fitted with a 9-6 potential. Parameters made for the 12-6 potential keep their well depth and the place of
the minimum; they have not been fitted to PCFF, so values with them compare among themselves first. All cross terms are
zero.
"""

import numpy as np
from numpy.typing import NDArray

from autodisco.simulation.forcefield import topology
from autodisco.simulation.forcefield.ions import AtomType, Ion, Values
from autodisco.simulation.forms import CLASS2_ANGLE, CLASS2_BOND, CLASS2_IMPROPER, CLASS2_TORSION
from autodisco.simulation.molecule import Molecule, Terms, pairs_of
from autodisco.simulation.units import KJ_PER_KCAL

STRAIGHT = -0.95
"""Cosine of an angle above which (in magnitude) its two bonds count as opposite."""


def class2(ion: Ion, charge_scale: float) -> Molecule:
    """The molecule of an ion, with its charges multiplied by `charge_scale`."""
    mol = ion.molecule
    elements = [atom.GetSymbol() for atom in mol.GetAtoms()]
    kinds = [ion.types[name] for name in ion.atoms]
    template = np.array(ion.positions)
    length: dict[tuple[int, ...], float] = {}
    bond_rows = []
    for i, j in topology.bonds(mol):
        row = _harmonic(ion, ion.row("bonds", (i, j)))
        length[i, j] = length[j, i] = row[0]
        bond_rows.append((*row, 0.0, 0.0))

    angles, angle_rows, theta = [], [], {}
    for i, j, k in topology.angles(mol):
        equilibrium, constant = _harmonic(ion, ion.row("angles", (i, j, k)))
        theta[i, j, k] = theta[k, j, i] = equilibrium
        if _are_opposite(template[i] - template[j], template[k] - template[j]):
            continue  # the other angles of an octahedron keep this one straight
        lengths = (length[i, j], length[j, k])
        angles.append((i, j, k))
        angle_rows.append((equilibrium, constant, 0.0, 0.0, 0.0, *lengths, 0.0, 0.0, *lengths))

    dihedrals, dihedral_rows = [], []
    for i, j, k, m in topology.dihedrals(mol):
        ends, thetas = (length[i, j], length[k, m]), (theta[i, j, k], theta[j, k, m])
        zeros = (0.0,) * 6
        torsion = _torsion(ion, ion.row("torsions", (i, j, k, m)))
        dihedrals.append((i, j, k, m))
        dihedral_rows.append(
            (*torsion, 0.0, 0.0, 0.0, length[j, k], *zeros, *ends, *zeros, *thetas, 0.0, *thetas, 0.0, *ends)
        )

    impropers, improper_rows = [], []
    for i, j, k, m in topology.impropers(mol):
        if len(mol.GetAtomWithIdx(j).GetNeighbors()) == 3 and ion.atoms[j] in ion.out_of_plane:
            constant = _harmonic(ion, (0.0, ion.out_of_plane[ion.atoms[j]]))[1]
            impropers.append((i, j, k, m))
            improper_rows.append((constant, 0.0, 0.0, 0.0, 0.0, theta[i, j, k], theta[i, j, m], theta[k, j, m]))
    return Molecule(
        name=ion.name.upper(),
        elements=elements,
        types=[ion.name if len(elements) == 1 else f"{ion.name.lower()}-{name}" for name in ion.atoms],
        masses=np.array([atom.GetMass() for atom in mol.GetAtoms()]),
        charges=charge_scale * np.array([kind.charge / ion.charges_scaled_by for kind in kinds]),
        nonbonded=np.array([_nine_six(ion, kind) for kind in kinds]),
        bonds=pairs_of(topology.bonds(mol)),
        forces=(
            Terms.of(CLASS2_BOND, topology.bonds(mol), bond_rows),
            Terms.of(CLASS2_ANGLE, angles, angle_rows),
            Terms.of(CLASS2_TORSION, dihedrals, dihedral_rows),
            Terms.of(CLASS2_IMPROPER, impropers, improper_rows),
        ),
        estimated_terms=(f"ion {ion.name}",) if ion.estimated else (),
        template=template,
    )


def _kcal(ion: Ion, energy: float) -> float:
    return energy / KJ_PER_KCAL if ion.energy_unit == "kJ/mol" else energy


def _nine_six(ion: Ion, kind: AtomType) -> tuple[float, float]:
    """Epsilon (kcal/mol) and r (Å) of the 9-6 potential."""
    r = 2 ** (1 / 6) * kind.size if ion.lennard_jones == "12-6" else kind.size
    return _kcal(ion, kind.epsilon), r


def _harmonic(ion: Ion, row: Values) -> tuple[float, float]:
    """Equilibrium and K (kcal/mol) of K (x - x0)²."""
    equilibrium, constant = row
    return equilibrium, _kcal(ion, constant / 2 if ion.harmonic == "k/2" else constant)


def _torsion(ion: Ion, row: Values) -> Values:
    """V1, φ1, V2, φ2, V3, φ3 of Σ Vn (1 - cos(nφ - φn)), kcal/mol and degrees."""
    if ion.torsion == "fourier":
        return tuple(_kcal(ion, value) if place % 2 == 0 else value for place, value in enumerate(row))
    phases = (180.0, 0.0, 180.0)
    return tuple(
        number
        for height, phase in zip(row, phases, strict=True)
        for number in (_kcal(ion, height / 2), phase if height else 0.0)
    )


def _are_opposite(first: NDArray[np.float64], second: NDArray[np.float64]) -> bool:
    return float(first @ second) < STRAIGHT * float(np.linalg.norm(first) * np.linalg.norm(second))
