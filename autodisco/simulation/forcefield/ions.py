"""Ions: Li+ and TFSI- as in the published PCFF+ simulations, others from the literature.

Li+ and TFSI-: parameter files of the PolyGen repository (CC0), after Monteiro et al., J. Phys. Chem. B 2008, 112, 2102.
The others were made for the 12-6 potential and keep its well depth and the place of its minimum here; they have not
been fitted to PCFF, so values with them compare among themselves first. Charges are whole; protocols scale them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import AllChem

from autodisco.errors import InputError
from autodisco.simulation.forcefield import topology
from autodisco.simulation.molecule import Molecule, Terms
from autodisco.simulation.units import KJ_PER_KCAL

Pair = tuple[float, float]
Row = tuple[float, ...]


def _from_12_6(sigma: float, epsilon: float) -> Pair:
    """Epsilon (kcal/mol) and r (Å) of a 9-6 potential with the minimum of a 12-6 one, given in Å and kcal/mol."""
    return epsilon, 2 ** (1 / 6) * sigma


def _from_kj(sigma: float, epsilon: float) -> Pair:
    return _from_12_6(sigma, epsilon / KJ_PER_KCAL)


def _halved(equilibrium: float, constant: float) -> Pair:
    """The harmonic term of k/2 (x - x0)² in kJ/mol as K (x - x0)² in kcal/mol."""
    return equilibrium, constant / 2 / KJ_PER_KCAL


@dataclass(frozen=True)
class Ion:
    """An ion: its atoms by element, and every term by the elements along it, read from either end.

    `atoms` holds epsilon (kcal/mol), r (Å) and charge (e); `bonds` r0 (Å), K2; `angles` theta0 (degrees), K2;
    `torsions` V1, phi1, V2, phi2, V3, phi3 by the elements of the inner bond and its ends, `*` for any end.
    `contact` is the distance (Å) below which a cation touches an atom of an anion, `shell` that below which an atom
    counts as its neighbour.
    """

    smiles: str
    source: str
    atoms: dict[str, tuple[float, float, float]]
    bonds: dict[str, Pair] = field(default_factory=dict)
    angles: dict[str, Pair] = field(default_factory=dict)
    torsions: dict[str, Row] = field(default_factory=dict)
    directions: Sequence[Sequence[float]] = ()
    contact: float | None = None
    shell: float | None = None


PCFF_PLUS = "PCFF+ files of the PolyGen repository"
JOUNG = "Joung and Cheatham, J. Phys. Chem. B 2008, 112, 9020 (TIP3P), from 12-6"
CLP = "Canongia Lopes and Pádua (CL&P), J. Phys. Chem. B 2004, 108, 16893, from 12-6"
TETRAHEDRON = ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1))
OCTAHEDRON = ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1))
_SULFONYL = {"S": (*_from_kj(3.55, 1.046), 1.02), "O": (*_from_kj(2.96, 0.87864), -0.53)}

# Contacts: 3.4 Å for Li+ (France-Lanord and Grossman 2019), shells 2.8 Å; longer by the ionic radius (Shannon 1976, six
# neighbours: 0.76, 1.02 and 1.38 Å) for the others.
CATIONS = {
    "Li": Ion("[Li+]", PCFF_PLUS, {"Li": (0.3727, 1.635, 1.0)}, contact=3.4, shell=2.8),
    "Na": Ion("[Na+]", JOUNG, {"Na": (*_from_12_6(2.4393, 0.08744), 1.0)}, contact=3.66, shell=3.06),
    "K": Ion("[K+]", JOUNG, {"K": (*_from_12_6(3.0380, 0.19368), 1.0)}, contact=4.02, shell=3.42),
}

ANIONS = {
    "TFSI": Ion(
        "FC(F)(F)S(=O)(=O)[N-]S(=O)(=O)C(F)(F)F",
        PCFF_PLUS,
        {
            "C": (0.0400, 3.7500, 0.2100 / 0.7),
            "F": (0.0488, 3.4210, -0.0826 / 0.7),
            "N": (0.1643, 3.8900, -0.2982 / 0.7),
            "O": (0.2029, 3.5432, -0.2513 / 0.7),
            "S": (0.2500, 4.0270, 0.3395 / 0.7),
        },
        {"CF": (1.35, 403.03), "CS": (1.795, 257.33), "OS": (1.4308, 743.76), "NS": (1.5944, 205.78)},
        {
            "FCF": (109.1, 71.97),
            "FCS": (109.5, 60.0),
            "CSO": (109.5, 50.0),
            "CSN": (109.5, 50.0),
            "OSO": (119.33, 135.0),
            "NSO": (109.5, 50.0),
            "SNS": (120.0, 50.0),
        },
        # the published files give the CF3 torsion this phase, which makes eclipsed its minimum
        {"*CS*": (0.0, 0.0, 0.0, 0.0, 0.1367, 0.0), "*NS*": (0.0, 0.0, 0.5, 0.0, 0.0, 0.0)},
    ),
    "FSI": Ion(
        "FS(=O)(=O)[N-]S(=O)(=O)F",
        "CL&P, J. Phys. Chem. B 2008, 112, 9449, from 12-6; the fourfold torsion (1.4 kJ/mol) left out",
        {**_SULFONYL, "F": (*_from_kj(2.95, 0.22175), -0.13), "N": (*_from_kj(3.25, 0.71128), -0.66)},
        {"FS": _halved(1.575, 1879.0), "OS": _halved(1.437, 5331.0), "NS": _halved(1.570, 3137.0)},
        {
            "FSO": _halved(104.1, 1077.0),
            "FSN": _halved(103.0, 902.0),
            "OSO": _halved(118.5, 969.0),
            "NSO": _halved(113.6, 789.0),
            "SNS": _halved(125.6, 671.0),
        },
        {
            "FSNS": (
                *(13.4514 / 2 / KJ_PER_KCAL, 180.0),
                *(-12.3373 / 2 / KJ_PER_KCAL, 0.0),
                *(-8.4874 / 2 / KJ_PER_KCAL, 180.0),
            ),
            "OSNS": (0.0, 0.0, 0.0, 0.0, -0.0150 / 2 / KJ_PER_KCAL, 180.0),
        },
    ),
    "PF6": Ion(
        "F[P-](F)(F)(F)(F)F",
        CLP,
        {"P": (*_from_kj(3.74, 0.8368), 1.34), "F": (*_from_kj(3.12, 0.2552), -0.39)},
        {"FP": _halved(1.606, 3100.0)},
        {"FPF": _halved(90.0, 1165.0)},
        directions=OCTAHEDRON,
    ),
    "BF4": Ion(
        "F[B-](F)(F)F",
        CLP,
        {"B": (*_from_kj(3.58, 0.3975), 0.96), "F": (*_from_kj(3.12, 0.2552), -0.49)},
        {"BF": _halved(1.394, 3235.0)},
        {"FBF": _halved(109.5, 669.5)},
        directions=TETRAHEDRON,
    ),
    "ClO4": Ion(
        "O=Cl(=O)(=O)[O-]",
        "Baaden et al., J. Phys. Chem. B 2001, 105, 11131, as listed in J. Phys. Chem. B 2008, 112, 9020, from 12-6",
        {"Cl": (*_from_12_6(3.50, 0.1177), 1.176), "O": (*_from_12_6(2.90, 0.2099), -0.544)},
        {"ClO": (1.506, 757.286)},
        {"OClO": (109.5, 207.9)},
        directions=TETRAHEDRON,
    ),
}


def salt(name: str, charge_scale: float) -> list[Molecule]:
    """The anion and the cation of a salt such as `LiTFSI`, charges times `charge_scale`.

    Raises InputError for one that is not made of CATIONS and ANIONS.
    """
    cation, anion = split(name)
    return [ion(anion, charge_scale), ion(cation, charge_scale)]


def split(name: str) -> tuple[str, str]:
    """Cation and anion of a salt. Raises InputError."""
    for cation in CATIONS:
        if name.startswith(cation) and name.removeprefix(cation) in ANIONS:
            return cation, name.removeprefix(cation)
    raise InputError(
        f"salt '{name}' is unknown; a cation of {', '.join(CATIONS)} and an anion of {', '.join(ANIONS)}, as in LiTFSI"
    )


def ion(name: str, charge_scale: float) -> Molecule:
    """One ion with total charge plus or minus `charge_scale` e; all cross terms are zero."""
    what = CATIONS.get(name) or ANIONS[name]
    mol = Chem.MolFromSmiles(what.smiles)
    symbols = [atom.GetSymbol() for atom in mol.GetAtoms()]
    pairs = topology.bonds(mol)
    bond_rows = [(*_row(what.bonds, symbols, pair), 0.0, 0.0) for pair in pairs]
    length = {pair: row[0] for (i, j), row in zip(pairs, bond_rows, strict=True) for pair in ((i, j), (j, i))}
    template = _template(mol, what, length)

    angles, angle_rows, theta = [], [], {}
    for i, j, k in topology.angles(mol):
        equilibrium, constant = _row(what.angles, symbols, (i, j, k))
        theta[i, j, k] = theta[k, j, i] = equilibrium
        if _opposite(template[i] - template[j], template[k] - template[j]):
            continue  # the angles across it hold it straight
        lengths = (length[i, j], length[j, k])
        angles.append((i, j, k))
        angle_rows.append((equilibrium, constant, 0.0, 0.0, 0.0, *lengths, 0.0, 0.0, *lengths))

    dihedrals, dihedral_rows = [], []
    for i, j, k, m in topology.dihedrals(mol):
        row = _row(what.torsions, symbols, (i, j, k, m))
        ends, thetas = (length[i, j], length[k, m]), (theta[i, j, k], theta[j, k, m])
        zeros = (0.0,) * 6
        dihedrals.append((i, j, k, m))
        dihedral_rows.append(
            (*row, 0.0, 0.0, 0.0, length[j, k], *zeros, *ends, *zeros, *thetas, 0.0, *thetas, 0.0, *ends)
        )
    return Molecule(
        name=name.upper(),
        elements=symbols,
        types=[name if len(symbols) == 1 else f"{name.lower()}-{s}" for s in symbols],
        masses=np.array([atom.GetMass() for atom in mol.GetAtoms()]),
        charges=charge_scale * np.array([what.atoms[s][2] for s in symbols]),
        nonbonded=np.array([what.atoms[s][:2] for s in symbols]),
        bonds=Terms.of(pairs, bond_rows, 2, 4),
        angles=Terms.of(angles, angle_rows, 3, 11),
        dihedrals=Terms.of(dihedrals, dihedral_rows, 4, 32),
        impropers=Terms.of([], [], 4, 8),
        template=template,
    )


def centre(name: str) -> int:
    """The atom of an ion from which no other is far, such as the nitrogen of TFSI."""
    return int(Chem.GetDistanceMatrix(Chem.MolFromSmiles((CATIONS.get(name) or ANIONS[name]).smiles)).max(0).argmin())


def _row(table: dict[str, Row] | dict[str, Pair], symbols: list[str], atoms: Sequence[int]) -> Row:
    """The parameters of a term by its elements from either end, with any ends where the table says so."""
    names = [symbols[i] for i in atoms]
    for chain in (names, names[::-1]):
        for key in ("".join(chain), "".join(["*", *chain[1:-1], "*"])):
            if key in table:
                return table[key]
    raise KeyError("".join(names))


def _opposite(first: NDArray[np.float64], second: NDArray[np.float64]) -> bool:
    return float(first @ second) < -0.95 * float(np.linalg.norm(first) * np.linalg.norm(second))


def _template(mol: Chem.Mol, what: Ion, length: dict[tuple[int, int], float]) -> NDArray[np.float64]:
    """Coordinates (n, 3) in Å: about a central atom in the directions given, else from RDKit."""
    n = mol.GetNumAtoms()
    if not what.directions:
        if n == 1:
            return np.zeros((1, 3))
        AllChem.EmbedMolecule(mol, randomSeed=1)
        return mol.GetConformer().GetPositions()
    centre = max(range(n), key=lambda i: mol.GetAtomWithIdx(i).GetDegree())
    outer = [i for i in range(n) if i != centre]
    positions = np.zeros((n, 3))
    for i, direction in zip(outer, np.array(what.directions, dtype=float), strict=True):
        positions[i] = length[i, centre] * direction / np.linalg.norm(direction)
    return positions
