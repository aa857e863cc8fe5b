"""A training set from a data file: rows with classes, and a share of them put aside for a property model."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from autodisco.errors import InputError
from autodisco.generator.dataset import DatasetRow, TrainingRow, classify, put_aside, read_dataset
from autodisco.generator.given import Given, at_conditions, label_rows_at


@dataclass(frozen=True)
class TrainingData:
    """Training rows, their best class, the conditions behind it, and the rows put aside for a property model."""

    rows: list[TrainingRow]
    best: str
    aside: list[DatasetRow]
    conditions: tuple[Given, ...] = ()

    @property
    def smiles(self) -> list[str]:
        """Repeat units of the training rows."""
        return [row.smiles for row in self.rows]

    @property
    def judged(self) -> list[tuple[str, float]]:
        """Repeat unit and value of the rows put aside."""
        return [(row.smiles, row.value or 0.0) for row in self.aside]

    @property
    def counted(self) -> str:
        """The number of rows in the best class, as text."""
        width = len(self.best.split())
        n = sum(row.label.split()[:width] == self.best.split() for row in self.rows)
        return f"{n} of them in class {self.best!r}"


def read_training_data(
    file: Path,
    top_fraction: float,
    classes: Mapping[str, int],
    judge: float,
    seed: int,
    given: Mapping[str, int | None] | None = None,
) -> TrainingData:
    """Read a data set, put the share `judge` of its rows aside, and give the others their classes.

    The classes are `high` and `low` among rows with the same conditions (`label_rows_at`), or those of the columns in
    `classes` over all rows (`classify`). Behind them stand the classes of the conditions in the columns `given`, each
    with a number of classes or None (`Given.cut`).

    Raises
    ------
    InputError
        The file cannot be used, `top_fraction` is not between 0 and 1, there are no values for a property model, or a
        property model is to be fitted to values of several conditions.
    """
    given = given or {}
    if twice := next((column for column in given if column in classes), None):
        raise InputError(f"--given {twice}: --condition names this column, too; name it once")
    if given and judge:
        raise InputError("--judge is a property model of one condition; leave it out, or leave out --given")
    everything = read_dataset(file, (*classes, *given))
    if not 0 < top_fraction < 1:
        raise InputError(f"--top-fraction {top_fraction}: it must lie between 0 and 1")
    if judge and not any(row.value for row in everything):
        raise InputError(f"{file}: there are no conductivities for a property model; leave it out with --judge 0")
    rows, aside = put_aside(everything, judge, seed) if judge else (everything, [])
    best = " ".join(f"q{k - 1}" for k in classes.values()) or "high"
    conditions = tuple(
        Given.cut(column, [value for row in rows if (value := row.properties[column]) is not None], k)
        for column, k in given.items()
    )
    places = at_conditions(rows, conditions)
    labelled = classify(rows, classes) if classes else label_rows_at(rows, places, top_fraction)
    labelled = [replace(row, label=f"{row.label} {place}".strip()) for row, place in zip(labelled, places, strict=True)]
    return TrainingData(labelled, best, aside, conditions)
