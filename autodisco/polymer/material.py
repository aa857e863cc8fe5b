"""Materials: everything that a campaign tells apart, each written as one text.

A repeat unit alone is a homopolymer. Every other text names its parts, how they are put together, and the share of the
second part:

=====================================  ==========================================================================
``*OCC*.*COC(C)*|alternating``         units in turn; this is the homopolymer of both units in a row
``*OCC*.*COC(C)*|random|0.3``          units in random order; the share is a mole fraction
``*OCC*.*CC(C)O*|blend|0.3``           two polymers; the share is a mass fraction
``*OCC*.O=C1OCCO1|plasticised|0.2``    a polymer and a molecule; the share is a mass fraction
``*OCC*.*COC|side-chain|2``            a homopolymer with a side chain at the second CH of its backbone
``*COCCOC*|molecule``                  a molecule, with hydrogen for ends; the same as ``COCCOC|molecule``
=====================================  ==========================================================================

Units of one chain are joined as they are written. The key and the canonical text do not depend on the order of the
parts, nor on the place where a chain is cut or the direction in which it is read.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import Literal, get_args

from rdkit.Chem.Descriptors import MolWt

from autodisco.errors import InvalidRepeatUnit
from autodisco.polymer.bigsmiles import is_bigsmiles, read_bigsmiles
from autodisco.polymer.habits import cleaned
from autodisco.polymer.identity import Word, repeated, turned
from autodisco.polymer.molecule import Molecule, closed, grafted, opened, read_molecule
from autodisco.polymer.repeat_unit import ELEMENTS, RepeatUnit, parse

Architecture = Literal["homopolymer", "alternating", "random", "blend", "plasticised", "side-chain", "molecule"]

NUMBERED = dict.fromkeys(("random", "blend", "plasticised"), ", and a share") | {"side-chain": ", and a place"}
"""Architectures whose text ends with a number, and what it is."""

_DIGITS = 4
"""Decimals of a share."""


Part = RepeatUnit | Molecule


@dataclass(frozen=True)
class Material:
    """What a text stands for; two of them are equal when they are the same material.

    Attributes
    ----------
    key : stable hexadecimal key, 16 characters; that of the chain for a homopolymer
    architecture : ``homopolymer`` also for an alternating copolymer, for side chains, and for two equal parts
    parts : repeat units and molecules with their shares: mole fractions of the units of a random copolymer, otherwise
        mass fractions
    smiles : the canonical text
    given : the text as it was written
    """

    key: str
    architecture: Architecture = field(compare=False)
    parts: tuple[tuple[Part, float], ...] = field(compare=False)
    smiles: str = field(compare=False)
    given: str = field(compare=False)

    @property
    def homopolymer(self) -> RepeatUnit | None:
        """The repeat unit of a lone homopolymer; None for everything else."""
        first = self.parts[0][0]
        return first if self.architecture == "homopolymer" and isinstance(first, RepeatUnit) else None

    @cached_property
    def chains(self) -> tuple[tuple[Part, float], ...]:
        """Chains and molecules that show every neighbourhood of atoms, with their shares of the heavy atoms.

        A random copolymer is taken apart into its dyads: homopolymers of both units and their alternating copolymer.
        """
        if self.architecture != "random":
            weights = [share * _atoms_per_mass(part) for part, share in self.parts]
            return _shared([part for part, _ in self.parts], weights)
        found: list[Part] = [unit for unit, _ in self.parts]
        weights = [share**2 * _heavy_atoms(unit) for unit, share in self.parts]
        for (first, x), (second, y) in combinations(self.parts, 2):
            assert isinstance(first, RepeatUnit)
            assert isinstance(second, RepeatUnit)
            found.append(_joined(first, second))
            weights.append(x * y * (_heavy_atoms(first) + _heavy_atoms(second)))
        return _shared(found, weights)

    @property
    def shares(self) -> tuple[tuple[Part, float], ...]:
        """The parts with their shares of the heavy atoms."""
        if self.architecture != "random":
            return self.chains
        return _shared([unit for unit, _ in self.parts], [share * _heavy_atoms(unit) for unit, share in self.parts])


def read_material(text: str, elements: frozenset[str] = ELEMENTS) -> Material:
    """Read a material from its text, or a polymer from its BigSMILES.

    Raises
    ------
    InvalidRepeatUnit
        as `parse` does for each repeat unit, and with the code ``material`` where the parts do not fit the architecture
        or the share is no number between 0 and 1.

    Examples
    --------
    >>> read_material("*OCC*.*CS*|alternating") == read_material("*CS*.*OCC*|alternating")
    True
    >>> read_material("*CCCC*.*OCC*|random|0.25").smiles
    '*CCCC*.*CCO*|random|0.25'
    """
    given = cleaned(text)
    if is_bigsmiles(given) and "*" not in given:
        given = read_bigsmiles(given).text
    head, *rest = given.split("|")
    if not rest:
        return _homopolymer(parse(given, elements), given)
    architecture, *shares = rest
    if architecture not in get_args(Architecture)[1:]:
        raise _unfit(given, f"'{architecture}' is no architecture; there are {', '.join(get_args(Architecture)[1:])}")
    if architecture == "molecule":
        if shares:
            raise _unfit(given, "a molecule has one part, as in COCCOC|molecule")
        molecule = closed(parse(head, elements)) if "*" in head else read_molecule(head, elements)
        return _mixture(given, "molecule", [(molecule, 1.0)])
    texts = head.split(".", maxsplit=1)
    if len(texts) != 2 or len(shares) != (architecture in NUMBERED):
        raise _unfit(given, f"{architecture} needs two parts{NUMBERED.get(architecture, '')} (docs/formulations.md)")
    first = parse(texts[0], elements)
    if architecture == "side-chain":
        site = int(shares[0]) if shares[0].isdecimal() else 0
        return _homopolymer(grafted(first, texts[1], site, elements), given)
    share = _share(given, shares)
    if architecture == "plasticised":
        return _mixture(given, "plasticised", [(first, 1 - share), (read_molecule(texts[1], elements), share)])
    second = parse(texts[1], elements)
    if architecture == "alternating" or (architecture == "random" and _commute(first, second)):
        return _homopolymer(_joined(first, second, elements), given)
    if architecture == "random":
        units = canonical_units([(first.written, 1 - share), (second.written, share)])
        return _mixture(given, "random", [(parse(repeated(word), elements), x) for word, x in units])
    if first == second:
        return _homopolymer(first, given)
    parts = sorted([(first, 1 - share), (second, share)], key=lambda part: part[0].smiles)
    return _mixture(given, "blend", [(parse(unit.smiles, elements), x) for unit, x in parts])


def composed(parts: Sequence[str], architecture: str, number: float | None = None) -> str:
    """The text of a material; `number` is the share of the second part, or the place of a side chain."""
    if architecture == "homopolymer":
        return parts[0]
    return "|".join([".".join(parts), architecture, *([] if number is None else [f"{number:g}"])])


def texts_of_parts(text: str) -> list[str]:
    """The texts of the parts of a material, as they were written."""
    return text.partition("|")[0].split(".", maxsplit=1) if "|" in text else [text]


def units_of(text: str) -> list[str]:
    """The repeat units in the text of a material; of a molecule, a unit that becomes it without its ends, if there is
    one."""
    parts = texts_of_parts(text)
    if text.endswith("|molecule") and "*" not in parts[0]:
        unit = opened(read_molecule(parts[0]))
        return [unit] if unit else []
    return parts[:1] if text.partition("|")[2].startswith(("plasticised", "side-chain")) else parts


def canonical_units(units: Sequence[tuple[Word, float]]) -> list[tuple[Word, float]]:
    """The units of a random copolymer with their shares in canonical order, with canonical cuts and direction.

    A block with which all units begin may as well stand at the end of all of them, and a chain is the same read from
    its other end.
    """
    ways: list[list[tuple[Word, float]]] = []
    for words in ([word for word, _ in units], [turned(word) for word, _ in units]):
        for way in _cuts(words):
            ways.append(sorted(zip(way, (share for _, share in units), strict=True)))
    return min(ways)


def _cuts(words: list[Word]) -> list[list[Word]]:
    """Every way to cut a chain of these units at places that all units have in common."""
    most = sum(map(len, words))  # more only where all units are repeats of one
    for _ in range(most):
        if len({word[-1] for word in words}) > 1:
            break
        words = [word[-1:] + word[:-1] for word in words]
    ways = [words]
    while len({word[0] for word in words}) == 1 and len(ways) <= most:
        words = [word[1:] + word[:1] for word in words]
        ways.append(words)
    return ways


def _commute(first: RepeatUnit, second: RepeatUnit) -> bool:
    """Whether every order of two units is the same chain: both are repeats of one."""
    return first.written + second.written == second.written + first.written


def _joined(first: RepeatUnit, second: RepeatUnit, elements: frozenset[str] = ELEMENTS) -> RepeatUnit:
    return parse(repeated(first.written + second.written), elements)


def _homopolymer(unit: RepeatUnit, given: str) -> Material:
    return Material(unit.key, "homopolymer", ((unit, 1.0),), unit.smiles, given)


def _mixture(given: str, architecture: Architecture, parts: list[tuple[Part, float]]) -> Material:
    """Parts in canonical order; the key follows from the text."""
    written = [part.given if isinstance(part, RepeatUnit) and architecture == "random" else part.smiles
               for part, _ in parts]  # fmt: skip
    smiles = composed(written, architecture, round(parts[-1][1], _DIGITS) if len(parts) > 1 else None)
    rounded = tuple((part, round(share, _DIGITS)) for part, share in parts)
    return Material(hashlib.sha256(smiles.encode()).hexdigest()[:16], architecture, rounded, smiles, given)


def _share(given: str, shares: Sequence[str]) -> float:
    if not shares:
        return 0.5
    try:
        share = round(float(shares[0]), _DIGITS)
    except ValueError:
        share = 0.0
    if not 0 < share < 1:
        raise _unfit(given, f"'{shares[0]}' is no share: allowed is a number between 0 and 1")
    return share


def _unfit(given: str, why: str) -> InvalidRepeatUnit:
    return InvalidRepeatUnit("material", f"'{given}': {why}")


def _shared(parts: Sequence[Part], weights: Sequence[float]) -> tuple[tuple[Part, float], ...]:
    return tuple((part, weight / sum(weights)) for part, weight in zip(parts, weights, strict=True))


def _heavy_atoms(part: Part) -> int:
    return sum(atom.GetAtomicNum() > 1 for atom in part.mol.GetAtoms())


def _atoms_per_mass(part: Part) -> float:
    """Heavy atoms per g/mol."""
    mol = part.mol
    for atom in mol.GetAtoms():
        if atom.GetAtomicNum() == 0:
            atom.SetIsotope(0)  # which would be read as a mass
    return _heavy_atoms(part) / float(MolWt(mol))
