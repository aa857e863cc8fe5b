"""Labelling: the class as which each polymer trains the generator, and its weight.

The rule of the campaign file is a subclass of `Labelling`, chosen by name or by the path of a file.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from autodisco.arrays import Floats
from autodisco.decide.objective import Objective
from autodisco.decide.outlook import Aim, Outlook, canonical
from autodisco.decide.ranking import Ranked
from autodisco.errors import InputError
from autodisco.registry import Registry
from autodisco.store import Label

if TYPE_CHECKING:
    from autodisco.decide.trade_offs import TradeOffs
    from autodisco.surrogate import Posterior

DRAWS = 2000

MOST_DRAWN = 4000
"""Polymers whose chances come from joint draws; the time grows with the cube of their number."""

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
    posterior : what is believed of every polymer, on the scale of the objective; None before there is one
    further : further objectives with what is believed of them
    """

    objective: Objective
    ranked: Sequence[Ranked]
    dataset: Sequence[Label]
    top_fraction: float
    reference_weight: float
    better_probability: float
    posterior: "Posterior | None" = None
    further: Sequence[Aim] = ()

    @cached_property
    def chances(self) -> dict[str, float]:
        """By key, the chance of each polymer to be in the best share of those that violate no constraint; 0 for the
        others, and without a posterior.

        With several objectives the best share is the fronts before which fewer polymers lie than it holds.
        """
        most = max(1, round(self.top_fraction * len(self._open)))
        if self._together:
            return self._by_key(self._together.chances_among_best(most, 0))
        if not (self._open and self.posterior):
            return self._by_key(np.zeros(len(self._open)))
        return self._by_key(chances_among_best(Outlook(Aim(self.objective, self.posterior), self._units), most))

    @cached_property
    def on_front(self) -> dict[str, float]:
        """By key, the chance of each polymer to be on the front of several objectives; 0 with one."""
        found = self._together.chances_on_front(0) if self._together else np.zeros(len(self._open))
        return self._by_key(found)

    @cached_property
    def _open(self) -> list[Ranked]:
        return [row for row in self.ranked if not row.violated]

    @cached_property
    def _units(self) -> list[str]:
        return canonical(row.monomer_smiles for row in self._open)

    @cached_property
    def _together(self) -> "TradeOffs | None":
        from autodisco.decide.trade_offs import TradeOffs

        if not (self._open and self.posterior and self.further):
            return None
        return TradeOffs([Aim(self.objective, self.posterior), *self.further], self._units)

    def _by_key(self, chances: Floats) -> dict[str, float]:
        of_open = zip((row.key for row in self._open), chances.tolist(), strict=True)
        return dict.fromkeys((row.key for row in self.ranked), 0.0) | dict(of_open)


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
        objective, border, top = evidence.objective, self._border(evidence), f"the top {evidence.top_fraction:.0%}"
        inside = {row.key for row in evidence.ranked if border is not None and objective.worth(row.expected) >= border}
        judged = {
            row.key: (row.key in inside, f"expected value {'in' if row.key in inside else 'below'} {top}")
            for row in evidence.ranked
        }
        return dataset_classes(evidence) | ranked_classes(evidence, judged)

    def summary(self, evidence: Evidence) -> str:
        """Where the best share begins."""
        border = self._border(evidence)
        if border is None:
            return ""
        begins = _at(evidence.objective, border)
        return f"the top {evidence.top_fraction:.0%} of {len(evidence.ranked)} begins at an expected value of {begins}"

    def _border(self, evidence: Evidence) -> float | None:
        return best_share(
            evidence.objective, [row.expected for row in evidence.ranked if not row.violated], evidence.top_fraction
        )


class TopChance(Labelling):
    """High is a polymer that is in the best share with a probability of one half or more, by the posterior.

    The posterior draws on the structure and on all sources, so that a polymer with one lucky build is not high for it.
    The reference, polymers that are better than it and data sets are classed as by `TopFraction`, which also takes the
    place of this rule while there is no posterior.

    With several objectives the best share is counted by fronts (`Evidence.chances`), and polymers that are on the first
    one with a probability of one half or more take the place of those that are better than the reference.
    """

    def classes(self, evidence: Evidence) -> dict[str, TrainingClass]:
        """Class of every polymer with a value, and of every polymer of a data set."""
        if evidence.posterior is None:
            return TopFraction().classes(evidence)
        top = f"in the top {evidence.top_fraction:.0%}{_by_fronts(evidence)} with a probability of"
        chances = evidence.chances
        judged = {key: (chance >= 0.5, f"{top} {chance:.2f}") for key, chance in chances.items()}
        return dataset_classes(evidence) | ranked_classes(evidence, judged)

    def summary(self, evidence: Evidence) -> str:
        """How many are high."""
        if evidence.posterior is None:
            return TopFraction().summary(evidence)
        high = sum(chance >= 0.5 for chance in evidence.chances.values())
        top = f"the top {evidence.top_fraction:.0%}{_by_fronts(evidence)}"
        told = f"{high} of {len(evidence.ranked)} are in {top} with a probability of 0.5"
        if evidence.further:
            told += f", {sum(chance >= 0.5 for chance in evidence.on_front.values())} on the front of all objectives"
        return told


def _by_fronts(evidence: Evidence) -> str:
    return " by fronts" if evidence.further else ""


def chances_among_best(outlook: Outlook, k: int) -> Floats:
    """Chance of each candidate to be among the best `k` of them, from `DRAWS` joint draws; shape (n,).

    Of more than `MOST_DRAWN` it is the chance to be above the border that `k` of them are expected to exceed: that of
    very many is nearly the same in all draws.
    """
    n = len(outlook.units)
    if n > MOST_DRAWN:
        return _chances_above_border(outlook, k)
    draws = outlook.draws(np.arange(n), DRAWS, np.random.default_rng(0))
    best = np.argpartition(-draws, k - 1, axis=1)[:, :k]
    counts: Floats = np.bincount(best.ravel(), minlength=n) / DRAWS
    return counts


def _chances_above_border(outlook: Outlook, k: int) -> Floats:
    from scipy.optimize import brentq  # here, because settings load this module
    from scipy.special import ndtr

    mean, sd = outlook.moments
    far = 10.0 * sd.max()
    border = brentq(lambda at: ndtr((mean - at) / sd).sum() - k, mean.min() - far, mean.max() + far)
    chances: Floats = ndtr((mean - border) / sd)
    return chances


def ranked_classes(evidence: Evidence, judged: Mapping[str, tuple[bool, str]]) -> dict[str, TrainingClass]:
    """Classes of the polymers with a value: `judged` says of each key whether it is one of the best, and why.

    The reference and polymers that are better than it are high in any case, with more weight; polymers that violate a
    constraint are low. With several objectives those on the front are, and none for the first objective alone.
    """
    weight = evidence.reference_weight
    sure = f"better than the reference with a probability of {evidence.better_probability:.0%} or more"
    front = {key: chance for key, chance in evidence.on_front.items() if chance >= 0.5}
    classes = {}
    for row in evidence.ranked:
        shown = f"{evidence.objective.exact(row.value)} ({row.origin})"
        high, why = judged[row.key]
        if row.verdict == "reference":
            classes[row.key] = TrainingClass("high", weight, f"{shown}: the reference")
        elif row.verdict == "excluded":
            classes[row.key] = TrainingClass("low", 1.0, f"{shown}: violates {', '.join(row.violated)}")
        elif row.key in front:
            why = f"on the front of all objectives with a probability of {front[row.key]:.2f}"
            classes[row.key] = TrainingClass("high", weight, f"{shown}: {why}")
        elif row.verdict == "better" and not evidence.further:
            classes[row.key] = TrainingClass("high", weight, f"{shown}: {sure}")
        else:
            classes[row.key] = TrainingClass("high" if high else "low", 1.0, f"{shown}: {why}")
    return classes


def best_share(objective: Objective, values: Sequence[float], share: float) -> float | None:
    """What a polymer is worth at least (`Objective.worth`) that is in the best `share`.

    None without values, and where most are at zero on a logarithmic scale: then none is in it.
    """
    if not values:
        return None
    border = float(np.quantile([objective.worth(value) for value in values], 1.0 - share))
    resolved = objective.scale.floor is None or objective.target is not None or abs(border) > 0
    return border if resolved else None


def _at(objective: Objective, border: float) -> str:
    """The values that are worth a number, in words."""
    if objective.target is None:
        return objective.exact(objective.worth(border))
    return f"{-border:.3g} from {objective.exact(objective.target)} on the scale"


def dataset_classes(evidence: Evidence) -> dict[str, TrainingClass]:
    """Classes of the polymers of data sets: those that a file gives, else high for the best share of their values."""
    objective, share = evidence.objective, evidence.top_fraction
    border = best_share(objective, [row.value for row in evidence.dataset if row.value is not None], share)
    classes = {}
    for row in evidence.dataset:
        if row.label:
            classes[row.key] = TrainingClass(row.label, 1.0, f"class given in {row.origin}")
        elif row.value is not None:
            high = border is not None and objective.worth(row.value) >= border
            why = f"{objective.exact(row.value)} in {row.origin}, top {share:.0%} from {_at(objective, border or 0.0)}"
            classes[row.key] = TrainingClass("high" if high else "low", 1.0, why)
    return classes


LABELLINGS: Registry[type[Labelling]] = Registry(
    "labellings",
    "labelling",
    {
        "top-fraction": "autodisco.decide.labelling:TopFraction",
        "posterior": "autodisco.decide.labelling:TopChance",
    },
    Labelling,
)
