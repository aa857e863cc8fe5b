"""Motifs that a chemist would not expect to survive, looked for on the periodic chain.

Most weak bonds sit at the junction of two repeat units (*OCCOCCN* makes an N-O bond that the lone unit does not show),
so every pattern is matched on a stretch of chain around one whole unit. The rules themselves are in `rules`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from rdkit import Chem, rdBase

from autodisco.errors import InputError
from autodisco.polymer.identity import repeated
from autodisco.polymer.material import Material, Part
from autodisco.polymer.molecule import Molecule
from autodisco.polymer.repeat_unit import RepeatUnit, parse
from autodisco.polymer.rules import DEFAULT_RULES, Rule

#: Backbone atoms on either side of the unit that is judged; no pattern or exception of the table reaches further.
_CONTEXT_ATOMS = 8


@dataclass(frozen=True)
class Flag:
    """What `stability_flags` found.

    Attributes
    ----------
    name, reason, reference : of the rule
    bond : the atoms that take part, such as ``N-O``
    atoms : these in the canonical unit, counted from 0 in the order of its SMILES without its ends
    """

    name: str
    reason: str
    reference: str = ""
    bond: str = ""
    atoms: tuple[int, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """As JSON and the store hold it."""
        return {
            "name": self.name,
            "reason": self.reason,
            "reference": self.reference,
            "bond": self.bond,
            "atoms": list(self.atoms),
        }


def stability_flags(unit: RepeatUnit | str, rules: Sequence[Rule] = DEFAULT_RULES) -> tuple[Flag, ...]:
    """The rules that the infinite chain of `unit` breaks, in the order of `rules`; one flag each.

    Raises
    ------
    InvalidRepeatUnit
        if `unit` is a text that is no repeat unit.
    InputError
        if a rule holds text that is not SMARTS.
    """
    return _flags(parse(unit) if isinstance(unit, str) else unit, rules)


def flags_of(material: Material, rules: Sequence[Rule] = DEFAULT_RULES) -> tuple[Flag, ...]:
    """The rules that a material breaks, in the order of `rules`, one flag each, raises InputError as `stability_flags`.

    Of a copolymer, all neighbouring units are looked at. The atoms of a flag are given for a homopolymer only.
    """
    if unit := material.homopolymer:
        return stability_flags(unit, rules)
    found = {flag.name: flag for part, _ in material.chains for flag in _flags(part, rules)}
    return tuple(replace(found[rule.name], atoms=()) for rule in rules if rule.name in found)


def _flags(part: Part, rules: Sequence[Rule]) -> tuple[Flag, ...]:
    chain, size, middle = _whole(part) if isinstance(part, Molecule) else _stretch(part)
    flags = []
    for rule in rules:
        if not rule.active:
            continue
        pattern, exceptions = _compiled(rule)
        found = [match for match in chain.GetSubstructMatches(pattern) if not middle.isdisjoint(match)]
        if not found:
            continue
        sound = [frozenset(m) for exception in exceptions for m in chain.GetSubstructMatches(exception)]
        weak = next((match for match in found if not any(group.issuperset(match) for group in sound)), None)
        if weak:
            atoms = tuple(sorted({(atom - 1) % size for atom in weak}))
            bond = Chem.MolFragmentToSmiles(chain, weak, allBondsExplicit=True)
            flags.append(Flag(rule.name, rule.reason, rule.reference, bond, atoms))
    return tuple(flags)


def choose_rules(added: Sequence[Rule] = (), on: Sequence[str] = (), off: Sequence[str] = ()) -> tuple[Rule, ...]:
    """The shipped rules with some switched on or off by name, and further ones behind them.

    Raises InputError for a name that no shipped rule has, or that another has already, and for text that is not SMARTS.
    """
    names = [rule.name for rule in DEFAULT_RULES]
    if unknown := [name for name in (*on, *off) if name not in names]:
        raise InputError(f"no stability rule is named '{unknown[0]}'; there are: {', '.join(names)}")
    for rule in added:
        if rule.name in names:
            raise InputError(f"a stability rule is named '{rule.name}' already; choose another name")
        names.append(rule.name)
        _compiled(rule)
    shipped = [
        replace(rule, active=(rule.active or rule.name in on) and rule.name not in off) for rule in DEFAULT_RULES
    ]
    return (*shipped, *added)


def _whole(molecule: Molecule) -> tuple[Chem.Mol, int, frozenset[int]]:
    """What `_stretch` gives, of a molecule."""
    mol = molecule.mol
    Chem.RemoveStereochemistry(mol)
    return mol, mol.GetNumAtoms(), frozenset(range(mol.GetNumAtoms()))


def _stretch(unit: RepeatUnit) -> tuple[Chem.Mol, int, frozenset[int]]:
    """A stretch of chain without stereo, the number of atoms per unit, and the atoms of the unit in its middle."""
    flank = -(-_CONTEXT_ATOMS // len(unit.word))  # each block holds one backbone atom at least
    copies = 2 * flank + 1
    with rdBase.BlockLogs():
        chain = Chem.MolFromSmiles(repeated(unit.word, copies))
    Chem.RemoveStereochemistry(chain)
    size = (chain.GetNumAtoms() - 2) // copies
    return chain, size, frozenset(range(1 + flank * size, 1 + (flank + 1) * size))


@lru_cache(maxsize=1 << 10)
def _compiled(rule: Rule) -> tuple[Chem.Mol, tuple[Chem.Mol, ...]]:
    return _smarts(rule, rule.smarts), tuple(_smarts(rule, exception.smarts) for exception in rule.exceptions)


def _smarts(rule: Rule, text: str) -> Chem.Mol:
    with rdBase.BlockLogs():
        pattern = Chem.MolFromSmarts(text)
    if pattern is None or pattern.GetNumAtoms() == 0:
        raise InputError(f"stability rule '{rule.name}': '{text}' is not SMARTS that RDKit reads")
    return pattern
