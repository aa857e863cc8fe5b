"""greedy: the candidates with the highest mean."""

from collections.abc import Sequence

import numpy as np

from autodisco.arrays import Indices
from autodisco.decide.outlook import Outlook, first_places
from autodisco.decide.selections.by_posterior import ByPosterior


class Greedy(ByPosterior):
    """The candidates of which the most is expected."""

    def places(self, outlooks: Sequence[Outlook], most: int, rng: np.random.Generator) -> Indices:
        """The best by mean."""
        return first_places(outlooks[0].upper(0.0), most)
