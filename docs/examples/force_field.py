"""OPLS-AA for alkanes: harmonic bonds and angles, cosines of torsions, 12-6 potentials, half of them between 1-4 pairs.

Parameters: Jorgensen, Maxwell and Tirado-Rives, J. Am. Chem. Soc. 1996, 118, 11225.
"""

import numpy as np

from autodisco.errors import SimulationFailure
from autodisco.simulation.forcefield import ForceField, topology
from autodisco.simulation.forms import GEOMETRIC, HARMONIC_ANGLE, HARMONIC_BOND, LJ126, OPLS_TORSION, PairRule
from autodisco.simulation.molecule import Molecule, Terms, pairs_of

NONBONDED = {"C": (0.066, 3.5), "H": (0.030, 2.5)}  # epsilon (kcal/mol), sigma (Å)
BONDS = {"CC": (268.0, 1.529), "CH": (340.0, 1.090)}  # K (kcal/mol/Å²), r0 (Å)
ANGLES = {"CCC": (58.35, 112.7), "CCH": (37.5, 110.7), "HCH": (33.0, 107.8)}  # K (kcal/mol/rad²), theta0 (degrees)
TORSIONS = {"CCCC": (1.74, -0.157, 0.279, 0), "CCCH": (0, 0, 0.366, 0), "HCCH": (0, 0, 0.318, 0)}  # V1 to V4 (kcal/mol)
HYDROGEN_CHARGE = 0.06  # e; a carbon balances its own hydrogens


class Alkanes(ForceField):
    """OPLS-AA for saturated hydrocarbons."""

    pair_rule = PairRule(LJ126, GEOMETRIC, van_der_waals=(0, 0, 0.5), coulomb=(0, 0, 0.5))

    def polymer(self, mol):
        elements = [atom.GetSymbol() for atom in mol.GetAtoms()]
        if set(elements) - set(NONBONDED) or any(bond.GetBondTypeAsDouble() != 1 for bond in mol.GetBonds()):
            raise SimulationFailure("parameters-missing", "only alkanes have parameters")

        def terms(form, table, members):
            members = list(members)
            names = [min(text, text[::-1]) for text in ("".join(elements[i] for i in atoms) for atoms in members)]
            return Terms.of(form, members, [table[name] for name in names])

        hydrogens = [sum(n.GetSymbol() == "H" for n in atom.GetNeighbors()) for atom in mol.GetAtoms()]
        charges = [
            HYDROGEN_CHARGE if e == "H" else -HYDROGEN_CHARGE * n for e, n in zip(elements, hydrogens, strict=True)
        ]
        return Molecule(
            name="POL",
            elements=elements,
            types=elements,
            masses=np.array([atom.GetMass() for atom in mol.GetAtoms()]),
            charges=np.array(charges),
            bonds=pairs_of(topology.bonds(mol)),
            nonbonded=np.array([NONBONDED[element] for element in elements]),
            forces=(
                terms(HARMONIC_BOND, BONDS, topology.bonds(mol)),
                terms(HARMONIC_ANGLE, ANGLES, topology.angles(mol)),
                terms(OPLS_TORSION, TORSIONS, topology.dihedrals(mol)),
            ),
        )
