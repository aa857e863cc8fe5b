"""What the posterior says of candidates, turned so that larger is better: what selections decide by."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Protocol

import numpy as np

from autodisco.arrays import Floats, Indices
from autodisco.decide.objective import Objective

if TYPE_CHECKING:
    from autodisco.surrogate import Prediction

CLOSELY = 600
"""Candidates that rules with joint probabilities look at: those with the highest mean plus two standard deviations."""


class Believed(Protocol):
    """What is believed of the values of an objective, on its scale: a posterior, or what the structure decides."""

    @property
    def target(self) -> str:
        """The source that is spoken about."""

    def predict(self, smiles: Sequence[str]) -> "Prediction":
        """Of each repeat unit."""

    def joint(self, smiles: Sequence[str]) -> tuple[Floats, Floats]:
        """Mean (n,) and covariance (n, n)."""

    def draws(self, smiles: Sequence[str], n: int, rng: np.random.Generator) -> Floats:
        """Random values, shape (n, len(smiles))."""

    def noise(self, source: str) -> float:
        """Standard deviation of one label."""


@dataclass(frozen=True)
class Aim:
    """An objective and what is believed of it."""

    objective: Objective
    posterior: Believed

    def worths(self, mean: Floats, sd: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation of what values are worth (`Objective.worths`), given those of the values.

        The distance of a normal value from a target has a folded normal distribution (Leone et al., Technometrics 1961,
        3, 543).
        """
        target = self.objective.target_place
        if target is None:
            return self.objective.worths(mean), sd
        from scipy.special import erf  # here, because settings load this module

        off, sd = mean - target, np.maximum(sd, 1e-12)
        distance = sd * np.sqrt(2.0 / np.pi) * np.exp(-0.5 * (off / sd) ** 2) + off * erf(off / (np.sqrt(2.0) * sd))
        return -distance, np.sqrt(np.maximum(off**2 + sd**2 - distance**2, 0.0))


@dataclass(frozen=True)
class Outlook:
    """Candidates as the posterior of an aim sees them, by what they are worth on the scale of the objective: larger is
    better.

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
        return self.aim.worths(seen.mean, seen.sd)

    @cached_property
    def known(self) -> Floats:
        """Means of the polymers with a value, shape (m,)."""
        if not self.measured:
            return np.empty(0)
        seen = self.aim.posterior.predict(self.measured)
        return self.aim.worths(seen.mean, seen.sd)[0]

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
        """Mean, shape (k,), and covariance, shape (k, k), of some candidates.

        The distances from a target are correlated as the values are, with the sign of the side on which these lie.
        """
        mean, covariance = self.aim.posterior.joint([self.units[place] for place in places])
        target = self.aim.objective.target_place
        if target is None:
            return self.aim.objective.worths(mean), covariance
        sd = np.sqrt(np.maximum(np.diag(covariance), 1e-24))
        worth, error = self.aim.worths(mean, sd)
        side = np.sign(target - mean) * error / sd
        folded = side[:, None] * covariance * side
        folded[np.diag_indices(len(mean))] = error**2
        return worth, folded

    def draws(self, places: Indices, n: int, rng: np.random.Generator) -> Floats:
        """Draws from the joint posterior of some candidates, shape (n, k)."""
        return self.aim.objective.worths(self.aim.posterior.draws([self.units[place] for place in places], n, rng))


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
