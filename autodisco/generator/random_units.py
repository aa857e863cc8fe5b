"""Random repeat units from a small grammar of chain pieces: the null model that other generators have to beat."""

from collections.abc import Sequence
from itertools import islice
from typing import Any, Self

import numpy as np

from autodisco.generator.base import FitOptions, Generator
from autodisco.generator.dataset import TrainingRow
from autodisco.generator.settings import PlainSettings, Sampling


class RandomGenerator(Generator):
    """Kind `random`: ignores the training set and the classes; only `max_tokens` has an effect."""

    Settings = PlainSettings
    learns = False

    @classmethod
    def fit(cls, rows: Sequence[TrainingRow], settings: Any, options: FitOptions) -> Self:
        """The generator; it needs no training."""
        return cls(settings)

    def draw(self, n: int, sampling: Sampling, seed: int) -> list[str]:
        """`n` repeat units, the same for every class."""
        from autodisco.polymer import draw_units

        # Every token of the grammar is one character.
        units = draw_units(np.random.default_rng(seed), max_characters=sampling.max_tokens)
        return list(islice(units, n))
