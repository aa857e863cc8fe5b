"""What is known of polymers before any label."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from autodisco.arrays import Floats
from autodisco.surrogate.covariance import Hyperparameters
from autodisco.surrogate.similarity import Structures
from autodisco.surrogate.sources import Source


@dataclass(frozen=True)
class PriorMean:
    """Mean of the truth of the target, and the variances of the parts in which the truth departs from it.

    Attributes
    ----------
    intercept : value at the centre of the descriptors
    similarity, linear, quadratic, constant : expected variances (`autodisco.surrogate.covariance`)
    """

    intercept: float
    similarity: float
    linear: float
    quadratic: float
    constant: float

    @classmethod
    def constant_at(cls, value: float, spread: float) -> "PriorMean":
        """Nothing but the spread that is expected between polymers."""
        return cls(value, 0.4 * spread**2, 0.2 * spread**2, 0.0, (2.0 * spread) ** 2)

    def values(self, structures: Structures) -> Floats:
        """The mean for each structure, (n,)."""
        return np.full(len(structures), self.intercept)

    def start(self, sources: Sequence[Source]) -> Hyperparameters:
        """The centre of the priors of all hyperparameters."""
        priors = [source.priors for source in sources]
        return Hyperparameters(
            self.similarity,
            self.linear,
            self.quadratic,
            self.constant,
            slope=np.array([prior.slope.mean for prior in priors]),
            offset=np.array([prior.offset.mean for prior in priors]),
            offset_variance=np.array([prior.offset.sd**2 for prior in priors]),
            systematic=np.array([prior.systematic**2 for prior in priors]),
            noise=np.array([prior.scatter.sd**2 for prior in priors]),
        )
