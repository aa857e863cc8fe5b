"""What a force field is: parameters of polymers, molecules and ions, and one rule for pairs of atoms."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from autodisco.errors import SimulationFailure

if TYPE_CHECKING:
    from rdkit import Chem

    from autodisco.simulation.forcefield.ions import Ion
    from autodisco.simulation.forms import PairRule
    from autodisco.simulation.molecule import Molecule


class ForceField(ABC):
    """Base class of force fields; it needs `pair_rule` and `polymer`.

    An engine that lacks one of the forms of a molecule refuses the box.
    """

    @property
    @abstractmethod
    def pair_rule(self) -> "PairRule | None":
        """Energy of pairs that share no bonded term; None for a potential that is not made of pairs."""

    @abstractmethod
    def polymer(self, mol: "Chem.Mol") -> "Molecule":
        """All terms of a chain, or of another neutral molecule, with explicit hydrogens.

        Raises SimulationFailure (`parameters-missing`).
        """

    def ion(self, ion: "Ion", charge_scale: float) -> "Molecule":
        """All terms of an ion, with a template of coordinates; its charges are multiplied by `charge_scale`.

        Raises SimulationFailure (`parameters-missing`), as a force field without ions does.
        """
        raise SimulationFailure("parameters-missing", f"{type(self).__name__} has no parameters for ions")
