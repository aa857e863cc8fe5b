"""How much has to be in a box: with periodic images no edge may fall below twice the cutoff, at any step of a protocol.

A protocol states a number of ion pairs or a mass of polymer, and dense polymers fill less space with it. The volume
they will take is estimated from van der Waals volumes, a packing fraction and the compression at the pressures and
temperatures of the protocol; where it is too small for the cutoff, the box gets more ion pairs and chains.
"""

import math
from collections import Counter

from rdkit import Chem

from autodisco.polymer import RepeatUnit
from autodisco.simulation.contents import applied, chain_of, composition, sequences
from autodisco.simulation.formulation import Formulation, neutral_molecule, of
from autodisco.simulation.protocols import Protocol, SystemSettings
from autodisco.simulation.steps import Npt

ATOM_A3 = {
    "H": 7.24, "C": 20.58, "N": 15.60, "O": 14.71, "F": 13.31, "P": 24.43, "S": 24.43, "Cl": 22.45, "Br": 26.52,
    "I": 32.52, "B": 40.48, "Si": 38.79,
}  # fmt: skip
"""Volume of an atom of Bondi's radius; a bond takes BOND_A3 away, a ring its own share (Zhao, Abraham and Zissimos,
J. Org. Chem. 2003, 68, 7368)."""

BOND_A3, AROMATIC_RING_A3, OTHER_RING_A3 = 5.92, 14.7, 3.8

PACKING = 0.645
"""Van der Waals volume per volume at 353 K and 1 atm, the mean over 61 published polymers with LiTFSI (0.61 to 0.70 for
all but one, standard deviation 0.02); it is used for every polymer."""

REFERENCE_K, GLASSY_BELOW_K = 353.0, 290.0

MARGIN = 1.035
"""By how much the expected edge has to exceed twice the cutoff. The smallest edge of a run scatters by 1 % about the
expected one; of 98 polymers the smallest was 0.967 times it."""


def sized(subject: RepeatUnit | Formulation, protocol: Protocol, times: float = 1.0) -> SystemSettings:
    """The settings of a protocol for a formulation, with as much in the box as its cutoff needs, and `times` that.

    They are those of the protocol if its box is expected to be large enough. Raises InputError as `composition` does.
    """
    formulation = of(subject)
    grown = protocol.system if formulation.homopolymer else applied(formulation, protocol.system)
    least = MARGIN * 2 * protocol.nonbonded.cutoff
    while (edge := expected_edge(formulation, grown, protocol)) < least:
        grown = grown.times((least / edge) ** 3)
    return grown.times(times) if times > 1 else grown


def expected_edge(subject: RepeatUnit | Formulation, settings: SystemSettings, protocol: Protocol) -> float:
    """Edge (Å) of the box where the protocol compresses it most."""
    formulation = of(subject)
    contents = composition(formulation, settings)
    occupied = 0.0
    for polymer, lengths in zip(formulation.polymers, contents.chains, strict=True):
        for sequence, n in Counter(sequences(polymer, lengths, seed=0)).items():
            occupied += n * _occupied(chain_of(polymer, sequence).mol)
    for solvent, n in zip(formulation.solvents, contents.solvents, strict=True):
        occupied += n * _occupied(neutral_molecule(solvent.smiles))
    for salt, n in contents.salts:
        occupied += n * salt.anions * van_der_waals_volume(salt.anion.molecule)
    return float((occupied / PACKING * least_expansion(protocol)) ** (1 / 3))


def _occupied(mol: Chem.Mol) -> float:
    """Van der Waals volume (Å³) of a polymer or a solvent, less BOND_A3 for every double or triple bond.

    Molecules with C=O, C≡N and S=O pack more densely than others: over 98 polymers in `quick` the smallest simulated
    edge is 1.000 times the expected one (standard deviation 0.0095); with every bond alike it is 0.991 times (0.016).
    """
    multiple = sum(bond.GetBondType() in (Chem.BondType.DOUBLE, Chem.BondType.TRIPLE) for bond in mol.GetBonds())
    return van_der_waals_volume(mol) - BOND_A3 * multiple


def least_expansion(protocol: Protocol) -> float:
    """Volume where a protocol compresses its box most, over that at 353 K and 1 atm."""
    steps = [step for step in protocol.steps if isinstance(step, Npt)]
    ends = [end for step in steps for end in zip(step.temperature_k, step.pressure_atm, strict=True)]
    return min((_expansion(kelvin, atm) for kelvin, atm in ends), default=1.0)


def _expansion(kelvin: float, atm: float) -> float:
    """Volume over that at 353 K and 1 atm, by the Tait equation of molten poly(ethylene oxide) (Zoller and Walsh,
    Standard Pressure-Volume-Temperature Data for Polymers, 1995); other polymers are about as soft. As a glass it
    shrinks a third as much with temperature."""
    above = max(kelvin, GLASSY_BELOW_K) - REFERENCE_K
    tait_atm = 1495.0 * math.exp(-3.947e-3 * above)
    cold = min(0.0, kelvin - GLASSY_BELOW_K)
    return math.exp(7.09e-4 * above + 2.4e-4 * cold) * (1 - 0.0894 * math.log1p(max(0.0, atm) / tait_atm))


def van_der_waals_volume(mol: Chem.Mol) -> float:
    """Van der Waals volume (Å³) of a molecule with explicit hydrogens; carbon stands for elements without a value."""
    rings = mol.GetRingInfo().AtomRings()
    aromatic = sum(all(mol.GetAtomWithIdx(i).GetIsAromatic() for i in ring) for ring in rings)
    atoms = sum(ATOM_A3.get(atom.GetSymbol(), ATOM_A3["C"]) for atom in mol.GetAtoms())
    rings_a3 = AROMATIC_RING_A3 * aromatic + OTHER_RING_A3 * (len(rings) - aromatic)
    return float(atoms - BOND_A3 * mol.GetNumBonds() - rings_a3)
