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

_VINYL = Chem.MolFromSmarts("C=C")

EXAMPLE = "a repeat unit has two ends *, such as *OCC*"

_TAIL = re.compile(r"\s+\|[^|]*\|\s*$")
_STARS = str.maketrans(dict.fromkeys("∗＊⁎✱✻﹡", "*"))
_INVISIBLE = str.maketrans(dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff"))
_DASHES = "‐‑‒–—―−"
_LONG_DASH = re.compile(f"[{_DASHES}]")
_POLYMER_NAME = re.compile(r"(?i:poly)[\w\s(),'\-]+|P[A-Z]{1,7}|P[A-Za-z]{1,7}(?:-[A-Za-z]{2,7})+")
_SPREADSHEET_ERROR = re.compile(r"#[^\W\d]+[?!]|#N/A|#NV")
_STAND_IN = re.compile(r"(\[(?!(?:[BCFHINOPS]|Br|Cl|Ge|Se|Si|Sn)\])[A-Z][a-z]?\])(.+)\1")
_BARE = re.compile(r"\[([BCNOPS])(?:H\d?)?\]")
_REPEATED = re.compile(r"-?[\[({]-?(.+?)-?[\])}]-?_?\{?(?:n|N|m|x|\d+)\}?-?")
_R_GROUP = re.compile(r"\[R\d*'*\]|R\d*'*(?![a-z])")
_FORMULA = re.compile(r"[CNOS]H\d?|CF\d?|CCl\d")
_ABBREVIATIONS = {
    "OMe": "OC", "OEt": "OCC", "OAc": "OC(C)=O", "OPh": "O{phenyl}", "C6H5": "{phenyl}", "tBu": "C(C)(C)C",
    "iPr": "C(C)C", "nBu": "CCCC", "Ph": "{phenyl}", "Me": "C", "Et": "CC", "Pr": "CCC", "Bu": "CCCC",
    "Bn": "C{phenyl}", "Ac": "C(C)=O",
}  # fmt: skip
_ABBREVIATED = re.compile("|".join(_ABBREVIATIONS))
_SALT = re.compile(r"\.(?:Li|Na|K|Mg)[A-Z][A-Za-z0-9]*")
_BLOCKS = re.compile(r"\*-?(?:b|block|co|alt|ran|stat|r|g)-?\*|\*{2}")
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


def ends_advice(text: str, mol: Chem.Mol) -> str:
    """What to write for a molecule without ends, which is a monomer or a unit whose ends were left out."""
    if name := name_advice(text):
        return name
    if mol.GetRingInfo().NumRings() and not any(atom.GetIsAromatic() for atom in mol.GetAtoms()):
        return "if it is the monomer, open its ring and write * at both ends, as *OCC* for C1CO1"
    if mol.HasSubstructMatch(_VINYL):
        return "if it is the monomer, open its double bond and write * at both ends, as *CC(*)C for C=CC"
    if found := _STAND_IN.fullmatch(text):
        return _offered(f"{found[1]} is no end: ends are *", f"*{found[2]}*")
    bare = _BARE.sub(r"\1", text)  # an atom whose open valence may be the end
    return _offered("ends are *", f"*{bare}*")


def copolymer_advice(text: str) -> str:
    """What to write for two units in one text; empty for any other."""
    if not _BLOCKS.search(text) or text.count("*") < 3:
        return ""
    return (
        "it looks like a copolymer, and one repeat unit is expected here; give one of its units, or where a command "
        "has them --comonomer 'SMILES:FRACTION' and --architecture block"
    )


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
    """`why`, with a form that can be read and has no open valence."""
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(form) if form.count("*") == 2 else None
    good = mol is not None and not any(atom.GetNumRadicalElectrons() for atom in mol.GetAtoms())
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


def _spreadsheet_error(text: str) -> str:
    if not _SPREADSHEET_ERROR.fullmatch(text):
        return ""
    return f"a spreadsheet took the unit for a formula, because it began with - or =; {EXAMPLE}"


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


def _abbreviated(text: str) -> str:
    """Abbreviations of groups, which are written out; the ring of a phenyl has a number that the text has not."""
    found = _ABBREVIATED.search(text)
    free = next((digit for digit in "123456789" if digit not in text.replace("C6H5", "")), None)
    if found is None or free is None:
        return ""
    phenyl = f"c{free}ccccc{free}"
    form = _ABBREVIATED.sub(lambda group: _ABBREVIATIONS[group[0]].format(phenyl=phenyl), text)
    return _offered(f"{found[0]} is an abbreviation, and groups are written out", form)


def _with_salt(text: str) -> str:
    if not _SALT.search(text):
        return ""
    return _offered("a salt is no part of the repeat unit (a command that needs one has --salt)", _SALT.sub("", text))


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
    name_advice, _spreadsheet_error, _unknown_name, copolymer_advice, _with_salt, _words, _long_dash, _braces,
    _repeated, _r_groups, _abbreviated, _formula, _open_bonds, _character, _brackets,
)  # fmt: skip
