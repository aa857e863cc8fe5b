"""Materials: everything that a campaign tells apart, each written as one text.

A repeat unit alone is a homopolymer. Every other text names its parts, how they are put together, and the share of the
second part:

=====================================  ==========================================================================
``*OCC*.*COC(C)*|alternating``         units in turn; this is the homopolymer of both units in a row
``*OCC*.*COC(C)*|random|0.3``          units in random order; the share is a mole fraction
``*OCC*.*CC(C)O*|blend|0.3``           two polymers; the share is a mass fraction
``*OCC*.O=C1OCCO1|plasticised|0.2``    a polymer and a molecule; the share is a mass fraction
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

from rdkit import Chem, rdBase
from rdkit.Chem.Descriptors import MolWt

from autodisco.errors import InvalidRepeatUnit
from autodisco.polymer.identity import Word, repeated, turned
from autodisco.polymer.repeat_unit import ELEMENTS, RepeatUnit, parse

Architecture = Literal["homopolymer", "alternating", "random", "blend", "plasticised"]

WITH_SHARE = frozenset({"random", "blend", "plasticised"})
"""Architectures whose parts have shares."""

_DIGITS = 4
"""Decimals of a share."""


@dataclass(frozen=True)
class Molecule:
    """A neutral molecule without ends, given by its canonical SMILES."""

    smiles: str

    @property
    def mol(self) -> Chem.Mol:
        """A new molecule without explicit hydrogens."""
        return Chem.MolFromSmiles(self.smiles)


Part = RepeatUnit | Molecule


@dataclass(frozen=True)
class Material:
    """What a text stands for; two of them are equal when they are the same material.

    Attributes
    ----------
    key : stable hexadecimal key, 16 characters; that of the chain for a homopolymer
    architecture : ``homopolymer`` also for an alternating copolymer, and where both parts are the same
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
    """Read a material from its text.

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
    given = text.strip()
    head, *rest = given.split("|")
    if not rest:
        return _homopolymer(parse(given, elements), given)
    architecture, *shares = rest
    if architecture not in get_args(Architecture)[1:]:
        raise _unfit(given, f"'{architecture}' is no architecture; there are {', '.join(get_args(Architecture)[1:])}")
    texts = head.split(".", maxsplit=1)
    if len(texts) != 2 or len(shares) != (architecture in WITH_SHARE):
        raise _unfit(given, f"{architecture} needs two parts{', and a share' if architecture in WITH_SHARE else ''}")
    first, share = parse(texts[0], elements), _share(given, shares)
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


def composed(parts: Sequence[str], architecture: str, share: float | None = None) -> str:
    """The text of a material; `share` is that of the second part, where the architecture has one."""
    if architecture == "homopolymer":
        return parts[0]
    return "|".join([".".join(parts), architecture, *([] if share is None else [f"{share:g}"])])


def texts_of_parts(text: str) -> list[str]:
    """The texts of the parts of a material, as they were written."""
    return text.partition("|")[0].split(".", maxsplit=1) if "|" in text else [text]


def read_molecule(text: str, elements: frozenset[str] = ELEMENTS) -> Molecule:
    """A neutral molecule. Raises InvalidRepeatUnit with a code of `parse` or ``material``."""
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(text) if text else None
    if mol is None or len(Chem.GetMolFrags(mol)) != 1:
        raise InvalidRepeatUnit("unparsable", f"'{text}' is not the SMILES of one molecule")
    symbols = {atom.GetSymbol() for atom in mol.GetAtoms()}
    if "*" in symbols:
        raise InvalidRepeatUnit("ends", f"'{text}' has an open end, which a molecule does not have")
    if foreign := sorted(symbols - elements):
        raise InvalidRepeatUnit("element", f"'{text}' holds {foreign[0]}; allowed are {', '.join(sorted(elements))}")
    if Chem.GetFormalCharge(mol):
        raise InvalidRepeatUnit("charge", f"'{text}' has a net charge of {Chem.GetFormalCharge(mol):+d}")
    if any(atom.GetNumRadicalElectrons() for atom in mol.GetAtoms()):
        raise InvalidRepeatUnit("radical", f"'{text}' has an atom with an unpaired electron")
    return Molecule(str(Chem.MolToSmiles(mol)))


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
    smiles = composed(written, architecture, round(parts[-1][1], _DIGITS))
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
