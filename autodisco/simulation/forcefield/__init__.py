"""Force fields by name: built-in ones, those of installed packages, and those in a file."""

from typing import TYPE_CHECKING

from autodisco.errors import SimulationFailure
from autodisco.registry import Registry
from autodisco.simulation.forcefield.force_field import ForceField

if TYPE_CHECKING:
    from autodisco.polymer import Molecule, RepeatUnit

__all__ = ["DEFAULT", "FORCE_FIELDS", "ForceField", "load", "weaknesses"]

DEFAULT = "pcff+"

FORCE_FIELDS: Registry[type[ForceField] | ForceField] = Registry(
    "force_fields",
    "force field",
    {DEFAULT: "autodisco.simulation.forcefield.pcff_plus:PcffPlus"},
    ForceField,
    "either",
)


def load(name: str) -> ForceField:
    """The force field `name`. Raises InputError for one that does not exist."""
    part = FORCE_FIELDS.get(name)
    return part() if isinstance(part, type) else part


def weaknesses(part: "RepeatUnit | Molecule") -> list[dict[str, str]] | None:
    """The weak groups that a polymer or molecule holds: ``name``, ``reason``, ``figure``; None without parameters."""
    from rdkit import Chem

    from autodisco.polymer import RepeatUnit
    from autodisco.polymer.chains import chain
    from autodisco.simulation.forcefield import pcff
    from autodisco.simulation.forcefield.weak_groups import WEAK_GROUPS

    try:
        mol = chain(part, 2).mol if isinstance(part, RepeatUnit) else Chem.AddHs(part.mol)
        names = pcff.parameterise(mol).force_field_flags
    except SimulationFailure:
        return None
    rows = [group for group in WEAK_GROUPS if group.name in names]
    return [{"name": group.name, "reason": group.reason, "figure": group.figure} for group in rows]
