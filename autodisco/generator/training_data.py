"""A training set from a data file: rows with classes, and a share of them put aside for a property model."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from autodisco.errors import InputError
from autodisco.generator.dataset import DatasetRow, TrainingRow, classify, label_rows, put_aside, read_dataset


@dataclass(frozen=True)
class TrainingData:
    """Training rows, the label of their best class, and the rows put aside for a property model."""

    rows: list[TrainingRow]
    best: str
    aside: list[DatasetRow]

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
        return f"{sum(row.label == self.best for row in self.rows)} of them in class {self.best!r}"


def read_training_data(
    file: Path, top_fraction: float, classes: Mapping[str, int], judge: float, seed: int
) -> TrainingData:
    """Read a data set, put the share `judge` of its rows aside, and give the others their classes.

    The classes are `high` and `low` (`label_rows`), or those of the columns in `classes` (`classify`).

    Raises
    ------
    InputError
        The file cannot be used, `top_fraction` is not between 0 and 1, or there are no values for a property model.
    """
    everything = read_dataset(file, tuple(classes))
    if not 0 < top_fraction < 1:
        raise InputError(f"--top-fraction {top_fraction}: it must lie between 0 and 1")
    if judge and not any(row.value for row in everything):
        raise InputError(f"{file}: there are no conductivities for a property model; leave it out with --judge 0")
    rows, aside = put_aside(everything, judge, seed) if judge else (everything, [])
    best = " ".join(f"q{k - 1}" for k in classes.values()) or "high"
    return TrainingData(classify(rows, classes) if classes else label_rows(rows, top_fraction), best, aside)
