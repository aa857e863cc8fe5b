"""batch-ucb: mean plus standard deviation, each choice narrowing the others as if it had been simulated.

Desautels, Krause, Burdick, J. Mach. Learn. Res. 2014, 15, 4053 (GP-BUCB).
"""

from collections.abc import Sequence

import numpy as np

from autodisco.arrays import Floats, Indices
from autodisco.decide.outlook import Outlook
from autodisco.decide.selections.by_posterior import ByPosterior

BETA = 1.0
"""Standard deviations that are added to the mean."""


class BatchUcb(ByPosterior):
    """The best by mean plus `BETA` standard deviations, one after another.

    A choice is taken as measured with its mean as the value: means stay, and the standard deviations of polymers like
    it become smaller, so that the rest of the batch lies elsewhere.
    """

    def places(self, outlooks: Sequence[Outlook], most: int, rng: np.random.Generator) -> Indices:
        """The choices in the order in which they were made."""
        near = outlooks[0].leaders()
        mean, covariance = outlooks[0].joint(near)
        noise = outlooks[0].noise ** 2
        chosen: list[int] = []
        for _ in range(min(most, len(near))):
            scores = mean + BETA * np.sqrt(np.maximum(np.diag(covariance), 0.0))
            scores[chosen] = -np.inf
            chosen.append(int(np.argmax(scores)))
            covariance = after_label(covariance, chosen[-1], noise)
        return near[chosen]


def after_label(covariance: Floats, place: int, noise: float) -> Floats:
    """Covariance (k, k) after a label of variance `noise` at one place."""
    column = covariance[:, place]
    shrunk: Floats = covariance - np.outer(column, column) / (column[place] + noise)
    return shrunk
