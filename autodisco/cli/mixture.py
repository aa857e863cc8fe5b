"""The subject of `autodisco simulate`: a repeat unit, a formulation from flags, or a formulation file."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from autodisco.errors import InputError
from autodisco.section import first_problem

if TYPE_CHECKING:
    from autodisco.polymer import RepeatUnit
    from autodisco.simulation.forcefield.ions import Ion, Salt
    from autodisco.simulation.formulation import Formulation


Model = TypeVar("Model")


@dataclass(frozen=True)
class Flags:
    """Flags that make a formulation of a repeat unit, as they were typed; None for one that was not."""

    blend: Sequence[str] | None = None
    comonomer: Sequence[str] | None = None
    architecture: str | None = None
    solvent: Sequence[str] | None = None
    salt: Sequence[str] | None = None
    no_salt: bool = False
    molality: float | None = None
    ion: Sequence[Path] | None = None

    @property
    def given(self) -> list[str]:
        """The flags that were used."""
        return [f"--{name.replace('_', '-')}" for name, value in vars(self).items() if value]


def subject(text: str, flags: Flags) -> "RepeatUnit | Formulation":
    """The formulation in a file, that of the text of a material, or the polymer `text` with flags. Raises InputError,
    naming the flag and its value."""
    from autodisco.api.builds import subject_of
    from autodisco.polymer.bigsmiles import is_bigsmiles, read_bigsmiles

    text = read_bigsmiles(text).text if is_bigsmiles(text) else text
    if flags.given and text.endswith(".toml"):
        raise InputError(
            f"{flags.given[0]} goes with a repeat unit; the file {text} states the whole content of the box"
        )
    if flags.given and "|" in text:
        raise InputError(f"{flags.given[0]} goes with a repeat unit; '{text}' states all parts of the material")
    found = subject_of(text)
    return _from_flags(text, flags) if flags.given else found


def _from_flags(text: str, flags: Flags) -> "Formulation":
    from autodisco.simulation.formulation import Formulation, Polymer, SaltShare, Solvent, Unit

    if flags.no_salt and flags.salt:
        raise InputError("--no-salt and --salt exclude each other; leave one of them out")
    if flags.architecture and not flags.comonomer:
        raise InputError("--architecture needs a second unit: --comonomer SMILES:FRACTION")
    blend = [_shared("--blend", value) for value in flags.blend or ()]
    comonomers = [_shared("--comonomer", value) for value in flags.comonomer or ()]
    first = _rest("--blend", blend)

    def polymer() -> Polymer:
        if not comonomers:
            return Polymer(smiles=text, mass_fraction=first)
        units = [Unit(smiles=text, fraction=_rest("--comonomer", comonomers))]
        units += [_made("--comonomer", Unit, smiles=smiles, fraction=share) for smiles, share in comonomers]
        return _made(
            "--architecture", Polymer, units=tuple(units), architecture=flags.architecture or "random",
            mass_fraction=first,
        )  # fmt: skip

    others = [_made("--blend", Polymer, smiles=smiles, mass_fraction=share) for smiles, share in blend]
    solvents = [
        _made("--solvent", Solvent, smiles=smiles, mass_fraction=share)
        for smiles, share in (_shared("--solvent", value) for value in flags.solvent or ())
    ]
    own_ions = _ions(flags.ion or ())
    salts = [SaltShare(name=name, mole_ratio=ratio) for name, ratio in map(_salt, flags.salt or ())]
    used = {ion.name for share in salts for ion in _known_salt(share.name, own_ions).ions}
    values: dict[str, object] = {}
    # Each flag adds its part, so that an error of the whole is that of the flag which brings it.
    for flag, part in (
        ("--blend", {"polymers": [polymer(), *others]}),
        ("--solvent", {"solvents": solvents}),
        ("--salt", {"salts": () if flags.no_salt else salts or None, "ions": [i for i in own_ions if i.name in used]}),
        ("--ion", {"ions": own_ions}),
        ("--molality", {"molality": flags.molality}),
    ):
        values |= part
        made = _made(flag, Formulation, **values)
    return made


def _ions(files: Sequence[Path]) -> "tuple[Ion, ...]":
    """The ions in files. Raises InputError if two have the same name, or one has the name of an ion of the program."""
    from autodisco.simulation.forcefield import ions

    found: dict[str, Ion] = {}
    for file in files:
        ion = ions.read(file)
        if ion.name in ions.shipped():
            raise InputError(
                f"--ion {file}: autodisco has an ion '{ion.name}' already; leave the file out, or choose another name"
            )
        if ion.name in found:
            raise InputError(f"--ion {file}: another file holds an ion '{ion.name}' already; choose another name")
        found[ion.name] = ion
    return tuple(found.values())


def _known_salt(name: str, own_ions: "Sequence[Ion]") -> "Salt":
    from autodisco.simulation.forcefield import ions

    try:
        return ions.salt(name, own_ions)
    except InputError as error:
        raise InputError(f"--salt: {error}") from error


def _shared(flag: str, value: str) -> tuple[str, float]:
    """Text and share of ``TEXT:SHARE``."""
    text, _, share = value.rpartition(":")
    try:
        fraction = float(share)
    except ValueError:
        fraction = 0.0
    if not text or not 0 < fraction < 1:
        raise InputError(f"{flag} {value}: SMILES:FRACTION expected, with a fraction between 0 and 1")
    return text, fraction


def _salt(value: str) -> tuple[str, float]:
    """Name and relative amount of ``NAME`` or ``NAME:RATIO``."""
    name, _, ratio = value.partition(":")
    try:
        amount = float(ratio or 1)
    except ValueError:
        amount = 0.0
    if not 0 < amount < math.inf:
        raise InputError(f"--salt {value}: NAME or NAME:RATIO expected, with a ratio above 0")
    return name, amount


def _rest(flag: str, others: Sequence[tuple[str, float]]) -> float:
    left = 1 - sum(share for _, share in others)
    if left <= 1e-9:
        raise InputError(f"{flag}: the fractions add up to {1 - left:g}, which leaves nothing of the first polymer")
    return round(left, 9)


def _made(flag: str, model: Callable[..., Model], **values: object) -> Model:
    """A model of values that were typed. Raises InputError with the flag."""
    try:
        return model(**values)
    except ValidationError as error:
        problem = first_problem(error)
        value = "" if problem.value is None else f" {problem.value}"
        raise InputError(f"{flag}{value}: {problem.text}") from error
