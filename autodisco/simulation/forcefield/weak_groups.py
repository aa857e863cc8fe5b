"""Groups for which the force field is known to be weak. Polymers that hold one are flagged, not refused.

A row says what was measured and what the force field gives, or how it differs from MMFF94
(``bench/forcefield_geometry.py``): ranges are those of the energy in a turn about a bond. Two names stand for no
pattern: "estimated charges" and "generic charges" are polymers with charge increments that were fitted here, or made
from electronegativities alone.
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
    WeakGroup(
        "lactam",
        "[NX3;R;!$(N(C=O)C=O)]([CX4])[CX3;R](=[OX1])[#6]",
        "published charges of PCFF+ amides, which make rings with an amide too weak",
        "N-methylpyrrolidone 3.44 D, measured 4.1 D; caprolactam 3.10 D, measured 3.9 D",
    ),
    WeakGroup(
        "N-alkylpyrrole",
        "[nX3r5][CX4]",
        "the bond from nitrogen to carbon has charges made from electronegativities alone",
        "N-methylpyrrole 0.54 D; measured 2.1 D",
    ),
    WeakGroup(
        "pyrazole or triazole",
        "[nX3;r5]:[nX2]",
        "charges of public PCFF for imidazole: a bond of two aromatic nitrogens carries none",
        "pyrazole 1.44 D, measured 2.20 D; 1H-1,2,3-triazole 0.91 D, measured 4.4 D",
    ),
    WeakGroup(
        "alkylpyridine",
        "[$([CX4]c1[c,n]cccn1),$([CX4]c1cccnc1),$([CX4]c1ccncc1),$([CX4]c1ncccn1),$([CX4]c1ccncn1)]",
        "public PCFF lets an alkyl group withdraw electrons from an aromatic ring; in reality it donates electrons",
        "4-methylpyridine 1.83 D, measured 2.70 D",
    ),
    WeakGroup(
        "oxazole",
        "[oX2]1cncc1",
        "charges of aromatic oxygen and nitrogen of public PCFF make oxazoles too polar",
        "oxazole 2.01 D; measured 1.50 D",
    ),
    WeakGroup(
        "alkylfluorobenzene",
        "[CX4]c1ccc(F)cc1",
        "public PCFF lets an alkyl group withdraw electrons from an aromatic ring; in reality it donates electrons",
        "4-fluorotoluene 1.10 D, MMFF94 2.22 D",
    ),
    WeakGroup(
        "cyclic carbamate",
        "[NX3]@[CX3](=[OX1])@[OX2]",
        "published charges of open carbamates, which make rings with a carbamate too weak",
        "3-methyl-2-oxazolidinone 4.43 D, MMFF94 6.13 D",
    ),
    WeakGroup(
        "cyclic urea",
        "[NX3]@[CX3](=[OX1])@[NX3]",
        "published charges of open ureas, which make rings with a urea too weak",
        "2-imidazolidinone 3.12 D, MMFF94 5.41 D",
    ),
    WeakGroup(
        "enamine",
        "[NX3;!$(N[C,S]=[O,S,N])][CX3]=[CX3]",
        "charges fitted here make the nitrogen too polar, and turn the dipole",
        "vinylamine 3.08 D, MMFF94 1.47 D",
    ),
    WeakGroup(
        "trifluoromethyl ether",
        "[OX2][CX4](F)(F)F",
        "carbon and fluorine on oxygen have the charges of fluoroalkanes",
        "methyl trifluoromethyl ether 1.69 D, MMFF94 2.09 D; the vectors differ by 0.51 D",
    ),
    WeakGroup(
        "difluoroacetal",
        "[OX2][CX4](F)(F)[OX2]",
        "carbon and fluorine between oxygens have the charges of fluoroalkanes",
        "2,2-difluoro-1,3-dioxolane 3.11 D, MMFF94 3.93 D",
    ),
    WeakGroup(
        "sulfite",
        "[SX3](=[OX1])([OX2])[OX2]",
        "charges fitted here, with populations of conformers that decide the dipole; the angle at sulfur is too wide",
        "dimethyl sulfite 0.96 D, measured 3.09 D; O–S–O 12° more than MMFF94",
    ),
    WeakGroup(
        "peroxide",
        "[OX2][OX2]",
        "the torsion about O–O is too soft",
        "dimethyl peroxide: range 7.4 kcal/mol, MMFF94 18.1; profiles differ by 1.9 (root mean square)",
    ),
    WeakGroup(
        "hydroxamate",
        "[CX3](=[OX1])[NX3][OX2]",
        "the torsion about N–O is too soft",
        "N-methoxyacetamide: range 1.7 kcal/mol, MMFF94 6.5; profiles differ by 1.9 (root mean square)",
    ),
    WeakGroup(
        "acyl hydrazide",
        "[CX3](=[OX1])[NX3][NX3]",
        "the torsion about the bond of C=O and nitrogen is too soft",
        "N'-methylacetohydrazide: range 12.2 kcal/mol, MMFF94 23.4; profiles differ by 3.0 (root mean square)",
    ),
    WeakGroup(
        "sulfenate",
        "[SX2][OX2]",
        "the torsion about S–O is too soft, and the angle at sulfur too wide",
        "methyl methanesulfenate: range 5.8 kcal/mol, MMFF94 10.4; profiles differ by 1.6 (root mean square)",
    ),
    WeakGroup(
        "thioamide",
        "[CX3;!$(C[OX2])](=[SX1])[NX3]",
        "the torsion about the bond of C=S and nitrogen is too soft",
        "thioacetamide: range 11.9 kcal/mol, MMFF94 16.5; profiles differ by 1.8 (root mean square)",
    ),
    WeakGroup(
        "thionocarbamate",
        "[OX2][CX3](=[SX1])[NX3]",
        "the torsions about the bonds of C=S with nitrogen and with oxygen belong to other groups",
        "O-methyl N-methylthiocarbamate: range about C–N 7.9 kcal/mol, MMFF94 18.9; profiles differ by 2.6 (root mean "
        "square)",
    ),
    WeakGroup(
        "thionoester",
        "[OX2][CX3;!$(C[NX3])](=[SX1])",
        "the torsion about the bond of C=S and oxygen belongs to another group",
        "O-methyl thioacetate: range 7.0 kcal/mol, MMFF94 5.7; profiles differ by 1.6 (root mean square)",
    ),
    WeakGroup(
        "dithioester",
        "[SX2][CX3](=[SX1])",
        "the torsion about the single bond of C=S and sulfur is too stiff",
        "methyl dithioacetate: range 5.1 kcal/mol, MMFF94 1.8; profiles differ by 2.0 (root mean square)",
    ),
    WeakGroup(
        "thioester",
        "[SX2][CX3;!$(C[OX2]);!$(C[NX3])](=[OX1])",
        "the torsion about the bond of C=O and sulfur belongs to another group",
        "S-methyl thioacetate: range 5.4 kcal/mol, MMFF94 6.4; profiles differ by 1.8 (root mean square)",
    ),
    WeakGroup(
        "thiocarbonate",
        "[SX2][CX3](=[OX1])[OX2]",
        "the torsion about the bond of C=O and oxygen belongs to another group",
        "O,S-dimethyl thiocarbonate: range 11.6 kcal/mol, MMFF94 12.1, with minima elsewhere; profiles differ by 6.3 "
        "(root mean square)",
    ),
    WeakGroup(
        "thiocarbamate",
        "[SX2][CX3](=[OX1])[NX3]",
        "the torsions about the bonds of C=O with nitrogen and with sulfur are too soft",
        "S-methyl N-methylthiocarbamate: range about C–N 9.7 kcal/mol, MMFF94 21.3; profiles differ by 3.6 (root mean "
        "square)",
    ),
    WeakGroup(
        "sulfonamide",
        "[SX4](=[OX1])(=[OX1])[NX3]",
        "the torsion about S–N is too soft",
        "N-methylmethanesulfonamide: range 6.6 kcal/mol, MMFF94 8.5; profiles differ by 1.7 (root mean square)",
    ),
    WeakGroup(
        "phosphate",
        "[PX4](=[OX1])([OX2])([OX2])[OX2]",
        "the torsion about P–O is too soft",
        "trimethyl phosphate: range 4.3 kcal/mol, MMFF94 5.8; profiles differ by 1.7 (root mean square)",
    ),
    WeakGroup(
        "phosphonate",
        "[PX4](=[OX1])([OX2])([OX2])[#6]",
        "the torsion about P–O is too soft, and angles at phosphorus are too wide",
        "diethyl ethylphosphonate: range 3.0 kcal/mol, MMFF94 8.2; profiles differ by 1.9 (root mean square)",
    ),
    WeakGroup(
        "phosphoramide",
        "[PX4](=[OX1])[NX3]",
        "the torsion about P–N belongs to another group",
        "dimethyl methylphosphoramidate: range 4.0 kcal/mol, MMFF94 4.1, with minima elsewhere; profiles differ by 1.7 "
        "(root mean square)",
    ),
    WeakGroup(
        "aryl ketone",
        "c[CX3](=[OX1])[#6]",
        "the torsion between ring and C=O is too stiff",
        "acetophenone: range 11.0 kcal/mol, MMFF94 4.4; profiles differ by 2.4 (root mean square)",
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
