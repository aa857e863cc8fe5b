"""PCFF with the PCFF+ overrides: from a molecule to every class II term.

Each term is looked up as explicit, then equivalent, then automatic row (Sun et al., J. Am. Chem. Soc. 1994,
116, 2978; Macromolecules 1995, 28, 701). What is missing or belongs to another molecule (`distrust`) is estimated and
listed. So are charge increments that are fitted (`charges`), made from electronegativities, or zero for want of any.
"""

import itertools
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from autodisco.errors import SimulationFailure
from autodisco.simulation.forcefield import charges, distrust, frc, overrides, topology
from autodisco.simulation.forcefield.charge_types import assign_charge_types
from autodisco.simulation.forcefield.estimates import Estimator
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

PLAIN, AUTO = "cff91", "cff91_auto"
Key = tuple[str, ...]
Values = tuple[float, ...]

#: Where the parameters of a term come from, from the most to the least trusted.
SOURCES = ("override", "explicit", "equivalent", "automatic", "estimated")


class Found(NamedTuple):
    """Parameters of a term and which of SOURCES they come from."""

    values: Values
    source: str


class PcffLookup:
    """Rows of PCFF by atom types, with the PCFF+ overrides in front. A row that does not exist is None."""

    def __init__(self, tables: frc.FrcFile):
        self._frc = tables

    def _equivalent(self, name: str, kind: str) -> str:
        return self._frc.equivalence.get(name, {}).get(kind, name)

    def _automatic(self, name: str, column: str) -> str:
        if name in overrides.AUTOMATIC_AS_ETHER:
            return self._frc.automatic["o"][column]
        return self._frc.automatic.get(name, {}).get(column, name)

    def _explicit(self, section: str, key: tuple[str, ...], kind: str, both_ways: bool = True) -> frc.Row | None:
        equivalent = tuple(self._equivalent(t, kind) for t in key)
        return self._frc.find(section, PLAIN, key, both_ways) or self._frc.find(section, PLAIN, equivalent, both_ways)

    def _found(self, section: str, key: Key, kind: str, width: int, both_ways: bool = True) -> Found | None:
        exact = self._frc.find(section, PLAIN, key, both_ways)
        row = exact or self._explicit(section, key, kind, both_ways)
        return Found(row.values[:width], "explicit" if exact else "equivalent") if row else None

    def increment(self, first: charges.Kind, second: charges.Kind) -> Found | None:
        """Charge (e) that the first atom of a bond receives from it."""
        found = charges.increment(self._frc, first, second)
        return Found((found.value,), found.source) if found else None

    def nonbonded(self, name: str) -> tuple[float, float] | None:
        """Epsilon (kcal/mol) and r (Å)."""
        if name in overrides.NONBONDED:
            return overrides.NONBONDED[name]
        for key in (name, self._equivalent(name, "nonbond"), self._automatic(name, "nonbond")):
            if row := self._frc.find("nonbond(9-6)", PLAIN, (key,)):
                return row.values[1], row.values[0]
        return None

    def bond(self, a: str, b: str) -> Found | None:
        """r0, K2, K3, K4."""
        for key in ((a, b), (b, a)):
            if key in overrides.QUARTIC_BONDS:
                return Found(overrides.QUARTIC_BONDS[key], "override")
        if found := self._found("quartic_bond", (a, b), "bond", 4):
            return found
        key = (self._automatic(a, "bond"), self._automatic(b, "bond"))
        row = self._frc.find("quadratic_bond", AUTO, key)
        return Found((*row.values[:2], 0.0, 0.0), "automatic") if row else None

    def angle(self, a: str, b: str, c: str) -> Found | None:
        """theta0, K2, K3, K4."""
        for overridden in ((a, b, c), (c, b, a)):
            if overridden in overrides.QUARTIC_ANGLES:
                return Found(overrides.QUARTIC_ANGLES[overridden], "override")
        if found := self._found("quartic_angle", (a, b, c), "angle", 4):
            return found
        ends, apex = (
            (self._automatic(a, "angle_end"), self._automatic(c, "angle_end")),
            self._automatic(b, "angle_apex"),
        )
        keys: tuple[Key, ...] = ((ends[0], apex, ends[1]), ("*", apex, "*"))
        for key in keys:
            if row := self._frc.find("quadratic_angle", AUTO, key):
                return Found((*row.values[:2], 0.0, 0.0), "automatic")
        return None

    def torsion(self, a: str, b: str, c: str, d: str) -> Found | None:
        """V1, phi1, V2, phi2, V3, phi3 of sum V_n (1 - cos(n phi - phi_n))."""
        wild = ("*", self._equivalent(b, "torsion"), self._equivalent(c, "torsion"), "*")
        explicit: tuple[Key, ...] = ((a, b, c, d), wild)
        for key in explicit:
            if found := self._found("torsion_3", key, "torsion", 6):
                return found
        outer = [self._automatic(t, "torsion_end") for t in (a, d)]
        inner = [self._automatic(t, "torsion_middle") for t in (b, c)]
        for key in (
            (outer[0], *inner, outer[1]),
            ("*", *inner, outer[1]),
            (outer[0], *inner, "*"),
            ("*", *inner, "*"),
        ):
            if row := self._frc.find("torsion_1", AUTO, key):
                height, n, phase = row.values[0], int(row.values[1]), row.values[2]
                terms = [0.0] * 6
                if n:
                    # the file writes K (1 + cos(n phi - p)); shifting the phase by 180 gives the form above
                    terms[2 * (n - 1) : 2 * n] = [height, (phase + 180.0) % 360.0]
                return Found(tuple(terms), "automatic")
        return None

    def out_of_plane(self, a: str, centre: str, b: str, c: str) -> Found | None:
        """K, chi0 of the Wilson angle; the order of the outer atoms does not matter."""
        for outer in itertools.permutations((a, b, c)):
            if found := self._found("wilson_out_of_plane", (outer[0], centre, *outer[1:]), "oop", 2, both_ways=False):
                return found
        key = ("*", self._automatic(centre, "oop_centre"), "*", "*")
        row = self._frc.find("wilson_out_of_plane", AUTO, key, both_ways=False)
        return Found(row.values[:2], "automatic") if row else None

    def angle_angle(self, a: str, centre: str, shared: str, d: str) -> float:
        """Coupling of the angles a-centre-shared and shared-centre-d, kcal/mol/rad²."""
        for key in ((a, centre, shared, d), (d, centre, shared, a)):
            if row := self._explicit("angle-angle", key, "oop", both_ways=False):
                return row.values[0]
        return 0.0

    def cross(self, section: str, key: tuple[str, ...], width: int) -> tuple[float, ...]:
        """A cross term as `width` numbers for `key` as it is written; zeros where PCFF has none.

        Sections with a left and a right half may give one half only, which then stands for both.
        """
        kind = "angle" if len(key) == 3 else "torsion"
        row = self._explicit(section, key, kind)
        if row is None:
            return (0.0,) * width
        values = row.values[:width]
        if len(values) < width:
            return values * 2
        sided = width % 2 == 0
        return values[width // 2 :] + values[: width // 2] if row.reversed and sided else values


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
