"""Places of values on the axes of the monitor, which are logarithmic where the scale of the objective is."""

import math

from autodisco.decide import AXIS_DECADES, Objective
from autodisco.text import significant


def place(value: float, objective: Objective) -> float:
    """Place of a value of the objective on its axis."""
    read = objective.read(value)
    return read if objective.scale.floor is None else math.log10(read)


def ends_told(low: float, high: float, objective: Objective, digits: int = 2) -> list[str]:
    """The values at two places on the axis, in the unit in which people read them. Zero lies at the floor of a
    logarithmic scale, which is written as a bound."""
    if objective.scale.floor is None:
        return [significant(end, digits) for end in (low, high)]
    floor = place(0.0, objective)
    return [("≤ " if end <= floor else "") + significant(float(10**end), digits) for end in (low, high)]


def axis_of(low: float, high: float, objective: Objective) -> tuple[float, float]:
    """Ends of an axis for values between two places: a logarithmic one spans at most `AXIS_DECADES`, and one decade
    where all values are the same, such as zero."""
    if objective.scale.floor is None:
        return low, high
    top = high if high > low else low + 1.0
    return max(low, top - AXIS_DECADES), top
