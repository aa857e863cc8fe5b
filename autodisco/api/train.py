"""Training of a generator on a data set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autodisco.generator import Generator
    from autodisco.generator.base import Progress
    from autodisco.generator.training_data import TrainingData

SCORED_DRAWS = 500

Scores = Callable[[list[str]], Mapping[str, float | None]]
"""Scores of drawn strings, by name."""


@dataclass(frozen=True)
class Trained:
    """A generator that was trained on a data set.

    Attributes
    ----------
    generator : as `autodisco.generate` takes it
    model : file of the model
    rows : number of repeat units in the training set
    metrics : scores of 500 draws of the best class (docs/generator.md)
    """

    generator: Generator
    model: Path
    rows: int
    metrics: Mapping[str, float | None]

    def to_dict(self) -> dict[str, Any]:
        """As ``autodisco train --json`` prints it."""
        losses = self.generator.losses
        loss = losses[-1] if losses else None
        return {"model": str(self.model), "rows": self.rows, "loss": loss, "metrics": dict(self.metrics)}


def train(
    file: str | Path,
    out: str | Path,
    *,
    settings: str | Path | None = None,
    top_fraction: float = 0.05,
    condition: Mapping[str, int] | None = None,
    given: Mapping[str, int | None] | None = None,
    judge: float = 0.0,
    seed: int = 1,
    progress: Callable[[str], None] = lambda line: None,
    watch: Progress | None = None,
    **network: Any,
) -> Trained:
    """Train a generator on a data set, write it, and score it. After an interruption, the same call continues.

    Parameters
    ----------
    file : CSV or TSV with repeat units and a conductivity or class
    out : model file to write
    settings : TOML file with a table ``[generator]``
    top_fraction : share of the values that is the class ``high``
    condition : columns of which so many classes ``q0``, ``q1``, … are learnt instead
    given : columns that are conditions of the values, with a number of classes or None, ``{"temperature_k": None}``
    judge : share of the rows that is held out to train the property model that scores; 0 for none
    seed : of weights and batches
    progress : called with lines
    watch : called with iterations done, their number and the loss
    network : settings of the generator, such as ``size`` and ``iterations``; they win over `settings`

    Raises InputError for a data set or a setting that cannot be used.
    """
    from autodisco.campaign.settings_file import read_generator
    from autodisco.generator import fit

    path, chosen = Path(out), read_generator(Path(settings) if settings else None, network)
    data, scores = read_data(Path(file), top_fraction, judge, seed, condition, given)
    progress(f"{len(data.rows)} repeat units, {data.counted}")
    for one in data.conditions:
        progress(one.told)
    checkpoint = path.with_name(f"{path.name}.checkpoint")
    generator = fit(data.rows, chosen, seed=seed, checkpoint=checkpoint, progress=watch)
    generator.conditions = data.conditions
    generator.save(path)
    checkpoint.unlink(missing_ok=True)
    progress(f"wrote {path}; scoring {SCORED_DRAWS} draws of class {generator.best}")
    drawn = generator.sample(SCORED_DRAWS, seed=seed, **chosen.sampling())
    return Trained(generator, path, len(data.rows), scores(drawn))


def read_data(
    file: Path,
    top_fraction: float,
    judge: float,
    seed: int,
    condition: Mapping[str, int] | None = None,
    given: Mapping[str, int | None] | None = None,
) -> tuple[TrainingData, Scores]:
    """The training set of a file, and the scores of strings beside it, with a property model if `judge` is above 0.

    Raises InputError for a file that cannot be used.
    """
    from autodisco.generator.metrics import score_samples
    from autodisco.generator.training_data import read_training_data
    from autodisco.surrogate import fit_judge

    data = read_training_data(file, top_fraction, dict(condition or {}), judge, seed, given)
    known = data.smiles
    is_high = fit_judge(data.judged, known, top_fraction, seed) if judge else None
    return data, lambda strings: score_samples(strings, known, is_high)
