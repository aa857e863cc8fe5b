"""Promotion: which replica is worth the next CPU-seconds, where short and long protocols judge the same polymers.

A build at a short protocol says little about a polymer, and costs little. In the posterior it acts like a build at the
target with a larger error, so that the two can be compared.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

import numpy as np

from autodisco.arrays import Floats
from autodisco.decide.outlook import Outlook
from autodisco.decide.selections.batch_ucb import BETA, after_label

if TYPE_CHECKING:
    from autodisco.surrogate import Label, Posterior

SHORT_PER_LONG = 10
"""Builds of a tier for each build of the one above it, by default."""

STARVED = 1
"""The same for a tier that has been found to contribute nothing: so many builds show whether this is still true."""


ENOUGH = 10
"""Values of the target from which on it is judged what a tier contributes."""


@dataclass(frozen=True)
class Tier:
    """A protocol at which polymers are simulated, the cheapest tier first.

    Attributes
    ----------
    source : name of the protocol among the sources of the posterior
    cost_s : CPU-seconds of a build
    replicas : builds that a polymer gets here at most
    reference_replicas : the same for the reference, which is served before the others
    builds_below : builds of the tier below for each build here
    """

    source: str
    cost_s: float
    replicas: int = 1
    reference_replicas: int = 0
    builds_below: int = SHORT_PER_LONG


@dataclass(frozen=True)
class Build:
    """The replica to run next: a polymer (canonical repeat unit) and the source of a tier."""

    unit: str
    source: str


Builds = Mapping[Build, int]
"""How many builds there are, those that run or wait included."""


def next_builds(
    outlook: Outlook,
    tiers: Sequence[Tier],
    builds: Builds,
    n: int,
    reference: str | None = None,
    starved: Set[str] = frozenset(),
    told: Builds = MappingProxyType({}),
) -> list[Build]:
    """The next `n` builds, by a simple rule.

    - A tier gets a build for each `Tier.builds_below` builds of the one below it.
    - At a tier the reference comes first, then the polymer with the highest mean plus `BETA` standard deviations: at
      the first tier of those without a build at any tier above; at a later tier of those with a build at the tier
      below, unless that is `starved`.
    - What is chosen is taken as built, with its mean as the value: the standard deviations of what is like it shrink,
      the less so the noisier the tier.

    Fewer than `n` where no polymer is left to build. Builds that are `told`, by a file, count for their polymers, and
    not for whose turn it is.
    """
    near = outlook.leaders()
    units = [outlook.units[place] for place in near]
    mean, covariance = outlook.joint(near)
    noises = {tier.source: _noise(outlook, units, tier, np.diag(covariance)) for tier in tiers}
    there, chosen = Counter(dict(builds)) + Counter(dict(told)), []
    totals: Counter[str] = Counter()
    for known, number in builds.items():
        totals[known.source] += number
    for _ in range(n):
        scores = mean + BETA * np.sqrt(np.maximum(np.diag(covariance), 0.0))
        due = due_tiers(tiers, totals, starved)
        order = [*due, *(number for number in range(len(tiers)) if number not in due)]
        build = _next(tiers, order, there, units, scores, reference, starved)
        if build is None:
            break
        chosen.append(build)
        there[build] += 1
        totals[build.source] += 1
        if build.unit in units:
            place = units.index(build.unit)
            covariance = after_label(covariance, place, noises[build.source][place])
    return chosen


def _next(
    tiers: Sequence[Tier],
    order: Sequence[int],
    there: Counter[Build],
    units: Sequence[str],
    scores: Floats,
    reference: str | None,
    starved: Set[str],
) -> Build | None:
    """The best build at the first tier of `order` that has a polymer to build."""
    for number in order:
        tier = tiers[number]
        if reference and there[Build(reference, tier.source)] < tier.reference_replicas:
            return Build(reference, tier.source)
        open_ = [_may_build(tiers, number, there, unit, starved) and unit != reference for unit in units]
        if any(open_):
            return Build(units[int(np.argmax(np.where(open_, scores, -np.inf)))], tier.source)
    return None


def due_tiers(tiers: Sequence[Tier], totals: Mapping[str, int], starved: Set[str] = frozenset()) -> list[int]:
    """Numbers of the tiers above the first whose turn it is, the highest first; `totals` are builds by source."""
    due = []
    for number in range(len(tiers) - 1, 0, -1):
        below, here = tiers[number - 1].source, tiers[number]
        ratio = STARVED if below in starved else here.builds_below
        if totals.get(below, 0) >= ratio * (totals.get(here.source, 0) + 1):
            due.append(number)
    return due


def _may_build(tiers: Sequence[Tier], number: int, there: Counter[Build], unit: str, starved: Set[str]) -> bool:
    tier = tiers[number]
    if there[Build(unit, tier.source)] >= tier.replicas:
        return False
    if number == 0:
        return not any(there[Build(unit, above.source)] for above in tiers[1:])
    below = tiers[number - 1].source
    return below in starved or there[Build(unit, below)] > 0


def _noise(outlook: Outlook, units: Sequence[str], tier: Tier, variance: Floats) -> Floats:
    """Variance that a label at the target would need in order to say as much as a build at this tier, shape (n,)."""
    shift = cast("Posterior", outlook.aim.posterior).shift(units, tier.source)  # what ranks is simulated
    noise: Floats = np.maximum(variance**2 / np.maximum(shift**2, 1e-12) - variance, 0.0)
    return noise


def contribution(
    labels: Sequence["Label"], fit: Callable[[Sequence["Label"]], "Posterior"], source: str, target: str
) -> float | None:
    """By how much a source improves what is said of the values of the target, in nats per value.

    Each value of the target is left out in turn and predicted from the other labels, with and without those of the
    source; compared is the logarithm of the probability density that the value had. A tier whose contribution is not
    above zero is `starved`. None for a source without labels and with fewer than `ENOUGH` values of the target.
    """
    without = [label for label in labels if label.source != source]
    ours = sum(label.source == target for label in labels)
    if ours < ENOUGH or len(without) == len(labels):
        return None
    return _score(labels, fit, target) - _score(without, fit, target)


def _score(labels: Sequence["Label"], fit: Callable[[Sequence["Label"]], "Posterior"], target: str) -> float:
    from scipy.stats import norm  # here, because settings load this module and scipy.stats takes a second

    rows = np.array([place for place, label in enumerate(labels) if label.source == target])
    residuals, sds = fit(labels).leave_one_out(rows)
    return float(norm.logpdf(residuals, scale=sds).mean())
