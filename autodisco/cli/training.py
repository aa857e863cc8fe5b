"""What `train` and `tune` share: a data set made ready, and a bar while a network learns."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from autodisco.cli.output import stderr_console
from autodisco.errors import InputError
from autodisco.generator import (
    Generator,
    GeneratorSettings,
    TrainingRow,
    classify,
    fit,
    label_rows,
    put_aside,
    read_dataset,
)


@dataclass(frozen=True)
class Data:
    """Training rows, the best of their classes, and who says what is high."""

    rows: list[TrainingRow]
    best: str
    is_high: Callable[[Sequence[str]], np.ndarray] | None

    @property
    def counted(self) -> str:
        """How many are in the best class, as text."""
        return f"{sum(row.label == self.best for row in self.rows)} of them in class {self.best!r}"


def prepare(file: Path, top_fraction: float, conditions: list[str], judge: float, seed: int) -> Data:
    """Read a data set, put a share aside for a property model, and give the others their classes."""
    classes = dict(map(_condition, conditions))
    everything = read_dataset(file, tuple(classes))
    if not 0 < top_fraction < 1:
        raise InputError(f"--top-fraction {top_fraction}: it must lie between 0 and 1")
    rows, aside = put_aside(everything, judge, seed) if judge else (everything, [])
    best = " ".join(f"q{k - 1}" for k in classes.values()) or "high"
    training = classify(rows, classes) if classes else label_rows(rows, top_fraction)
    if not judge:
        return Data(training, best, None)
    from autodisco.surrogate import PropertyModel

    if not any(row.value for row in everything):
        raise InputError(f"{file}: there are no conductivities for a property model; leave it out with --judge 0")
    model = PropertyModel.fit([row.smiles for row in aside], [row.value or 0.0 for row in aside], seed=seed)
    model.set_border([row.smiles for row in rows], top_fraction)
    return Data(training, best, model.above_border)


def fit_with_progress(
    rows: Sequence[TrainingRow], settings: GeneratorSettings, seed: int, checkpoint: Path | None
) -> Generator:
    """Train with a bar on a terminal."""
    if not sys.stderr.isatty():
        return fit(rows, settings, seed=seed, checkpoint=checkpoint)
    from rich.progress import Progress

    with Progress(console=stderr_console(), transient=True) as bars:
        bar = bars.add_task("training", total=None)

        def show(done: int, total: int, loss: float) -> None:
            bars.update(bar, completed=done, total=total, description=f"loss {loss:.3f}")

        return fit(rows, settings, seed=seed, checkpoint=checkpoint, progress=show)


def _condition(text: str) -> tuple[str, int]:
    column, _, number = text.rpartition(":")
    if not column or not number.isdecimal():
        raise InputError(f"--condition {text}: name a column and a number of classes, such as conductivity:10")
    return column, int(number)
