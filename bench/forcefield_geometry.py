"""Bonds, angles and torsions of the force field against MMFF94, over the model compounds of the charges.

    python bench/forcefield_geometry.py [--only SMILES ...]

Parameters that exist can belong to another molecule: an automatic row for N-O has the length of a nitro group, a
wildcard torsion the barrier of another bond order. Each compound is minimised with the force field from its MMFF94
geometry, and every acyclic single bond is turned in steps of 30 degrees with both, everything else relaxed. MMFF94 is
the judge because it was fitted to MP2 energies of such molecules; it is no measurement. Printed are the worst length
(Å) and angle (degrees) by their kinds with the source of their rows, and the root-mean-square difference of each
torsion profile (kcal/mol), where MMFF94 lies below 10 kcal/mol.
"""

import argparse
import csv
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import openmm
from openmm import unit
from rdkit import Chem
from rdkit.Chem import AllChem, rdMolTransforms
from rdkit.Chem import rdForceFieldHelpers as mmff

from autodisco.simulation import protocols
from autodisco.simulation.engines.openmm_system import openmm_system
from autodisco.simulation.forcefield import pcff
from autodisco.simulation.forms import CLASS2_ANGLE
from autodisco.simulation.molecule import Molecule, System

COMPOUNDS = Path(__file__).parent / "charge_compounds.csv"
STEP = 30
HIGHEST = 10.0  # kcal/mol
TURNED = Chem.MolFromSmarts("[!#1;!$([*]#*);!$([CX2,NX2](=*)=*)]-;!@[!#1;!$([*]#*);!$([CX2,NX2](=*)=*)]")
BOX = np.full(3, 60.0)  # Å; without a cutoff its size does not matter
GRIP = 2000.0  # kJ/mol of 1 - cos that hold a torsion
GRIPPED = 5  # force group


def main() -> None:
    """Print the tables."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--only", nargs="*")
    given = arguments.parse_args()
    with COMPOUNDS.open() as handle:
        compounds = [row["smiles"] for row in csv.DictReader(handle)]
    for smiles in given.only or compounds:
        mol = conformer(smiles)
        if not mmff.MMFFHasAllMoleculeParams(mol):
            print(f"{smiles}: not known to MMFF94", flush=True)
            continue
        molecule = pcff.parameterise(mol)
        print(smiles, *geometry(mol, molecule), *torsions(mol, molecule), sep="  ", flush=True)


def conformer(smiles: str) -> Chem.Mol:
    """The compound in its MMFF94 geometry of lowest energy out of ten."""
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    AllChem.EmbedMultipleConfs(mol, 10, randomSeed=7)
    energies = [energy for _, energy in AllChem.MMFFOptimizeMoleculeConfs(mol, maxIters=5000)]
    best = Chem.Conformer(mol.GetConformers()[int(np.argmin(energies))])
    mol.RemoveAllConformers()
    mol.AddConformer(best, assignId=True)
    return mol


class Vacuum:
    """The force field for one molecule in vacuum, with the torsion of four atoms held where it is if `held`."""

    def __init__(self, molecule: Molecule, held: tuple[int, int, int, int] | None = None):
        system = openmm_system(
            System([molecule], np.zeros((len(molecule), 3)), BOX, pair_rule=pcff.PAIR_RULE),
            protocols.load("quick").nonbonded,
            tail=False,
        )
        for force in system.getForces():
            if isinstance(force, openmm.NonbondedForce | openmm.CustomNonbondedForce):
                force.setNonbondedMethod(force.NoCutoff)
        self._held = held
        if held:
            grip = openmm.CustomTorsionForce(f"{GRIP}*(1-cos(theta-at))")
            grip.addGlobalParameter("at", 0.0)
            grip.addTorsion(*held, [])
            grip.setForceGroup(GRIPPED)
            system.addForce(grip)
        platform = openmm.Platform.getPlatformByName("Reference")
        self._context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform)

    def minimised(self, positions: np.ndarray) -> tuple[np.ndarray, float]:
        """Positions (Å) and energy (kcal/mol) at the next minimum."""
        if self._held:
            self._context.setParameter("at", np.radians(dihedral(positions, *self._held)))
        self._context.setPositions(positions / 10)
        openmm.LocalEnergyMinimizer.minimize(self._context, 1.0, 1000)
        state = self._context.getState(getEnergy=True, getPositions=True, groups=0xFFFFFFFF & ~(1 << GRIPPED))
        return (
            state.getPositions(asNumpy=True).value_in_unit(unit.angstrom),
            state.getPotentialEnergy().value_in_unit(unit.kilocalorie_per_mole),
        )


def dihedral(x: np.ndarray, i: int, j: int, k: int, m: int) -> float:
    """Degrees."""
    b = x[j] - x[i], x[k] - x[j], x[m] - x[k]
    n = np.cross(b[0], b[1]), np.cross(b[1], b[2])
    return float(np.degrees(np.arctan2(np.linalg.norm(b[1]) * b[0] @ n[1], n[0] @ n[1])))


def geometry(mol: Chem.Mol, molecule: Molecule) -> Iterator[str]:
    """Bonds longer or shorter by more than 0.05 Å, and angles off by more than 8 degrees."""
    theirs = mol.GetConformer().GetPositions()
    ours, _ = Vacuum(molecule).minimised(theirs)

    def length(x: np.ndarray, i: int, j: int) -> float:
        return float(np.linalg.norm(x[i] - x[j]))

    def angle(x: np.ndarray, i: int, j: int, k: int) -> float:
        a, b = x[i] - x[j], x[k] - x[j]
        return float(np.degrees(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b))))

    for measure, atoms, limit, digits in (
        (length, molecule.bonds, 0.05, 3),
        (angle, molecule.terms(CLASS2_ANGLE).atoms, 8.0, 0),
    ):
        worst: dict[str, tuple[float, float]] = {}
        for members in atoms.tolist():
            difference = measure(ours, *members) - measure(theirs, *members)
            name = "-".join(molecule.types[atom] for atom in members)
            if abs(difference) > limit and abs(difference) > abs(worst.get(name, (0.0, 0.0))[0]):
                worst[name] = difference, measure(theirs, *members)
        for name, (difference, judge) in worst.items():
            yield f"[{name} {difference:+.{digits}f} of {judge:.{digits}f}]"


def torsions(mol: Chem.Mol, molecule: Molecule) -> Iterator[str]:
    """Root-mean-square difference of the profile about every single bond, with the ranges of both."""
    properties = mmff.MMFFGetMoleculeProperties(mol)
    seen = set()
    for j, k in mol.GetSubstructMatches(TURNED):
        ends = [
            [n.GetIdx() for n in mol.GetAtomWithIdx(a).GetNeighbors() if n.GetIdx() != b] for a, b in ((j, k), (k, j))
        ]
        if not all(ends):
            continue
        heavy_first = [sorted(end, key=lambda atom: mol.GetAtomWithIdx(atom).GetAtomicNum() == 1)[0] for end in ends]
        kind = tuple(sorted((molecule.types[j], molecule.types[k])))
        if kind in seen:
            continue
        seen.add(kind)
        held = (heavy_first[0], j, k, heavy_first[1])
        scan, vacuum = Chem.Mol(mol), Vacuum(molecule, held)
        judge, mine = [], []
        for target in itertools.accumulate(itertools.repeat(STEP, 360 // STEP - 1), initial=-180):
            rdMolTransforms.SetDihedralDeg(scan.GetConformer(), *held, float(target))
            field = mmff.MMFFGetMoleculeForceField(scan, properties)
            field.MMFFAddTorsionConstraint(*held, False, target, target, 500.0)
            for _ in range(5):
                if field.Minimize(maxIts=2000) == 0:
                    break
            judge.append(mmff.MMFFGetMoleculeForceField(scan, properties).CalcEnergy())
            mine.append(vacuum.minimised(scan.GetConformer().GetPositions())[1])
        low = np.array(judge) - min(judge)
        own = np.array(mine) - min(mine)
        kept = low < HIGHEST
        difference = (own - low)[kept]
        rms = float(np.sqrt(np.mean((difference - difference.mean()) ** 2)))
        bad = " <<<" if rms > 1.5 else ""
        yield f"({'-'.join(molecule.types[a] for a in held)} {rms:.1f}: {np.ptp(low):.1f} {np.ptp(own):.1f}{bad})"


if __name__ == "__main__":
    main()
