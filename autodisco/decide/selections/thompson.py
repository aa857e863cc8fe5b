"""thompson: each candidate is the best of one draw from the posterior (Thompson, Biometrika 1933, 25, 285)."""

from collections.abc import Sequence

import numpy as np

from autodisco.arrays import Indices
from autodisco.decide.outlook import Outlook
from autodisco.decide.selections.by_posterior import ByPosterior


class Thompson(ByPosterior):
    """The best candidate of a draw, as many times as may be chosen; one that is taken already does not take part."""

    def places(self, outlooks: Sequence[Outlook], most: int, rng: np.random.Generator) -> Indices:
        """The choices in the order of the draws."""
        near = outlooks[0].leaders()
        chosen: list[int] = []
        for draw in outlooks[0].draws(near, min(most, len(near)), rng):
            draw[chosen] = -np.inf
            chosen.append(int(np.argmax(draw)))
        return near[chosen]
