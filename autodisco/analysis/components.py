"""Components of a box: what ``system.json`` says about each kind of molecule, and all that an analysis knows of it.

A component is one kind of molecule in one role. Folders of the version before components are read too.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Role = Literal["polymer", "solvent", "cation", "anion"]


@dataclass(frozen=True)
class Component:
    """One kind of molecule; indices count the atoms of the box.

    Attributes
    ----------
    role, name : what it is, and what people call it: an ion by its name, others by their SMILES
    charge : formal charge of one molecule in e, not scaled
    atoms : first atom of each molecule and the one behind its last
    coordinating : atoms that hold ions of the other sign, or cations
    centres : the atom that stands for the position of each molecule; empty for the centre of mass
    units : number of repeat units of each chain of a polymer
    per_formula_unit : of ions, how many of them are in one formula unit, by the name of the salt
    contact_a, shell_a : of cations, Å: where an anion touches, and where an atom is a neighbour
    """

    role: Role
    name: str
    charge: float
    atoms: tuple[tuple[int, int], ...]
    coordinating: tuple[int, ...] = ()
    centres: tuple[int, ...] = ()
    units: tuple[int, ...] = ()
    per_formula_unit: Mapping[str, int] = field(default_factory=dict)
    contact_a: float | None = None
    shell_a: float | None = None

    @property
    def count(self) -> int:
        """Number of molecules."""
        return len(self.atoms)

    def to_dict(self) -> dict[str, Any]:
        """As it stands in ``system.json``."""
        return {**asdict(self), "count": self.count}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "Component":
        """What `to_dict` wrote. Raises KeyError, TypeError or ValueError for anything else."""
        values = {name: value for name, value in stored.items() if name != "count"}
        for name in ("coordinating", "centres", "units"):
            values[name] = tuple(int(value) for value in stored[name])
        values["atoms"] = tuple((int(start), int(stop)) for start, stop in stored["atoms"])
        values["charge"] = float(stored["charge"])
        return cls(**values)


def components_of(system: Mapping[str, Any]) -> tuple[Component, ...]:
    """The components in the content of a ``system.json``. Raises KeyError, TypeError or ValueError if it is not one."""
    if "components" in system:
        return tuple(Component.from_dict(stored) for stored in system["components"])
    return _of_one_polymer_and_salt(system)


def _of_one_polymer_and_salt(system: Mapping[str, Any]) -> tuple[Component, ...]:
    """The components of a folder of version 0.2.0 or older."""
    n, chains = int(system["n_polymer_atoms"]), int(system.get("chains") or 0)
    cations, centres = [int(atom) for atom in system["cations"]], tuple(int(atom) for atom in system["anion_centres"])
    sites = [tuple(int(atom) for atom in atoms) for atoms in system["anions"]]
    spans = [(min(*atoms, centre), max(*atoms, centre) + 1) for atoms, centre in zip(sites, centres, strict=True)]
    bounds = [(k * n // chains, (k + 1) * n // chains) for k in range(chains)] or [(0, n)]
    polymer = Component("polymer", str(system["monomer_smiles"]), 0.0, tuple(bounds))
    if not cations and not sites:
        return (polymer,)
    return (
        polymer,
        Component("anion", "anion", float(system["anion_charge"]), tuple(spans), sum(sites, ()), centres),
        Component(
            "cation", "cation", float(system["cation_charge"]), tuple((atom, atom + 1) for atom in cations),
            tuple(cations), tuple(cations), contact_a=system.get("cluster_cutoff_a"),
            shell_a=system.get("coordination_cutoff_a"),
        ),
    )  # fmt: skip
