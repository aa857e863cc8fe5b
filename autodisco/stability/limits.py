"""The electrochemical window of a polymer: between which potentials it is neither oxidised nor reduced.

The polymer is represented by a short oligomer with methyl ends in an implicit solvent. With salt, the oligomer is also
calculated at a lithium ion and beside an anion, and the narrowest limits count.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from rdkit import Chem

from autodisco.errors import InputError, InvalidRepeatUnit, WindowAccident, WindowFailure
from autodisco.polymer import ORGANIC_ELEMENTS, parse, read_material
from autodisco.stability.calibration import Side, known_elements, line
from autodisco.stability.energies import SOLVENT, TIMEOUT_S, Energies, broken_bonds, energies
from autodisco.stability.species import Species, alone, molecule, oligomer, with_anion, with_lithium

UNITS, LARGE = 2, 20
"""Repeat units of an oligomer; from so many heavy atoms in a repeat unit on, one is enough."""

TRIES = 2
"""How often a process calculates a polymer of a campaign after accidents, each time with twice the limit of time."""

SURROUNDINGS = {"none": alone, "lithium": with_lithium, "anion": with_anion}
STATE_OF: dict[Side, str] = {"oxidation": "oxidised", "reduction": "reduced"}


@dataclass(frozen=True)
class Limits:
    """Potentials (V against Li/Li+) of one species, relaxed and vertical; None for a state that failed.

    `failed` holds the reason by ``oxidation`` or ``reduction``, `breaks` the bonds that break there, such as ``C-O``,
    and `unrelaxed` the states (``neutral``, ``oxidised``, ``reduced``) whose relaxation ended before its minimum.
    """

    oxidation: float | None
    reduction: float | None
    oxidation_vertical: float | None
    reduction_vertical: float | None
    failed: dict[Side, str] = field(default_factory=dict)
    breaks: dict[Side, tuple[str, ...]] = field(default_factory=dict)
    unrelaxed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Window:
    """The window of a polymer, or of a molecule, in V against Li/Li+.

    `given` is the SMILES as it was written, `smiles` the canonical one of a polymer. `limits` holds those of each of
    its surroundings (``none``, ``lithium``, ``anion``). `oxidation` is the lowest oxidation potential of them and
    `reduction` the highest reduction potential; None if one of them failed. `oxidation_error` and `reduction_error` are
    mean errors of the calibration (None for DFT).
    """

    given: str
    smiles: str
    units: int
    method: str
    limits: dict[str, Limits]
    oxidation_error: float | None
    reduction_error: float | None
    solvent: str = SOLVENT

    @property
    def oxidation(self) -> float | None:
        """The lowest oxidation potential."""
        return _extreme(min, [one.oxidation for one in self.limits.values()])

    @property
    def reduction(self) -> float | None:
        """The highest reduction potential."""
        return _extreme(max, [one.reduction for one in self.limits.values()])

    @property
    def width(self) -> float | None:
        """Oxidation potential less reduction potential."""
        if self.oxidation is None or self.reduction is None:
            return None
        return self.oxidation - self.reduction

    @property
    def width_error(self) -> float | None:
        """Mean error of the width."""
        if self.oxidation_error is None or self.reduction_error is None:
            return None
        return float((self.oxidation_error**2 + self.reduction_error**2) ** 0.5)

    @property
    def extrapolated(self) -> tuple[Side, ...]:
        """The sides whose potential lies outside of the measured ones to which their line is fitted."""
        return tuple(side for side in STATE_OF if line(side, self.method).extrapolates(getattr(self, side)))

    @property
    def unknown_elements(self) -> tuple[str, ...]:
        """Elements that no molecule of the calibration holds."""
        atoms = Chem.MolFromSmiles(self.smiles).GetAtoms()
        return tuple(sorted({atom.GetSymbol() for atom in atoms} - {"*"} - known_elements()))

    def to_dict(self) -> dict[str, Any]:
        """Values in types of JSON; units in the names."""
        return {
            "given": self.given,
            "smiles": self.smiles,
            "units": self.units,
            "method": self.method,
            "solvent": self.solvent,
            "oxidation_v": self.oxidation,
            "oxidation_v_error": self.oxidation_error,
            "reduction_v": self.reduction,
            "reduction_v_error": self.reduction_error,
            "window_v": self.width,
            "window_v_error": self.width_error,
            "extrapolated": self.extrapolated,
            "unknown_elements": self.unknown_elements,
            "surroundings": {
                name: {
                    "oxidation_v": one.oxidation,
                    "reduction_v": one.reduction,
                    "oxidation_vertical_v": one.oxidation_vertical,
                    "reduction_vertical_v": one.reduction_vertical,
                    "failed": one.failed,
                    "breaks": one.breaks,
                    "unrelaxed": one.unrelaxed,
                }
                for name, one in self.limits.items()
            },
        }


def window(
    smiles: str,
    with_salt: bool = False,
    method: str = "GFN2-xTB",
    units: int | None = None,
    cache: Path | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Window:
    """The electrochemical window of a polymer or molecule, in V against Li/Li+.

    A repeat unit (two ``*``) is calculated as an oligomer of `units` (by default `UNITS`, of a large one 1), a molecule
    (no ``*``) as it is.
    Takes seconds with GFN2-xTB, minutes with DFT; a result is kept in `cache` (a folder, by default that of the user).

    Raises
    ------
    InvalidRepeatUnit, InputError
        for a text that is neither
    WindowFailure
        if one of the species has no energy at all, or falls apart without being oxidised or reduced; a charge state
        without an energy is None in the result
    WindowAccident
        if a calculation is killed, or takes longer than `timeout_s`
    AutodiscoError
        if a package is missing
    """
    mol, name, units = calculated_molecule(smiles, units)
    limits = {}
    for surroundings in SURROUNDINGS if with_salt else ("none",):
        species = SURROUNDINGS[surroundings](mol)
        found = energies(species, method=method, cache=cache, timeout_s=timeout_s)
        limits[surroundings] = limits_of(species, found, method)
    errors = line("oxidation", method).mean_error, line("reduction", method).mean_error
    return Window(smiles, name, units, method, limits, *errors)


def calculated_molecule(smiles: str, units: int | None = None) -> tuple[Chem.Mol, str, int]:
    """What is calculated for a text: a molecule or oligomer, its canonical text, and the number of repeat units.

    Raises InvalidRepeatUnit or InputError for a text that is neither a repeat unit nor a molecule.
    """
    if "*" not in smiles:
        return molecule(smiles), smiles, 1
    unit = parse(smiles, ORGANIC_ELEMENTS)
    units = units or (UNITS if unit.mol.GetNumHeavyAtoms() < LARGE else 1)
    return oligomer(unit, units), unit.smiles, units


def limits_of(species: Species, found: Energies, method: str = "GFN2-xTB") -> Limits:
    """Potentials of a species from its energies. Raises WindowFailure for one that falls apart by itself."""
    if bonds := broken_bonds(species, found, "neutral"):
        raise WindowFailure(
            f"{method}: a bond breaks before an electron is taken or added: {', '.join(_names(species, bonds))}"
        )

    def volts(side: Side, vertical: bool) -> float | None:
        energy = found.ionisation(vertical) if side == "oxidation" else found.affinity(vertical)
        return None if energy is None else line(side, method).volts(energy)

    broken = {side: broken_bonds(species, found, state) for side, state in STATE_OF.items()}
    return Limits(
        volts("oxidation", False), volts("reduction", False), volts("oxidation", True), volts("reduction", True),
        failed={side: found.failed[state] for side, state in STATE_OF.items() if state in found.failed},
        breaks={side: _names(species, bonds) for side, bonds in broken.items() if bonds},
        unrelaxed=found.unrelaxed,
    )  # fmt: skip


def _extreme(of: Callable[[Iterable[float]], float], values: Sequence[float | None]) -> float | None:
    """The least or greatest of some values; None if one of them is missing."""
    known = [value for value in values if value is not None]
    return of(known) if len(known) == len(values) else None


def _names(species: Species, bonds: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    """The different bonds by the elements that they join."""
    symbol = Chem.GetPeriodicTable().GetElementSymbol
    return tuple(sorted({"-".join(sorted(symbol(species.numbers[atom]) for atom in bond)) for bond in bonds}))


def oxidation_potential(text: str) -> float | None:
    """Oxidation potential of a material without salt (V against Li/Li+): the lowest of its parts; None if one of them
    could not be calculated."""
    return _extreme(min, [None if one is None else one.oxidation for one in _windows(text)])


def reduction_potential(text: str) -> float | None:
    """Reduction potential of a material without salt (V against Li/Li+): the highest of its parts; None if one of them
    could not be calculated."""
    return _extreme(max, [None if one is None else one.reduction for one in _windows(text)])


def window_width(text: str) -> float | None:
    """Width of the window of a material without salt (V): from the highest reduction potential of its parts to the
    lowest oxidation potential of them, below 0 where they are not stable together; None if it is not known."""
    oxidation, reduction = oxidation_potential(text), reduction_potential(text)
    return None if oxidation is None or reduction is None else oxidation - reduction


def _windows(text: str) -> list[Window | None]:
    """The windows of the parts of a material: repeat units and molecules, and of a random copolymer also both units in
    turn, because new bonds lie between them."""
    try:
        material = read_material(text if "*" in text or "|" in text else f"{text}|molecule", ORGANIC_ELEMENTS)
    except InvalidRepeatUnit:
        return [None]
    return [_window_or_none(part.smiles) for part, _ in material.chains]


@lru_cache(maxsize=4096)
def _window_or_none(smiles: str) -> Window | None:
    """The window of a part; None if it could not be calculated, or had accidents in all `TRIES` of this process."""
    for number in range(TRIES):
        try:
            return window(smiles, timeout_s=TIMEOUT_S * 2**number)
        except WindowAccident:
            continue
        except (WindowFailure, InputError):
            break
    return None
