"""ehvi: two objectives; the candidates that are expected to enlarge the dominated area the most.

Emmerich, Giannakoglou, Naujoks, IEEE Trans. Evol. Comput. 2006, 10, 421; by draws from the posterior, one candidate
after another: Daulton, Balandat, Bakshy, NeurIPS 2020.
"""

from collections.abc import Sequence

import numpy as np

from autodisco.arrays import Indices
from autodisco.decide.outlook import Outlook, first_places
from autodisco.decide.pareto import front, improvements
from autodisco.decide.selections.by_posterior import ByPosterior
from autodisco.decide.selections.expected_improvement import ExpectedImprovement
from autodisco.errors import InputError

DRAWS = 64
CLOSELY = 400
"""Candidates that are looked at: those that would enlarge the area most at their mean plus two standard deviations."""


class Ehvi(ByPosterior):
    """Each choice is the candidate with the largest expected improvement of the hypervolume, those before it included.

    The area is counted from one standard deviation below the average polymer, in both objectives. While nothing is
    known of the second objective, the expected improvement of the first decides.
    """

    def places(self, outlooks: Sequence[Outlook], most: int, rng: np.random.Generator) -> Indices:
        """The choices in the order in which they were made. Raises InputError for more than two aims."""
        if len(outlooks) == 1:
            return ExpectedImprovement().places(outlooks, most, rng)
        if len(outlooks) > 2:
            raise InputError(f"selection ehvi weighs two objectives, and there are {len(outlooks)}; use chebyshev-ucb")
        known = np.stack([outlook.known for outlook in outlooks], axis=1)
        every = np.concatenate([known, np.stack([outlook.moments[0] for outlook in outlooks], axis=1)])
        origin, edge = every.mean(axis=0) - every.std(axis=0), front(known)
        hopeful = np.stack([outlook.upper(2.0) for outlook in outlooks], axis=1)
        near = np.sort(first_places(improvements(hopeful, edge, origin), CLOSELY))
        draws = np.stack([outlook.draws(near, DRAWS, rng) for outlook in outlooks], axis=2)
        edges = [edge] * DRAWS
        chosen: list[int] = []
        for _ in range(min(most, len(near))):
            gains = np.mean([improvements(d, e, origin) for d, e in zip(draws, edges, strict=True)], axis=0)
            gains[chosen] = -np.inf
            chosen.append(int(np.argmax(gains)))
            edges = [front(np.vstack([e, d[chosen[-1]]])) for d, e in zip(draws, edges, strict=True)]
        return near[chosen]
