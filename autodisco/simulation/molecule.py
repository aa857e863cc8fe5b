"""A molecule and a box of molecules with every parameter spelled out, independent of any engine.

Parameters are stored per term, in the units of LAMMPS `real` (kcal/mol, Å, degrees, e, g/mol), with the
column order of its class2 styles; an engine may group equal rows into types.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from autodisco.analysis.components import Component

# columns of the parameter arrays, by the section of a LAMMPS data file
BOND_COLUMNS = {"Bond": slice(0, 4)}
ANGLE_COLUMNS = {"Angle": slice(0, 4), "BondBond": slice(4, 7), "BondAngle": slice(7, 11)}
DIHEDRAL_COLUMNS = {
    "Dihedral": slice(0, 6),
    "MiddleBondTorsion": slice(6, 10),
    "EndBondTorsion": slice(10, 18),
    "AngleTorsion": slice(18, 26),
    "AngleAngleTorsion": slice(26, 29),
    "BondBond13": slice(29, 32),
}
IMPROPER_COLUMNS = {"Improper": slice(0, 2), "AngleAngle": slice(2, 8)}


@dataclass(frozen=True)
class Terms:
    """n interactions of one kind: atom indices (n, k) and parameters (n, p)."""

    atoms: NDArray[np.int64]
    parameters: NDArray[np.float64]

    @classmethod
    def of(cls, atoms: list, parameters: list, k: int, p: int) -> "Terms":
        """Terms from two lists, also when they are empty."""
        return cls(np.array(atoms, dtype=np.int64).reshape(-1, k), np.array(parameters, dtype=float).reshape(-1, p))

    @classmethod
    def joined(cls, parts: list["Terms"], offsets: list[int]) -> "Terms":
        """The terms of several molecules whose atoms start at `offsets`."""
        return cls(
            np.concatenate([part.atoms + offset for part, offset in zip(parts, offsets, strict=True)]),
            np.concatenate([part.parameters for part in parts]),
        )


@dataclass(frozen=True)
class Molecule:
    """One molecule of n atoms.

    `nonbonded` is (n, 2): epsilon (kcal/mol) and r (Å) of the 9-6 potential. `estimated_terms` names each
    parameter that the force field lacks and that was taken from elsewhere; `sources` counts terms by their kind and by
    where their parameters come from; `force_field_flags` names the weak groups it holds. `template` holds coordinates
    (n, 3) in Å for rigid placement, or None for a chain that has to be grown.
    """

    name: str
    elements: list[str]
    types: list[str]
    masses: NDArray[np.float64]
    charges: NDArray[np.float64]
    nonbonded: NDArray[np.float64]
    bonds: Terms
    angles: Terms
    dihedrals: Terms
    impropers: Terms
    estimated_terms: tuple[str, ...] = ()
    force_field_flags: tuple[str, ...] = ()
    sources: dict[tuple[str, str], int] = field(default_factory=dict)
    template: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.elements)


@dataclass(frozen=True)
class System:
    """Molecules in a periodic box with orthogonal edges `box` (3,) in Å; `positions` (n, 3) are unwrapped.

    `components` say which molecules are of one kind, and their roles.
    """

    molecules: list[Molecule]
    positions: NDArray[np.float64]
    box: NDArray[np.float64]
    labels: dict[str, object] = field(default_factory=dict)
    components: tuple[Component, ...] = ()

    @property
    def offsets(self) -> list[int]:
        """Index of the first atom of each molecule."""
        return [0, *np.cumsum([len(m) for m in self.molecules])[:-1].tolist()]

    @property
    def masses(self) -> NDArray[np.float64]:
        """True atomic masses (n,) in g/mol."""
        return np.concatenate([m.masses for m in self.molecules])

    @property
    def charges(self) -> NDArray[np.float64]:
        """Charges (n,) in e, scaled as simulated."""
        return np.concatenate([m.charges for m in self.molecules])

    @property
    def elements(self) -> list[str]:
        """Element symbol of every atom."""
        return [e for m in self.molecules for e in m.elements]

    def terms(self, kind: str) -> Terms:
        """All terms of one kind: `bonds`, `angles`, `dihedrals` or `impropers`."""
        return Terms.joined([getattr(m, kind) for m in self.molecules], self.offsets)

    def simulated_masses(self, hydrogen_mass: float | None) -> NDArray[np.float64]:
        """Masses (n,) with hydrogens made heavier at the cost of the atom they are bound to; the sum is unchanged."""
        masses = self.masses
        if hydrogen_mass is None:
            return masses
        elements = np.array(self.elements)
        bonds = self.terms("bonds").atoms
        result = masses.copy()
        for first, second in np.concatenate([bonds, bonds[:, ::-1]]):
            if elements[first] == "H" and elements[second] != "H":
                shift = hydrogen_mass - masses[first]
                result[first] += shift
                result[second] -= shift
        return result
