"""Bonds that a chemist would not expect to survive, looked for on the periodic chain.

Most of them sit at the junction of two repeat units (*OCCOCCN* makes an N-O bond that the lone unit does not show), so
every pattern is matched on a stretch of chain around one whole unit. A rule names the weak bond as SMARTS, the groups
in which the same bond is sound as exceptions, and the reason a reader of the report is given.
"""

from dataclasses import dataclass
from functools import lru_cache

from rdkit import Chem, rdBase

from autodisco.errors import InputError
from autodisco.polymer.identity import LEFT, RIGHT
from autodisco.polymer.repeat_unit import RepeatUnit, parse

#: Backbone atoms on either side of the unit that is judged; no pattern or exception below reaches further.
_CONTEXT_ATOMS = 8


@dataclass(frozen=True)
class Rule:
    """A weak motif: `smarts` finds it, and a match lying wholly inside a match of one of `exceptions` is sound."""

    name: str
    smarts: str
    reason: str
    exceptions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Flag:
    """What `stability_flags` found: the rule's name and its reason."""

    name: str
    reason: str


DEFAULT_RULES: tuple[Rule, ...] = (
    Rule(
        "O-O",
        "[OX2]-[OX2]",
        "peroxides break at the O-O bond (about 150 kJ/mol) on mild heating",
    ),
    Rule(
        "N-O",
        "[#7]-[OX2]",
        "the N-O bond (about 200 kJ/mol) is cleaved by heat and by lithium metal",
        exceptions=(
            "[#6](=[O,S])-[NX3]-[OX2]",  # hydroxamates: the lone pair of N is taken up by the carbonyl
            "[#6]=[NX2]-[OX2]",  # oximes and their ethers
        ),
    ),
    Rule(
        "S-O",
        "[#16]-[OX2]",
        "sulfenic esters rearrange or disproportionate at room temperature",
        exceptions=(
            "[#16](=O)(=O)-[OX2]",  # sulfonates and sulfates
            "[OX2]-[#16](=O)-[OX2]",  # sulfites, known as electrolyte additives
        ),
    ),
    Rule(
        "S-N",
        "[#16]-[#7]",
        "sulfenamides are cleaved by water, acids and nucleophiles",
        exceptions=("[#16](=O)(=O)-[#7]",),  # sulfonamides, sulfonimides and sulfamides
    ),
    Rule(
        "N-N",
        "[#7]-[#7]",
        "hydrazines are oxidised in air and decompose with release of nitrogen",
        exceptions=(
            "[#6](=[O,S])-[NX3]-[#7]",  # hydrazides and semicarbazides
            "[#6]=[NX2]-[NX3]",  # hydrazones
        ),
    ),
    Rule(
        "S-S",
        "[SX2]-[SX2]",
        "disulfides are reduced at lithium potentials and exchange along the chain",
    ),
    Rule(
        "O-O-NH",
        "[OX2]-[OX2]-[NX3;!H0]",
        "an amino peroxide, weaker than either the O-O or the N-O bond alone",
    ),
    Rule(
        "O-NH-O",
        "[OX2]-[NX3;!H0]-[OX2]",
        "a dialkoxyamine, which loses an alcohol",
    ),
)


def stability_flags(unit: RepeatUnit | str, rules: tuple[Rule, ...] = DEFAULT_RULES) -> tuple[Flag, ...]:
    """The rules that the infinite chain of `unit` breaks, in the order of `rules`.

    Raises
    ------
    InvalidRepeatUnit
        if `unit` is a text that is no repeat unit.
    InputError
        if a rule holds text that is not SMARTS.
    """
    if isinstance(unit, str):
        unit = parse(unit)
    chain, middle = _stretch(unit)
    flags = []
    for rule in rules:
        pattern, exceptions = _compiled(rule)
        found = [match for match in chain.GetSubstructMatches(pattern) if not middle.isdisjoint(match)]
        if found:
            sound = [frozenset(match) for exception in exceptions for match in chain.GetSubstructMatches(exception)]
            if any(not any(group.issuperset(match) for group in sound) for match in found):
                flags.append(Flag(rule.name, rule.reason))
    return tuple(flags)


def _stretch(unit: RepeatUnit) -> tuple[Chem.Mol, frozenset[int]]:
    """A stretch of chain, and the indices of the atoms of the unit in its middle. Stereo is left aside."""
    piece = unit.mol
    Chem.RemoveStereochemistry(piece)
    ends = {atom.GetIsotope(): atom.GetIdx() for atom in piece.GetAtoms() if atom.GetAtomicNum() == 0}
    inner = {label: piece.GetAtomWithIdx(end).GetNeighbors()[0].GetIdx() for label, end in ends.items()}
    backbone_atoms = len(Chem.GetShortestPath(piece, ends[LEFT], ends[RIGHT])) - 2
    flank = -(-_CONTEXT_ATOMS // backbone_atoms)
    size = piece.GetNumAtoms()
    chain = Chem.RWMol()
    for copy in range(2 * flank + 1):
        chain.InsertMol(piece)
        if copy:
            before, here = (copy - 1) * size, copy * size
            chain.RemoveBond(before + inner[RIGHT], before + ends[RIGHT])
            chain.RemoveBond(here + inner[LEFT], here + ends[LEFT])
            chain.AddBond(before + inner[RIGHT], here + inner[LEFT], Chem.BondType.SINGLE)
    # The ends that were bridged stay behind as lone dummy atoms, which no rule matches and which keep the numbering.
    with rdBase.BlockLogs():
        Chem.SanitizeMol(chain)
    middle = range(flank * size, (flank + 1) * size)
    return chain.GetMol(), frozenset(middle) - {flank * size + end for end in ends.values()}


@lru_cache
def _compiled(rule: Rule) -> tuple[Chem.Mol, tuple[Chem.Mol, ...]]:
    return _smarts(rule, rule.smarts), tuple(_smarts(rule, text) for text in rule.exceptions)


def _smarts(rule: Rule, text: str) -> Chem.Mol:
    with rdBase.BlockLogs():
        pattern = Chem.MolFromSmarts(text)
    if pattern is None or pattern.GetNumAtoms() == 0:
        raise InputError(f"stability rule '{rule.name}': '{text}' is not SMARTS")
    return pattern
