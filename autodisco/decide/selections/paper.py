"""paper: all new polymers are simulated, as in Khajeh et al. (2025)."""

from collections.abc import Sequence

from autodisco.decide.selection import Choice, Selection
from autodisco.store import Candidate


class Paper(Selection):
    """All candidates, or as many as may be chosen in the order in which they were drawn."""

    def select(self, choice: Choice) -> Sequence[Candidate]:
        """The first candidates."""
        return choice.candidates[: choice.most]
