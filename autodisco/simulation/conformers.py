"""Conformers of molecules: from RDKit as embedded, or at minima of MMFF94 with Boltzmann weights."""

import numpy as np
from rdkit import Chem
from rdkit.Chem import AllChem

from autodisco.arrays import Floats
from autodisco.errors import SimulationFailure
from autodisco.simulation.units import GAS_CONSTANT, KJ_PER_KCAL

CONFORMERS = 40
RT_KCAL_PER_MOL = GAS_CONSTANT * 298.15 / KJ_PER_KCAL


def embedded(mol: Chem.Mol, n: int, rng: np.random.Generator) -> list[Floats]:
    """Up to `n` conformers (atoms, 3) of a molecule. Raises SimulationFailure (`build-overlap`) without any."""
    mol = Chem.Mol(mol)
    for random_start in (False, True):
        AllChem.EmbedMultipleConfs(
            mol, n, randomSeed=int(rng.integers(1 << 30)), useRandomCoords=random_start, maxAttempts=100
        )
        if mol.GetNumConformers():
            return [c.GetPositions() for c in mol.GetConformers()]
    raise SimulationFailure("build-overlap", "RDKit finds no three-dimensional structure")


def weighted(mol: Chem.Mol, rng: np.random.Generator) -> tuple[list[Floats], Floats]:
    """Conformers (atoms, 3) at minima of MMFF94 with their Boltzmann weights at 298 K.

    Without MMFF94 parameters: as embedded, with equal weights. Weights matter: boats of a six-membered ring are half of
    what RDKit embeds, and do not become chairs within a short run.
    """
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
