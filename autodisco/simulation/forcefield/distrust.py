"""Which rows of the public file are not used, because they were made for another kind of molecule.

An automatic row serves all atoms around a bond or an angle, and an equivalent one a similar type. Some were made for
another kind of molecule: O-O has the length of O2, any single bond C-C≡ is 1.40 Å, angles of three-rings are those
of open chains, and a single bond at a sulfone has the barrier of a conjugated one. Rows for exactly these types are
always used. docs/validation.md says what the rules change.
"""

from rdkit import Chem

WILD = ("automatic", "equivalent")
LENGTH_OFF = 0.05
"""Å by which a wild row may differ from MMFF94; measured lengths lie within 0.03 Å of MMFF94 for these bonds."""

LENGTH_OFF_UFF = 0.15
"""Å, where MMFF94 does not know the molecule and UFF has to judge."""

ANGLE_OFF = 12.0
"""Degrees; equilibrium angles of force fields differ by several degrees with what stands beside them."""


def distrusts_length(source: str, length: float, estimate: float | None, is_mmff: bool) -> bool:
    """Whether a bond row is that of another bond; lengths in Å."""
    limit = LENGTH_OFF if is_mmff else LENGTH_OFF_UFF
    return source in WILD and estimate is not None and abs(length - estimate) > limit


def distrusts_angle(source: str, theta: float, estimate: float | None, is_mmff: bool) -> bool:
    """Whether an angle row is that of another angle; angles in degrees."""
    return source in WILD and is_mmff and estimate is not None and abs(theta - estimate) > ANGLE_OFF


def distrusts_torsion(source: str, bond: Chem.Bond, is_mmff: bool) -> bool:
    """Whether MMFF94 is asked for the torsions about `bond`, whose row is any row for its two atoms.

    Those are bonds between two of N, O, S and P, bonds of S and P with three or more neighbours, and double bonds of
    C with one of the four.
    """
    ends = (bond.GetBeginAtom(), bond.GetEndAtom())
    hetero = [end.GetAtomicNum() in (7, 8, 15, 16) for end in ends]
    crowded = any(end.GetAtomicNum() in (15, 16) and end.GetDegree() > 2 for end in ends)
    double = bond.GetBondType() == Chem.BondType.DOUBLE and any(hetero)
    return source == "automatic" and is_mmff and (all(hetero) or crowded or double)
