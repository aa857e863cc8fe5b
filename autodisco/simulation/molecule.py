"""A molecule and a box of molecules with every parameter spelled out, independent of any engine.

Parameters are stored per term, in the units that `forms` gives; an engine may group equal rows into types.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from autodisco.analysis.components import Component
from autodisco.arrays import Floats
from autodisco.simulation.forms import Form, PairRule

Integers = NDArray[np.int64]


def pairs_of(bonds: Sequence[Sequence[int]]) -> Integers:
    """Bonded pairs (m, 2) from a list of them, also when it is empty."""
    return np.array(bonds, dtype=np.int64).reshape(-1, 2)


@dataclass(frozen=True)
class Terms:
    """n interactions of one form: atom indices (n, k) and parameters (n, p), columns in the order of the form."""

    form: Form
    atoms: Integers
    parameters: Floats

    @classmethod
    def of(cls, form: Form, atoms: Sequence[Sequence[int]], parameters: Sequence[Sequence[float]]) -> "Terms":
        """Terms from two lists, also when they are empty."""
        return cls(
            form,
            np.array(atoms, dtype=np.int64).reshape(-1, form.atoms),
            np.array(parameters, dtype=float).reshape(-1, len(form.parameters)),
        )

    @classmethod
    def joined(cls, form: Form, parts: Sequence["Terms"], offsets: Sequence[int]) -> "Terms":
        """The terms of several molecules whose atoms start at `offsets`."""
        if not parts:
            return cls.of(form, [], [])
        return cls(
            form,
            np.concatenate([part.atoms + offset for part, offset in zip(parts, offsets, strict=True)]),
            np.concatenate([part.parameters for part in parts]),
        )


@dataclass(frozen=True)
class Molecule:
    """One molecule of n atoms.

    `bonds` (m, 2) says which atoms are joined, whatever the energy of it; `forces` are the bonded interactions, none
    for a potential that needs nothing but elements and coordinates. `nonbonded` (n, 2) holds epsilon (kcal/mol) and
    the length (Å) of the pair form. `estimated_terms` names each parameter that the force field lacks and that was
    taken from elsewhere; `sources` counts terms by their kind and by where their parameters come from;
    `force_field_flags` names the weak groups it holds. `template` holds coordinates (n, 3) in Å for rigid placement,
    or None for a chain that has to be grown.
    """

    name: str
    elements: list[str]
    types: list[str]
    masses: Floats
    charges: Floats
    bonds: Integers
    nonbonded: Floats
    forces: tuple[Terms, ...] = ()
    estimated_terms: tuple[str, ...] = ()
    force_field_flags: tuple[str, ...] = ()
    sources: dict[tuple[str, str], int] = field(default_factory=dict)
    template: Floats | None = None

    def __len__(self) -> int:
        return len(self.elements)

    def terms(self, form: Form) -> Terms:
        """The terms of one form, with atom indices of the molecule."""
        return Terms.joined(form, *_with_offsets([self], [0], form))


def _with_offsets(molecules: Sequence[Molecule], offsets: Sequence[int], form: Form) -> tuple[list[Terms], list[int]]:
    """The parts that several molecules have of a form, and where the atoms of each begin."""
    found = [
        (part, offset)
        for molecule, offset in zip(molecules, offsets, strict=True)
        for part in molecule.forces
        if part.form.name == form.name
    ]
    return [part for part, _ in found], [offset for _, offset in found]


@dataclass(frozen=True)
class System:
    """Molecules in a periodic box with orthogonal edges `box` (3,) in Å; `positions` (n, 3) are unwrapped.

    `components` say which molecules are of one kind, and their roles. `pair_rule` is that of the force field, None if
    it is not made of pairs.
    """

    molecules: list[Molecule]
    positions: Floats
    box: Floats
    labels: dict[str, object] = field(default_factory=dict)
    components: tuple[Component, ...] = ()
    pair_rule: PairRule | None = field(kw_only=True)

    @property
    def offsets(self) -> list[int]:
        """Index of the first atom of each molecule."""
        return [0, *np.cumsum([len(m) for m in self.molecules])[:-1].tolist()]

    @property
    def masses(self) -> Floats:
        """True atomic masses (n,) in g/mol."""
        return np.concatenate([m.masses for m in self.molecules])

    @property
    def charges(self) -> Floats:
        """Charges (n,) in e, scaled as simulated."""
        return np.concatenate([m.charges for m in self.molecules])

    @property
    def elements(self) -> list[str]:
        """Element symbol of every atom."""
        return [e for m in self.molecules for e in m.elements]

    @property
    def nonbonded(self) -> Floats:
        """Pair parameters (n, 2) of every atom."""
        return np.concatenate([m.nonbonded for m in self.molecules])

    @property
    def bonds(self) -> Integers:
        """Bonded pairs (m, 2)."""
        return np.concatenate([m.bonds + offset for m, offset in zip(self.molecules, self.offsets, strict=True)])

    @property
    def forms(self) -> list[Form]:
        """The bonded forms that occur, in the order in which the molecules have them."""
        found = {terms.form.name: terms.form for m in self.molecules for terms in m.forces if len(terms.atoms)}
        return list(found.values())

    def terms(self, form: Form) -> Terms:
        """All terms of one form."""
        return Terms.joined(form, *_with_offsets(self.molecules, self.offsets, form))

    def simulated_masses(self, hydrogen_mass: float | None) -> Floats:
        """Masses (n,) with hydrogens made heavier at the cost of the atom they are bound to; the sum is unchanged."""
        masses = self.masses
        if hydrogen_mass is None:
            return masses
        elements = np.array(self.elements)
        bonds = self.bonds
        result = masses.copy()
        for first, second in np.concatenate([bonds, bonds[:, ::-1]]):
            if elements[first] == "H" and elements[second] != "H":
                shift = hydrogen_mass - masses[first]
                result[first] += shift
                result[second] -= shift
        return result
