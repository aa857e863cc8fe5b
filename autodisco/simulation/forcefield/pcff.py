"""PCFF with the PCFF+ overrides: from a molecule to every class II term.

The parameters of a term are those of a row (`lookup`). A term without a row, or whose row was made for another kind of
molecule (`distrust`), is estimated and listed. Charge increments are listed too if they are fitted (`charges`), made
from electronegativities, or zero because there is none.
"""

from collections import Counter
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from autodisco.errors import SimulationFailure
from autodisco.simulation.forcefield import charges, distrust, frc, overrides, topology
from autodisco.simulation.forcefield.charge_types import assign_charge_types
from autodisco.simulation.forcefield.estimates import Estimator
from autodisco.simulation.forcefield.lookup import Found, Key, PcffLookup, Values
from autodisco.simulation.forcefield.typing import assign_types
from autodisco.simulation.forcefield.weak_groups import weak_groups
from autodisco.simulation.forms import (
    CLASS2_ANGLE,
    CLASS2_BOND,
    CLASS2_IMPROPER,
    CLASS2_TORSION,
    LJ96,
    SIXTH_POWER,
    PairRule,
)
from autodisco.simulation.molecule import Molecule, Terms, pairs_of

#: 1-2 and 1-3 pairs do not count, 1-4 pairs count in full.
PAIR_RULE = PairRule(LJ96, SIXTH_POWER)


def parameterise(mol: Chem.Mol, name: str = "polymer") -> Molecule:
    """Every PCFF+ term of `mol` (explicit hydrogens, sanitised, neutral).

    Raises SimulationFailure (`parameters-missing`) when a term is in no table and cannot be estimated.
    """
    assembly = _Assembly(mol)
    bonds, charges = assembly.bonds()
    forces = (bonds, assembly.angles(), assembly.dihedrals(), assembly.impropers())
    return Molecule(
        name=name,
        elements=[atom.GetSymbol() for atom in mol.GetAtoms()],
        types=assembly.types,
        masses=np.array([atom.GetMass() for atom in mol.GetAtoms()]),
        charges=charges,
        bonds=pairs_of(topology.bonds(mol)),
        nonbonded=assembly.nonbonded(),
        forces=forces,
        estimated_terms=tuple(sorted(assembly.estimated)),
        force_field_flags=weak_groups(mol, {source for kind, source in assembly.sources if kind == "charge"}),
        sources=dict(assembly.sources),
    )


class _Assembly:
    """The terms of one molecule. Lengths come with the bonds and are needed by the angles, and so on upwards."""

    def __init__(self, mol: Chem.Mol):
        self.mol = mol
        self.types = assign_types(mol)
        self._kinds = [
            charges.Kind(*pair) for pair in zip(assign_charge_types(mol, self.types), self.types, strict=True)
        ]
        self.estimated: set[str] = set()
        self.sources: Counter[tuple[str, str]] = Counter()
        self._lookup = PcffLookup(frc.installed("pcff.frc"))
        self._estimator = Estimator(mol)
        self._length: dict[tuple[int, int], float] = {}
        self._theta: dict[tuple[int, int, int], float] = {}

    def _key(self, atoms: tuple[int, ...]) -> Key:
        return tuple(self.types[i] for i in atoms)

    def _filled(
        self, kind: str, atoms: tuple[int, ...], found: Found | None, estimate: Callable[..., Values | None]
    ) -> Values:
        """What was found, or where PCFF has nothing an estimate, which is listed."""
        self.sources[kind, found.source if found else "estimated"] += 1
        if found:
            return found.values
        term = f"{kind} {'-'.join(self._key(atoms))}"
        self.estimated.add(term)
        estimated = estimate(*atoms)
        if estimated is None:
            raise SimulationFailure("parameters-missing", f"no parameters for {term}")
        return estimated

    def bonds(self) -> tuple[Terms, NDArray[np.float64]]:
        """Bonds, and the charges (n,) that add up along them."""
        sums = np.zeros(self.mol.GetNumAtoms())
        rows = []
        for i, j in topology.bonds(self.mol):
            increment = self._increment(i, j)
            sums[i] += increment
            sums[j] -= increment
            row = self._filled("bond", (i, j), self._bond(i, j), self._estimator.bond)
            rows.append(row)
            self._length[i, j] = self._length[j, i] = row[0]
        return Terms.of(CLASS2_BOND, topology.bonds(self.mol), rows), sums

    def _increment(self, i: int, j: int) -> float:
        """Charge (e) of atom `i` from its bond to `j`; listed unless somebody published it for these types."""
        found = self._lookup.increment(self._kinds[i], self._kinds[j])
        value, source = (found.values[0], found.source) if found else (0.0, "estimated")
        self.sources["charge", source] += 1
        if source in ("automatic", "estimated"):
            self.estimated.add("charge " + "-".join(sorted(self._kinds[n].charge_type for n in (i, j))))
        return value

    def _may_be_wrong(self, found: Found, *atoms: int) -> bool:
        """Not of phosphazenes: PCFF was made for them, and MMFF94 knows P=N from its default rules alone."""
        types = set(self._key(atoms))
        return found.source in distrust.WILD and not ("p=" in types and types & {"n=", "n=2"})

    def _bond(self, i: int, j: int) -> Found | None:
        is_single = self.mol.GetBondBetweenAtoms(i, j).GetBondType() == Chem.BondType.SINGLE
        if is_single and (row := overrides.SINGLE_BONDS.get(self._key((i, j)))):
            return Found(row, "override")
        found = self._lookup.bond(*self._key((i, j)))
        if found is None or not self._may_be_wrong(found, i, j):
            return found
        estimate = self._estimator.bond(i, j)
        length = estimate[0] if estimate else None
        return (
            None if distrust.distrusts_length(found.source, found.values[0], length, self._estimator.is_mmff) else found
        )

    def _angle(self, i: int, j: int, k: int) -> Found | None:
        found = self._lookup.angle(*self._key((i, j, k)))
        if found is None or not self._may_be_wrong(found, i, j, k):
            return found
        estimate = self._estimator.angle(i, j, k)
        theta = estimate[0] if estimate else None
        return (
            None if distrust.distrusts_angle(found.source, found.values[0], theta, self._estimator.is_mmff) else found
        )

    def _torsion(self, i: int, j: int, k: int, m: int) -> Found | None:
        found = self._lookup.torsion(*self._key((i, j, k, m)))
        bond = self.mol.GetBondBetweenAtoms(j, k)
        if (
            found
            and self._may_be_wrong(found, i, j, k, m)
            and distrust.distrusts_torsion(found.source, bond, self._estimator.is_mmff)
        ):
            return None
        return found

    def angles(self) -> Terms:
        """Angles with bond-bond and bond-angle terms."""
        atoms, rows = [], []
        for i, j, k in topology.angles(self.mol):
            key = self._key((i, j, k))
            row = self._filled("angle", (i, j, k), self._angle(i, j, k), self._estimator.angle)
            lengths = (self._length[i, j], self._length[j, k])
            bond_bond, bond_angle = self._lookup.cross("bond-bond", key, 1), self._lookup.cross("bond-angle", key, 2)
            atoms.append((i, j, k))
            rows.append((*row, *bond_bond, *lengths, *bond_angle, *lengths))
            self._theta[i, j, k] = self._theta[k, j, i] = row[0]
        return Terms.of(CLASS2_ANGLE, atoms, rows)

    def dihedrals(self) -> Terms:
        """Torsions with their five cross terms."""
        atoms, rows = [], []
        for i, j, k, m in topology.dihedrals(self.mol):
            key = self._key((i, j, k, m))
            ends = (self._length[i, j], self._length[k, m])
            thetas = (self._theta[i, j, k], self._theta[j, k, m])
            atoms.append((i, j, k, m))
            rows.append(
                (
                    *self._filled("torsion", (i, j, k, m), self._torsion(i, j, k, m), self._estimator.torsion),
                    *self._lookup.cross("middle_bond-torsion_3", key, 3),
                    self._length[j, k],
                    *self._lookup.cross("end_bond-torsion_3", key, 6),
                    *ends,
                    *self._lookup.cross("angle-torsion_3", key, 6),
                    *thetas,
                    *self._lookup.cross("angle-angle-torsion_1", key, 1),
                    *thetas,
                    *self._lookup.cross("bond-bond_1_3", key, 1),
                    *ends,
                )
            )
        return Terms.of(CLASS2_TORSION, atoms, rows)

    def impropers(self) -> Terms:
        """Wilson angles of three-coordinated atoms, and angle-angle terms of all."""
        atoms, rows = [], []
        for i, j, k, m in topology.impropers(self.mol):
            a, centre, b, c = self._key((i, j, k, m))
            wilson: Values = (0.0, 0.0)
            if self.mol.GetAtomWithIdx(j).GetDegree() == 3:
                found = self._lookup.out_of_plane(a, centre, b, c)
                wilson = self._filled("out-of-plane", (i, j, k, m), found, self._estimator.out_of_plane)
            couplings = (
                self._lookup.angle_angle(a, centre, b, c),
                self._lookup.angle_angle(b, centre, a, c),
                self._lookup.angle_angle(a, centre, c, b),
            )
            atoms.append((i, j, k, m))
            rows.append((*wilson, *couplings, self._theta[i, j, k], self._theta[i, j, m], self._theta[k, j, m]))
        return Terms.of(CLASS2_IMPROPER, atoms, rows)

    def nonbonded(self) -> NDArray[np.float64]:
        """Epsilon (kcal/mol) and r (Å) of every atom, (n, 2)."""
        rows = []
        for atom, kind in zip(self.mol.GetAtoms(), self.types, strict=True):
            name = overrides.nonbonded_name(atom, kind)
            pair = overrides.saturated_carbon_nonbonded(atom) if kind == "c" else self._lookup.nonbonded(name)
            if pair is None:
                raise SimulationFailure("parameters-missing", f"no Lennard-Jones parameters for type {kind}")
            rows.append(pair)
        return np.array(rows)
