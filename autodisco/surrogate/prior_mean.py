"""What is known of the conductivity of polymers before any label: coefficients that come with the program.

The mean is linear in the counts of environments per heavy atom (Morgan, radius 0 and 1, periodic chain), fitted by a
ridge regression to the public HTP-MD table of 6,024 polymers, log10 of S/cm at 353 K. `bench/prior_mean.py` makes the
file and prints what it is worth.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from autodisco.arrays import Floats, Indices
from autodisco.surrogate.covariance import Hyperparameters
from autodisco.surrogate.similarity import Structures
from autodisco.surrogate.sources import Source

SHIPPED = Path(__file__).parent / "data" / "prior_mean.toml"


@dataclass(frozen=True)
class PriorMean:
    """Mean of the truth of the target, and the variances of the parts in which the truth departs from it.

    Attributes
    ----------
    intercept : value of a polymer without any of the environments
    similarity, patterns, linear, quadratic, constant : expected variances (`autodisco.surrogate.covariance`)
    environments : identifiers, ascending, shape (k,)
    coefficients : of the counts per heavy atom, shape (k,)
    """

    intercept: float
    similarity: float
    patterns: float
    linear: float
    quadratic: float
    constant: float
    environments: Indices = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    coefficients: Floats = field(default_factory=lambda: np.empty(0))

    @classmethod
    def constant_at(cls, value: float, spread: float) -> "PriorMean":
        """Nothing but the standard deviation that is expected between polymers."""
        similarity, patterns, linear, quadratic, constant = spread**2 * np.array([0.28, 0.12, 0.2, 0.1, 4.0])
        return cls(value, similarity, patterns, linear, quadratic, constant)

    @classmethod
    @cache
    def shipped(cls) -> "PriorMean":
        """That of the program, for log10 of the conductivity in S/cm at 353 K in the reference protocol."""
        return cls.read(SHIPPED)

    @classmethod
    def read(cls, path: Path) -> "PriorMean":
        """From a file of `bench/prior_mean.py`."""
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        known = sorted((int(name), value) for name, value in content["environments"].items())
        return cls(
            content["intercept"],
            **content["variances"],
            environments=np.array([name for name, _ in known], dtype=np.int64),
            coefficients=np.array([value for _, value in known]),
        )

    def values(self, structures: Structures) -> Floats:
        """The mean for each structure, (n,)."""
        return self.intercept + structures.counts_of(self.environments) @ self.coefficients

    def start(self, sources: Sequence[Source]) -> Hyperparameters:
        """The centre of the priors of all hyperparameters."""
        priors = [source.priors for source in sources]
        return Hyperparameters(
            self.similarity,
            self.patterns,
            self.linear,
            self.quadratic,
            self.constant,
            slope=np.array([prior.slope.mean for prior in priors], dtype=float),
            offset=np.array([prior.offset.mean for prior in priors], dtype=float),
            offset_variance=np.array([prior.offset.sd**2 for prior in priors], dtype=float),
            systematic=np.array([one.priors.systematic**2 * one.follows_truth for one in sources], dtype=float),
            noise=np.array([prior.scatter.sd**2 for prior in priors], dtype=float),
        )
