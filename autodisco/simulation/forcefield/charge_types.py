"""Charge types: subdivisions of PCFF types that cover groups of different polarity.

PCFF gives the carbon of a nitrile and that of an alkyne one type, and the sulfur of a sulfoxide and that of a sulfone.
This is accurate enough for bonded terms, but not for charge increments. A charge type depends on atoms that are at most
two bonds away, so that a group has the same charges in every chain.
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple

from rdkit import Chem


class ChargeRule(NamedTuple):
    """The first atom of `smarts` has the charge type `name`, a PCFF type with a group behind the dot."""

    smarts: str
    name: str


# A later row overrides an earlier one. An atom that no row matches keeps its PCFF type.
CHARGE_RULES = tuple(
    ChargeRule(*row)
    for row in (
        ("[CX3;$(C=C);!$(C=C=[N,O,S])]", "c="),
        ("[CX3;H2,$([H1][#6])]=[OX1]", "c_0.aldehyde"),
        ("[CX3](=[SX1])([#6,#1])[#6,#1]", "c_0.thio"),
        ("[CX3](=[SX1])([#6,#1])[!#6;!#1]", "c_1.thio"),
        ("[CX3](=[SX1])([!#6;!#1])[!#6;!#1]", "cz.thio"),
        ("[CX3](=[OX1])([SX2])[OX2,SX2]", "cz.sulfur"),
        ("[CX3]=[NX2]", "c=.imine"),
        ("[CX3](=[NX2])[NX3]", "c=.amidine"),
        ("[CX2](=[NX2])=*", "c=2.isocyanate"),
        ("[CX2](=[CX3])=[OX1]", "c=2.ketene"),
        ("[CX2]#[NX1]", "ct.nitrile"),
        ("[CX1-]#[NX2+]", "ct.isocyanide"),
        ("[CX3]1(=[OX1])[OX2]**[OX2]1", "cz.ring"),
        ("[CX3]1(=[OX1])[OX2]***[OX2]1", "cz.ring"),
        ("[OX2]1[CX3](=[OX1])[OX2]**1", "oz.ring"),
        ("[OX2]1[CX3](=[OX1])[OX2]***1", "oz.ring"),
        ("[OX2;H1][CX3]=[OX1]", "o_2.acid"),
        ("[OX2]([CX3]=[OX1])[CX3]=[OX1]", "o_2.anhydride"),
        ("[OX2;H1]c", "o.phenol"),
        ("[OX2][#16X3,#16X4]", "o.sulfonyl"),
        ("[OX2][PX4]=[OX1,SX1]", "o.phosphate"),
        ("[OX2][PX3]", "o.phosphite"),
        ("[OX2][#7]", "o.nitrogen"),
        ("[OX2][SX2]", "o.sulfur"),
        ("[OX2][OX2]", "o.peroxide"),
        ("[OX2;$([OX2][CX3]=[OX1]);$(O[NX3])]", "o_2.nitrogen"),
        ("[OX2;$([OX2][CX3]=[OX1]);$(O[OX2])]", "o_2.peroxide"),
        ("[OX2;$(O[N+](=O)[O-]),$(ON(=O)=O)]", "o.nitrate"),
        ("[OX1;$([O-][N+]=O),$(O=[N+][O-]),$(O=N=O)]", "o=.nitro"),
        ("[NX3][CX3]=[CX3]", "n.enamine"),
        ("[NX3][CX3]=[NX2]", "n.amidine"),
        ("[NX3][SX3,SX4]", "n.sulfonyl"),
        ("[NX3][CX2]#[NX1]", "n.cyano"),
        ("[NX3]([CX3]=[OX1])[CX3]=[OX1]", "n_2.imide"),
        ("[$([NX3](=O)=O),$([N+](=O)[O-])]", "n=2.nitro"),
        ("[NX2]=[OX1]", "n=.nitroso"),
        ("[NX2]=[CX3]", "n=.imine"),
        ("[NX2]=[SX4]", "n=.sulfoximine"),
        ("[NX2]=[NX2]", "n=.azo"),
        ("[NX2]=[CX2]", "n=.isocyanate"),
        ("[NX2]=[N+]=[N-]", "n=.azide"),
        ("[$([N+](=[N-])=N)]", "n=2.azide"),
        ("[NX1]=[N+]=N", "nt.azide"),
        ("[NX2+]#[CX1-]", "nt.isocyanide"),
        ("[nX3+][O-]", "npc.oxide"),
        ("[SX3]", "sf.sulfoxide"),
        ("[SX4](=O)=O", "sf.sulfone"),
        ("[SX4](=O)=N", "sf.sulfone"),
        ("[SX2][CX3]=[OX1,SX1]", "s.acyl"),
        ("[SX2][SX3,SX4]", "s.sulfonyl"),
        ("[PX4]=[OX1]", "p=.oxide"),
        ("[PX4]=[SX1]", "p=.sulfide"),
    )
)


@functools.cache
def _patterns() -> tuple[tuple[Chem.Mol, str], ...]:
    return tuple((Chem.MolFromSmarts(rule.smarts), rule.name) for rule in CHARGE_RULES)


def assign_charge_types(mol: Chem.Mol, types: Sequence[str]) -> list[str]:
    """Charge type of every atom of `mol`, whose PCFF types are `types`."""
    names = list(types)
    for pattern, name in _patterns():
        for match in mol.GetSubstructMatches(pattern, uniquify=False, maxMatches=10_000_000):
            names[match[0]] = name
    return names
