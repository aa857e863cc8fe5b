"""diverse: candidates that differ most from each other and from the polymers with a value.

Kennard, Stone, Technometrics 1969, 11, 137 (MaxMin).
"""

from collections.abc import Sequence

import numpy as np

from autodisco.arrays import Indices
from autodisco.decide.selection import Choice, Selection
from autodisco.store import Candidate


class Diverse(Selection):
    """Each choice is the candidate whose most similar known polymer is the least similar."""

    def select(self, choice: Choice) -> Sequence[Candidate]:
        """The choices, compared by the environments of their atoms, as the posterior compares them."""
        return [choice.candidates[place] for place in most_different(choice.units, choice.measured, choice.most)]


def most_different(units: Sequence[str], known: Sequence[str], most: int) -> Indices:
    """Places of `most` of the `units` that differ most from those `known` and from each other; equal ones in order."""
    from autodisco.surrogate import similarity

    nearest = similarity(units, known).max(axis=1) if known else np.zeros(len(units))
    chosen: list[int] = []
    for _ in range(min(most, len(units))):
        place = int(np.argmin(nearest))
        chosen.append(place)
        nearest = np.maximum(nearest, similarity(units, [units[place]])[:, 0])
        nearest[place] = np.inf
    return np.array(chosen, dtype=np.int64)
