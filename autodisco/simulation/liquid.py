"""A box of molecules that are no polymers, without salt: what a force field says of a liquid."""

from dataclasses import replace

import numpy as np
from rdkit import Chem

from autodisco.errors import InputError, SimulationFailure
from autodisco.simulation.conformers import weighted
from autodisco.simulation.forcefield import ForceField
from autodisco.simulation.formulation import neutral_molecule
from autodisco.simulation.molecule import Molecule, System
from autodisco.simulation.space import Space, edge_of, insert


def fill(smiles: str, copies: int, density_g_per_cm3: float, seed: int, force_field: ForceField) -> System:
    """A cubic box with `copies` of a molecule, each in a random one of its conformers, the same for the same seed.

    Raises InputError for a text that is no neutral molecule, SimulationFailure: `build-overlap` where there is no
    place, `parameters-missing` from the force field.
    """
    rng = np.random.default_rng(seed)
    try:
        mol = neutral_molecule(smiles)
    except ValueError as error:
        raise InputError(str(error)) from error
    conformers, weights = weighted(mol, rng)
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


def molecule_of(mol: Chem.Mol, force_field: ForceField) -> Molecule:
    """All terms of a molecule that is no polymer."""
    return replace(force_field.polymer(mol), name="MOL")
