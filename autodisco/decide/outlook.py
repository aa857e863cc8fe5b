"""What the posterior says of candidates, turned so that larger is better: what selections decide by."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from autodisco.arrays import Floats, Indices
from autodisco.decide.objective import Objective

if TYPE_CHECKING:
    from autodisco.surrogate import Posterior

CLOSELY = 600
"""Candidates that rules with joint probabilities look at: those with the highest mean plus two standard deviations."""


@dataclass(frozen=True)
class Aim:
    """An objective and what is believed of it."""

    objective: Objective
    posterior: "Posterior"

    @property
    def sign(self) -> float:
        """1 where higher values are better, -1 where lower ones are."""
        return -1.0 if self.objective.lower_is_better else 1.0


@dataclass(frozen=True)
class Outlook:
    """Candidates as the posterior of an aim sees them, on the scale of the objective; larger is better.

    Attributes
    ----------
    aim
    units : canonical repeat units of the candidates, n of them
    measured : canonical repeat units of the polymers with a value
    """

    aim: Aim
    units: Sequence[str]
    measured: Sequence[str] = ()

    @cached_property
    def moments(self) -> tuple[Floats, Floats]:
        """Mean and standard deviation of each candidate, two arrays of shape (n,)."""
        seen = self.aim.posterior.predict(self.units)
        return self.aim.sign * seen.mean, seen.sd

    @cached_property
    def known(self) -> Floats:
        """Means of the polymers with a value, shape (m,)."""
        return self.aim.sign * self.aim.posterior.predict(self.measured).mean if self.measured else np.empty(0)

    @property
    def noise(self) -> float:
        """Standard deviation of a label: of one build in the target of the posterior."""
        return self.aim.posterior.noise(self.aim.posterior.target)

    def upper(self, width: float) -> Floats:
        """Mean plus `width` standard deviations, shape (n,)."""
        mean, sd = self.moments
        return mean + width * sd

    def leaders(self) -> Indices:
        """Places of the candidates that may be among the best, at most `CLOSELY` of them, in order of their places."""
        return np.sort(first_places(self.upper(2.0), CLOSELY))

    def joint(self, places: Indices) -> tuple[Floats, Floats]:
        """Mean, shape (k,), and covariance, shape (k, k), of some candidates."""
        mean, covariance = self.aim.posterior.joint([self.units[place] for place in places])
        return self.aim.sign * mean, covariance

    def draws(self, places: Indices, n: int, rng: np.random.Generator) -> Floats:
        """Draws from the joint posterior of some candidates, shape (n, k)."""
        return self.aim.sign * self.aim.posterior.draws([self.units[place] for place in places], n, rng)


def first_places(scores: Floats, most: int) -> Indices:
    """Places of the highest scores, the highest first; of equal ones the first."""
    return np.argsort(-scores, kind="stable")[:most]


def canonical(smiles: Iterable[str]) -> list[str]:
    """Canonical texts of materials, as the posterior takes them."""
    return [_canonical_unit(text) for text in smiles]


@lru_cache(maxsize=1 << 16)
def _canonical_unit(smiles: str) -> str:
    from autodisco.polymer import ORGANIC_ELEMENTS, read_material  # rdkit, which settings do without

    return read_material(smiles, ORGANIC_ELEMENTS).smiles
