"""Charge increments fitted to the electrostatic potential of model compounds.

    python bench/fit_charges.py potentials FOLDER   # about half an hour of one core; resumable; needs pyscf
    python bench/fit_charges.py fit FOLDER          # writes autodisco/simulation/forcefield/fitted_increments.csv

Only `potentials` needs pyscf, which is no dependency of autodisco: `pip install pyscf rdkit` in an environment of its
own is enough for it. Each compound of ``charge_compounds.csv`` is taken in its MMFF94 geometry of lowest energy, or in
as many of the lowest as the table says. Its potential and dipole come from PBE/6-31+G(d). For sulfur with one or two
bonds and phosphorus with three this basis makes both too large, and they are scaled by the ratio that def2-TZVP gives
for the dipoles of the smallest ones (`SCALES`). The points are the shells of Merz and Kollman: 1.4, 1.6, 1.8 and 2.0
times the van der Waals radii.

Increments that somebody published stay as they are (PCFF+, COMPASS, and the rows of ``pcff.frc`` that are not made
from electronegativities); all others are unknowns of one linear least-squares fit over all compounds. What the
potentials do not determine stays at the generic value (ridge). No measured dipole enters the equations. But the weight
of the computed dipoles and the list of compounds were chosen while looking at the measured ones, so that the test
(tests/simulation/test_charges.py) is not blind to the fit.
"""

import argparse
import csv
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rdkit import Chem
from rdkit.Chem import AllChem

HERE = Path(__file__).parent
COMPOUNDS = HERE / "charge_compounds.csv"
RESULT = HERE.parent / "autodisco" / "simulation" / "forcefield" / "fitted_increments.csv"
BOHR = 0.529177210903  # Å
DEBYE = 4.80320  # per e Å
RADII = {1: 1.2, 6: 1.7, 7: 1.55, 8: 1.52, 9: 1.47, 15: 1.8, 16: 1.8}  # Å, Bondi
SHELLS = (1.4, 1.6, 1.8, 2.0)
POINTS_PER_SPHERE = 60
DIPOLE_SCALE = 0.2  # e Å; an error of it counts as much as a potential that is all wrong
# def2-TZVP over 6-31+G(d): methanethiol 1.59/1.84 D, dimethyl sulfide 1.57/1.79, methylphosphine 1.29/1.49;
# thioformaldehyde 1.74/1.89
SCALES = {"[SX2,PX3]": 0.87, "[SX1]": 0.92}
RIDGE = 0.02  # per e²
# Published, or the same as in open chains, but off: thiolane, thietane, thiirane, aziridine, propyne and the aromatic
# amines miss their measured dipoles with them.
REFITTED = frozenset(
    {
        ("c", "ct"),
        ("c", "s"),
        ("c", "s1"),
        ("c", "s3e"),
        ("c3m", "s3e"),
        ("c4m", "s4e"),
        ("c3m", "n3m"),
        ("h*", "n3m"),
        ("c", "n3m"),
        ("c", "nn"),
        ("cp", "nn"),
        ("h*", "nn"),
    }
)


def main() -> None:
    """Run one of the two steps."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("step", choices=("potentials", "fit"))
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--part", default="0/1", help="which compounds to compute, such as 1/4")
    given = arguments.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    if given.step == "potentials":
        part, parts = map(int, given.part.split("/"))
        for group, smiles, conformer in compounds()[part::parts]:
            if not place(given.folder, smiles, conformer).exists():
                potential(given.folder, group, smiles, conformer)
    else:
        fit(given.folder)


def compounds() -> list[tuple[str, str, int]]:
    """Group, SMILES and number of the conformer, for every model compound and conformer."""
    with COMPOUNDS.open() as handle:
        rows = list(csv.DictReader(handle))
    return [(row["group"], row["smiles"], n) for row in rows for n in range(int(row["conformers"]))]


def place(folder: Path, smiles: str, conformer: int) -> Path:
    """The file of one compound."""
    return folder / f"{hashlib.md5(smiles.encode()).hexdigest()}-{conformer}.npz"


def potential(folder: Path, group: str, smiles: str, conformer: int) -> None:
    """Compute and store the potential (hartree/e) around a conformer, and its dipole (D)."""
    from pyscf import dft, gto

    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    AllChem.EmbedMultipleConfs(mol, 10, randomSeed=7)
    energies = np.round([energy for _, energy in AllChem.MMFFOptimizeMoleculeConfs(mol, maxIters=5000)], 1)
    _, places = np.unique(energies, return_index=True)
    positions = mol.GetConformers()[int(places[conformer])].GetPositions()
    numbers = [atom.GetAtomicNum() for atom in mol.GetAtoms()]
    molecule = gto.M(atom=list(zip(numbers, positions.tolist(), strict=True)), basis="6-31+g*", verbose=0)
    field_ = dft.RKS(molecule).density_fit()
    field_.xc, field_.grids.level, field_.conv_tol, field_.max_cycle = "pbe", 1, 1e-6, 80
    field_.kernel()
    density = field_.make_rdm1()
    points = shells(numbers, positions)
    electronic = [
        -np.einsum("gij,ij->g", molecule.intor("int1e_grids", grids=points[at : at + 200] / BOHR), density)
        for at in range(0, len(points), 200)
    ]
    distances = np.linalg.norm(points[:, None] - positions[None], axis=2) / BOHR
    np.savez(
        place(folder, smiles, conformer),
        smiles=smiles,
        group=group,
        x=positions,
        pts=points,
        esp=np.concatenate(electronic) + (np.array(numbers) / distances).sum(axis=1),
        dipole=field_.dip_moment(verbose=0, unit="Debye"),
        converged=field_.converged,
    )
    print(group, smiles, field_.converged, flush=True)


def shells(numbers: list[int], positions: np.ndarray) -> np.ndarray:
    """Points (n, 3) in Å on spheres around the atoms, outside all of the same shell."""
    k = np.arange(POINTS_PER_SPHERE) + 0.5
    polar, azimuth = np.arccos(1 - 2 * k / POINTS_PER_SPHERE), np.pi * (1 + 5**0.5) * k
    sphere = np.c_[np.cos(azimuth) * np.sin(polar), np.sin(azimuth) * np.sin(polar), np.cos(polar)]
    radii = np.array([RADII[number] for number in numbers])
    points = []
    for shell in SHELLS:
        for position, radius in zip(positions, radii, strict=True):
            around = position + shell * radius * sphere
            distances = np.linalg.norm(around[:, None] - positions[None], axis=2)
            points.append(around[(distances > 0.999 * shell * radii).all(axis=1)])
    return np.concatenate(points)


@dataclass
class Unknown:
    """An increment to be fitted: its place in the vector, its value without a fit, the compounds that hold it."""

    index: int
    prior: float
    compounds: set[str] = field(default_factory=set)


class Increments:
    """Which increments of the compounds are unknown, and the values of the others."""

    def __init__(self) -> None:
        from autodisco.simulation.forcefield import charges, frc

        charges.fitted = dict  # type: ignore[assignment] # the old fit must not be its own prior
        self._charges, self._tables = charges, frc.installed("pcff.frc")
        self.unknown: dict[tuple[str, str], Unknown] = {}

    def equations(self, mol: Chem.Mol, smiles: str) -> tuple[np.ndarray, list[tuple[int, int, int, int]]]:
        """Charges (n,) from what is known, and for every unknown bond: atom, atom, unknown, sign."""
        from autodisco.simulation.forcefield import topology
        from autodisco.simulation.forcefield.charge_types import assign_charge_types
        from autodisco.simulation.forcefield.typing import assign_types

        types = assign_types(mol)
        kinds = [self._charges.Kind(*both) for both in zip(assign_charge_types(mol, types), types, strict=True)]
        known, unknown = np.zeros(mol.GetNumAtoms()), []
        for i, j in topology.bonds(mol):
            found = self._charges.increment(self._tables, kinds[i], kinds[j])
            value = found.value if found else 0.0
            if self._is_published(kinds[i], kinds[j], found):
                known[i] += value
                known[j] -= value
                continue
            pair = (kinds[i].charge_type, kinds[j].charge_type)
            sign = 1 if pair == tuple(sorted(pair)) else -1
            row = self.unknown.setdefault(pair if sign == 1 else pair[::-1], Unknown(len(self.unknown), sign * value))
            row.compounds.add(smiles)
            unknown.append((i, j, row.index, sign))
        return known, unknown

    def _is_published(self, first: Any, second: Any, found: Any) -> bool:
        if first.charge_type == second.charge_type or (found and found.source == "override"):
            return True
        refined = [kind for kind in (first, second) if "." in kind.charge_type]
        if refined:
            return False
        if tuple(sorted((first.charge_type, second.charge_type))) in REFITTED:
            return False
        if all(kind.type.startswith("c") and not kind.type.startswith("cl") for kind in (first, second)):
            return True
        return bool(found) and found.source != "automatic"


def fit(folder: Path) -> None:
    """Fit all unknown increments, print how well each compound comes out, and write the file."""
    increments = Increments()
    systems = []
    for _, smiles, conformer in compounds():
        if not place(folder, smiles, conformer).exists():
            print("not computed:", smiles)
            continue
        data = dict(np.load(place(folder, smiles, conformer)))
        mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
        for smarts, scale in SCALES.items():
            if mol.HasSubstructMatch(Chem.MolFromSmarts(smarts)):
                data |= {"esp": scale * data["esp"], "dipole": scale * data["dipole"]}
        systems.append((smiles, data, *increments.equations(mol, smiles)))
    n = len(increments.unknown)
    prior = np.array([row.prior for row in increments.unknown.values()])
    matrix, right = RIDGE * np.eye(n), RIDGE * prior
    residuals = []
    for smiles, data, known, unknown in systems:
        charges_of = np.zeros((len(known), n))
        for i, j, index, sign in unknown:
            charges_of[i, index] += sign
            charges_of[j, index] -= sign
        inverse = BOHR / np.linalg.norm(data["pts"][:, None] - data["x"][None], axis=2)
        centred = data["x"] - data["x"].mean(axis=0)
        scale = np.sqrt((data["esp"] ** 2).sum())
        rows = np.vstack([inverse @ charges_of / scale, centred.T @ charges_of / DIPOLE_SCALE])
        missing = np.concatenate(
            [
                (data["esp"] - inverse @ known) / scale,
                (data["dipole"] / DEBYE - centred.T @ known) / DIPOLE_SCALE,
            ]
        )
        matrix += rows.T @ rows
        right += rows.T @ missing
        residuals.append((smiles, data, rows, missing, charges_of, known, centred))
    solution = np.linalg.solve(matrix, right)
    print("| increment | generic | fitted | compounds |\n|---|---|---|---|")
    for pair, row in sorted(increments.unknown.items()):
        value = solution[row.index]
        print(f"| {' '.join(pair)} | {row.prior:.3f} | {value:.3f} | {', '.join(sorted(row.compounds))} |")
    print("| compound | group | error of the potential | dipole, increments (D) | dipole, PBE (D) |\n|" + "---|" * 5)
    for smiles, data, rows, missing, charges_of, known, centred in residuals:
        error = np.linalg.norm((rows @ solution - missing)[:-3])
        dipole = np.linalg.norm(centred.T @ (known + charges_of @ solution)) * DEBYE
        print(f"| {smiles} | {data['group']} | {error:.0%} | {dipole:.2f} | {np.linalg.norm(data['dipole']):.2f} |")
    with RESULT.open("w", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(("first", "second", "increment"))
        for pair, row in sorted(increments.unknown.items()):
            writer.writerow((*pair, f"{solution[row.index]:.4f}"))


if __name__ == "__main__":
    main()
