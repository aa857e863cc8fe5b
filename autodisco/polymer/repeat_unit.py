"""Repeat units as a user writes them: read, checked, and tied to the polymer they stand for.

Everything that enters the program as a polymer passes `parse` once; from then on a `RepeatUnit` is known to be good.
The drawn cut is kept in `given` for people, while `key` and `smiles` depend on the infinite chain alone.
"""

import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from rdkit import Chem, rdBase

from autodisco.errors import InvalidRepeatUnit
from autodisco.polymer.identity import LEFT, RIGHT, Word, chain_word, key_of, smiles_of
from autodisco.text import counted

ELEMENTS = frozenset({"H", "C", "N", "O", "F", "S", "P"})
MAX_CHARACTERS = 400

_BRACKET_OR_STAR = re.compile(r"\[[^\]]*\]|\*")
_END = re.compile(r"\*|\[\d*\*(:\d+)?\]")
_METAL_ENDS = ("[Cu]", "[Au]")
_UNSUPPORTED = re.compile(r"[^!-~]|[~$<>{}|]")
_ANY_END = Chem.MolFromSmarts("[#0]")
_SOUND_END = Chem.MolFromSmarts("[#0;D1]-[!#0;!#1]")


@dataclass(frozen=True)
class RepeatUnit:
    """A valid repeat unit; two of them are equal when they are the same infinite chain.

    Attributes
    ----------
    key : stable hexadecimal key of the chain, 16 characters
    word : oriented blocks of one smallest period (`identity.Word`)
    given : the SMILES as it was written
    """

    key: str
    word: Word = field(compare=False, repr=False)
    given: str = field(compare=False)

    @cached_property
    def smiles(self) -> str:
        """Canonical repeat unit: one smallest period of the chain, cut at a canonical bond, with two ``*``."""
        return smiles_of(self.word)

    @property
    def mol(self) -> Chem.Mol:
        """A new molecule of `smiles`; its two attachment points carry the isotopes 1 and 2."""
        return Chem.MolFromSmiles(_label_ends(self.smiles)[0])


def parse(smiles: str, elements: frozenset[str] = ELEMENTS) -> RepeatUnit:
    """Read a repeat unit from a SMILES with two ends, written ``*``, ``[*]``, ``[*:1]``, or ``[Cu]`` and ``[Au]``.

    Raises
    ------
    InvalidRepeatUnit
        with the code ``too-long``, ``unparsable``, ``valence``, ``ends``, ``end-bond``, ``disconnected``, ``element``,
        ``radical`` or ``charge``.

    Examples
    --------
    >>> parse("*OCCOCC*").smiles
    '*CCO*'
    >>> parse("*COC*") == parse("[Cu]CCO[Au]")
    True
    """
    given = smiles.strip()
    with rdBase.BlockLogs():
        unit, path = _checked_molecule(given, elements)
        word = chain_word(unit, path)
    return RepeatUnit(key=key_of(word), word=word, given=given)


def _checked_molecule(text: str, elements: frozenset[str]) -> tuple[Chem.Mol, tuple[int, ...]]:
    """The molecule with labelled ends, and the atoms on its shortest path from the left end to the right one."""
    if len(text) > MAX_CHARACTERS:
        shown = text[:20]
        raise InvalidRepeatUnit("too-long", f"'{shown}…' has {len(text)} characters; at most {MAX_CHARACTERS} are read")
    if not text or _UNSUPPORTED.search(text):
        raise InvalidRepeatUnit("unparsable", f"{text!r} is not a SMILES of a repeat unit")
    labelled, has_brackets = _label_ends(text)
    unit = Chem.MolFromSmiles(labelled)
    if unit is None:
        raise _why_unreadable(text, labelled)
    if "." in text and len(Chem.GetMolFrags(unit)) > 1:
        raise InvalidRepeatUnit("disconnected", f"'{text}' has parts that are not bonded to each other")
    ends = unit.GetSubstructMatches(_ANY_END)
    if len(ends) != 2 or {unit.GetAtomWithIdx(end).GetIsotope() for (end,) in ends} != {LEFT, RIGHT}:
        raise InvalidRepeatUnit(
            "ends", f"'{text}' has {counted(len(ends), 'attachment point')}; a repeat unit has exactly two"
        )
    if len(unit.GetSubstructMatches(_SOUND_END)) != 2:
        raise InvalidRepeatUnit("end-bond", f"'{text}': each end needs one single bond to one atom of the unit")
    foreign = unit.GetSubstructMatch(_foreign_atom(elements))
    if foreign:
        symbol = unit.GetAtomWithIdx(foreign[0]).GetSymbol()
        raise InvalidRepeatUnit("element", f"'{text}' holds {symbol}; allowed are {', '.join(sorted(elements))}")
    if has_brackets:  # no other atoms can be charged, radical or numbered
        _check_bracket_atoms(text, unit)
    left, right = (end for (end,) in ends)
    if unit.GetAtomWithIdx(left).GetIsotope() == RIGHT:
        left, right = right, left
    return unit, Chem.GetShortestPath(unit, left, right)


@lru_cache
def _foreign_atom(elements: frozenset[str]) -> Chem.Mol:
    table = Chem.GetPeriodicTable()
    return Chem.MolFromSmarts("[!#0" + "".join(f";!#{table.GetAtomicNumber(symbol)}" for symbol in elements) + "]")


def _check_bracket_atoms(text: str, unit: Chem.Mol) -> None:
    for atom in unit.GetAtoms():
        if atom.GetNumRadicalElectrons():
            raise InvalidRepeatUnit("radical", f"'{text}' has an atom with an unpaired electron ({atom.GetSymbol()})")
        atom.SetAtomMapNum(0)
        charge = atom.GetFormalCharge()
        # A charge balanced on the neighbouring atom is how nitro groups and N-oxides are written, not an ion.
        if charge and not any(charge * other.GetFormalCharge() < 0 for other in atom.GetNeighbors()):
            raise InvalidRepeatUnit("charge", f"'{text}' has a charged atom ({atom.GetSymbol()}{charge:+d})")
    if Chem.GetFormalCharge(unit):
        raise InvalidRepeatUnit("charge", f"'{text}' has a net charge of {Chem.GetFormalCharge(unit):+d}")


def _label_ends(text: str) -> tuple[str, bool]:
    """`text` with its first end written [1*] and any other [2*], and whether it has bracket atoms that are no ends.

    The labels keep the chirality of an atom between two ends, which equal ends would lose on reading.
    """
    metal = "*" not in text and all(text.count(end) == 1 for end in _METAL_ENDS)
    labels = iter((f"[{LEFT}*]",))
    has_brackets = False

    def label(match: re.Match[str]) -> str:
        nonlocal has_brackets
        token = match[0]
        if token in _METAL_ENDS if metal else _END.fullmatch(token):
            return next(labels, f"[{RIGHT}*]")
        has_brackets = True
        return token

    return _BRACKET_OR_STAR.sub(label, text), has_brackets


def _why_unreadable(text: str, labelled: str) -> InvalidRepeatUnit:
    params = Chem.SmilesParserParams()
    params.sanitize = False
    raw = Chem.MolFromSmiles(labelled, params)
    problems = Chem.DetectChemistryProblems(raw) if raw is not None else ()
    for problem in problems:
        if problem.GetType() == "AtomValenceException":
            return InvalidRepeatUnit("valence", f"'{text}' has an atom with too many bonds ({problem.Message()})")
    if problems:
        return InvalidRepeatUnit("unparsable", f"'{text}' is not a molecule ({problems[0].Message()})")
    return InvalidRepeatUnit("unparsable", f"'{text}' is not a SMILES of a repeat unit")
