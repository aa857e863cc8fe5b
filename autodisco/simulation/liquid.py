"""A box of molecules that are no polymers, without salt: what a force field says of a liquid."""

from dataclasses import replace

import numpy as np
from rdkit import Chem
from rdkit.Chem import AllChem

from autodisco.arrays import Floats
from autodisco.errors import InputError, SimulationFailure
from autodisco.simulation.builder import embedded
from autodisco.simulation.forcefield import ForceField
from autodisco.simulation.molecule import Molecule, System
from autodisco.simulation.space import Space, edge_of, insert
from autodisco.simulation.units import GAS_CONSTANT, KJ_PER_KCAL

CONFORMERS = 40
RT_KCAL_PER_MOL = GAS_CONSTANT * 298.15 / KJ_PER_KCAL


def fill(smiles: str, copies: int, density_g_per_cm3: float, seed: int, force_field: ForceField) -> System:
    """A cubic box with `copies` of a molecule, each in a random one of its conformers, the same for the same seed.

    Conformers are drawn with the Boltzmann weights of their MMFF94 energies at 298 K: boats of a six-membered ring are
    half of what RDKit embeds, and do not become chairs within a short run.

    Raises InputError for a text that is no neutral molecule, SimulationFailure: `build-overlap` where there is no
    place, `parameters-missing` from the force field.
    """
    rng = np.random.default_rng(seed)
    mol = _molecule(smiles)
    conformers, weights = _shapes(mol, rng)
    molecule = molecule_of(mol, force_field)
    space = Space(edge_of(copies * float(molecule.masses.sum()), density_g_per_cm3))
    heavy = np.array([element != "H" for element in molecule.elements])
    parts = []
    for _ in range(copies):
        placed = insert(conformers[rng.choice(len(conformers), p=weights)], heavy, space, rng)
        if placed is None:
            raise SimulationFailure("build-overlap", f"no place for {copies} of {smiles} at {density_g_per_cm3} g/cm³")
        space.add(placed, heavy)
        parts.append(placed)
    labels: dict[str, object] = {"smiles": smiles, "copies": copies, "estimated_terms": list(molecule.estimated_terms)}
    return System(
        [molecule] * copies, np.concatenate(parts), np.full(3, space.edge), labels, pair_rule=force_field.pair_rule
    )


def _shapes(mol: Chem.Mol, rng: np.random.Generator) -> tuple[list[Floats], Floats]:
    """Conformers (atoms, 3) at minima of MMFF94 with their weights; where it lacks `mol`, as embedded and alike."""
    conformers = embedded(mol, CONFORMERS, rng)
    if not AllChem.MMFFHasAllMoleculeParams(mol):
        return conformers, np.full(len(conformers), 1 / len(conformers))
    minimised = Chem.Mol(mol)
    minimised.RemoveAllConformers()
    for positions in conformers:
        conformer = Chem.Conformer(len(positions))
        conformer.SetPositions(positions)
        minimised.AddConformer(conformer, assignId=True)
    energies = np.array([energy for _, energy in AllChem.MMFFOptimizeMoleculeConfs(minimised, maxIters=2000)])
    weights = np.exp(-(energies - energies.min()) / RT_KCAL_PER_MOL)
    return [conformer.GetPositions() for conformer in minimised.GetConformers()], weights / weights.sum()


def molecule_of(mol: Chem.Mol, force_field: ForceField) -> Molecule:
    """All terms of a molecule that is no polymer."""
    return replace(force_field.polymer(mol), name="MOL")


def _molecule(smiles: str) -> Chem.Mol:
    mol = Chem.MolFromSmiles(smiles)
    whole = mol is not None and len(Chem.GetMolFrags(mol)) == 1 and not Chem.GetFormalCharge(mol)
    if not whole or any(atom.GetAtomicNum() == 0 for atom in mol.GetAtoms()):
        raise InputError(f"{smiles!r} is not the SMILES of one neutral molecule")
    return Chem.AddHs(mol)
