"""A generator that joins the first half of one known repeat unit to the second half of another."""

import numpy as np

from autodisco.generator import Generator, GeneratorSettings, TrainingRow
from autodisco.generator.tokens import split
from autodisco.polymer import ORGANIC_ELEMENTS, join_blocks, parse
from autodisco.section import Positive


class HalvesSettings(GeneratorSettings):
    """Keys that the table [generator] may have besides those of every kind."""

    tries: Positive = 50
    """Pairs of parents to try for each draw."""


class Halves(Generator):
    Settings = HalvesSettings

    def __init__(self, settings, rows):
        super().__init__(settings)
        self.rows = list(rows)

    @classmethod
    def fit(cls, rows, settings, options):
        return cls(settings, rows)

    def draw(self, n, sampling, seed):
        rng = np.random.default_rng(seed)
        parents = [parse(row.smiles, ORGANIC_ELEMENTS).word for row in self.rows if row.label == sampling.label]
        return [self._child(parents, sampling.max_tokens, rng) for _ in range(n)]

    def _child(self, parents, longest, rng):
        for _ in range(self.settings.tries):
            first, second = (parents[i] for i in rng.integers(len(parents), size=2))
            child = join_blocks(first[: len(first) // 2] + second[len(second) // 2 :])
            if len(split(child)) <= longest:
                return child
        return ""  # a draw that failed

    def content(self):  # what a saved model holds besides the settings: plain values and tensors
        return {"rows": [[row.smiles, row.label, row.weight] for row in self.rows]}, {}

    @classmethod
    def restore(cls, settings, facts, tensors):
        return cls(settings, [TrainingRow(*row) for row in facts["rows"]])
