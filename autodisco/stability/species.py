"""Molecules for the calculation: oligomers with methyl ends, alone, with a lithium ion or with an anion.

A species has several starting structures; the calculation relaxes the one with the lowest energy. All random numbers
have fixed seeds, so that a polymer always has the same value.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import AllChem

from autodisco.arrays import Floats
from autodisco.errors import InputError, WindowFailure
from autodisco.polymer import ORGANIC_ELEMENTS, RepeatUnit, chain, parse
from autodisco.polymer.habits import name_advice

ANION = "FC(F)(F)S(=O)(=O)[N-]S(=O)(=O)C(F)(F)F"
"""TFSI, the anion of the paper's salt."""

SEED, HEAVIEST = 7, 86
CONFORMERS, KEPT, PLACES = 10, 4, 24
LITHIUM = 3
DONORS = frozenset({7, 8, 9, 16, 17})
LITHIUM_A, CHELATE_A, ANION_A, CLOSEST_A = 1.95, 4.2, 2.4, 1.5
"""Distances in Å: lithium to its first neighbour; between two atoms that may hold it together; anion to the molecule;
the closest that a starting structure has."""


@dataclass(frozen=True)
class Species:
    """Atoms, bonds, charge (e) and starting structures (each (atoms, 3) in Å) of what is calculated."""

    numbers: tuple[int, ...]
    bonds: tuple[tuple[int, int], ...]
    charge: int
    starts: tuple[Floats, ...]


def oligomer(unit: RepeatUnit | str, units: int) -> Chem.Mol:
    """A chain of `units` repeat units with methyl ends and explicit hydrogens. Raises InvalidRepeatUnit."""
    return chain(parse(unit, ORGANIC_ELEMENTS) if isinstance(unit, str) else unit, units).mol


def molecule(smiles: str) -> Chem.Mol:
    """A molecule or ion with explicit hydrogens. Raises InputError for a text that is none, for several molecules, and
    for a species with unpaired electrons."""
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(smiles)
    numbers = [atom.GetAtomicNum() for atom in mol.GetAtoms()] if mol else []
    if not numbers or 0 in numbers:
        said = name_advice(smiles) or "write a molecule such as COCCOC, or a repeat unit such as *OCC*"
        raise InputError(f"'{smiles}' is not the SMILES of a molecule: {said}")
    if (parts := len(Chem.GetMolFrags(mol))) > 1:
        raise InputError(f"'{smiles}' is {parts} molecules; allowed is one")
    if max(numbers) > HEAVIEST:
        raise InputError(f"'{smiles}' has an element above radon, for which GFN2-xTB has no parameters")
    mol = Chem.AddHs(mol)
    electrons = sum(atom.GetAtomicNum() for atom in mol.GetAtoms()) - Chem.GetFormalCharge(mol)
    if electrons % 2 or any(atom.GetNumRadicalElectrons() for atom in mol.GetAtoms()):
        raise InputError(f"'{smiles}' has unpaired electrons; allowed is a molecule or ion whose electrons are paired")
    return mol


def alone(mol: Chem.Mol) -> Species:
    """The molecule by itself: the conformer with the lowest energy of a force field."""
    return _species(mol, _conformers(mol)[:1])


def with_lithium(mol: Chem.Mol) -> Species:
    """The molecule and a lithium ion at one or two of its donor atoms."""
    numbers = [atom.GetAtomicNum() for atom in mol.GetAtoms()]
    donors = [k for k, number in enumerate(numbers) if number in DONORS] or [
        k for k, number in enumerate(numbers) if number > 1
    ]
    starts = []
    for positions in _conformers(mol):
        for place in _places(positions, donors):
            if np.linalg.norm(positions - place, axis=1).min() >= CLOSEST_A:
                starts.append(np.vstack([positions, place]))
    if not starts:
        raise WindowFailure("no place for a lithium ion was found; leave --with-salt out")
    ion = Chem.MolFromSmiles("[Li+]")
    return _species(Chem.CombineMols(mol, ion), _spread(starts))


def with_anion(mol: Chem.Mol, anion: str = ANION) -> Species:
    """The molecule and an anion beside it, in several orientations."""
    other = molecule(anion)
    rng = np.random.default_rng(SEED)
    starts = []
    partner = _conformers(other)[0]
    for positions in _conformers(mol):
        for _ in range(PLACES // KEPT):
            turned = (partner - partner.mean(axis=0)) @ _rotation(rng)
            direction = rng.normal(size=3)
            direction /= np.linalg.norm(direction)
            distance = 0.0
            while _closest(positions, moved := turned + positions.mean(axis=0) + distance * direction) < ANION_A:
                distance += 0.2
            starts.append(np.vstack([positions, moved]))
    return _species(Chem.CombineMols(mol, other), starts)


def _species(mol: Chem.Mol, starts: list[Floats]) -> Species:
    bonds = tuple((bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in mol.GetBonds())
    numbers = tuple(atom.GetAtomicNum() for atom in mol.GetAtoms())
    return Species(numbers, bonds, Chem.GetFormalCharge(mol), tuple(starts))


def _conformers(mol: Chem.Mol) -> list[Floats]:
    """Up to `KEPT` conformers, lowest energy of MMFF94 (otherwise UFF) first. Raises WindowFailure without any."""
    mol = Chem.Mol(mol)
    with rdBase.BlockLogs():
        AllChem.EmbedMultipleConfs(mol, CONFORMERS, randomSeed=SEED, maxAttempts=100)
        if not mol.GetNumConformers():
            AllChem.EmbedMultipleConfs(mol, CONFORMERS, randomSeed=SEED, useRandomCoords=True, maxAttempts=100)
        if not mol.GetNumConformers():
            raise WindowFailure(
                "RDKit finds no three-dimensional structure; a shorter oligomer may have one (--units 1)"
            )
        order = list(range(mol.GetNumConformers()))
        if AllChem.MMFFHasAllMoleculeParams(mol):
            energies = [energy for _, energy in AllChem.MMFFOptimizeMoleculeConfs(mol, maxIters=500)]
            order.sort(key=lambda k: energies[k])
        elif AllChem.UFFHasAllMoleculeParams(mol):
            energies = [energy for _, energy in AllChem.UFFOptimizeMoleculeConfs(mol, maxIters=500)]
            order.sort(key=lambda k: energies[k])
    found = [conformer.GetPositions() for conformer in mol.GetConformers()]
    return [found[k] for k in order[:KEPT]]


def _places(positions: Floats, donors: list[int]) -> Iterator[Floats]:
    """Where a lithium ion may be: at each pair of donor atoms that are near each other, and at each donor atom."""
    centre = positions.mean(axis=0)
    for a, b in combinations(donors, 2):
        middle, half = (positions[a] + positions[b]) / 2, float(np.linalg.norm(positions[a] - positions[b])) / 2
        if 2 * half < CHELATE_A:
            yield middle + _outwards(middle - centre) * np.sqrt(max(LITHIUM_A**2 - half**2, 0.0))
    for a in donors:
        near = positions[np.linalg.norm(positions - positions[a], axis=1) < 1.7]
        yield positions[a] + _outwards(positions[a] - near.mean(axis=0)) * LITHIUM_A


def _outwards(vector: Floats) -> Floats:
    length = float(np.linalg.norm(vector))
    return vector / length if length > 1e-6 else np.array([0.0, 0.0, 1.0])


def _spread(starts: list[Floats]) -> list[Floats]:
    """At most `PLACES` of the structures, evenly over the list."""
    return [starts[k] for k in np.unique(np.linspace(0, len(starts) - 1, min(PLACES, len(starts))).astype(int))]


def _rotation(rng: np.random.Generator) -> Floats:
    """A rotation at random."""
    q, r = np.linalg.qr(rng.normal(size=(3, 3)))
    q = q * np.sign(np.diag(r))
    return q if np.linalg.det(q) > 0 else -q


def _closest(one: Floats, other: Floats) -> float:
    return float(np.linalg.norm(one[:, None] - other[None], axis=-1).min())
