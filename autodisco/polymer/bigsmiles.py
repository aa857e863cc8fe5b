"""BigSMILES and PSMILES of polymers, in and out, as text.

BigSMILES (Lin et al., ACS Cent. Sci. 2019, 5, 1523; line notation 1.1) writes a polymer as a stochastic object: repeat
units with bonding descriptors between braces. It says which units may follow one another, and nothing of amounts. The
shares of a random copolymer are weights of the descriptors, as in G-BigSMILES (Schneider et al., Digital Discovery
2024, 3, 51). A PSMILES is a repeat unit whose ends are written ``[*]``.

==========================================  ============================================
``{[][<]CCO[>][]}``                         ``*CCO*``
``{[][<|0.7|]CCO[>|0.7|],…}``               ``*CCO*.…|random|0.3``
``{[][<]C(=O)C(=O)[<],[>]OCCO[>][]}``       ``*C(=O)C(=O)*.*OCCO*|alternating``
==========================================  ============================================
"""

import re
from dataclasses import dataclass

from rdkit import Chem

from autodisco.errors import InvalidRepeatUnit
from autodisco.polymer.spelling import LEFT_END, RIGHT_END

_DESCRIPTOR = re.compile(r"\[(?P<kind>[$<>])(?P<id>\d*)(?:\|(?P<weight>[^|\]]*)\|)?\]|(?P<bare>[$<>])")
_FIRST = re.compile(r"\[\]|\[[$<>]\d*\](?=\[[$<>])")
_LAST = re.compile(r"(\[\]|(?<=\])\[[$<>]\d*\])$")
_LADDER = re.compile(r"\[[$<>]\d*\[")


@dataclass(frozen=True)
class StochasticObject:
    """What the braces hold.

    Attributes
    ----------
    units : repeat units with two ends ``*``; those of directed descriptors begin at ``<``
    shares : of the units; equal where no weights are written
    alternates : whether two units can only stand in turn
    directed : whether the descriptors are ``<`` and ``>`` with one of each at every unit; otherwise units may be turned
    """

    units: tuple[str, ...]
    shares: tuple[float, ...]
    alternates: bool
    directed: bool

    @property
    def text(self) -> str:
        """The text of the material."""
        if len(self.units) == 1:
            return self.units[0]
        rest = "alternating" if self.alternates else f"random|{self.shares[1]:.6g}"
        return f"{'.'.join(self.units)}|{rest}"


def is_bigsmiles(text: str) -> bool:
    """Whether a text has a stochastic object."""
    return "{" in text


def read_bigsmiles(text: str) -> StochasticObject:
    """The stochastic object that is the whole of a text, of one repeat unit or two.

    Descriptors may be written as in version 1.0 (``$`` without brackets), and left out as the notation allows
    (``{[]CC,CC(C)[]}``). Raises InvalidRepeatUnit (``bigsmiles``) for what a polymer of this program cannot be.
    """
    inside = _inside(text.strip())
    first = _FIRST.match(inside)
    inside = inside[first.end() :] if first else inside
    last = _LAST.search(inside)
    inside = inside[: last.start()] if last else inside
    parts = inside.split(",")
    found = [list(_DESCRIPTOR.finditer(part)) for part in parts]
    if any(len(ends) != 2 for ends in found):
        parts = _completed(text, inside, first, last)
        found = [list(_DESCRIPTOR.finditer(part)) for part in parts]
    if len({end["id"] or "" for ends in found for end in ends}) > 1:
        raise _not_read(text, "descriptors with several numbers are not read; write one unit, or two with < and >")
    if len(parts) > 2:
        raise _not_read(text, f"it has {len(parts)} repeat units, and two are read; a formulation file takes more")
    kinds = ["".join(sorted(end["kind"] or end["bare"] for end in ends)) for ends in found]
    alternates = sorted(kinds) == ["<<", ">>"]
    if set(kinds) not in ({"$$"}, {"<>"}) and not alternates:
        raise _not_read(
            text, f"units with descriptors {' and '.join(kinds)} do not make a chain that is read; write [<] and [>]"
        )
    weights = [_weight(text, ends) for ends in found]
    units = tuple(_unit(part, ends) for part, ends in zip(parts, found, strict=True))
    return StochasticObject(units, tuple(w / sum(weights) for w in weights), alternates, kinds[0] == "<>")


def bigsmiles_of(smiles: str) -> str | None:
    """The BigSMILES of a canonical repeat unit or of the canonical text of a material.

    A random copolymer has weights. None for blends and plasticised polymers: BigSMILES holds no shares of a mixture.
    """
    head, _, rest = smiles.partition("|")
    if rest == "molecule":
        return head
    if not rest:
        return f"{{[][<]{_between(head)}[>][]}}"
    architecture, _, share = rest.partition("|")
    if architecture != "random":
        return None
    second = float(share)
    units = [
        f"[<|{weight:g}|]{_between(unit)}[>|{weight:g}|]"
        for unit, weight in zip(head.split("."), (round(1 - second, 9), second), strict=True)
    ]
    return f"{{[]{','.join(units)}[]}}"


def psmiles_of(smiles: str) -> str | None:
    """The PSMILES of a canonical repeat unit; None for the text of anything else."""
    return None if "|" in smiles else smiles.replace("*", "[*]")


def _between(unit: str) -> str:
    """A canonical repeat unit without its ends, which are its first and its last character."""
    assert unit[0] == unit[-1] == "*"
    return unit[1:-1]


def _inside(text: str) -> str:
    """What the braces hold. Raises InvalidRepeatUnit for all that is not one stochastic object with plain units."""
    if "[#" in text or "{#" in text:
        raise _not_read(text, "names of fragments are not read; write their atoms")
    if text.count("{") != text.count("}"):
        raise _not_read(text, "a brace has no other; it begins with { and ends with }")
    if "}{" in text:
        raise _not_read(text, "stochastic objects in a row are blocks; a formulation file takes a block copolymer")
    if re.search(r"\}(\|[^|]*\|)?\.", text):
        raise _not_read(text, "no shares of a mixture are read; a formulation file takes them")
    if text.count("{") > 1:
        raise _not_read(text, "several stochastic objects are not read; write one for the polymer")
    if not (text.startswith("{") and text.endswith("}")):
        raise _not_read(text, "end groups and chain lengths cannot be kept; write only what is from { to }")
    if ";" in text:
        raise _not_read(text, "end groups cannot be kept; leave out what is from ; to the last descriptor")
    if _LADDER.search(text):
        raise _not_read(text, "ladder polymers cannot be used: chains have one bond between units")
    return text[1:-1]


def _completed(text: str, inside: str, opened: object, closed: object) -> list[str]:
    """Units with the descriptors that the notation allows to leave out; `inside` has lost the terminal descriptors that
    `opened` and `closed` it. Raises InvalidRepeatUnit for any other number."""
    first = None if opened else re.match(r"\[[$<>]\d*\]", inside)
    last = None if closed else re.search(r"\[[$<>]\d*\]$", inside)
    bare = inside[first.end() if first else 0 : last.start() if last else len(inside)]
    if _DESCRIPTOR.search(bare):
        branched = min(len(_DESCRIPTOR.findall(part)) for part in inside.split(",")) > 1
        why = "a unit with three bonding descriptors or more makes branches, which are not read"
        raise _not_read(
            text, why if branched else "each repeat unit needs two bonding descriptors, as in {[][<]OCC[>][]}"
        )
    kinds = (first[0] if first else "", last[0] if last else "")
    # A terminal descriptor is that of the outside, so that the unit has its conjugate.
    begin, end = ("[<]", "[>]") if ">" in kinds[0] or "<" in kinds[1] else ("[>]", "[<]")
    if not any(mark in "".join(kinds) for mark in "<>"):
        begin = end = "[$]"
    return [f"{begin}{part}{end}" for part in bare.split(",")]


def _unit(part: str, ends: list[re.Match[str]]) -> str:
    """The repeat unit of a part, its first end ``<`` where it has one of ``<`` and of ``>``."""
    kinds = [end["kind"] or end["bare"] for end in ends]
    if kinds != [">", "<"]:
        return _DESCRIPTOR.sub("*", part)
    labels = iter((RIGHT_END, LEFT_END))
    mol = Chem.MolFromSmiles(_DESCRIPTOR.sub(lambda _: next(labels), part))
    if mol is None:  # what is wrong is told when the unit is parsed
        return _DESCRIPTOR.sub("*", part)
    left = next(atom.GetIdx() for atom in mol.GetAtoms() if not atom.GetAtomicNum() and atom.GetIsotope() == 1)
    turned = str(Chem.MolToSmiles(mol, rootedAtAtom=left))
    return turned.replace(LEFT_END, "*").replace(RIGHT_END, "*")


def _weight(text: str, ends: list[re.Match[str]]) -> float:
    """The weight that both descriptors of a unit state; 1 without one."""
    written = {end["weight"] for end in ends} - {None}
    try:
        (weight,) = {float(one) for one in written} or {1.0}
    except ValueError:
        weight = 0.0
    if not 0 < weight < float("inf"):
        raise _not_read(text, "a unit has one weight above 0, such as [<|0.7|]CCO[>|0.7|]")
    return weight


def _not_read(text: str, why: str) -> InvalidRepeatUnit:
    return InvalidRepeatUnit("bigsmiles", f"'{text}': {why}")
