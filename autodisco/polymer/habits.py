"""Structures as people paste them: what can be left out, and advice where the text is no repeat unit.

Chemists write names, formulas, R groups and brackets with an n. Each habit has a sentence and, where the right form
follows from the text, that form. RDKit's complaints are told in the words of a chemist.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence

from rdkit import Chem, rdBase

from autodisco.names import called
from autodisco.text import joined

EXAMPLE = "a repeat unit has two ends *, such as *OCC*"

_TAIL = re.compile(r"\s+\|[^|]*\|\s*$")
_STARS = str.maketrans(dict.fromkeys("∗＊⁎✱✻﹡", "*"))
_INVISIBLE = str.maketrans(dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff"))
_DASHES = "‐‑‒–—―−"
_LONG_DASH = re.compile(f"[{_DASHES}]")
_POLYMER_NAME = re.compile(r"(?i:poly)[\w\s(),'\-]+|P[A-Z]{1,7}")
_REPEATED = re.compile(r"-?[\[({]-?(.+?)-?[\])}]-?_?\{?(?:n|N|m|x|\d+)\}?-?")
_R_GROUP = re.compile(r"\[R\d*'*\]|R\d*'*(?![a-z])")
_FORMULA = re.compile(r"[CNOS]H\d?|CF\d?|CCl\d")
_OPEN_BONDS = re.compile(r"-.+-")


def cleaned(text: str) -> str:
    """`text` without blanks around it, the ``|…|`` tail of drawing programs and invisible characters, and with every
    kind of asterisk as ``*``."""
    given = text.strip()
    if not given.isascii():
        given = given.translate(_INVISIBLE).translate(_STARS).strip()
    return _TAIL.sub("", given) if given.endswith("|") else given


def advice(text: str) -> str:
    """What a text that is no SMILES may be, and what to write in its place."""
    return next(filter(None, (habit(text) for habit in _HABITS)), EXAMPLE)


def name_advice(text: str) -> str:
    """The repeat unit of a polymer that is called so; empty for a text that is no name of the shipped table."""
    known = called(text)
    return f"it is a name: the repeat unit of {known.whole} is {known.monomer_smiles}" if known else ""


def in_words(problems: Sequence[Chem.KekulizeException], raw: Chem.Mol) -> str:
    """What RDKit found in a molecule that was read without checks, with atoms by symbol and place (from 1, ends not
    counted)."""
    first, kind = problems[0], problems[0].GetType()
    if kind == "KekulizeException":
        atoms = [raw.GetAtomWithIdx(k) for k in first.GetAtomIndices()]
        return (
            f"the aromatic ring of {joined([_place(atom) for atom in atoms])} cannot have alternating double bonds; "
            "write capitals and = for its bonds, or [nH] for a ring nitrogen that carries hydrogen"
        )
    atom = raw.GetAtomWithIdx(first.GetAtomIdx())
    if kind == "AtomKekulizeException":
        return (
            f"lower-case letters are aromatic atoms, and {_place(atom)} is in no aromatic ring; write capitals, and = "
            "for double bonds"
        )
    bonds = sum(bond.GetBondTypeAsDouble() for bond in atom.GetBonds()) + atom.GetNumExplicitHs()
    return f"{_place(atom)} has {bonds:g} bonds, a double bond counted as 2, which is more than it can have"


def _place(atom: Chem.Atom) -> str:
    """Symbol and place of an atom, such as ``P (atom 2)``."""
    mol = atom.GetOwningMol()
    place = sum(mol.GetAtomWithIdx(k).GetAtomicNum() > 0 for k in range(atom.GetIdx() + 1))
    return f"{atom.GetSymbol()} (atom {place})"


def _offered(why: str, form: str) -> str:
    """`why`, with a form that can be read."""
    with rdBase.BlockLogs():
        good = form.count("*") == 2 and Chem.MolFromSmiles(form) is not None
    return f"{why}; write {form}" if good else f"{why}; {EXAMPLE}"


def _plain(inside: str) -> str:
    """A formula such as ``CH2-CF2-O`` as SMILES; other texts as they are."""
    if not _FORMULA.search(inside):
        return inside
    esters = re.sub(r"COO|CO2(?!\d)", "C(=O)O", inside)  # in a formula these are no peroxide
    halogens = re.sub(r"(F|Cl)(\d)", lambda found: f"({found[1]})" * int(found[2]), esters)
    return re.sub(r"-|H\d?", "", re.sub(r"(?<=[A-Za-z])F(?![a-z)])", "(F)", halogens))


def _unknown_name(text: str) -> str:
    why = "it looks like a name, which the table of names lacks"
    return f"{why}: write its structure; {EXAMPLE}" if _POLYMER_NAME.fullmatch(text) else ""


def _words(text: str) -> str:
    words = text.split()
    structures = [word for word in words if "*" in word]
    if len(words) < 2 or len(structures) != 1:
        return ""
    (form,) = structures
    if words[0] == form:
        return _offered("what follows the blank is no part of a SMILES", form)
    return _offered("the repeat unit comes first, and its name after it", form)


def _long_dash(text: str) -> str:
    form = _LONG_DASH.sub("-", text)
    return (
        _offered("a long dash is no bond", _repeated_form(form) or _closed_form(form) or form) if form != text else ""
    )


def _repeated(text: str) -> str:
    form = _repeated_form(text)
    return form and _offered("brackets with a number of units are left out, and ends are *", form)


def _repeated_form(text: str) -> str:
    """What is in brackets with a number of units, with ends; empty for other texts."""
    found = _REPEATED.fullmatch(text)
    return f"*{_plain(found[1].strip('*-'))}*" if found else ""


def _r_groups(text: str) -> str:
    if not _R_GROUP.search(text):
        return ""
    return _offered("R is no atom: ends of the unit are *, and side groups are written out", _R_GROUP.sub("*", text))


def _braces(text: str) -> str:
    if not (text.startswith("{") and text.endswith("}")):
        return ""
    return _offered("braces are for BigSMILES, whose ends are [<] and [>]", f"*{text.strip('{}*-')}*")


def _formula(text: str) -> str:
    if not _FORMULA.search(text):
        return ""
    why = "it looks like a formula: SMILES leaves hydrogen out, and counts no atoms (CF2 is C(F)(F))"
    return _offered(why, _closed_form(text) or _plain(text))


def _open_bonds(text: str) -> str:
    form = _closed_form(text)
    return form and _offered("ends are *, not open bonds", form)


def _closed_form(text: str) -> str:
    """A text between open bonds, with ends in their place; empty for other texts."""
    return f"*{_plain(text.strip('-'))}*" if _OPEN_BONDS.fullmatch(text) else ""


def _character(text: str) -> str:
    odd = next((c for c in text if not c.isascii() or not c.isprintable()), None)
    return f"it holds {unicodedata.name(odd, 'a control character')!r}; {EXAMPLE}" if odd else ""


def _brackets(text: str) -> str:
    for opening, closing in ("()", "[]"):
        if text.count(opening) != text.count(closing):
            return (
                f"it has {text.count(opening)} '{opening}' and {text.count(closing)} '{closing}', which come in pairs"
            )
    rings = re.findall(r"%\d\d|\d", re.sub(r"\[[^\]]*\]", "", text))
    open_rings = [number for number in dict.fromkeys(rings) if rings.count(number) % 2]
    return f"ring number {open_rings[0]} has no second atom" if open_rings else ""


_HABITS: tuple[Callable[[str], str], ...] = (
    name_advice, _unknown_name, _words, _long_dash, _braces, _repeated, _r_groups, _formula, _open_bonds, _character,
    _brackets,
)  # fmt: skip
