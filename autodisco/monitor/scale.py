"""Places of values on the axes of the monitor, which are logarithmic where the scale of the objective is."""

import math

from autodisco.decide import Objective


def place(value: float, objective: Objective) -> float:
    """Place of a value of the objective on its axis."""
    read = objective.read(value)
    return read if objective.scale.floor is None else math.log10(read)


def read_at(place: float, objective: Objective) -> float:
    """The value at a place on the axis, in the unit in which people read it."""
    return place if objective.scale.floor is None else float(10**place)
