"""What the loop decides by: objective, ranking, labelling and selection, as functions of what the store holds."""

from typing import TYPE_CHECKING

from autodisco.analysis.quantity import Scale
from autodisco.analysis.scatter import Scatter
from autodisco.decide.course import Leader
from autodisco.decide.measured import comparison, keep_at_hand, objective_of, value_of
from autodisco.decide.objective import AXIS_DECADES, OBJECTIVES, Objective, objective_named, of_quantity
from autodisco.decide.ranking import Ranked, best_found, with_properties
from autodisco.decide.standings import LatestStandings, Standings, ranking
from autodisco.decide.status import Glances, Status, status
from autodisco.lazy import lazy_names

if TYPE_CHECKING:
    from autodisco.decide.labelling import LABELLINGS, Evidence, Labelling, TrainingClass, dataset_classes
    from autodisco.decide.outlook import Aim
    from autodisco.decide.selection import SELECTIONS, Choice, Selection, selected
    from autodisco.decide.settling import best_known, chance_settled
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "labelling": ("LABELLINGS", "Evidence", "Labelling", "TrainingClass", "dataset_classes"),
            "outlook": ("Aim",),
            "selection": ("SELECTIONS", "Choice", "Selection", "selected"),
            "settling": ("best_known", "chance_settled"),
        },
    )

__all__ = [
    "AXIS_DECADES",
    "LABELLINGS",
    "OBJECTIVES",
    "SELECTIONS",
    "Aim",
    "Choice",
    "Evidence",
    "Glances",
    "Labelling",
    "LatestStandings",
    "Leader",
    "Objective",
    "Ranked",
    "Scale",
    "Scatter",
    "Selection",
    "Standings",
    "Status",
    "TrainingClass",
    "best_found",
    "best_known",
    "chance_settled",
    "comparison",
    "dataset_classes",
    "keep_at_hand",
    "objective_named",
    "objective_of",
    "of_quantity",
    "ranking",
    "selected",
    "status",
    "value_of",
    "with_properties",
]
