"""A generator as the campaign sees it: three verbs, fit, sample, and save or load, whatever its kind.

A fitted generator does not change; the next iteration fits a new one, from scratch or from the weights of the last.
"""

from collections.abc import Collection, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor

from autodisco.errors import InputError, InvalidRepeatUnit
from autodisco.generator.archive import load_archive, save_archive
from autodisco.generator.dataset import TrainingRow
from autodisco.generator.settings import GeneratorSettings, Sampling
from autodisco.generator.tokens import class_prefix
from autodisco.generator.train import Progress

#: Where the kinds are at home: module of this package and class.
_HOME = {
    "gpt": ("neural", "NeuralGenerator"),
    "lstm": ("neural", "NeuralGenerator"),
    "diffusion": ("neural", "NeuralGenerator"),
    "genetic": ("genetic", "GeneticGenerator"),
    "random": ("random_pieces", "RandomGenerator"),
}

_DRAWS_AT_ONCE = 500


class NewPolymers(NamedTuple):
    """Strings of different new polymers, in the order drawn, and how many draws they took."""

    strings: list[str]
    draws: int


class Run(NamedTuple):
    """How one training runs, apart from rows and settings; see `Generator.fit`. Kinds without a training need none."""

    seed: int
    progress: Progress | None
    start_from: "Generator | None"
    checkpoint: Path | None
    checkpoint_every: int


class Generator:
    """Writes repeat units of a class; made by `fit` or `load`.

    Examples
    --------
    >>> rows = [TrainingRow("*OCC*", "high"), TrainingRow("*CC*", "low")]
    >>> generator = Generator.fit(rows, GeneratorSettings(iterations=2), seed=1)
    >>> len(generator.sample(3, "high", seed=2))
    3
    """

    def __init__(self, settings: GeneratorSettings, losses: Sequence[float] = ()):
        self.settings = settings
        #: Training loss of every iteration, nats per token; empty for kinds that are not trained so.
        self.losses = list(losses)
        #: Labels that occurred in the training set.
        self.labels: list[str] = []

    @staticmethod
    def fit(
        training_set: Sequence[TrainingRow],
        settings: GeneratorSettings | None = None,
        *,
        seed: int,
        progress: Progress | None = None,
        start_from: "Generator | None" = None,
        checkpoint: Path | None = None,
        checkpoint_every: int = 200,
    ) -> "Generator":
        """Train on `training_set`; on a CPU the result depends on the arguments alone, bit for bit.

        Parameters
        ----------
        training_set
            Repeat units with class and weight; a weight of 5 is what five copies of the row are. With `balance` 1 the
            weights are compared within a class (the paper's 4,000 copies of PEO, beside about 19 of any other row of
            the high class, are a weight of 211).
        settings
            Kind, network and optimiser; the paper's when left out.
        seed
            Non-negative integer that decides initial weights, batches and dropout.
        progress
            Called after each iteration with (iteration, iterations, loss).
        start_from
            Begin with the weights of this generator (same kind, size and block) instead of random ones.
        checkpoint
            File that is written every `checkpoint_every` iterations and at the end; when it holds the state of this
            very training (same arguments), training continues from it and ends with the same weights.

        Raises
        ------
        InputError
            The training set is empty, a string is too long or has unknown tokens, a label or weight is not allowed,
            or `start_from` has another shape.
        """
        settings = settings or GeneratorSettings()
        run = Run(seed, progress, start_from, checkpoint, checkpoint_every)
        fitted = _class_of(settings.kind)._fit(training_set, settings, run)
        fitted.labels = sorted({row.label for row in training_set})
        return fitted

    @property
    def best(self) -> str:
        """The best class that it knows, of several properties that of each."""
        return " ".join(max(words, key=lambda word: _rank(word, unlabelled=-1)) for words in self._words())

    @property
    def worst(self) -> str:
        """The worst class that it knows; without one, `unlabelled`."""
        return " ".join(min(words, key=lambda word: _rank(word, unlabelled=50)) for words in self._words())

    def _words(self) -> list[set[str]]:
        """The classes that occurred, for each property."""
        return [set(words) for words in zip(*(label.split() for label in self.labels), strict=True)]

    def sample(self, n: int, label: str | None = None, *, seed: int = 0, **how: Any) -> list[str]:
        """Draw `n` strings of class `label`; the same arguments give the same strings (per device).

        Strings are returned as drawn: they may repeat each other, and whether one is a repeat unit is for the parser to
        say. With `grammar` nearly all are; without, one that has not ended after `max_tokens` tokens is cut there and
        returned as it is, as in the paper.

        Parameters
        ----------
        n
            Number of draws.
        label
            Class to draw; the best when left out.
        seed
            Non-negative integer.
        how
            Further fields of `Sampling`; `away_from` is the worst class when left out.

        Raises
        ------
        InputError
            An argument is out of its range, or a class did not occur in the training set.
        """
        if n < 0:
            raise InputError(f"{n} strings cannot be drawn; ask for 0 or more")
        sampling = Sampling(**{"label": label or self.best, "away_from": self.worst, **how})
        for name in (sampling.label, sampling.away_from) if sampling.guidance else (sampling.label,):
            class_prefix(name)
            words, known = name.split(), self._words()
            if len(words) != len(known) or any(word not in seen for word, seen in zip(words, known, strict=True)):
                raise InputError(
                    f"label {name!r} did not occur in the training set; there were {', '.join(self.labels)}"
                )
        return self._draw(n, sampling, seed)

    def sample_new(
        self, n: int, label: str | None = None, *, known: Collection[str], max_draws: int, seed: int = 0, **how: Any
    ) -> NewPolymers:
        """Draw until there are `n` different polymers whose keys are not among `known`, or `max_draws` are used up.

        The draws behind the last one that was needed are not counted.

        Raises
        ------
        InputError
            An argument is out of its range.
        """
        from autodisco.polymer import ORGANIC_ELEMENTS, parse

        seen, draws = set(known), 0
        strings: list[str] = []
        seeds = np.random.SeedSequence(seed)
        while len(strings) < n and draws < max_draws:
            # Always as many at once, so that the draws are one stream whatever the limits.
            batch = self.sample(_DRAWS_AT_ONCE, label, seed=int(seeds.spawn(1)[0].generate_state(1)[0]), **how)
            for text in batch[: max_draws - draws]:
                draws += 1
                try:
                    key = parse(text, ORGANIC_ELEMENTS).key
                except InvalidRepeatUnit:
                    continue
                if key not in seen:
                    seen.add(key)
                    strings.append(text)
                if len(strings) == n:
                    break
        return NewPolymers(strings, draws)

    def save(self, path: Path) -> None:
        """Write all that it is to one file, whole or not at all."""
        facts, tensors = self._content()
        facts |= {"settings": self.settings.to_dict(), "losses": self.losses, "labels": self.labels}
        save_archive(Path(path), self.settings.kind, facts, tensors)

    @staticmethod
    def load(path: Path) -> "Generator":
        """Read what `save` wrote; raises InputError for a missing file, another program's or another version's."""
        facts, tensors = load_archive(Path(path))
        if facts["kind"] not in _HOME:
            raise InputError(f"{path}: not a model file of this program")
        try:
            settings = GeneratorSettings.from_dict(facts["settings"])
            loaded = _class_of(facts["kind"])._from_content(settings, facts, tensors)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        loaded.labels = facts["labels"]
        return loaded

    @classmethod
    def _fit(cls, rows: Sequence[TrainingRow], settings: GeneratorSettings, run: Run) -> "Generator":
        raise NotImplementedError

    def _draw(self, n: int, sampling: Sampling, seed: int) -> list[str]:
        raise NotImplementedError

    def _content(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """Plain values and tensors from which `_from_content` makes the generator again."""
        raise NotImplementedError

    @classmethod
    def _from_content(
        cls, settings: GeneratorSettings, facts: dict[str, Any], tensors: dict[str, Tensor]
    ) -> "Generator":
        raise NotImplementedError


def _rank(word: str, unlabelled: int) -> int:
    return {"high": 100, "low": -2, "unlabelled": unlabelled}.get(word, int(word[1:]) if word[1:].isdigit() else 0)


def _class_of(kind: str) -> type[Generator]:
    module, name = _HOME[kind]
    return getattr(import_module(f"autodisco.generator.{module}"), name)
