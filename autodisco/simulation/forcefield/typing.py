"""PCFF atom types from SMARTS: a table read from top to bottom, in which a later row overrides an earlier one.

The first atom of each pattern receives the type. Rows are marked with the evidence behind them: `reference`
means that typed molecules of published PCFF+ data files agree with the row atom by atom.
"""

import functools
from typing import NamedTuple

from rdkit import Chem

from autodisco.errors import SimulationFailure


class TypingRule(NamedTuple):
    """`smarts` selects atoms, `type` is what they become, `note` says what it is and how well it is known."""

    smarts: str
    type: str
    note: str


TYPING_RULES = tuple(
    TypingRule(*row)
    for row in (
        ("[#1]", "h", "hydrogen on C, S or P; reference"),
        ("[#1][#7,#8]", "h*", "hydrogen on N or O; reference for amines"),
        ("[#1][NX3][CX3]=[O,S]", "hn2", "amide hydrogen; reference"),
        ("[#1][OX2][CX3]=O", "ho2", "acid hydrogen; PCFF templates"),
        ("[CX4]", "c", "sp3 carbon; reference"),
        ("[CX4;r3]", "c3m", "sp3 carbon in a three-ring; PCFF templates"),
        ("[CX4;r4]", "c4m", "sp3 carbon in a four-ring; PCFF templates"),
        ("[CX3]", "c=2", "sp2 carbon; PCFF templates"),
        ("[CX3;$(C=[C,N]);!$(C(=[C,N])[CX3,c,CX2,$([NX2]=*)])]", "c=", "end of a conjugated system; reference"),
        (
            "[CX3;$(C(=[CX3])[CX3,c,CX2,$([NX2]=*)]);$(C=[CX3;!$(C(=C)[CX3,c,CX2])])]",
            "c=1",
            "conjugated carbon next to an end; reference",
        ),
        ("[CX3;$(C=[NX2;!$(N(=C)[CX3,NX2,c])])]", "c=1", "imine carbon; PCFF templates"),
        ("[CX2](=*)=*", "c=2", "cumulated carbon; PCFF templates"),
        ("c", "cp", "aromatic carbon; PCFF templates"),
        ("[c;r5]", "c5", "aromatic carbon in a five-ring; PCFF templates"),
        ("[c;r5]~s", "cs", "thiophene carbon beside S; PCFF templates"),
        ("[CX2]#*", "ct", "sp carbon; PCFF templates"),
        ("[CX3](=[O,S])([#6,#1])[#6,#1]", "c_0", "ketone or aldehyde; PCFF templates"),
        ("[CX3](=[O,S])([#6,#1])[!#6;!#1]", "c_1", "ester, acid, amide; reference"),
        ("[CX3](=[O,S])([#7])[!#6;!#1]", "c_2", "carbamate, urea; PCFF templates"),
        ("[CX3](=[O,S])([O,S,F])[O,S,F]", "cz", "carbonate; reference"),
        ("[CX3](=N)([NX3])[NX3]", "cr", "guanidine; PCFF templates"),
        ("[#7]", "na", "fallback for any nitrogen"),
        ("[NX3]", "na", "amine; reference"),
        ("[NX3;r3]", "n3m", "aziridine; PCFF templates"),
        ("[NX3;r4]", "n4m", "azetidine; PCFF templates"),
        ("[NX4]", "n+", "ammonium; PCFF templates"),
        ("[NX3]c", "nn", "aromatic amine; PCFF templates"),
        ("[NX3][CX3]=[C,N]", "n", "enamine, amidine; generic sp2 nitrogen"),
        ("[NX3][SX4,$([SX3]=O)]", "n", "sulfonamide; generic sp2 nitrogen"),
        ("[NX3][CX3]=[O,S]", "n_2", "amide, carbamate, urea; reference for amides"),
        ("[NX3][CX3](=N)[NX3]", "nr", "guanidine; PCFF templates"),
        ("[NX2]=*", "n=2", "sp2 nitrogen; PCFF templates"),
        ("[NX2;$(N(=*)[CX4,NX3,O,#1])]", "n=", "sp2 nitrogen, end of conjugation; PCFF templates"),
        ("[NX2;$(N=[CX3;!$(C(=N)[CX3,NX2,c])]);$(N[CX3,c,$([NX2]=*)])]", "n=1", "next to an end; PCFF templates"),
        ("[NX3;$([N+](=O)[O-]),$(N(=O)=O)]", "n=2", "nitro; no PCFF type, nearest one"),
        ("[NX1]#*", "nt", "nitrile; PCFF templates"),
        ("[NX1]=[N+]", "nt", "azide end; no PCFF type, nearest one"),
        ("[$([NX2](=N)=N),$([NX2+](=[N-])=N)]", "n=2", "azide middle; no PCFF type, nearest one"),
        ("[NX2+]#[CX1-]", "nt", "isocyanide; no PCFF type, nearest one"),
        ("[CX1-]#[NX2+]", "ct", "isocyanide; no PCFF type, nearest one"),
        ("n", "np", "aromatic nitrogen; PCFF templates"),
        ("[nX3;H1]", "nh", "pyrrole nitrogen; PCFF templates"),
        ("[nX3;H0]", "npc", "substituted pyrrole nitrogen; PCFF templates"),
        ("[OX2]", "o", "ether, alcohol; reference for ethers"),
        ("[OX2;r3]", "o3e", "epoxide; PCFF templates"),
        ("[OX2;r4]", "o4e", "oxetane; PCFF templates"),
        ("[OX1]=*", "o=", "oxygen double-bonded to N, P or S; PCFF templates"),
        ("[OX1-]", "o-", "charged oxygen of an N-oxide or nitro group; PCFF templates"),
        ("[OX1;$([O-][N+]=O)]", "o=", "nitro oxygen; no PCFF type, nearest one"),
        ("[OX1]=[#6]", "o_1", "carbonyl oxygen; reference"),
        ("[OX2][CX3]=O", "o_2", "ester, acid, carbamate oxygen; reference"),
        ("[OX1]=[CX3]([O,S])[O,S]", "oo", "carbonate carbonyl oxygen; reference"),
        ("[OX2][CX3](=O)[O,S]", "oz", "carbonate oxygen; reference"),
        ("o", "op", "furan oxygen; PCFF templates"),
        ("[#16]", "s", "sulfide, thiol; van der Waals fitted to densities"),
        ("[SX2][SX2]", "s1", "disulfide; PCFF templates"),
        ("[SX2;r3]", "s3e", "thiirane; PCFF templates"),
        ("[SX2;r4]", "s4e", "thietane; PCFF templates"),
        ("[SX1]=*", "s'", "thione; PCFF templates"),
        ("[SX3,SX4]", "sf", "sulfoxide, sulfone, sulfonamide; PCFF templates"),
        ("s", "sp", "thiophene sulfur; PCFF templates"),
        ("[#15]", "p", "phosphorus; PCFF templates"),
        ("[PX4]", "p=", "phosphate, phosphonate, phosphazene; PCFF templates"),
        ("[F]", "f", "fluorine; van der Waals fitted to perfluorohexane"),
        ("[Cl]", "cl", "chlorine; public PCFF values, only for data sets"),
        ("[Br]", "br", "bromine; public PCFF values, only for data sets"),
        ("[I]", "i", "iodine; public PCFF values, only for data sets"),
        ("[Si]", "si", "silane or siloxane; public PCFF values, only for data sets"),
    )
)


@functools.cache
def _patterns() -> tuple[tuple[Chem.Mol, str], ...]:
    return tuple((Chem.MolFromSmarts(rule.smarts), rule.type) for rule in TYPING_RULES)


def assign_types(mol: Chem.Mol) -> list[str]:
    """PCFF type of every atom of `mol`, which must carry explicit hydrogens.

    Raises SimulationFailure (`parameters-missing`) for an element outside the table.
    """
    types = [""] * mol.GetNumAtoms()
    for pattern, name in _patterns():
        for match in mol.GetSubstructMatches(pattern, uniquify=False, maxMatches=10_000_000):
            types[match[0]] = name
    untyped = sorted({mol.GetAtomWithIdx(i).GetSymbol() for i, name in enumerate(types) if not name})
    if untyped:
        raise SimulationFailure("parameters-missing", f"PCFF has no atom type for {', '.join(untyped)}")
    return types
