"""Dipole moments that no table confirms, compared with computed ones: a wrong digit or another compound shows.

    python bench/measured_dipoles.py    # about a minute of one core a compound; needs pyscf (see fit_charges.py)

For each row of ``tests/simulation/dipoles.csv`` without a value in `checked`: PBE/6-31+G(d) in at most four MMFF94
conformers, Boltzmann mean at 298 K. Prints name, measured and computed dipole (D), and their difference.
"""

import csv
from pathlib import Path

import numpy as np
from rdkit import Chem
from rdkit.Chem import AllChem

TABLE = Path(__file__).parents[1] / "tests" / "simulation" / "dipoles.csv"
MOST_CONFORMERS = 4
KT_HARTREE = 298.15 * 3.166812e-6


def main() -> None:
    """Print one line a compound."""
    with TABLE.open() as handle:
        rows = [row for row in csv.DictReader(handle) if row["computed_d"] or not row["checked"]]
    for row in rows:
        computed, measured = computed_dipole(row["smiles"]), float(row["dipole_d"])
        print(f"{row['name']:25} {measured:6.2f} {computed:6.2f} {computed - measured:+6.2f}", flush=True)


def computed_dipole(smiles: str) -> float:
    """Mean size of the dipole (D) of a molecule."""
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    AllChem.EmbedMultipleConfs(mol, 10, randomSeed=7)
    energies = np.round([energy for _, energy in AllChem.MMFFOptimizeMoleculeConfs(mol, maxIters=5000)], 1)
    _, places = np.unique(energies, return_index=True)
    found = [single_point(mol, mol.GetConformer(int(place)).GetPositions()) for place in places[:MOST_CONFORMERS]]
    hartree, dipoles = np.array(found).T
    weights = np.exp(-(hartree - hartree.min()) / KT_HARTREE)
    return float(weights @ dipoles / weights.sum())


def single_point(mol: Chem.Mol, positions: np.ndarray) -> tuple[float, float]:
    """Energy (hartree) and size of the dipole (D)."""
    from pyscf import dft, gto

    numbers = [atom.GetAtomicNum() for atom in mol.GetAtoms()]
    molecule = gto.M(atom=list(zip(numbers, positions.tolist(), strict=True)), basis="6-31+g*", verbose=0)
    field = dft.RKS(molecule).density_fit()
    field.xc, field.grids.level, field.conv_tol, field.max_cycle = "pbe", 1, 1e-6, 80
    energy = field.kernel()
    return float(energy), float(np.linalg.norm(field.dip_moment(verbose=0, unit="Debye")))


if __name__ == "__main__":
    main()
