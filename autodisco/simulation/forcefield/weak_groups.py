"""Groups for which the force field is known to be weak. Polymers that hold one are flagged, not refused.

A row says what was measured and what the force field gives. Two names stand for no pattern: "estimated charges" and
"generic charges" are polymers with charge increments that were fitted here, or made from electronegativities alone.
"""

import functools
from typing import NamedTuple

from rdkit import Chem


class WeakGroup(NamedTuple):
    """A group by `smarts` (empty where it is found otherwise), why it is weak, and the figure that shows it."""

    name: str
    smarts: str
    reason: str
    figure: str


ESTIMATED_CHARGES = WeakGroup(
    "estimated charges",
    "",
    "charges of a group fitted here to quantum-chemical potentials of model compounds, never tried in a polymer",
    "dipoles of model compounds: docs/validation.md",
)
GENERIC_CHARGES = WeakGroup(
    "generic charges",
    "",
    "charges of a bond made from electronegativities alone, which leaves polar groups too weak",
    "with such charges acetonitrile has 1.25 D; measured 3.92 D",
)
WEAK_GROUPS = (
    ESTIMATED_CHARGES,
    GENERIC_CHARGES,
    WeakGroup(
        "tertiary amine",
        "[NX3]([CX4])([CX4])[CX4]",
        "published charges of PCFF+ make tertiary amines too polar and bind them too strongly",
        "trimethylamine 1.46 D, measured 0.61; triethylamine: heat of vaporisation 44 kJ/mol, measured 34.8",
    ),
    WeakGroup(
        "primary amine",
        "[NX3;H2][CX4]",
        "published values of PCFF+ make liquids too light",
        "propylamine: 0.65 g/cm³, measured 0.714",
    ),
    WeakGroup(
        "imide",
        "[NX3]([CX3]=[OX1])[CX3]=[OX1]",
        "charges of PCFF+ amides, which nobody published for imides",
        "succinimide 0.71 D; measured 1.5 D",
    ),
    WeakGroup(
        "hydrazine",
        "[NX3;!$(N[C,S]=[O,S])][NX3;!$(N[C,S]=[O,S])]",
        "published charges of PCFF+ amines make hydrazines too polar when they are bent",
        "hydrazine 2.4 D (mean of conformers); measured 1.75 D",
    ),
    WeakGroup(
        "thiophene",
        "[sX2]",
        "van der Waals of aromatic sulfur of public PCFF: the liquid is too light and bound too weakly",
        "thiophene: 0.86 g/cm³, measured 1.058; heat of vaporisation 22 kJ/mol, measured 34.7",
    ),
    WeakGroup(
        "alcohol",
        "[OX2;H1][CX4]",
        "hydroxyl oxygen has the values of ethers: liquids are too light and too strongly bound",
        "ethanol: 0.70 g/cm³, measured 0.787; heat of vaporisation 49 kJ/mol, measured 42.3",
    ),
    WeakGroup(
        "open carbonate",
        "[OX2;!R][CX3](=[OX1])[OX2;!R]",
        "published values of PCFF+ make liquids too light",
        "dimethyl carbonate: 0.99 g/cm³, measured 1.063",
    ),
    WeakGroup(
        "cyclic carbonate",
        "[OX2;R][CX3;R](=[OX1])[OX2;R]",
        "charges fitted here bind the liquid too weakly",
        "propylene carbonate: heat of vaporisation 53 kJ/mol, measured 66.3",
    ),
)


@functools.cache
def _patterns() -> tuple[tuple[str, Chem.Mol], ...]:
    return tuple((group.name, Chem.MolFromSmarts(group.smarts)) for group in WEAK_GROUPS if group.smarts)


def weak_groups(mol: Chem.Mol, charge_sources: set[str]) -> tuple[str, ...]:
    """Names of the rows of `WEAK_GROUPS` that hold for `mol`, of whose charges `charge_sources` are the sources."""
    names = [name for name, pattern in _patterns() if mol.HasSubstructMatch(pattern)]
    names += [ESTIMATED_CHARGES.name] if "estimated" in charge_sources else []
    names += [GENERIC_CHARGES.name] if "automatic" in charge_sources else []
    return tuple(sorted(names))
