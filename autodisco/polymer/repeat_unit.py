"""Repeat units as a user writes them: read, checked, and tied to the polymer they stand for.

Everything that enters the program as a polymer passes `parse` once; from then on a `RepeatUnit` is known to be good.
The drawn cut is kept in `given` for people, while `key` and `smiles` depend on the infinite chain alone.
"""

import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import product

import numpy as np
from rdkit import Chem, rdBase

from autodisco.errors import InvalidRepeatUnit
from autodisco.polymer.bigsmiles import is_bigsmiles, read_bigsmiles
from autodisco.polymer.habits import EXAMPLE, advice, cleaned, ends_advice, in_words
from autodisco.polymer.identity import Word, chain_word, has_sound_ends, key_of, readings, repeated, spellings, turned
from autodisco.polymer.spelling import LEFT_END, RIGHT_END, tokens_of
from autodisco.text import counted

ELEMENTS = frozenset({"H", "C", "N", "O", "F", "S", "P"})
ORGANIC_ELEMENTS = ELEMENTS | {"B", "Si", "Cl", "Br", "I"}
"""What libraries of polymers hold beside the elements that are simulated."""

MAX_CHARACTERS = 400

_BRACKET_OR_STAR = re.compile(r"\[[^\]]*\]|\*")
_END = re.compile(r"\*|\[\d*\*(:\d+)?\]")
_METAL_ENDS = ("[Cu]", "[Au]")
_UNSUPPORTED = re.compile(r"[^!-~]|[~$<>{}|]|@(?:TH|AL|SP|TB|OH)\d|\[\d*#")
_NUMBERED = re.compile(r":\d+\]")
_ANY_END = Chem.MolFromSmarts("[#0]")
_OXIDE = Chem.MolFromSmarts("[S,P;+,+2]-[O-;D1]")
_PLAIN = re.compile(r"(?:\[[12]\*\]|Cl|Br|[BCNOPSFIbcnops]|[-=#/\\()]|%\d\d|\d)+")
_SYMBOL = re.compile(r"\[?\d*([A-Z][a-z]?|[a-z]{1,2})")


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
        return repeated(self.word)

    @property
    def spellings(self) -> list[str]:
        """Every way to cut the chain into units of this length and to read them, `smiles` first."""
        return spellings(self.word)

    @cached_property
    def written(self) -> Word:
        """Blocks of `given` from its first end to its second: as it is cut and turned there, with all its repeats.

        Beside units of another kind, the cut and the direction matter. Raises InvalidRepeatUnit for stereo marks that
        cannot be kept.
        """
        wanted = _canonical_spelling(self.given)
        times = Chem.MolFromSmiles(wanted).GetNumAtoms() - 2
        times //= Chem.MolFromSmiles(self.smiles).GetNumAtoms() - 2
        for way in readings(self.word):
            if _canonical_spelling(repeated(way, times)) == wanted:
                return way * times
        raise InvalidRepeatUnit(
            "unparsable",
            f"'{self.given}' cannot be joined with other units; leave out its stereo marks (/, \\ and @)",
        )

    def random_spelling(self, rng: np.random.Generator) -> str:
        """One of the `spellings`, its branches and rings written in random order; it begins with the end ``*``."""
        choices = self.spellings
        mol = Chem.MolFromSmiles(_label_ends(choices[rng.integers(len(choices))])[0])
        order = rng.permutation(mol.GetNumAtoms()).tolist()
        shuffled = Chem.RenumberAtoms(mol, order)
        text = str(Chem.MolToSmiles(shuffled, canonical=False, rootedAtAtom=order.index(0)))
        return text.replace(LEFT_END, "*").replace(RIGHT_END, "*")

    @property
    def mol(self) -> Chem.Mol:
        """A new molecule of `smiles`; its two attachment points carry the isotopes 1 and 2."""
        return Chem.MolFromSmiles(_label_ends(self.smiles)[0])


def parse(smiles: str, elements: frozenset[str] = ELEMENTS) -> RepeatUnit:
    """Read a repeat unit from a SMILES with two ends, written ``*``, ``[*]``, ``[*:1]``, or ``[Cu]`` and ``[Au]``; or
    from a BigSMILES, which is head to tail and whose units as SMILES are `RepeatUnit.given`.

    Raises
    ------
    InvalidRepeatUnit
        with the code ``too-long``, ``unparsable``, ``valence``, ``ends``, ``end-bond``, ``disconnected``, ``element``,
        ``radical``, ``charge`` or ``bigsmiles``.

    Examples
    --------
    >>> parse("*OCCOCC*").smiles
    '*CCO*'
    >>> parse("*COC*") == parse("[Cu]CCO[Au]")
    True
    """
    given = cleaned(smiles)
    if is_bigsmiles(given):
        given = _smiles_of(given, elements)
    word = _known_word(given, elements)
    if word is None:
        with rdBase.BlockLogs():
            word = _checked_word(given, elements)
    if len(given) > MAX_CHARACTERS // 2 and len(repeated(word)) > MAX_CHARACTERS:
        raise InvalidRepeatUnit(
            "too-long", f"'{given[:20]}…' has more than {MAX_CHARACTERS} characters in canonical form; no more are read"
        )
    return RepeatUnit(key=key_of(word), word=word, given=given)


def _smiles_of(text: str, elements: frozenset[str]) -> str:
    """The repeat unit of a BigSMILES; units that stand in turn are joined."""
    if "*" in text:
        raise _unreadable(text, "bigsmiles")
    found = read_bigsmiles(text)
    if len(found.units) == 1:
        return found.units[0]
    if not found.alternates:
        raise InvalidRepeatUnit(
            "bigsmiles", f"'{text}' is a copolymer, and one repeat unit is expected here; give one of its units"
        )
    return repeated(tuple(block for unit in found.units for block in parse(unit, elements).written))


def undirected(text: str) -> bool:
    """Whether a text that `parse` reads is a BigSMILES of other chains too, in which some units are turned."""
    if not is_bigsmiles(text):
        return False
    found = read_bigsmiles(text)
    if found.directed:
        return False
    words = [parse(unit, ORGANIC_ELEMENTS).written for unit in found.units]
    ways = {tuple(chain) for chain in product(*[(word, turned(word)) for word in words * 2])}
    return len({parse(repeated(sum(way, ())), ORGANIC_ELEMENTS).key for way in ways}) > 1


def _canonical_spelling(text: str) -> str:
    """Canonical SMILES of a unit with its ends labelled: equal for two texts with the same cut and direction."""
    mol = Chem.MolFromSmiles(_label_ends(text)[0])
    _uncharge_oxides(mol)
    for atom in mol.GetAtoms():
        atom.SetAtomMapNum(0)
    return str(Chem.MolToSmiles(mol))


def _known_word(text: str, elements: frozenset[str]) -> Word | None:
    """The word of a text without brackets whose blocks RDKit has read before or reads now.

    Nearly every unit is made of known blocks, which saves reading it as a whole. None does not mean that it is bad.
    """
    labelled, n_ends, _ = _label_ends(text)
    if n_ends != 2 or len(text) > MAX_CHARACTERS or not _PLAIN.fullmatch(labelled):
        return None
    tokens = tokens_of(labelled)
    return chain_word(tokens) if _plain_tokens(elements).issuperset(tokens) else None


def _checked_word(text: str, elements: frozenset[str]) -> Word:
    """The word of the chain; every objection to the text is raised here."""
    if len(text) > MAX_CHARACTERS:
        shown = text[:20]
        raise InvalidRepeatUnit(
            "too-long",
            f"'{shown}…' has {len(text)} characters; at most {MAX_CHARACTERS} are read; "
            "give the smallest unit of the chain",
        )
    if not text or _UNSUPPORTED.search(text):
        raise _unreadable(text)
    labelled, n_ends, has_brackets = _label_ends(text)
    unit = Chem.MolFromSmiles(labelled)
    if unit is None:
        raise _why_unreadable(text, labelled)
    if "." in text and len(Chem.GetMolFrags(unit)) > 1:
        raise _several_parts(text, unit)
    if ":" in text and any(map(_is_aromatic_between_others, unit.GetBonds())):
        raise InvalidRepeatUnit(
            "unparsable", f"'{text}' has an aromatic bond (:) between atoms that are not aromatic; leave : out"
        )
    if has_brackets:
        n_ends = len(unit.GetSubstructMatches(_ANY_END))
    if n_ends == 2 and not (LEFT_END in labelled and RIGHT_END in labelled):
        raise InvalidRepeatUnit("ends", f"'{text}' has an end with a charge, hydrogens or a name; write * or [*]")
    if n_ends != 2:
        raise InvalidRepeatUnit(
            "ends",
            f"'{text}' has {counted(n_ends, 'attachment point')}; "
            f"{'a repeat unit has exactly two, written * or [*]' if n_ends else ends_advice(text, unit)}",
        )
    if "." in text or "%(" in text or (has_brackets and (_uncharge_oxides(unit) or _NUMBERED.search(text))):
        for atom in unit.GetAtoms():
            atom.SetAtomMapNum(0)
        labelled = Chem.MolToSmiles(unit, canonical=False)  # in one piece, without numbers and long ring digits
    tokens = tokens_of(labelled)
    word = chain_word(tokens)
    if word is None and has_sound_ends(tokens):
        # RDKit writes some aromatic systems as a SMILES that it cannot read.
        raise InvalidRepeatUnit(
            "unparsable",
            f"'{text}' has no canonical SMILES that can be read; write its aromatic rings with capitals and =",
        )
    if word is None:
        raise InvalidRepeatUnit(
            "end-bond", f"'{text}': each end needs one single bond to one atom of the unit, as in *OCC* and *OCC(*)C"
        )
    symbols = {_symbol(token) for token in set(tokens) - _plain_tokens(elements)}
    if foreign := sorted(symbols - elements):
        raise InvalidRepeatUnit("element", f"'{text}' holds {foreign[0]}; allowed are {', '.join(sorted(elements))}")
    if has_brackets:  # no other atoms can be charged or radical
        _check_bracket_atoms(text, unit)
    return word


@lru_cache
def _plain_tokens(elements: frozenset[str]) -> frozenset[str]:
    """Tokens that hold no foreign element, as far as they can be listed."""
    atoms = {symbol for symbol in elements if symbol != "H"}
    rings = [f"%{number}" for number in range(10, 100)]
    return frozenset({*atoms, *(atom.lower() for atom in atoms), *"()-=#:/\\0123456789", *rings, LEFT_END, RIGHT_END})


def _symbol(token: str) -> str:
    found = _SYMBOL.match(token)
    assert found is not None  # all other tokens are plain
    return found[1].capitalize()


def _is_aromatic_between_others(bond: Chem.Bond) -> bool:
    both = bond.GetBeginAtom().GetIsAromatic() and bond.GetEndAtom().GetIsAromatic()
    return bool(bond.GetBondType() == Chem.BondType.AROMATIC and not both)


def _uncharge_oxides(unit: Chem.Mol) -> bool:
    """Write sulfoxides, sulfones and phosphine oxides with double bonds, and say whether there were any to change."""
    changed = False
    for positive, negative in unit.GetSubstructMatches(_OXIDE):
        if unit.GetAtomWithIdx(positive).GetFormalCharge() > 0:
            unit.GetBondBetweenAtoms(positive, negative).SetBondType(Chem.BondType.DOUBLE)
            for index, change in ((positive, -1), (negative, 1)):
                atom = unit.GetAtomWithIdx(index)
                atom.SetFormalCharge(atom.GetFormalCharge() + change)
            changed = True
    if changed:
        Chem.SanitizeMol(unit)
    return changed


def _check_bracket_atoms(text: str, unit: Chem.Mol) -> None:
    for atom in unit.GetAtoms():
        if atom.GetAtomicNum() == 1:
            raise InvalidRepeatUnit("element", f"'{text}' holds hydrogen in brackets of its own; leave hydrogen out")
        if atom.GetNumRadicalElectrons():
            raise InvalidRepeatUnit(
                "radical",
                f"'{text}' has an atom with an unpaired electron ({atom.GetSymbol()}); "
                "write it without brackets, so that hydrogen is added",
            )
        charge = atom.GetFormalCharge()
        # A charge balanced on the neighbouring atom is how nitro groups and N-oxides are written, not an ion.
        if charge and not any(charge * other.GetFormalCharge() < 0 for other in atom.GetNeighbors()):
            raise InvalidRepeatUnit(
                "charge",
                f"'{text}' has a charged atom ({atom.GetSymbol()}{charge:+d}); charged polymers cannot be used",
            )
    if Chem.GetFormalCharge(unit):
        raise InvalidRepeatUnit(
            "charge", f"'{text}' has a net charge of {Chem.GetFormalCharge(unit):+d}; charged polymers cannot be used"
        )


def _label_ends(text: str) -> tuple[str, int, bool]:
    """`text` with its first end written [1*] and any other [2*], how many there are, and whether other atoms stand in
    brackets.

    The labels keep the chirality of an atom between two ends, which equal ends would lose on reading.
    """
    metal = "*" not in text and all(text.count(end) == 1 for end in _METAL_ENDS)
    n_ends, has_brackets = 0, False

    def label(match: re.Match[str]) -> str:
        nonlocal n_ends, has_brackets
        token = match[0]
        if token in _METAL_ENDS if metal else _END.fullmatch(token):
            n_ends += 1
            return LEFT_END if n_ends == 1 else RIGHT_END
        has_brackets = True
        return token

    return _BRACKET_OR_STAR.sub(label, text), n_ends, has_brackets


def _several_parts(text: str, unit: Chem.Mol) -> InvalidRepeatUnit:
    """What is wrong with parts that are not bonded to each other; in a single-ion conductor one is a charged chain."""
    chains = [part for part in Chem.GetMolFrags(unit, asMols=True) if part.HasSubstructMatch(_ANY_END)]
    if any(map(Chem.GetFormalCharge, chains)):
        return InvalidRepeatUnit(
            "charge", f"'{text}' is a chain with charges and their ions; charged polymers cannot be used"
        )
    return InvalidRepeatUnit(
        "disconnected",
        f"'{text}' has parts that are not bonded to each other (.); give the polymer alone, without ions and solvents",
    )


def _why_unreadable(text: str, labelled: str) -> InvalidRepeatUnit:
    params = Chem.SmilesParserParams()
    params.sanitize = False
    raw = Chem.MolFromSmiles(labelled, params)
    problems = Chem.DetectChemistryProblems(raw) if raw is not None else ()
    said = advice(text)
    if not problems or said != EXAMPLE:  # a formula is read as rings between its atoms
        return _unreadable(text)
    bonds = [problem for problem in problems if problem.GetType() == "AtomValenceException"]
    return InvalidRepeatUnit("valence" if bonds else "unparsable", f"'{text}': {in_words(bonds or problems, raw)}")


def _unreadable(text: str, code: str = "unparsable") -> InvalidRepeatUnit:
    return InvalidRepeatUnit(code, f"{text!r} is not a SMILES of a repeat unit: {advice(text)}")
