"""A search for the settings that suit a data set: all combinations on a grid, or Bayesian; resumable at any trial.

Trials with the same training share one model, and a longer training continues from a shorter one.
"""

import csv
import hashlib
import io
import itertools
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from autodisco.errors import InputError, TrainingDiverged
from autodisco.files import read_json, write_atomic, write_json
from autodisco.generator.base import Generator, Progress, fit, generator_settings, settings_class
from autodisco.generator.dataset import TrainingRow
from autodisco.generator.settings import GeneratorSettings
from autodisco.tables import open_table

#: Scores of a list of drawn strings.
Score = Callable[[Sequence[str]], Mapping[str, float | None]]


@dataclass(frozen=True)
class Range:
    """All numbers, or all whole numbers, between two; on a logarithmic scale if they are far apart."""

    low: float
    high: float
    whole: bool = False

    @property
    def by_logarithm(self) -> bool:
        """Whether equal ratios are equally likely, instead of equal distances."""
        return self.low > 0 and self.high / self.low >= 20


Space = Mapping[str, "Sequence[Any] | Range"]


@dataclass(frozen=True)
class Trial:
    """One tried setting: the varied values, the scores, and the time in seconds."""

    values: dict[str, Any]
    scores: dict[str, float | None]
    seconds: float


@dataclass
class Search:
    """A search in a folder.

    Parameters
    ----------
    folder
        Holds `trials.csv`, `setup.json`, the models and the checkpoint of the present training.
    rows
        The training set.
    space
        Values or range of every setting to vary.
    settings
        All other settings.
    score, objective
        The scores of drawn strings, and the name of the score to maximise.
    draws
        Strings per trial.
    seed
        Decides training and drawing; the same for all trials.

    Raises
    ------
    InputError
        The folder holds another search, or a setting to vary does not exist.
    """

    folder: Path
    rows: Sequence[TrainingRow]
    space: Space
    settings: GeneratorSettings
    score: Score
    objective: str
    draws: int
    seed: int
    trials: list[Trial] = field(default_factory=list)

    def __post_init__(self) -> None:
        varied = self.space.get("kind", ())
        kinds = [self.settings.kind, *(varied if not isinstance(varied, Range) else ())]
        known = {name for kind in kinds for name in settings_class({"kind": kind}).model_fields}
        for name in self.space:
            if name not in known:
                raise InputError(f"{name} is not a setting of the generator; autodisco train --help lists them")
        content = hashlib.sha256("\n".join(f"{r.smiles} {r.label} {r.weight!r}" for r in self.rows).encode())
        self._setup = {
            "data": content.hexdigest(),
            "varied": {name: str(self.space[name]) for name in sorted(self.space)},
            "fitting": self.settings.fitting(),
            "drawing": self.settings.sampling(),
            "draws": self.draws,
            "seed": self.seed,
        }
        if self._setup_file.exists() and (there := read_json(self._setup_file)) != self._setup:
            name = next(key for key in {**self._setup, **there} if there.get(key) != self._setup.get(key))
            raise InputError(f"{self.folder}: holds a search with another {name}; choose another folder")
        if self._table.exists():
            self.trials = self._read()

    def grid(self) -> list[dict[str, Any]]:
        """Every combination that has not been tried, shorter trainings first. Raises InputError for a range."""
        for name, values in self.space.items():
            if isinstance(values, Range):
                raise InputError(f"{name} is a range, which a grid cannot exhaust; list values, or search by bayes")
        every = itertools.product(*(list(values) for values in self.space.values() if not isinstance(values, Range)))
        points = [dict(zip(self.space, values, strict=True)) for values in every]
        tried = [trial.values for trial in self.trials]
        return sorted((p for p in points if p not in tried), key=lambda p: p.get("iterations", 0))

    def proposals(self, number: int) -> Iterator[dict[str, Any]]:
        """Settings to try until there are `number` trials, each proposed from the trials before.

        The proposals come from the tree-structured Parzen estimator of optuna (Bergstra et al., NeurIPS 2011). It is
        made anew from all trials for each proposal, so that an interrupted search continues identically.
        """
        try:
            import optuna
        except ModuleNotFoundError:
            raise InputError("a Bayesian search needs optuna: pip install 'autodisco[tune]'") from None
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        distributions = {name: _distribution(optuna, values) for name, values in self.space.items()}
        while len(self.trials) < number:
            seed = int(np.random.SeedSequence([self.seed, len(self.trials)]).generate_state(1)[0])
            study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
            study.add_trials(
                [
                    optuna.trial.create_trial(
                        params=trial.values, distributions=distributions, value=trial.scores[self.objective] or 0.0
                    )
                    for trial in self.trials
                ]
            )
            yield study.ask(distributions).params

    def run(self, values: dict[str, Any], progress: Progress | None = None) -> Trial:
        """Train, draw and score one setting, and write the table; a training that diverges has no strings to score."""
        write_json(self._setup_file, self._setup)
        begin = time.monotonic()
        chosen = generator_settings(**{**self.settings.model_dump(exclude_unset=True), **values})
        try:
            strings = self._model(chosen, progress).sample(self.draws, seed=self.seed, **chosen.sampling())
        except TrainingDiverged:
            strings = []
        trial = Trial(values, dict(self.score(strings)), time.monotonic() - begin)
        self.trials.append(trial)
        self._write()
        return trial

    def best(self) -> Trial | None:
        """The trial with the highest objective."""
        return max(self.trials, key=lambda trial: trial.scores[self.objective] or 0.0, default=None)

    @property
    def _setup_file(self) -> Path:
        return self.folder / "setup.json"

    @property
    def _table(self) -> Path:
        return self.folder / "trials.csv"

    def _model(self, settings: GeneratorSettings, progress: Progress | None) -> Generator:
        texts = [json.dumps(settings.fitting() | changed, sort_keys=True) for changed in ({}, {"iterations": 0})]
        name, line = (hashlib.sha256(text.encode()).hexdigest()[:16] for text in texts)
        file = self.folder / "models" / f"{name}.safetensors"
        if file.exists():
            return Generator.load(file)
        checkpoint = self.folder / "models" / f"{line}.checkpoint"
        model = fit(self.rows, settings, seed=self.seed, progress=progress, checkpoint=checkpoint)
        model.save(file)
        return model

    def _write(self) -> None:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        scores = list(self.trials[0].scores)
        writer.writerow([*self.space, *scores, "seconds"])
        for trial in self.trials:
            numbers = ["" if trial.scores[name] is None else trial.scores[name] for name in scores]
            writer.writerow(
                [*(json.dumps(trial.values[name]) for name in self.space), *numbers, f"{trial.seconds:.1f}"]
            )
        write_atomic(self._table, text.getvalue())

    def _read(self) -> list[Trial]:
        table = open_table(self._table)
        header = table.header
        cells = [dict(zip(header, row.cells, strict=True)) for row in table.rows]
        scores = [name for name in header if name not in self.space and name != "seconds"]
        return [
            Trial(
                {name: json.loads(row[name]) for name in self.space},
                {name: float(row[name]) if row[name] else None for name in scores},
                float(row["seconds"]),
            )
            for row in cells
        ]


def plot_trials(search: Search, file: Path) -> None:
    """Plot the objective of every trial against each varied setting; a line joins the best of each value."""
    from matplotlib.figure import Figure

    names = list(search.space)
    figure = Figure(figsize=(3.2 * len(names) + 0.4, 3.0), layout="constrained")
    panels = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
    heights = [trial.scores[search.objective] or 0.0 for trial in search.trials]
    best = search.best()
    for axes, name in zip(panels, names, strict=True):
        values = [trial.values[name] for trial in search.trials]
        domain = search.space[name]
        if isinstance(domain, Range):
            places = values
            if domain.by_logarithm:
                axes.set_xscale("log")
        else:
            places = [list(domain).index(value) for value in values]
            axes.set_xticks(range(len(domain)), [str(value) for value in domain])
            reached = [[h for p, h in zip(places, heights, strict=True) if p == k] for k in range(len(domain))]
            top = [max(found, default=math.nan) for found in reached]
            axes.plot(range(len(domain)), top, color="#0072b2", lw=1.2)
            axes.margins(x=0.15)
        axes.plot(places, heights, "o", color="#0072b2", ms=4, alpha=0.6, mew=0)
        if best:
            axes.plot(places[search.trials.index(best)], max(heights), "o", ms=9, mfc="none", mec="#d55e00")
        axes.set_xlabel(name)
        axes.grid(axis="y", color="#dddddd", lw=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel(search.objective.replace("_", " "))
    panels[0].set_ylim(bottom=0)
    figure.savefig(file, dpi=150)


def _distribution(optuna: Any, values: Sequence[Any] | Range) -> Any:
    if not isinstance(values, Range):
        return optuna.distributions.CategoricalDistribution(list(values))
    kind = optuna.distributions.IntDistribution if values.whole else optuna.distributions.FloatDistribution
    return kind(values.low, values.high, log=values.by_logarithm)
