"""chebyshev-ucb: several objectives, weighed at random for each choice.

Random scalarisation: Paria, Kandasamy, Póczos, UAI 2019; the augmented Chebyshev function: Knowles, IEEE Trans. Evol.
Comput. 2006, 10, 50 (ParEGO).
"""

from collections.abc import Sequence

import numpy as np

from autodisco.arrays import Indices
from autodisco.decide.outlook import Outlook
from autodisco.decide.selections.batch_ucb import BETA
from autodisco.decide.selections.by_posterior import ByPosterior

AUGMENTED = 0.05
"""Weight of the sum beside the smallest term, which tells candidates apart that are equal in the worst objective."""


class ChebyshevUcb(ByPosterior):
    """Each choice is the best candidate for weights drawn at random: over a batch all trade-offs have their turn.

    Every aim is its mean plus `BETA` standard deviations, scaled so that 0 is the mean of the worst and 1 the upper
    value of the best candidate. With one aim it is the plain upper confidence bound.
    """

    def places(self, outlooks: Sequence[Outlook], most: int, rng: np.random.Generator) -> Indices:
        """The choices in the order in which they were made."""
        upper = np.array([outlook.upper(BETA) for outlook in outlooks])
        lowest = np.array([outlook.moments[0].min() for outlook in outlooks])[:, None]
        highest = upper.max(axis=1, keepdims=True)
        missing = (highest - upper) / np.maximum(highest - lowest, 1e-12)  # how much each candidate lacks, (aims, n)
        chosen: list[int] = []
        for weights in rng.dirichlet(np.ones(len(outlooks)), size=min(most, upper.shape[1])):
            lacks = weights[:, None] * missing
            cost = lacks.max(axis=0) + AUGMENTED * lacks.sum(axis=0)
            cost[chosen] = np.inf
            chosen.append(int(np.argmin(cost)))
        return np.array(chosen, dtype=np.int64)
