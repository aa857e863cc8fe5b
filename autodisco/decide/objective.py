"""The objective of a campaign: which value of a polymer is wanted, and how it is compared, printed and plotted.

An objective is a quantity of the analysis, a formula of several, or a value that the structure alone decides.
Everything that ranks, labels, compares or plots reads it.
"""

import difflib
import importlib.util
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from autodisco.analysis.belief import EXPECTED_SPREAD
from autodisco.analysis.combination import SEM
from autodisco.analysis.quantities import known, quantities, quantity
from autodisco.analysis.quantity import LINEAR, Scale
from autodisco.analysis.scatter import Scatter
from autodisco.errors import InputError
from autodisco.registry import Registry, told
from autodisco.text import significant, with_error

if TYPE_CHECKING:
    from autodisco.arrays import Floats

AXIS_DECADES = 2.5
"""A logarithmic axis ends this far below the best value, because error bars can reach down to zero."""

ION_GROUPS = ("conductivity", "diffusion", "clusters", "surroundings", "lifetimes")
"""Groups of quantities that need ions."""


def _itself(value: float) -> float:
    """The formula of an objective that is a quantity."""
    return value


@dataclass(frozen=True)
class Objective:
    """What a campaign wants of its polymers: an aim to rank them by, or a constraint that excludes some.

    Attributes
    ----------
    name : word for texts
    column : name of the value in tables, JSON and seed files, with the unit at its end
    label : plain words, for captions
    symbol : head of the column in reports
    quantities : names of the quantities that `formula` takes, in order
    formula : value of a polymer, in `unit`, from these quantities
    undefined : value where the analysis leaves a quantity undefined, as it does a transference number where no ion
        moves, and where the formula divides by zero or gives no finite number; None: such a replica has no value
    unit, shown_unit, factor : unit of the value; unit in which people read it, and the factor between them
    direction : which values are better
    target : value that is aimed at instead, in `unit`: the nearer on the scale, the better
    scale : on which values are compared and plotted
    spread : standard deviation between polymers that is expected on the scale (decades on a logarithmic one)
    scatter : standard deviation between builds of one polymer, and its degrees of freedom, before a campaign has builds
        of its own; None: that of the protocol, which is measured for the conductivity
    at_least, at_most : bounds of a constraint, in `unit`
    structure : value from the canonical repeat unit alone, None where it cannot be computed; such an objective has no
        `quantities` and is known of every polymer without a simulation. It is asked for the same unit again and again.
        A molecule, such as a plasticiser, is given as its SMILES
    reads_materials : whether `structure` takes every canonical text of a material, such as that of a blend; without it
        such a material has the value of the part that is worth least
    structure_sem : standard error of such a value, on the scale
    needs : a package that has to be installed for it, and the extra of autodisco that installs it
    """

    name: str
    column: str
    label: str
    symbol: str
    quantities: tuple[str, ...] = ()
    formula: Callable[..., float] = _itself
    undefined: float | None = None
    unit: str = ""
    shown_unit: str = ""
    factor: float = 1.0
    direction: Literal["higher", "lower"] = "higher"
    scale: Scale = LINEAR
    spread: float = EXPECTED_SPREAD
    scatter: Scatter | None = None
    at_least: float | None = None
    at_most: float | None = None
    target: float | None = None
    structure: Callable[[str], float | None] | None = None
    reads_materials: bool = False
    structure_sem: float = 0.0
    needs: tuple[str, str] | None = None

    @property
    def sem_column(self) -> str:
        """Name of the standard error in tables."""
        return f"{self.column}{SEM}"

    @property
    def columns(self) -> dict[str, str]:
        """Names in tables and JSON of the fields of a ranked polymer that hold values of the objective."""
        rest = self.column.removeprefix(self.name).removeprefix("_")
        rest = f"_{rest}" if rest else ""
        return {
            "value": self.column,
            "sem": self.sem_column,
            "expected": f"expected{rest}",
            "expected_low": f"expected_low{rest}",
            "expected_high": f"expected_high{rest}",
        }

    @property
    def heading(self) -> str:
        """Symbol and unit, such as ``σ, mS/cm``."""
        return f"{self.symbol}, {self.read_unit}" if self.read_unit else self.symbol

    @property
    def axis(self) -> str:
        """Name and unit, such as ``conductivity, mS/cm``."""
        return f"{self.name}, {self.read_unit}" if self.read_unit else self.name

    @property
    def read_unit(self) -> str:
        """The unit in which people read values."""
        return self.shown_unit or self.unit

    @property
    def lower_is_better(self) -> bool:
        """Whether lower values are better."""
        return self.direction == "lower"

    @property
    def target_place(self) -> float | None:
        """Place of the target on the scale."""
        return None if self.target is None else self.scale.place(self.target)

    @property
    def sole_quantity(self) -> str | None:
        """The quantity that the objective is; None for a formula, and for a value of the structure."""
        return self.quantities[0] if self.formula is _itself and self.quantities else None

    @property
    def needs_ions(self) -> bool:
        """Whether a box without salt has no value of it."""
        return any(quantity(name).group in ION_GROUPS for name in self.quantities)

    def check(self, constraint: bool = False) -> None:
        """Raise InputError for a quantity that the table of quantities does not hold, for a constraint without a bound
        or with bounds that leave nothing, for a value that cannot be aimed at, and where a package is missing."""
        if self.needs and importlib.util.find_spec(self.needs[0]) is None:
            raise InputError(f"objective '{self.name}' needs {self.needs[0]}: pip install 'autodisco[{self.needs[1]}]'")
        if constraint and self.at_least is None and self.at_most is None:
            raise InputError(f"objective '{self.name}': a constraint needs at_least or at_most")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise InputError(
                f"objective '{self.name}': at_least = {self.at_least:g} is above at_most = {self.at_most:g}"
            )
        if self.target is not None and self.scale.floor is not None and self.target <= 0:
            raise InputError(f"objective '{self.name}': value = {self.target:g}: allowed is a number above 0")
        for name in self.quantities:
            if not known(name):
                close = difflib.get_close_matches(name, [entry.name for entry in quantities()], n=1, cutoff=0.4)
                hint = f"; did you mean {close[0]!r}?" if close else ""
                raise InputError(f"objective '{self.name}': there is no quantity {name!r}{hint}")

    def value(self, properties: Mapping[str, Any]) -> float | None:
        """Value of a record of properties; None where it lacks a quantity. An undefined value is `undefined`.

        A value of the structure stands in the scores of a polymer, under `column`. Raises InputError where the formula
        fails in another way than by arithmetic.
        """
        if self.structure:
            return properties.get(self.column)
        if any(name not in properties for name in self.quantities):
            return None
        given = [properties[name] for name in self.quantities]
        if None in given:
            return self.undefined
        try:
            value = float(self.formula(*given))
        except ArithmeticError:
            return self.undefined
        except Exception as error:
            raise InputError(f"objective '{self.name}': its formula fails: {told(error)}") from error
        return value if math.isfinite(value) else self.undefined

    def error(self, properties: Mapping[str, Any]) -> float | None:
        """Standard error of `value`, in first order from those of all its quantities; None where one has none."""
        squares = 0.0
        for name in self.quantities:
            sem = properties.get(f"{name}{SEM}")
            if sem is None:
                return None
            ends = [self.value({**properties, name: properties[name] + by}) for by in (sem, -sem)]
            if ends[0] is None or ends[1] is None:
                return None
            squares += ((ends[0] - ends[1]) / 2) ** 2
        return math.sqrt(squares) if self.quantities else None

    def error_on_scale(self, value: float, error: float | None) -> float | None:
        """Standard error of a value on the scale (decades on a logarithmic one)."""
        if error is None or self.scale.floor is None:
            return error
        return error / ((max(value, 0.0) + self.scale.floor) * math.log(10))

    def of_structure(self, text: str) -> float | None:
        """The value that the structure decides, given the canonical text of a material; None where it is unknown.

        Of several parts it is what `structure` makes of them, otherwise that of the one which is worth least.
        """
        assert self.structure is not None
        if self.reads_materials or "|" not in text:  # a repeat unit
            return self.structure(text)
        from autodisco.polymer import ORGANIC_ELEMENTS, read_material  # rdkit, which readers do without

        parts = [self.structure(part.smiles) for part, _ in read_material(text, ORGANIC_ELEMENTS).parts]
        known = [value for value in parts if value is not None]
        return min(known, key=self.worth) if len(known) == len(parts) else None

    def excludes(self, properties: Mapping[str, Any]) -> bool:
        """Whether the value lies outside of the bounds; a polymer without a value is not excluded."""
        value = self.value(properties)
        below = value is not None and self.at_least is not None and value < self.at_least
        return below or (value is not None and self.at_most is not None and value > self.at_most)

    @property
    def bounds(self) -> str:
        """The bounds in words, such as ``density at least 1.1 g/cm³``."""
        parts = [("at least", self.at_least), ("at most", self.at_most)]
        told = " and ".join(f"{word} {self.shown(bound)}" for word, bound in parts if bound is not None)
        return f"{self.name} {told}"

    def worth(self, value: float) -> float:
        """A number that is larger for better values."""
        if self.target_place is not None:
            return -abs(self.scale.place(value) - self.target_place)
        return -value if self.lower_is_better else value

    def worths(self, places: "Floats") -> "Floats":
        """The same of values that are given by their places on the scale, as places: any shape."""
        if self.target_place is not None:
            return -abs(places - self.target_place)
        return -places if self.lower_is_better else places

    @property
    def relative_spread(self) -> float:
        """Expected standard deviation between polymers, relative to that of the conductivity."""
        return self.spread / EXPECTED_SPREAD

    @property
    def wish(self) -> str:
        """Which values are better, such as ``lower is better``."""
        return f"{self.direction} is better" if self.target is None else f"aim: {self.shown(self.target)}"

    def read(self, value: float) -> float:
        """A value in the unit in which people read it, not below the floor of a logarithmic scale."""
        return self.factor * (value if self.scale.floor is None else max(self.scale.floor, value))

    def at_floor(self, value: float) -> bool:
        """Whether a value is not above the floor of a logarithmic scale: a figure can draw it as a bound only."""
        return self.scale.floor is not None and value <= self.scale.floor

    def shown(self, value: float | None, sem: float | None = None) -> str:
        """A value with its error, such as ``12.3 ± 0.4 mS/cm``."""
        return self.with_unit(self.number(value, sem))

    def with_unit(self, number: str) -> str:
        """A number in the unit in which people read it, with that unit."""
        if self.read_unit[:1].isdigit():  # 10⁻⁶ cm²/s
            number = f"({number}) ×" if "±" in number else f"{number} ×"
        return f"{number} {self.read_unit}".rstrip()

    def number(self, value: float | None, sem: float | None = None) -> str:
        """A value with its error in the unit in which people read it, without the unit."""
        return with_error(value, sem, self.factor)

    def brief(self, value: float) -> str:
        """A value in two digits, in the unit in which people read it, without the unit."""
        return significant(value * self.factor)

    def exact(self, value: float) -> str:
        """A value in three digits, such as ``12.3 mS/cm``, for the journal."""
        return self.with_unit(significant(value * self.factor, 3))


def of_quantity(name: str, column: str, **changes: Any) -> Objective:
    """The objective `name` that is the quantity `column` of the table of quantities, with some fields changed."""
    found = quantity(column)
    objective = Objective(
        name=name,
        column=column,
        label=found.label,
        symbol=found.symbol or found.label,
        quantities=(column,),
        unit=found.unit,
        shown_unit=found.shown_unit,
        factor=found.factor,
        scale=found.scale,
    )
    return replace(objective, **changes)


CONDUCTIVITY = of_quantity("conductivity", "conductivity_s_per_cm")

OBJECTIVES: Registry[Objective] = Registry(
    "objectives",
    "objective",
    {
        CONDUCTIVITY.name: "autodisco.decide.objective:CONDUCTIVITY",
        "transference_number_ne": "autodisco.decide.objectives:TRANSFERENCE_NUMBER_NE",
        "efficacy": "autodisco.decide.objectives:EFFICACY",
        "glass_transition": "autodisco.decide.objectives:GLASS_TRANSITION",
        "density": "autodisco.decide.objectives:DENSITY",
        "sa_score": "autodisco.decide.objectives:SA_SCORE",
        "oxidation_potential": "autodisco.decide.stability_objectives:OXIDATION_POTENTIAL",
        "reduction_potential": "autodisco.decide.stability_objectives:REDUCTION_POTENTIAL",
        "electrochemical_window": "autodisco.decide.stability_objectives:ELECTROCHEMICAL_WINDOW",
    },
    Objective,
    "instance",
)


def objective_named(name: str) -> Objective:
    """The objective of a name or of ``path/to/file.py:object``, or a quantity of the table by its name.

    Raises InputError if there is none.
    """
    if name not in OBJECTIVES and known(name):
        return of_quantity(name, name)
    return OBJECTIVES.get(name)
