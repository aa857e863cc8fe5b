"""Whether polymers really differ, and what is believed of each when all of them are looked at.

Values such as conductivities of independent builds scatter by a factor, not by an amount, so they are compared on a
logarithmic scale, and others on a linear one (`autodisco.analysis.quantities.Scale`). A polymer has only a few replicas
and its own spread is badly known; hence the spread is pooled over polymers. Polymers are placed by the logarithm of
their arithmetic mean, as published and as ranked: a mean of logarithms would let one build without free ions, which
four ion pairs give now and then, outweigh all others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from autodisco.analysis.quantity import CONDUCTIVITY_SCALE, Scale
from autodisco.analysis.statistics import standard_error
from autodisco.arrays import Floats

LN10 = float(np.log(10))


@dataclass(frozen=True)
class Scatter:
    """Standard deviation of one build on the scale of comparison, and the degrees of freedom behind it.

    On a logarithmic scale the unit is decades.
    """

    sd: float
    degrees: float


UNKNOWN_SCATTER = Scatter(0.3, 2.0)
"""Scatter of a protocol of which nothing is known: between the 0.16 of `small` and the 0.36 of `quick` (conductivity),
worth two degrees."""

MOST_KNOWN_DEGREES = 20.0
"""The scatter known beforehand counts for no more than this, because other polymers may scatter otherwise."""


@dataclass(frozen=True)
class Comparison:
    """Polymers on a scale, with the pooled spread of a single replica.

    On a logarithmic scale, builds of one polymer are log-normal about their mean. The logarithm of a mean of n builds
    then lies below that of the mean of all builds there could be, the further the fewer they are; places are corrected
    for it (see `places`), so that polymers with different numbers of builds compare. A polymer with a build at the
    floor of the scale gets its own larger error: one free ion more or less in a small box can turn a value into zero.

    Attributes
    ----------
    values : polymer to the values of its replicas
    replica_sd : standard deviation of one replica, pooled, on the scale (decades on a logarithmic one)
    degrees : degrees of freedom behind `replica_sd`
    scale : on which polymers are placed
    """

    values: Mapping[str, Sequence[float]]
    replica_sd: float
    degrees: float
    scale: Scale = CONDUCTIVITY_SCALE

    @cached_property
    def keys(self) -> list[str]:
        """The polymers, in the order of arrays of places."""
        return list(self.values)

    @cached_property
    def _columns(self) -> tuple[Floats, Floats, Floats]:
        """Place of the mean, number of builds, and the least error of each polymer."""
        given = [list(self.values[key]) for key in self.keys]
        means = np.array([self.scale.place(float(np.mean(values))) for values in given])
        least = np.array([_own_error(values, self.scale.floor) for values in given])
        return means, np.array([len(values) for values in given], float), least

    def places(self, replica_sd: float | None = None) -> tuple[Floats, Floats]:
        """Place and standard error of every polymer, (n,) each, at a spread other than the pooled one.

        The mean of n log-normal builds is nearly log-normal (Fenton, IRE Trans. Commun. Syst. 1960, 8, 57), its
        variance in decades² ``log10(1 + c)/ln 10`` and its logarithm too small by half of ``log10(1 + c)``, with
        ``c = (exp(s² ln²10) - 1)/n``. Polymers at the floor of the scale stay there.
        """
        means, n, least = self._columns
        s = self.replica_sd if replica_sd is None else replica_sd
        if self.scale.floor is None:
            return means, s / np.sqrt(n)
        missing = np.log10(1 + np.expm1((s * LN10) ** 2) / n)
        above = means > np.log10(2 * self.scale.floor)
        return means + np.where(above, missing / 2, 0.0), np.maximum(np.sqrt(missing / LN10), least)

    @property
    def alike(self) -> NDArray[np.bool_]:
        """Polymers clearly above the floor of the scale, booleans (n,); the others are another kind."""
        floor = self.scale.floor
        return np.ones(len(self.keys), bool) if floor is None else self.places()[0] > np.log10(10 * floor)

    def place(self, key: str) -> tuple[float, float]:
        """Place of the mean of builds without number, and its standard error on the scale."""
        places, errors = self.places()
        k = self.keys.index(key)
        return float(places[k]), float(errors[k])

    def standard_error(self, a: str, b: str) -> float:
        """Standard error of the difference of two places."""
        return float(np.hypot(self.place(a)[1], self.place(b)[1]))

    def p_higher(self, a: str, b: str) -> float:
        """Probability that `a` is above `b` on average over builds, from Student's t of the difference.

        This looks at the two alone. Of many candidates the best by chance look better than they are; see
        `autodisco.analysis.shrinkage`.
        """
        # Loaded here because reading stored results should not have to wait for it.
        from scipy.special import stdtr

        difference = self.place(a)[0] - self.place(b)[0]
        return float(stdtr(self.degrees, difference / self.standard_error(a, b)))


def compare(
    values: Mapping[str, Sequence[float]], scatter: Scatter = UNKNOWN_SCATTER, scale: Scale = CONDUCTIVITY_SCALE
) -> Comparison:
    """Pool the spread between replicas over polymers.

    ``s² = (ν₀ s₀² + Σ_k Σ_r (x_kr - x̄_k)²) / (ν₀ + Σ_k (n_k - 1))`` over polymers k with replicas r, x the place of a
    value and s₀ the `scatter` known beforehand with its degrees of freedom ν₀, 20 at most. Replicas below the floor of
    a logarithmic scale are left out of the sum: their distance to the others is set by the floor and not by the
    simulation.

    Parameters
    ----------
    values : polymer to the values of its replicas; polymers without any are left out
    scatter : alone decides as long as no polymer has two replicas
    scale : on which they are compared
    """
    given = {key: list(replicas) for key, replicas in values.items() if len(replicas)}
    degrees = min(scatter.degrees, MOST_KNOWN_DEGREES)
    squares = degrees * scatter.sd**2
    for replicas in given.values():
        places = [scale.place(value) for value in replicas if scale.floor is None or value > scale.floor]
        if len(places) > 1:
            squares += float(np.sum((np.array(places) - np.mean(places)) ** 2))
            degrees += len(places) - 1
    return Comparison(given, float(np.sqrt(squares / degrees)), degrees, scale)


def _own_error(values: Sequence[float], floor: float | None) -> float:
    """Standard error of a mean in decades from its own builds, where one of them is at the floor; else 0."""
    mean, error = float(np.mean(values)), standard_error(values)
    at_floor = floor is not None and min(values) <= floor
    return error / mean / LN10 if error and mean > 0 and at_floor else 0.0
