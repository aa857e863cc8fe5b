"""The base class of the selections that judge candidates by the posterior."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from autodisco.arrays import Indices
from autodisco.decide.outlook import Outlook
from autodisco.decide.selection import Choice, Selection
from autodisco.decide.selections.paper import Paper
from autodisco.store import Candidate


class ByPosterior(Selection):
    """A rule of which candidates are chosen for what is believed of them, constraints included (`Choice.allowed`).

    A campaign without any value and without a prior mean has no posterior: the first candidates are taken then.
    """

    by_posterior: ClassVar[bool] = True

    def select(self, choice: Choice) -> Sequence[Candidate]:
        """The candidates at the places that the rule chooses."""
        if not choice.outlooks:
            return Paper().select(choice)
        allowed = choice.allowed()
        return [allowed.candidates[place] for place in self.places(allowed.outlooks, choice.most, choice.rng)]

    @abstractmethod
    def places(self, outlooks: Sequence[Outlook], most: int, rng: np.random.Generator) -> Indices:
        """Places of the candidates to simulate, at most `most`, one outlook for each aim, that of the objective first.

        It depends on nothing but its arguments.
        """
