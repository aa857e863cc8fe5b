"""What the loop decides by: the ranking of polymers, as functions of what the store holds."""

from autodisco.decide.ranking import Ranked, Ranking, best_found, comparison, ranking, value_of
from autodisco.decide.status import Status, status

__all__ = ["Ranked", "Ranking", "Status", "best_found", "comparison", "ranking", "status", "value_of"]
