"""Molecules and side chains: what a repeat unit becomes without its ends, and with another group on its backbone."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from rdkit import Chem, rdBase

from autodisco.errors import InvalidRepeatUnit
from autodisco.polymer.habits import name_advice
from autodisco.polymer.identity import repeated
from autodisco.polymer.repeat_unit import ELEMENTS, RepeatUnit, parse
from autodisco.polymer.spelling import LEFT, LEFT_END, RIGHT, RIGHT_END


@dataclass(frozen=True)
class Molecule:
    """A neutral molecule without ends, given by its canonical SMILES."""

    smiles: str

    @property
    def mol(self) -> Chem.Mol:
        """A new molecule without explicit hydrogens."""
        return Chem.MolFromSmiles(self.smiles)


def read_molecule(text: str, elements: frozenset[str] = ELEMENTS) -> Molecule:
    """A neutral molecule. Raises InvalidRepeatUnit with a code of `parse`."""
    mol = _read(text, elements)
    if any(atom.GetAtomicNum() == 0 for atom in mol.GetAtoms()):
        raise InvalidRepeatUnit("ends", f"'{text}' has an open end, which a molecule does not have; leave * out")
    return Molecule(str(Chem.MolToSmiles(mol)))


def closed(unit: RepeatUnit) -> Molecule:
    """The molecule that has hydrogen in the place of both ends of a repeat unit, which counts as it is written."""
    mol = _labelled(unit)
    for atom in mol.GetAtoms():
        if atom.GetAtomicNum() == 0:
            atom.SetAtomicNum(1)
            atom.SetIsotope(0)
    return Molecule(str(Chem.MolToSmiles(Chem.RemoveHs(mol))))


def opened(molecule: Molecule) -> str | None:
    """A repeat unit that is `closed` to a molecule: two of its hydrogens are replaced, as far apart as possible; None
    where it has not got two."""
    mol = molecule.mol
    atoms = [atom.GetIdx() for atom in mol.GetAtoms() if atom.GetTotalNumHs()]
    if not atoms or (len(atoms) == 1 and mol.GetAtomWithIdx(atoms[0]).GetTotalNumHs() < 2):
        return None
    distances = Chem.GetDistanceMatrix(mol)[np.ix_(atoms, atoms)]
    first, last = (atoms[place] for place in np.unravel_index(np.argmax(distances), distances.shape))
    ends = Chem.RWMol(mol)
    for atom, isotope in ((first, LEFT), (last, RIGHT)):
        _replace_hydrogen(ends, atom, isotope)
    root = mol.GetNumAtoms()  # the first end
    return _without_labels(Chem.MolToSmiles(ends.GetMol(), rootedAtAtom=root))


def sites(unit: RepeatUnit) -> int:
    """In how many places of its backbone a repeat unit can have a side chain: atoms of carbon with hydrogen."""
    return len(_sites(_labelled(unit)))


def grafted(unit: RepeatUnit, side: str, site: int, elements: frozenset[str] = ELEMENTS) -> RepeatUnit:
    """A repeat unit with a side chain, whose one end is ``*``, at a place of its backbone; places are counted from 1 in
    the order in which the unit is written.

    Raises InvalidRepeatUnit with a code of `parse`, and ``side-chain`` for a place that does not exist.
    """
    branch, backbone = _read(side, elements), _labelled(unit)
    ends = [atom for atom in branch.GetAtoms() if atom.GetAtomicNum() == 0]
    if len(ends) != 1 or ends[0].GetDegree() != 1 or ends[0].GetBonds()[0].GetBondType() != Chem.BondType.SINGLE:
        raise InvalidRepeatUnit(
            "ends", f"'{side}' is no side chain, which has one end * with a single bond, such as *OCC"
        )
    places = _sites(backbone)
    if not 1 <= site <= len(places):
        raise InvalidRepeatUnit(
            "side-chain",
            f"'{unit.given}' has {len(places)} places for a side chain, and number {site} is asked for",
        )
    joined = Chem.RWMol(Chem.CombineMols(backbone, branch))
    end = backbone.GetNumAtoms() + ends[0].GetIdx()
    beside = backbone.GetNumAtoms() + ends[0].GetNeighbors()[0].GetIdx()
    atom = joined.GetAtomWithIdx(places[site - 1])
    atom.SetNumExplicitHs(max(0, atom.GetNumExplicitHs() - 1))
    joined.AddBond(places[site - 1], beside, Chem.BondType.SINGLE)
    joined.RemoveAtom(end)
    Chem.SanitizeMol(joined)
    return parse(_without_labels(Chem.MolToSmiles(joined.GetMol())), elements)


def _read(text: str, elements: frozenset[str]) -> Chem.Mol:
    """A neutral molecule, which may have open ends."""
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(text) if text else None
    if mol is None or len(Chem.GetMolFrags(mol)) != 1:
        said = name_advice(text) or "write one molecule, such as COCCOC"
        raise InvalidRepeatUnit("unparsable", f"'{text}' is not the SMILES of one molecule: {said}")
    symbols = {atom.GetSymbol() for atom in mol.GetAtoms()} - {"*"}
    if foreign := sorted(symbols - elements):
        raise InvalidRepeatUnit("element", f"'{text}' holds {foreign[0]}; allowed are {', '.join(sorted(elements))}")
    if Chem.GetFormalCharge(mol):
        raise InvalidRepeatUnit(
            "charge", f"'{text}' has a net charge of {Chem.GetFormalCharge(mol):+d}; allowed is a neutral molecule"
        )
    if any(atom.GetNumRadicalElectrons() for atom in mol.GetAtoms()):
        raise InvalidRepeatUnit("radical", f"'{text}' has an atom with an unpaired electron; write it without brackets")
    return mol


def _labelled(unit: RepeatUnit) -> Chem.Mol:
    """A unit as it is cut and turned where it was written, its ends with the isotopes 1 and 2."""
    text = repeated(unit.written)
    return Chem.MolFromSmiles(f"{LEFT_END}{text[1:-1]}{RIGHT_END}")


def _sites(unit: Chem.Mol) -> list[int]:
    ends = {atom.GetIsotope(): atom.GetIdx() for atom in unit.GetAtoms() if atom.GetAtomicNum() == 0}
    path: Iterable[int] = Chem.GetShortestPath(unit, ends[LEFT], ends[RIGHT])[1:-1]
    carbons = [atom for atom in path if unit.GetAtomWithIdx(atom).GetAtomicNum() == 6]
    return [atom for atom in carbons if unit.GetAtomWithIdx(atom).GetTotalNumHs()]


def _replace_hydrogen(mol: Chem.RWMol, atom: int, isotope: int) -> None:
    end = Chem.Atom(0)
    end.SetIsotope(isotope)
    mol.AddBond(atom, mol.AddAtom(end), Chem.BondType.SINGLE)
    hydrogens = mol.GetAtomWithIdx(atom).GetNumExplicitHs()
    mol.GetAtomWithIdx(atom).SetNumExplicitHs(max(0, hydrogens - 1))
    Chem.SanitizeMol(mol)


def _without_labels(text: str) -> str:
    return str(text).replace(LEFT_END, "*").replace(RIGHT_END, "*")
