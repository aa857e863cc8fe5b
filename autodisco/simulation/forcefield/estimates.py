"""Last-resort terms from RDKit's MMFF94, then UFF, for atoms of a given molecule with explicit hydrogens.

Only the harmonic part is taken: cross terms of an estimated term are zero. MMFF constants are md/Å and
md·Å/rad²; 71.966 turns half of them into kcal/mol (Halgren, J. Comput. Chem. 1996, 17, 490).
"""

from rdkit import Chem
from rdkit.Chem import rdForceFieldHelpers as ff

HALF_MDYN = 71.966


class Estimator:
    """Terms of one molecule; the MMFF typing is done once, on first use."""

    def __init__(self, mol: Chem.Mol):
        self._mol = mol
        self._mmff = ff.MMFFGetMoleculeProperties(mol) if ff.MMFFHasAllMoleculeParams(mol) else None

    @property
    def is_mmff(self) -> bool:
        """Whether MMFF94 knows every atom of the molecule."""
        return self._mmff is not None

    def bond(self, i: int, j: int) -> tuple[float, ...] | None:
        """r0 (Å), K2, K3, K4 (kcal/mol/Å^n), or None where neither force field knows the bond."""
        if self._mmff and (row := self._mmff.GetMMFFBondStretchParams(self._mol, i, j)):
            return (row[2], HALF_MDYN * row[1], 0.0, 0.0)
        uff = ff.GetUFFBondStretchParams(self._mol, i, j)
        return (uff[1], uff[0] / 2, 0.0, 0.0) if uff else None

    def angle(self, i: int, j: int, k: int) -> tuple[float, ...] | None:
        """theta0 (degrees), K2, K3, K4 (kcal/mol/rad^n), or None."""
        if self._mmff and (row := self._mmff.GetMMFFAngleBendParams(self._mol, i, j, k)):
            return (row[2], HALF_MDYN * row[1], 0.0, 0.0)
        uff = ff.GetUFFAngleBendParams(self._mol, i, j, k)
        return (uff[1], uff[0] / 2, 0.0, 0.0) if uff else None

    def torsion(self, i: int, j: int, k: int, m: int) -> tuple[float, ...]:
        """V1, phi1, V2, phi2, V3, phi3 of sum V_n (1 - cos(n phi - phi_n)); kcal/mol, degrees; free if unknown.

        UFF's sixfold torsions between sp2 and sp3 atoms, of 1 kcal/mol at most, are left out.
        """
        if self._mmff and (row := self._mmff.GetMMFFTorsionParams(self._mol, i, j, k, m)):
            return (row[1] / 2, 180.0, row[2] / 2, 0.0, row[3] / 2, 180.0)
        inner = [self._mol.GetAtomWithIdx(atom) for atom in (j, k)]
        about = (inner[0].GetDegree() - 1) * (inner[1].GetDegree() - 1)  # torsions that share the height
        half = (ff.GetUFFTorsionParams(self._mol, i, j, k, m) or 0.0) / 2 / about
        kinds = {atom.GetHybridization() for atom in inner}
        if kinds == {Chem.HybridizationType.SP2}:
            return (0.0, 0.0, half, 0.0, 0.0, 0.0)
        if kinds == {Chem.HybridizationType.SP3}:
            chalcogens = all(atom.GetAtomicNum() in (8, 16) for atom in inner)
            return (0.0, 0.0, half, 180.0, 0.0, 0.0) if chalcogens else (0.0, 0.0, 0.0, 0.0, half, 180.0)
        return (0.0,) * 6

    def out_of_plane(self, i: int, j: int, k: int, m: int) -> tuple[float, float]:
        """K (kcal/mol/rad²) and chi0 of the mean Wilson angle at centre j; MMFF sums over three; 0 if unknown."""
        if self._mmff and (constant := self._mmff.GetMMFFOopBendParams(self._mol, i, j, k, m)):
            return (3 * HALF_MDYN * constant, 0.0)
        return (1.5 * (ff.GetUFFInversionParams(self._mol, i, j, k, m) or 0.0), 0.0)  # three of K / 3 (1 - cos)
