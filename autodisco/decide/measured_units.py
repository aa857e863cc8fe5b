"""Units in which people state measured values, and their conversion to those of the table of quantities."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from autodisco.analysis.quantities import known, quantity

NAMES = {
    "conductivity": "conductivity_s_per_cm",
    "transference_number": "transference_number",
    "glass_transition": "glass_transition_k",
}
"""Quantities that people measure, by the name that a table of measured values has for them."""


@dataclass(frozen=True)
class Unit:
    """A unit: ``stored = factor · value + shift``, or ten to the power of the value before, if it is `logarithmic`."""

    factor: float = 1.0
    shift: float = 0.0
    logarithmic: bool = False

    def value(self, stated: float) -> float:
        """A stated value in the unit of the table of quantities."""
        return self.factor * (10.0**stated if self.logarithmic else stated) + self.shift

    def error(self, stated: float, error: float) -> float:
        """The standard error of a stated value in that unit; that of a logarithm is in decades."""
        return math.log(10) * error * self.value(stated) if self.logarithmic else self.factor * error


UNITS = {
    "conductivity_s_per_cm": {
        "S/cm": Unit(),
        "mS/cm": Unit(1e-3),
        "uS/cm": Unit(1e-6),
        "S/m": Unit(1e-2),
        "mS/m": Unit(1e-5),
        "log10(S/cm)": Unit(logarithmic=True),
        "log10(S/m)": Unit(1e-2, logarithmic=True),
    },
    "transference_number": {"": Unit(), "%": Unit(1e-2)},
    "glass_transition_k": {"K": Unit(), "C": Unit(shift=273.15)},
}
"""Units of each quantity; other quantities have that of the table of quantities."""

RANGES = {
    "conductivity_s_per_cm": (0.0, 100.0),
    "transference_number": (-5.0, 5.0),
    "glass_transition_k": (50.0, 1000.0),
}
"""Least and largest values that are taken for measured ones; others are mistakes of unit or typing."""

TEMPERATURE = {"K": Unit(), "C": Unit(shift=273.15)}

Complain = Callable[[str, object, str], Exception]
"""Makes the error of a value: its key, the value, and what is allowed."""


def column_of(name: str) -> str | None:
    """The column of the table of quantities that a name means; None if there is none."""
    column = NAMES.get(name, name)
    return column if known(column) else None


def units_of(column: str) -> dict[str, Unit]:
    """The units in which a quantity may be stated."""
    return UNITS.get(column) or {quantity(column).unit: Unit()}


def converted(
    column: str, value: float, error: float | None, unit: str, complain: Complain
) -> tuple[float, float | None]:
    """A stated value with its standard error in the unit of the table of quantities.

    Raises what `complain` makes for an unknown unit, a value outside of `RANGES`, and an error below 0.
    """
    units = units_of(column)
    if (found := units.get(unit.replace("µ", "u").replace("μ", "u").replace("°", ""))) is None:
        raise complain("unit", unit, f"allowed is {' or '.join(one or 'an empty cell' for one in units)}")
    low, high = RANGES.get(column, (-math.inf, math.inf))
    try:
        stored = found.value(value)
    except OverflowError:
        stored = math.inf
    if not math.isfinite(stored) or not low <= stored <= high:
        bounds = f"from {low:g} to {high:g} {quantity(column).unit}".rstrip() if math.isfinite(low) else "a number"
        raise complain("value", f"{value:g} {unit}".rstrip(), f"allowed is {bounds}")
    if error is None:
        return stored, None
    if not math.isfinite(error) or error < 0:
        raise complain("error", error, "allowed is a number, 0 or above, or nothing")
    return stored, found.error(value, error)
