"""Lithium and TFSI in the PCFF+ description of the published simulations.

Source: parameter files of the PolyGen repository (CC0), after Monteiro et al., J. Phys. Chem. B 2008, 112, 2102.
Charges are stored unscaled; the protocol scales them (0.7 in the published simulations).
"""

import numpy as np
from rdkit import Chem
from rdkit.Chem import AllChem

from autodisco.simulation.forcefield import topology
from autodisco.simulation.molecule import Molecule, Terms

# epsilon (kcal/mol), r (Å); charge (e) before scaling
TFSI_ATOMS = {
    "C": (0.0400, 3.7500, 0.2100 / 0.7),
    "F": (0.0488, 3.4210, -0.0826 / 0.7),
    "N": (0.1643, 3.8900, -0.2982 / 0.7),
    "O": (0.2029, 3.5432, -0.2513 / 0.7),
    "S": (0.2500, 4.0270, 0.3395 / 0.7),
}
# r0 (Å), K2 (kcal/mol/Å²)
TFSI_BONDS = {"CF": (1.35, 403.03), "CS": (1.795, 257.33), "OS": (1.4308, 743.76), "NS": (1.5944, 205.78)}
# theta0 (degrees), K2 (kcal/mol/rad²), by end-centre-end
TFSI_ANGLES = {
    "FCF": (109.1, 71.97),
    "FCS": (109.5, 60.0),
    "CSO": (109.5, 50.0),
    "CSN": (109.5, 50.0),
    "OSO": (119.33, 135.0),
    "NSO": (109.5, 50.0),
    "SNS": (120.0, 50.0),
}
LITHIUM = (0.3727, 1.635)


def lithium(charge_scale: float) -> Molecule:
    """Li+ with charge `charge_scale` e."""
    return Molecule(
        name="LI",
        elements=["Li"],
        types=["Li"],
        masses=np.array([6.94]),
        charges=np.array([charge_scale]),
        nonbonded=np.array([LITHIUM]),
        bonds=Terms.of([], [], 2, 4),
        angles=Terms.of([], [], 3, 11),
        dihedrals=Terms.of([], [], 4, 32),
        impropers=Terms.of([], [], 4, 8),
        template=np.zeros((1, 3)),
    )


def tfsi(charge_scale: float) -> Molecule:
    """Bis(trifluoromethanesulfonyl)imide with total charge -`charge_scale` e; all cross terms are zero."""
    mol = Chem.MolFromSmiles("FC(F)(F)S(=O)(=O)[N-]S(=O)(=O)C(F)(F)F")
    AllChem.EmbedMolecule(mol, randomSeed=1)
    symbols = [atom.GetSymbol() for atom in mol.GetAtoms()]
    bonds = topology.bonds(mol)
    bond_rows = [(*TFSI_BONDS["".join(sorted(symbols[i] + symbols[j]))], 0.0, 0.0) for i, j in bonds]
    length = {pair: row[0] for (i, j), row in zip(bonds, bond_rows, strict=True) for pair in ((i, j), (j, i))}

    angles, angle_rows, theta = [], [], {}
    for i, j, k in topology.angles(mol):
        names = symbols[i] + symbols[j] + symbols[k]
        theta0, constant = TFSI_ANGLES.get(names) or TFSI_ANGLES[names[::-1]]
        lengths = (length[i, j], length[j, k])
        angles.append((i, j, k))
        angle_rows.append((theta0, constant, 0.0, 0.0, 0.0, *lengths, 0.0, 0.0, *lengths))
        theta[i, j, k] = theta[k, j, i] = theta0

    dihedrals, dihedral_rows = [], []
    for i, j, k, m in topology.dihedrals(mol):
        # the published files give the CF3 torsion this phase, which makes eclipsed its minimum
        around_carbon = "C" in (symbols[j], symbols[k])
        row = (0.0, 0.0, 0.0, 0.0, 0.1367, 0.0) if around_carbon else (0.0, 0.0, 0.5, 0.0, 0.0, 0.0)
        ends, thetas = (length[i, j], length[k, m]), (theta[i, j, k], theta[j, k, m])
        zeros = (0.0,) * 6
        dihedrals.append((i, j, k, m))
        dihedral_rows.append(
            (*row, 0.0, 0.0, 0.0, length[j, k], *zeros, *ends, *zeros, *thetas, 0.0, *thetas, 0.0, *ends)
        )
    return Molecule(
        name="TFSI",
        elements=symbols,
        types=[f"tfsi-{s}" for s in symbols],
        masses=np.array([atom.GetMass() for atom in mol.GetAtoms()]),
        charges=charge_scale * np.array([TFSI_ATOMS[s][2] for s in symbols]),
        nonbonded=np.array([TFSI_ATOMS[s][:2] for s in symbols]),
        bonds=Terms.of(bonds, bond_rows, 2, 4),
        angles=Terms.of(angles, angle_rows, 3, 11),
        dihedrals=Terms.of(dihedrals, dihedral_rows, 4, 32),
        impropers=Terms.of([], [], 4, 8),
        template=mol.GetConformer().GetPositions(),
    )
