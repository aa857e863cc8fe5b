"""PCFF with the PCFF+ overrides: from a molecule to every class II term.

Each term is looked up as explicit, then equivalent, then automatic row (Sun et al., J. Am. Chem. Soc. 1994,
116, 2978; Macromolecules 1995, 28, 701); what is still missing is estimated and listed, never silently zero.
"""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from rdkit import Chem

from autodisco.errors import SimulationFailure
from autodisco.simulation.forcefield import frc, overrides
from autodisco.simulation.forcefield.estimates import Estimator
from autodisco.simulation.forcefield.typing import assign_types
from autodisco.simulation.molecule import Molecule, Terms

PLAIN, AUTO = "cff91", "cff91_auto"
Key = tuple[str, ...]
Values = tuple[float, ...]


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

    def increment(self, first: str, second: str) -> float | None:
        """Charge (e) that `first` receives from its bond to `second`."""
        for a in (first, overrides.INCREMENT_ANALOGUES.get(first, first)):
            for b in (second, overrides.INCREMENT_ANALOGUES.get(second, second)):
                if (value := self._increment(a, b)) is not None:
                    return value
        return None

    def _increment(self, a: str, b: str) -> float | None:
        for x, y, sign in ((a, b, 1.0), (b, a, -1.0)):
            if (x, y) in overrides.INCREMENTS:
                return sign * overrides.INCREMENTS[x, y]
        keys = ((a, b), (self._automatic(a, "increment"), self._automatic(b, "increment")))
        for key in keys:
            if row := self._frc.find("bond_increments", AUTO, key):
                return row.values[1] if row.reversed else row.values[0]
        return 0.0 if a == b else None

    def nonbonded(self, name: str) -> tuple[float, float] | None:
        """Epsilon (kcal/mol) and r (Å)."""
        if name in overrides.NONBONDED:
            return overrides.NONBONDED[name]
        for key in (name, self._equivalent(name, "nonbond"), self._automatic(name, "nonbond")):
            if row := self._frc.find("nonbond(9-6)", PLAIN, (key,)):
                return row.values[1], row.values[0]
        return None

    def bond(self, a: str, b: str) -> tuple[float, ...] | None:
        """r0, K2, K3, K4."""
        for key in ((a, b), (b, a)):
            if key in overrides.QUARTIC_BONDS:
                return overrides.QUARTIC_BONDS[key]
        if row := self._explicit("quartic_bond", (a, b), "bond"):
            return row.values[:4]
        if frozenset((a, b)) in overrides.DISTRUSTED_AUTOMATIC_BONDS:
            return None
        key = (self._automatic(a, "bond"), self._automatic(b, "bond"))
        row = self._frc.find("quadratic_bond", AUTO, key)
        return (*row.values[:2], 0.0, 0.0) if row else None

    def angle(self, a: str, b: str, c: str) -> tuple[float, ...] | None:
        """theta0, K2, K3, K4."""
        for overridden in ((a, b, c), (c, b, a)):
            if overridden in overrides.QUARTIC_ANGLES:
                return overrides.QUARTIC_ANGLES[overridden]
        if row := self._explicit("quartic_angle", (a, b, c), "angle"):
            return row.values[:4]
        ends, apex = (
            (self._automatic(a, "angle_end"), self._automatic(c, "angle_end")),
            self._automatic(b, "angle_apex"),
        )
        keys: tuple[Key, ...] = ((ends[0], apex, ends[1]), ("*", apex, "*"))
        for key in keys:
            if row := self._frc.find("quadratic_angle", AUTO, key):
                return (*row.values[:2], 0.0, 0.0)
        return None

    def torsion(self, a: str, b: str, c: str, d: str) -> tuple[float, ...] | None:
        """V1, phi1, V2, phi2, V3, phi3 of sum V_n (1 - cos(n phi - phi_n))."""
        wild = ("*", self._equivalent(b, "torsion"), self._equivalent(c, "torsion"), "*")
        explicit: tuple[Key, ...] = ((a, b, c, d), wild)
        for key in explicit:
            if row := self._explicit("torsion_3", key, "torsion"):
                return row.values[:6]
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
                return tuple(terms)
        return None

    def out_of_plane(self, a: str, centre: str, b: str, c: str) -> tuple[float, ...] | None:
        """K, chi0 of the Wilson angle; the order of the outer atoms does not matter."""
        for outer in itertools.permutations((a, b, c)):
            if row := self._explicit("wilson_out_of_plane", (outer[0], centre, *outer[1:]), "oop", both_ways=False):
                return row.values[:2]
        key = ("*", self._automatic(centre, "oop_centre"), "*", "*")
        row = self._frc.find("wilson_out_of_plane", AUTO, key, both_ways=False)
        return row.values[:2] if row else None

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
    lookup = PcffLookup(frc.installed("pcff.frc"))
    types = assign_types(mol)
    estimator = Estimator(mol)
    estimated: set[str] = set()

    def filled(
        kind: str, atoms: tuple[int, ...], row: Values | float | None, estimate: Callable[..., Values | float | None]
    ) -> Any:
        if row is not None:
            return row
        names = "-".join(types[i] for i in atoms)
        estimated.add(f"{kind} {names}")
        row = estimate(*atoms)
        if row is None:
            raise SimulationFailure("parameters-missing", f"no parameters for {kind} {names}")
        return row

    neighbours = [[n.GetIdx() for n in atom.GetNeighbors()] for atom in mol.GetAtoms()]
    charges = np.zeros(mol.GetNumAtoms())
    bonds, bond_rows, length = [], [], {}
    for bond in mol.GetBonds():
        i, j = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        increment = filled("charge", (i, j), lookup.increment(types[i], types[j]), lambda *_: 0.0)
        charges[i] += increment
        charges[j] -= increment
        row = filled("bond", (i, j), lookup.bond(types[i], types[j]), estimator.bond)
        bonds.append((i, j))
        bond_rows.append(row)
        length[i, j] = length[j, i] = row[0]

    angles, angle_rows, theta = [], [], {}
    for j, around in enumerate(neighbours):
        for i, k in itertools.combinations(around, 2):
            key = (types[i], types[j], types[k])
            row = filled("angle", (i, j, k), lookup.angle(*key), estimator.angle)
            lengths = (length[i, j], length[j, k])
            angles.append((i, j, k))
            angle_rows.append(
                (*row, *lookup.cross("bond-bond", key, 1), *lengths, *lookup.cross("bond-angle", key, 2), *lengths)
            )
            theta[i, j, k] = theta[k, j, i] = row[0]

    dihedrals, dihedral_rows = [], []
    for j, k in bonds:
        for i, m in itertools.product(neighbours[j], neighbours[k]):
            if i in (k, m) or m == j:
                continue
            four = (types[i], types[j], types[k], types[m])
            row = filled("torsion", (i, j, k, m), lookup.torsion(*four), estimator.torsion)
            ends = (length[i, j], length[k, m])
            thetas = (theta[i, j, k], theta[j, k, m])
            dihedrals.append((i, j, k, m))
            dihedral_rows.append(
                (
                    *row,
                    *lookup.cross("middle_bond-torsion_3", four, 3),
                    length[j, k],
                    *lookup.cross("end_bond-torsion_3", four, 6),
                    *ends,
                    *lookup.cross("angle-torsion_3", four, 6),
                    *thetas,
                    *lookup.cross("angle-angle-torsion_1", four, 1),
                    *thetas,
                    *lookup.cross("bond-bond_1_3", four, 1),
                    *ends,
                )
            )

    impropers, improper_rows = [], []
    for j, around in enumerate(neighbours):
        for i, k, m in itertools.combinations(around, 3):
            a, centre, b, c = types[i], types[j], types[k], types[m]
            wilson: tuple[float, ...] = (0.0, 0.0)
            if len(around) == 3:
                row = lookup.out_of_plane(a, centre, b, c)
                wilson = filled("out-of-plane", (i, j, k, m), row, estimator.out_of_plane)
            couplings = (
                lookup.angle_angle(a, centre, b, c),
                lookup.angle_angle(b, centre, a, c),
                lookup.angle_angle(a, centre, c, b),
            )
            impropers.append((i, j, k, m))
            improper_rows.append((*wilson, *couplings, theta[i, j, k], theta[i, j, m], theta[k, j, m]))

    nonbonded = []
    for atom, kind in zip(mol.GetAtoms(), types, strict=True):
        pair = overrides.saturated_carbon_nonbonded(atom) if kind == "c" else lookup.nonbonded(kind)
        if pair is None:
            raise SimulationFailure("parameters-missing", f"no Lennard-Jones parameters for type {kind}")
        nonbonded.append(pair)

    return Molecule(
        name=name,
        elements=[atom.GetSymbol() for atom in mol.GetAtoms()],
        types=types,
        masses=np.array([atom.GetMass() for atom in mol.GetAtoms()]),
        charges=charges,
        nonbonded=np.array(nonbonded),
        bonds=Terms.of(bonds, bond_rows, 2, 4),
        angles=Terms.of(angles, angle_rows, 3, 11),
        dihedrals=Terms.of(dihedrals, dihedral_rows, 4, 32),
        impropers=Terms.of(impropers, improper_rows, 4, 8),
        estimated_terms=tuple(sorted(estimated)),
    )
