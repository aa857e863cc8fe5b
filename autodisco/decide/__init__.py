"""What the loop decides by: the objective and the ranking of polymers, as functions of what the store holds."""

from autodisco.decide.objective import OBJECTIVES, Objective, objective_named, of_quantity
from autodisco.decide.ranking import Ranked, Ranking, best_found, comparison, objective_of, ranking, value_of
from autodisco.decide.status import Status, status

__all__ = [
    "OBJECTIVES",
    "Objective",
    "Ranked",
    "Ranking",
    "Status",
    "best_found",
    "comparison",
    "objective_named",
    "objective_of",
    "of_quantity",
    "ranking",
    "status",
    "value_of",
]
