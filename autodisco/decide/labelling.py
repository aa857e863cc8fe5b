"""Labelling: the class as which each polymer trains the generator, and its weight.

The rule of the campaign file is a subclass of `Labelling`, chosen by name or by the path of a file.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from autodisco.decide.objective import Objective
from autodisco.decide.ranking import Ranked
from autodisco.errors import InputError
from autodisco.registry import Registry
from autodisco.store import Label

if TYPE_CHECKING:
    from autodisco.decide.judge import Judge

CLASSES = ("high", "low", "unlabelled")


@dataclass(frozen=True)
class TrainingClass:
    """A class of `CLASSES`, the weight of the polymer within it, and the reason in words."""

    label: str
    weight: float
    why: str

    def __post_init__(self) -> None:
        if self.label not in CLASSES or not self.weight > 0:
            raise InputError(
                f"labelling: class {self.label!r} of weight {self.weight!r}; allowed are {', '.join(CLASSES)}, "
                "and a weight above 0"
            )


@dataclass(frozen=True)
class Evidence:
    """What a labelling sees.

    Attributes
    ----------
    objective
    ranked : polymers with a value of the campaign's protocol and force field, best first
    dataset : labels of imported data sets; comparable among themselves only
    top_fraction, reference_weight, better_probability : keys of the table [acquire]
    judge : what is believed of every polymer; None without a posterior
    """

    objective: Objective
    ranked: Sequence[Ranked]
    dataset: Sequence[Label]
    top_fraction: float
    reference_weight: float
    better_probability: float
    judge: "Judge | None" = None


class Labelling(ABC):
    """Base class of rules that choose the class of each polymer. It is made without arguments."""

    @abstractmethod
    def classes(self, evidence: Evidence) -> Mapping[str, TrainingClass]:
        """Class of each polymer by its key; the others are unlabelled."""

    def summary(self, evidence: Evidence) -> str:
        """What the rule did, for the journal."""
        return ""


class TopFraction(Labelling):
    """The best share of the polymers is high, and so are the reference and each polymer that is better than it.

    Those two weigh `reference_weight` (Khajeh et al. 2025: 4,000 copies of the reference). Polymers of data sets are
    compared among themselves.
    """

    def classes(self, evidence: Evidence) -> dict[str, TrainingClass]:
        """Class of every polymer with a value, and of every polymer of a data set."""
        return dataset_classes(evidence) | self._ranked(evidence)

    def summary(self, evidence: Evidence) -> str:
        """Where the best share begins."""
        border = self._border(evidence)
        if border is None:
            return ""
        begins = evidence.objective.exact(border)
        return f"the top {evidence.top_fraction:.0%} of {len(evidence.ranked)} begins at {begins}"

    def _ranked(self, evidence: Evidence) -> dict[str, TrainingClass]:
        objective, border = evidence.objective, self._border(evidence)
        weight, top = evidence.reference_weight, f"the top {evidence.top_fraction:.0%}"
        sure = f"better than the reference with a probability of {evidence.better_probability:.0%} or more"
        classes = {}
        for row in evidence.ranked:
            shown = f"{objective.exact(row.value)} ({row.origin})"
            if row.verdict == "reference":
                classes[row.key] = TrainingClass("high", weight, f"{shown}: the reference")
            elif row.verdict == "excluded":
                classes[row.key] = TrainingClass("low", 1.0, f"{shown}: violates {', '.join(row.violated)}")
            elif row.verdict == "better":
                classes[row.key] = TrainingClass("high", weight, f"{shown}: {sure}")
            elif border is not None and objective.worth(row.expected) >= objective.worth(border):
                classes[row.key] = TrainingClass("high", 1.0, f"{shown}: in {top}")
            else:
                classes[row.key] = TrainingClass("low", 1.0, f"{shown}: below {top}")
        return classes

    def _border(self, evidence: Evidence) -> float | None:
        return best_share(
            evidence.objective, [row.expected for row in evidence.ranked if not row.violated], evidence.top_fraction
        )


def best_share(objective: Objective, values: Sequence[float], share: float) -> float | None:
    """The value from which on a polymer is in the best `share`.

    None without values, and where most are at zero on a logarithmic scale: then none is in it.
    """
    if not values:
        return None
    border = objective.worth(float(np.quantile([objective.worth(value) for value in values], 1.0 - share)))
    return border if objective.scale.floor is None or border > 0 else None


def dataset_classes(evidence: Evidence) -> dict[str, TrainingClass]:
    """Classes of the polymers of data sets: those that a file gives, else high for the best share of their values."""
    objective, share = evidence.objective, evidence.top_fraction
    border = best_share(objective, [row.value for row in evidence.dataset if row.value is not None], share)
    classes = {}
    for row in evidence.dataset:
        if row.label:
            classes[row.key] = TrainingClass(row.label, 1.0, f"class given in {row.origin}")
        elif row.value is not None:
            high = border is not None and objective.worth(row.value) >= objective.worth(border)
            why = f"{objective.exact(row.value)} in {row.origin}, top {share:.0%} from {border or 0.0:.2e}"
            classes[row.key] = TrainingClass("high" if high else "low", 1.0, why)
    return classes


LABELLINGS: Registry[type[Labelling]] = Registry(
    "labellings", "labelling", {"top-fraction": "autodisco.decide.labelling:TopFraction"}, Labelling
)
