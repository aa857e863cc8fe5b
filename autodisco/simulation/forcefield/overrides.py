"""Where PCFF+ differs from the public PCFF file, and where public rows are known to be wrong.

The values were found by comparing every coefficient of four published PCFF+ data files (PEO + LiTFSI of the
PolyGen repository, CC0; three polymers of the HTP-MD repository, MIT) with ``pcff.frc``. The charge increments
also stand in the published COMPASS file.
"""

from rdkit import Chem

# Charge on the first atom of a bonded pair, in e; the second atom gets the negative.
INCREMENTS = {
    ("c", "o"): 0.16,
    ("c", "na"): 0.18,
    ("h*", "na"): 0.36,
    ("c", "n_2"): 0.11,
    ("c_1", "n_2"): 0.0,
    ("hn2", "n_2"): 0.35,
    ("c_1", "o_1"): 0.45,
    ("c_1", "o_2"): 0.112,
    ("c", "o_2"): 0.16,
    ("cz", "oo"): 0.63,
    ("cz", "oz"): 0.22,
    ("c", "oz"): 0.05,
    # no increment for a sulfone carbon exists anywhere; this is the one of an aromatic carbon to the same sulfur
    ("c", "sf"): 0.0732,
}

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

# r0 (Å), K2, K3, K4 (kcal/mol/Å^n)
QUARTIC_BONDS = {
    ("c", "c_1"): (1.4902, 253.7067, -423.0370, 396.9000),
    ("c", "n_2"): (1.4432, 319.1593, -586.3243, 961.4143),
    ("c_1", "n_2"): (1.3360, 390.6783, -768.3798, 923.2418),
}

# theta0 (degrees), K2, K3, K4 (kcal/mol/rad^n)
QUARTIC_ANGLES = {
    ("c", "c", "n_2"): (114.3, 42.6590, -10.5460, -9.3243),
    ("c", "o_2", "c_1"): (109.47, 61.2868, -28.9786, 7.9929),
}

# epsilon (kcal/mol), r (Å) of the 9-6 potential
NONBONDED = {
    "h": (0.023, 2.878),
    "h*": (0.008, 1.087),
    "hn2": (0.012, 1.400),
    "na": (0.117, 4.0222),
    "n_2": (0.200, 3.920),
    "o": (0.120, 3.300),
    "o_1": (0.192, 3.430),
    "o_2": (0.096, 3.450),
    "oo": (0.086, 3.300),
    "oz": (0.086, 3.300),
    "c_1": (0.064, 3.900),
    "c_2": (0.064, 3.900),
    "cz": (0.064, 3.900),
    "c=": (0.081, 3.910),
    "c=1": (0.081, 3.910),
    "c=2": (0.081, 3.910),
    "cp": (0.068, 3.915),
    # no published file has a sulfide; fitted here to the published densities of two (docs/all-atom.md)
    "s": (0.25, 3.78),
}

# Single-bonded oxygens behave as ether oxygen in the automatic tables; the public file maps them to carbonyl.
AUTOMATIC_AS_ETHER = ("o_2", "oz")

# Automatic bonds whose length is that of another molecule (o-o is that of O2), 0.1-0.25 Å off MMFF94.
DISTRUSTED_AUTOMATIC_BONDS = frozenset(
    frozenset(pair) for pair in (("o", "o"), ("na", "o"), ("na", "o_2"), ("n_2", "o"), ("na", "s"))
)


def saturated_carbon_nonbonded(atom: Chem.Atom) -> tuple[float, float]:
    """Epsilon (kcal/mol) and r (Å) of an sp3 carbon, which PCFF+ tells apart by its hydrogens and an oxygen beside it.

    Two sets exist for CH2 beside an ether oxygen; this is the one of the PEO data file.
    """
    hydrogens = sum(n.GetAtomicNum() == 1 for n in atom.GetNeighbors())
    oxygens = [n for n in atom.GetNeighbors() if n.GetAtomicNum() == 8]
    if oxygens:
        acyl = any(_is_acyl_oxygen(oxygen) for oxygen in oxygens)
        beside_oxygen = {3: (0.0688, 3.8727), 2: (0.068, 3.915) if acyl else (0.0674, 3.6348), 1: (0.0265, 3.77)}
        if hydrogens in beside_oxygen:
            return beside_oxygen[hydrogens]
    return {4: (0.071, 3.884), 3: (0.071, 3.884), 2: (0.0634, 3.7584), 1: (0.035, 3.75)}.get(hydrogens, (0.007, 3.75))


def _is_acyl_oxygen(oxygen: Chem.Atom) -> bool:
    return any(
        carbon.GetAtomicNum() == 6 and any(o.GetAtomicNum() == 8 and o.GetDegree() == 1 for o in carbon.GetNeighbors())
        for carbon in oxygen.GetNeighbors()
    )
