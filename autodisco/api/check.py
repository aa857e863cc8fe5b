"""What is known of a repeat unit before any simulation: validity, identity, stability, limits of the force field."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from autodisco.errors import InvalidRepeatUnit

if TYPE_CHECKING:
    from autodisco.polymer import RepeatUnit

Flag = dict[str, Any]
"""A weak bond or group: ``name``, ``reason``, and what tells where it is."""


@dataclass(frozen=True)
class Check:
    """What is known of a text that should be a repeat unit.

    Attributes
    ----------
    smiles : as given
    valid : whether it is a repeat unit
    reasons : why it is none, each with ``code`` and ``reason``
    key : of the infinite chain, the same for all spellings of a polymer; None if it is invalid
    canonical : the repeat unit in its canonical form; None if it is invalid
    name : the common name with its abbreviation; None without one
    psmiles, bigsmiles : other spellings of the canonical form; None if it is invalid
    flags : weak bonds, each with ``name``, ``reason``, ``reference``, ``bond`` and ``atoms``
    scores : size, composition and ease of synthesis by name (``molar_mass_g_per_mol``); None if it is invalid
    force_field_flags : groups for which the force field is weak; None if it has no parameters for the polymer
    notes : what the text allows beyond the polymer, and what is known against a prediction of its conductivity
    """

    smiles: str
    valid: bool
    reasons: list[dict[str, str]] = field(default_factory=list)
    key: str | None = None
    canonical: str | None = None
    name: str | None = None
    flags: list[Flag] = field(default_factory=list)
    scores: dict[str, Any] | None = None
    force_field_flags: list[dict[str, str]] | None = None
    psmiles: str | None = None
    bigsmiles: str | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def simulation(self) -> Literal["yes", "reservations", "no"]:
        """Whether the polymer can be simulated: not without parameters, and with reservations where the force field is
        weak for a group."""
        if self.force_field_flags is None:
            return "no"
        return "reservations" if self.force_field_flags else "yes"

    def to_dict(self) -> dict[str, Any]:
        """As ``autodisco check --json`` prints it; the keys are the same for valid and invalid texts."""
        return {**vars(self), "simulation": self.simulation}


def check(smiles: str) -> Check:
    """What is known of a repeat unit (a SMILES with two ``*``). A text that is none is an answer, not an error.

    Examples
    --------
    >>> import autodisco
    >>> poly = autodisco.check("*OCC*")
    >>> poly.valid, poly.canonical, poly.key == autodisco.check("*COC*").key
    (True, '*CCO*', True)
    >>> [flag["name"] for flag in autodisco.check("*OCCOCCN*").flags]
    ['N-O']
    >>> autodisco.check("*OCC").reasons[0]["code"]
    'ends'
    """
    from autodisco.names import common_names
    from autodisco.polymer import parse, read_material, scores, stability_flags
    from autodisco.polymer.bigsmiles import bigsmiles_of, psmiles_of
    from autodisco.polymer.caveats import caveats
    from autodisco.polymer.repeat_unit import undirected
    from autodisco.simulation.forcefield import weaknesses

    try:
        unit = parse(smiles)
    except InvalidRepeatUnit as error:
        return Check(smiles, False, [{"code": error.code, "reason": str(error)}])
    flags, known = [flag.to_dict() for flag in stability_flags(unit)], common_names().get(unit.key)
    name = known.whole if known else None
    notes = ["units may be turned in this BigSMILES; read as head to tail"] if undirected(smiles) else []
    notes += [
        f"autodisco predict is off for it, {one.name}: {one.reason}" for one in caveats(read_material(unit.smiles))
    ]
    return Check(
        smiles, True, [], unit.key, unit.smiles, name, flags, scores(unit), weaknesses(unit),
        psmiles_of(unit.smiles), bigsmiles_of(unit.smiles), notes,
    )  # fmt: skip


def known_polymers(
    file: str | Path,
    column: str | None = None,
    keys: Collection[str] | None = None,
    progress: Callable[[int], None] | None = None,
    on_invalid: Callable[[int], None] = lambda n: None,
) -> dict[str, dict[str, Any]]:
    """The polymers in a table (CSV, TSV, SMI, or a repeat unit a line) by key, with ``line`` and ``smiles`` of
    its first row, and a ``name``.

    Parameters
    ----------
    column : with the repeat units; found by its name or content where none is given
    keys : only these polymers
    progress : called with the number of rows read
    on_invalid : called with the number of rows that hold no repeat unit, where there are any

    Raises
    ------
    InputError
        For a file that cannot be read.
    """
    from autodisco.machine import cores
    from autodisco.polymer import Library
    from autodisco.polymer.library_files import read_units

    with Library(read_units(Path(file), column), cores(), progress=progress) as library:
        if library.n_invalid:
            on_invalid(library.n_invalid)
        wanted = (group for group in library.groups() if keys is None or group.key in keys)
        return {
            group.key: dict(zip(("line", "smiles"), group.members[0], strict=True)) | {"name": group.name}
            for group in wanted
        }


def draw_units(checks: Sequence[Check]) -> bytes:
    """A PNG of checked repeat units as they were given, with their names, weak bonds and equal polymers marked. What is
    no repeat unit has an empty field with its text; one that is refused for its elements alone is drawn."""
    from autodisco.polymer import render_png
    from autodisco.polymer.habits import cleaned

    first: dict[str | None, str] = {}
    panels = []
    for one in checks:
        same = first.get(one.key) if one.valid else None
        first.setdefault(one.key, one.name or one.smiles)
        refused = f"refused: {one.reasons[0]['code']}" if one.reasons else ""
        marks = [refused, f"same polymer as {same}" if same else "", *(flag["name"] for flag in one.flags)]
        legend = "\n".join(filter(None, [one.name, cleaned(one.smiles), ", ".join(filter(None, marks))]))
        weak = [atom for flag in one.flags for atom in flag["atoms"]]
        panels.append((_drawable(one.smiles), legend, weak))
    return render_png(panels)


def _drawable(text: str) -> "RepeatUnit | None":
    """The repeat unit of a text, with any element of organic chemistry; None where there is none."""
    from autodisco.polymer import ORGANIC_ELEMENTS, parse

    try:
        return parse(text, ORGANIC_ELEMENTS)
    except InvalidRepeatUnit:
        return None
