"""Repeat units put together at random from a small grammar of chain pieces: what a generator has to be better than."""

from collections.abc import Sequence
from itertools import islice
from typing import Any

import numpy as np
from torch import Tensor

from autodisco.generator.dataset import TrainingRow
from autodisco.generator.generator import Generator, Run
from autodisco.generator.settings import GeneratorSettings, Sampling
from autodisco.polymer import draw_units


class RandomGenerator(Generator):
    """Kind `random`: knows nothing of the training set or of classes. Only `max_tokens` has a meaning here."""

    @classmethod
    def _fit(cls, rows: Sequence[TrainingRow], settings: GeneratorSettings, run: Run) -> "RandomGenerator":
        return cls(settings)

    def _draw(self, n: int, sampling: Sampling, seed: int) -> list[str]:
        # Every token of the grammar is one character.
        units = draw_units(np.random.default_rng(seed), max_characters=sampling.max_tokens)
        return list(islice(units, n))

    def _content(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        return {}, {}

    @classmethod
    def _from_content(
        cls, settings: GeneratorSettings, facts: dict[str, Any], tensors: dict[str, Tensor]
    ) -> "RandomGenerator":
        return cls(settings)
