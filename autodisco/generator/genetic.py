"""A genetic algorithm on repeat units: crossover of two chains, then changed, added and removed pieces.

A piece is one backbone atom or ring with its side groups.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from autodisco.errors import InputError, InvalidRepeatUnit
from autodisco.generator.base import FitOptions, Generator
from autodisco.generator.dataset import TrainingRow, row_probabilities
from autodisco.generator.settings import GeneticSettings, Sampling
from autodisco.generator.tokens import split
from autodisco.polymer import ORGANIC_ELEMENTS, join_blocks, parse

if TYPE_CHECKING:
    from torch import Tensor

#: Share of the children with two parents, and mean number of mutations.
CROSSOVER, MUTATIONS = 0.7, 1.0
_TRIES = 200


class GeneticGenerator(Generator):
    """Kind `genetic`: parents are the training rows of the class, drawn by weight.

    Temperature multiplies the mean number of mutations; `top_k`, guidance and the grammar have no effect.
    """

    Settings = GeneticSettings

    def __init__(self, settings: GeneticSettings, rows: Sequence[TrainingRow]):
        super().__init__(settings)
        self.rows = list(rows)
        self._parents: dict[str, list[int]] = defaultdict(list)
        for number, row in enumerate(rows):
            self._parents[row.label].append(number)
        self._chances = row_probabilities(rows, settings.balance)
        self._chains = [parse(row.smiles, ORGANIC_ELEMENTS).word for row in rows]
        self._pieces = [piece for word in self._chains for piece in word]

    @classmethod
    def fit(cls, rows: Sequence[TrainingRow], settings: Any, options: FitOptions) -> Self:
        """The generator with `rows` as parents; it needs no training."""
        if not rows:
            raise InputError("the training set of the generator is empty; give a data set with repeat units")
        return cls(settings, rows)

    def draw(self, n: int, sampling: Sampling, seed: int) -> list[str]:
        """`n` children of rows of the class; raises InputError if there is no such row."""
        parents = self._parents.get(sampling.label)
        if not parents:
            raise InputError(f"the training set has no row of class {sampling.label!r} to start from")
        chances = self._chances[parents]
        rng = np.random.default_rng(seed)
        return [self._child(parents, chances / chances.sum(), sampling, rng) for _ in range(n)]

    def _child(self, parents: list[int], chances: np.ndarray, sampling: Sampling, rng: np.random.Generator) -> str:
        """A repeat unit within the limits; an empty string if many tries give none."""
        for _ in range(_TRIES):
            pieces = self._cut(parents, chances, rng)
            if rng.random() < CROSSOVER:
                other = self._cut(parents, chances, rng)
                pieces = pieces[: rng.integers(1, len(pieces) + 1)] + other[rng.integers(len(other)) :]
            for _ in range(rng.poisson(MUTATIONS * sampling.temperature)):
                self._mutate(pieces, rng)
            text = join_blocks(tuple(pieces))
            if len(split(text)) <= sampling.max_tokens:
                try:
                    parse(text, ORGANIC_ELEMENTS)
                except InvalidRepeatUnit:
                    continue
                return text
        return ""

    def _cut(self, parents: list[int], chances: np.ndarray, rng: np.random.Generator) -> list[str]:
        """The pieces of a parent, cut at random."""
        word = self._chains[rng.choice(parents, p=chances)]
        start = rng.integers(len(word))
        return [*word[start:], *word[:start]]

    def _mutate(self, pieces: list[str], rng: np.random.Generator) -> None:
        place, new = rng.integers(len(pieces)), self._pieces[rng.integers(len(self._pieces))]
        action = rng.integers(3)
        if action == 0:
            pieces[place] = new
        elif action == 1:
            pieces.insert(place, new)
        elif len(pieces) > 1:
            del pieces[place]

    def content(self) -> "tuple[dict[str, Any], dict[str, Tensor]]":
        """The rows."""
        return {"rows": [[row.smiles, row.label, row.weight] for row in self.rows]}, {}

    @classmethod
    def restore(cls, settings: Any, facts: Mapping[str, Any], tensors: "Mapping[str, Tensor]") -> Self:
        """The generator with the rows of `content`."""
        return cls(settings, [TrainingRow(*row) for row in facts["rows"]])
