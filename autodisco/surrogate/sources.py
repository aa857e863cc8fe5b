"""What a posterior is fitted to: labels, and what is known beforehand of the sources that they come from.

A source is everything whose values share one error: an imported data set, a protocol, experiments. Its value of a
polymer is ``level + offset + slope · (truth − level) + systematic error + noise``, with the truth being that of the
source that the posterior speaks about. In a data set, which has no systematic error, the truth lacks its departure
(`autodisco.surrogate.covariance`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from autodisco.analysis.scatter import Scatter
from autodisco.arrays import Indices

Kind = Literal["data-set", "protocol", "experiment"]


@dataclass(frozen=True)
class Normal:
    """A normal distribution."""

    mean: float
    sd: float


@dataclass(frozen=True)
class Priors:
    """What is known of a source before its values are compared, on the scale of the objective.

    Attributes
    ----------
    offset : difference from the target at the level about which the slope turns
    slope : how much its values change when those of the target change by one
    systematic : expected standard deviation of the error that more builds do not remove; of no meaning for a data set
    scatter : standard deviation of one build (or of a value without builds) and its degrees of freedom
    """

    offset: Normal
    slope: Normal
    systematic: float
    scatter: Scatter


TARGET = Priors(Normal(0.0, 0.0), Normal(1.0, 0.0), 0.0, Scatter(0.15, 4.0))

OF_KIND: dict[Kind, Priors] = {
    "data-set": Priors(Normal(0.0, 0.2), Normal(1.0, 0.05), 0.0, Scatter(0.12, 4.0)),
    "protocol": Priors(Normal(0.5, 0.7), Normal(0.6, 0.25), 0.2, Scatter(0.3, 4.0)),
    "experiment": Priors(Normal(0.0, 0.7), Normal(1.0, 0.25), 0.3, Scatter(0.15, 4.0)),
}
"""Priors of sources of which nothing else is known, in decades."""


@dataclass(frozen=True)
class Source:
    """Where labels come from; with `reference`, its values are those that the posterior speaks about."""

    name: str
    kind: Kind
    reference: bool
    priors: Priors

    @property
    def follows_truth(self) -> bool:
        """Whether its values follow the whole truth; data sets lack its departure (`covariance.DEPARTURE`)."""
        return self.reference or self.kind != "data-set"

    @classmethod
    def of_kind(cls, name: str, kind: Kind, reference: bool = False) -> "Source":
        """A source of which nothing more is known than its kind."""
        return cls(name, kind, reference, TARGET if reference else OF_KIND[kind])


@dataclass(frozen=True)
class Label:
    """A value of a polymer.

    Attributes
    ----------
    smiles : canonical repeat unit
    source : name of a source
    value : on the scale of the objective; the mean over the builds
    builds : how many of them
    sem : standard error that is known otherwise than from the builds, such as that of an experiment
    censored : the value is at or below `value`
    """

    smiles: str
    source: str
    value: float
    builds: int = 1
    sem: float | None = None
    censored: bool = False


def source_numbers(labels: Sequence[Label], sources: Sequence[Source]) -> Indices:
    """The place of the source of each label among the sources, (n,)."""
    numbers = {source.name: number for number, source in enumerate(sources)}
    return np.array([numbers[label.source] for label in labels], dtype=np.int64)
