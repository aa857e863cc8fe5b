"""random: candidates by chance, against which the other selections are measured."""

from collections.abc import Sequence

from autodisco.decide.selection import Choice, Selection
from autodisco.store import Candidate


class Chance(Selection):
    """Candidates by chance, each with the same."""

    def select(self, choice: Choice) -> Sequence[Candidate]:
        """As many as may be chosen."""
        places = choice.rng.permutation(len(choice.candidates))[: choice.most]
        return [choice.candidates[place] for place in places]
