"""Reads a published LAMMPS class2 data file into an RDKit molecule and the parameters it lists, term by term."""

from collections import defaultdict
from pathlib import Path

import numpy as np
from rdkit import Chem

from autodisco.simulation.forcefield import ion_terms, ions, pcff
from autodisco.simulation.molecule import Molecule, System

BY_MASS = {1: 1, 7: 3, 12: 6, 14: 7, 16: 8, 19: 9, 32: 16}


class DataFile:
    """Sections of a data file; `chain()` is the first molecule in it."""

    def __init__(self, path: Path):
        self.sections: dict[str, list[list[str]]] = defaultdict(list)
        name = ""
        for line in path.read_text().splitlines():
            words = line.split("#")[0].split()
            if not words:
                continue
            if words[0][0].isalpha():
                name = " ".join(words)
            elif name:
                self.sections[name].append(words)

    def rows(self, name: str) -> dict[int, np.ndarray]:
        """Coefficients of one section by type."""
        return {int(row[0]): np.array([float(v) for v in row[1:]]) for row in self.sections[f"{name} Coeffs"]}

    def terms(self, name: str) -> list[tuple[int, tuple[int, ...]]]:
        """(type, atom ids) of one section."""
        return [(int(row[1]), tuple(map(int, row[2:]))) for row in self.sections[name]]

    @property
    def molecules(self) -> list[int]:
        """Numbers of the molecules."""
        return sorted({int(row[1]) for row in self.sections["Atoms"]})

    def box(self, path: Path) -> np.ndarray:
        """Edges of the box."""
        lines = [line.split() for line in path.read_text().splitlines() if line.rstrip().endswith("hi")]
        return np.array([float(words[1]) - float(words[0]) for words in lines])

    def unwrapped(self, ids: list[int], box: np.ndarray) -> np.ndarray:
        """Unwrapped positions of atoms."""
        rows = {int(row[0]): np.array([float(v) for v in row[4:10]]) for row in self.sections["Atoms"]}
        return np.array([rows[i][:3] + rows[i][3:] * box for i in ids])

    def graph(self, ids: list[int]) -> Chem.Mol:
        """Elements and bonds of some atoms, all bonds single."""
        masses = {int(row[0]): float(row[1]) for row in self.sections["Masses"]}
        kinds = {int(row[0]): int(row[2]) for row in self.sections["Atoms"]}
        mol = Chem.RWMol()
        for i in ids:
            mol.AddAtom(Chem.Atom(BY_MASS[round(masses[kinds[i]])]))
        for _, (a, b) in self.terms("Bonds"):
            if a in ids:
                mol.AddBond(ids.index(a), ids.index(b), Chem.BondType.SINGLE)
        return mol.GetMol()

    def chain(self, number: int = 1) -> tuple[Chem.Mol, list[int], np.ndarray, list[int]]:
        """One molecule with explicit hydrogens, the atom ids in its order, their charges and types.

        Bond orders are those of chains with C=O as the only double bond.
        """
        masses = {int(row[0]): float(row[1]) for row in self.sections["Masses"]}
        atoms = sorted((int(r[0]), int(r[2]), float(r[3])) for r in self.sections["Atoms"] if r[1] == str(number))
        ids = [a[0] for a in atoms]
        index = {a: i for i, a in enumerate(ids)}
        mol = Chem.RWMol()
        for _, kind, _ in atoms:
            atom = Chem.Atom(BY_MASS[round(masses[kind])])
            atom.SetNoImplicit(True)
            mol.AddAtom(atom)
        for _, (a, b) in self.terms("Bonds"):
            if a in index and b in index:
                mol.AddBond(index[a], index[b], Chem.BondType.SINGLE)
        for atom in mol.GetAtoms():
            if atom.GetAtomicNum() == 8 and atom.GetDegree() == 1:
                atom.GetBonds()[0].SetBondType(Chem.BondType.DOUBLE)
        Chem.SanitizeMol(mol)
        return mol.GetMol(), ids, np.array([a[2] for a in atoms]), [a[1] for a in atoms]


def published_chains(path: Path) -> System:
    """All chains of a published box, without the salt, with our parameters and its coordinates."""
    data = DataFile(path)
    box = data.box(path)
    chains = [data.chain(number) for number in data.molecules]
    positions = np.concatenate([data.unwrapped(ids, box) for _, ids, _, _ in chains])
    return System([pcff.parameterise(mol) for mol, *_ in chains], positions, box, pair_rule=pcff.PAIR_RULE)


def published_box(path: Path, charge_scale: float = 0.7) -> System:
    """All chains and the LiTFSI of a published box, with our parameters and its coordinates."""
    data = DataFile(path)
    box = data.box(path)
    salt = {len(ion.atoms): ion_terms.class2(ion, charge_scale) for ion in ions.salt("LiTFSI").ions}
    known: dict[tuple, Molecule] = {}  # chains are alike
    molecules, positions = [], []
    for number in data.molecules:
        ids = sorted(int(row[0]) for row in data.sections["Atoms"] if row[1] == str(number))
        if ion := salt.get(len(ids)):
            ids = [ids[i] for i in data.graph(ids).GetSubstructMatch(_graph_of(ion))]
            molecule = ion
        else:
            mol, ids, _, types = data.chain(number)
            if (kinds := tuple(types)) not in known:
                known[kinds] = pcff.parameterise(mol)
            molecule = known[kinds]
        assert len(ids) == len(molecule)
        molecules.append(molecule)
        positions.append(data.unwrapped(ids, box))
    return System(molecules, np.concatenate(positions), box, pair_rule=pcff.PAIR_RULE)


def _graph_of(ion: Molecule) -> Chem.Mol:
    mol = Chem.RWMol()
    for element in ion.elements:
        mol.AddAtom(Chem.Atom(element))
    for i, j in ion.bonds.tolist():
        mol.AddBond(i, j, Chem.BondType.SINGLE)
    return mol.GetMol()
