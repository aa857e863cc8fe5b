"""What a quantity is: name, unit, label, scale, combination of replicas, place of print."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from autodisco.analysis.combination import AT_LEAST, SEM, Censored, Combination, Mean
from autodisco.analysis.means import Pair
from autodisco.text import quantity as written

if TYPE_CHECKING:
    from autodisco.arrays import Floats

Places = TypeVar("Places", float, "Floats")

Place = Literal["analyze", "csv", "ranking"]
"""The table of `analyze` and `simulate`; CSV files; the ranking in the report."""

NUMBERS: frozenset[Place] = frozenset({"analyze", "csv"})
RANKED: frozenset[Place] = NUMBERS | {"ranking"}
NOWHERE: frozenset[Place] = frozenset()

MEAN = Mean()


@dataclass(frozen=True)
class Scale:
    """The scale on which values are compared and plotted.

    Attributes
    ----------
    floor : in the unit of the quantity; ``log10(value + floor)`` keeps zero on a logarithmic scale. None: linear
    """

    floor: float | None = None

    def place(self, value: float) -> float:
        """Place of a value on the scale; negative values count as zero on a logarithmic one."""
        return value if self.floor is None else math.log10(max(value, 0.0) + self.floor)

    def value(self, place: float) -> float:
        """The value at a place, the inverse of `place`."""
        if self.floor is None:
            return place
        above = 10.0**place - self.floor
        return above if above > 1e-6 * self.floor else 0.0  # the rounding error of a value of zero

    def values(self, places: "Floats") -> "Floats":
        """The values at some places, (n,) to (n,)."""
        if self.floor is None:
            return places
        above = 10.0**places - self.floor
        return above * (above > 1e-6 * self.floor) + 0.0

    def apart(self, places: Places) -> Places:
        """The ratio of two values whose places differ by this, with the floor added to both; on a linear scale their
        difference."""
        return places if self.floor is None else 10.0**places


LINEAR = Scale()
CONDUCTIVITY_SCALE = Scale(1e-6)  # S/cm
DIFFUSIVITY_SCALE = Scale(1e-10)  # cm²/s


@dataclass(frozen=True)
class Quantity:
    """A named value.

    Attributes
    ----------
    name : column, JSON key and attribute
    label : plain words
    symbol : heads of columns and axes; the label where it is empty
    unit : of the stored value; empty for pure numbers and for text
    group : quantities of one group stand together in tables
    scale : on which values are compared and plotted
    combination : how values of replicas become the value of the polymer
    printed : tables that show it
    has_error : whether the analysis of one trajectory gives a standard error
    shown_unit, factor : unit in which people read it, and what the stored value is multiplied with
    method : how it is computed, in a sentence for the documentation
    """

    name: str
    label: str
    symbol: str = ""
    unit: str = ""
    group: str = ""
    scale: Scale = LINEAR
    combination: Combination = MEAN
    printed: frozenset[Place] = NUMBERS
    has_error: bool = True
    shown_unit: str = ""
    factor: float = 1.0
    method: str = ""

    @property
    def heading(self) -> str:
        """Symbol and unit, such as ``σ, mS/cm``."""
        unit = self.shown_unit or self.unit
        return f"{self.symbol or self.label}, {unit}" if unit else self.symbol or self.label

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the record of one trajectory: the value, its error, its bound."""
        bound = isinstance(self.combination, Censored)
        return (self.name, *[self.name + SEM] * self.has_error, *[self.name + AT_LEAST] * bound)

    def shown(self, properties: Mapping[str, Any]) -> str:
        """The value in a record of properties with its error, in the unit in which people read it."""
        return written(properties, self.name, self.factor)


def with_error(name: str, value: Pair) -> dict[str, float | None]:
    """A value and its standard error by their keys."""
    return {name: value[0], f"{name}{SEM}": value[1]}
