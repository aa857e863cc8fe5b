"""Conditions of a measurement, such as temperature and salt content, as classes of the prompt.

A generator that was trained with them is asked for "high at 500 K and 3 mol/kg": the classes of the properties stand
first in a label, then one class for each condition.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np

from autodisco.errors import InputError
from autodisco.generator.dataset import MOST_CLASSES, DatasetRow, TrainingRow, label_rows


@dataclass(frozen=True)
class Given:
    """A column of conditions and its classes, from low to high.

    Attributes
    ----------
    column : name in the data file, such as ``temperature_k``
    ranges : lowest and highest value of the training rows in each class, in the unit of the column
    usual : the class of most training rows
    """

    column: str
    ranges: tuple[tuple[float, float], ...]
    usual: int

    def word(self, value: float) -> str:
        """Class of a value; between two classes that of the nearer one. Raises InputError outside of all classes."""
        low, high = self.ranges[0][0], self.ranges[-1][1]
        if not low <= value <= high:
            raise InputError(
                f"{self.column} {value:g}: allowed is a value between those of the training rows, {low:g} to {high:g}"
            )
        return f"q{self._number(value)}"

    @property
    def told(self) -> str:
        """The classes in words."""
        ends = (f"{low:g}" if low == high else f"{low:g} to {high:g}" for low, high in self.ranges)
        return f"{self.column}: " + ", ".join(f"q{n} {text}" for n, text in enumerate(ends))

    def to_dict(self) -> dict[str, Any]:
        """For a model file."""
        return asdict(self)

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Self:
        """What `to_dict` gave."""
        ranges = tuple((float(low), float(high)) for low, high in content["ranges"])
        return cls(content["column"], ranges, content["usual"])

    @classmethod
    def cut(cls, column: str, values: Sequence[float], k: int | None = None) -> Self:
        """Classes for the known values of a column.

        Each different value is a class, if there are at most `k` (10) of them. Of more, `k` (3) classes hold about as
        many rows each; equal values are in one class. Raises InputError for fewer than two different values.
        """
        if k is not None and not 2 <= k <= MOST_CLASSES:
            raise InputError(f"{column} is to be cut into {k} classes; between 2 and {MOST_CLASSES} are possible")
        different, numbers = np.unique(np.asarray(values, dtype=float), return_counts=True)
        if len(different) < 2:
            raise InputError(
                f"column {column} has {'one value' if len(different) else 'no values'}; "
                "a condition needs two or more; fill the column, or leave the condition out"
            )
        if len(different) <= (k or MOST_CLASSES):
            groups = [[value] for value in different]
        else:
            middle = (np.cumsum(numbers) - numbers / 2) / numbers.sum()
            of = np.floor(middle * (k or USUAL_CLASSES)).astype(int)
            groups = [different[of == number].tolist() for number in np.unique(of)]
        ranges = tuple((float(min(group)), float(max(group))) for group in groups)
        rows = [numbers[(different >= low) & (different <= high)].sum() for low, high in ranges]
        return cls(column, ranges, int(np.argmax(rows)))

    def _number(self, value: float) -> int:
        gaps = [max(low - value, value - high, 0.0) for low, high in self.ranges]
        return gaps.index(min(gaps))


USUAL_CLASSES = 3
"""Classes of a column with many different values, where no number is given."""


def at_conditions(rows: Sequence[DatasetRow], conditions: Sequence[Given]) -> list[str]:
    """The classes of the conditions of each row, side by side, `unlabelled` where one is not known."""

    def word(row: DatasetRow, one: Given) -> str:
        value = row.properties[one.column]
        return "unlabelled" if value is None else one.word(value)

    return [" ".join(word(row, one) for one in conditions) for row in rows]


def label_rows_at(rows: Sequence[DatasetRow], places: Sequence[str], top_fraction: float) -> list[TrainingRow]:
    """Training rows as of `label_rows`, which are high or low among those with the same conditions in `places`.

    Conditions with fewer than 1 / `top_fraction` values have no best share, and their rows are `unlabelled`.
    """
    labelled: list[TrainingRow | None] = [None] * len(rows)
    for place in sorted(set(places)):
        here = [number for number, other in enumerate(places) if other == place]
        several = sum(rows[number].value is not None for number in here) * top_fraction >= 1
        known = [rows[number] if several else replace(rows[number], value=None) for number in here]
        for number, row in zip(here, label_rows(known, top_fraction), strict=True):
            labelled[number] = row
    return [row for row in labelled if row]


def words_of(conditions: Sequence[Given], values: Mapping[str, float]) -> list[str]:
    """The class of each condition for a prompt; that of most training rows where no value is named.

    Raises InputError for a column that is no condition of the model, and as `Given.word` does.
    """
    names = [one.column for one in conditions]
    if unknown := next((name for name in values if name not in names), None):
        known = f"its conditions are {', '.join(names)}" if names else "it has none; train with --given"
        raise InputError(f"{unknown} is no condition of this model: {known}")
    return [one.word(values[one.column]) if one.column in values else f"q{one.usual}" for one in conditions]
