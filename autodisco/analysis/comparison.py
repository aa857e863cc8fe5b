"""Comparison of polymers: the mean of each on a common scale, with an error from the pooled scatter of builds.

Conductivities of independent builds scatter by a factor. They are compared on a logarithmic scale, other quantities on
a linear one (`autodisco.analysis.quantity.Scale`). A polymer has only a few replicas, which give no reliable standard
deviation; the standard deviation is therefore pooled over all polymers. The place of a polymer on a logarithmic scale
is the logarithm of the arithmetic mean of its builds, because published values are such means. A mean of logarithms
would depend too much on single builds without free ions, which occur in boxes of four ion pairs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from autodisco.analysis.quantity import CONDUCTIVITY_SCALE, Scale
from autodisco.analysis.scatter import UNKNOWN_SCATTER, Scatter
from autodisco.analysis.statistics import standard_error
from autodisco.arrays import Floats

LN10 = float(np.log(10))


MOST_KNOWN_DEGREES = 20.0
"""Upper limit for the degrees of freedom of the stated scatter, because other polymers may have another scatter."""


@dataclass(frozen=True)
class Comparison:
    """Polymers on a scale, with the pooled standard deviation of a single replica.

    On a logarithmic scale, values of builds are assumed to be log-normally distributed. The logarithm of the mean of n
    builds is then biased towards low values, most for small n. `places` corrects this bias, so that polymers with
    different numbers of builds can be compared. A polymer with a build at the floor of the scale has a larger error of
    its own, because one free ion less in a small box can change a value to zero.

    Attributes
    ----------
    values : polymer to the values of its replicas
    replica_sd : pooled standard deviation of one replica on the scale (decades on a logarithmic one)
    degrees : degrees of freedom of `replica_sd`
    scale : on which polymers are placed
    """

    values: Mapping[str, Sequence[float]]
    replica_sd: float
    degrees: float
    scale: Scale = CONDUCTIVITY_SCALE

    @cached_property
    def keys(self) -> list[str]:
        """The polymers, in the order of the arrays of `places`."""
        return list(self.values)

    @cached_property
    def _columns(self) -> tuple[Floats, Floats, Floats]:
        """Place of the mean, number of builds, and lower limit of the error of each polymer."""
        given = [list(self.values[key]) for key in self.keys]
        means = np.array([self.scale.place(sum(values) / len(values)) for values in given])
        least = np.array([_own_error(values, self.scale.floor) for values in given])
        return means, np.array([len(values) for values in given], float), least

    def places(self, replica_sd: float | None = None) -> tuple[Floats, Floats]:
        """Place and standard error of every polymer, (n,) each, at the pooled or another `replica_sd`.

        The mean of n log-normal values is approximately log-normal (Fenton, IRE Trans. Commun. Syst. 1960, 8, 57). With
        ``c = (exp(s² ln²10) - 1)/n``, the variance of its logarithm is ``log10(1 + c)/ln 10`` (decades²), and its
        logarithm is too small by ``log10(1 + c)/2``. Polymers at the floor of the scale are not corrected.
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
        """Whether each polymer (n,) is above ten times the floor of the scale; the others are treated separately."""
        floor = self.scale.floor
        return np.ones(len(self.keys), bool) if floor is None else self.places()[0] > np.log10(10 * floor)

    def place(self, key: str) -> tuple[float, float]:
        """Place of a polymer, and its standard error on the scale."""
        places, errors = self.places()
        k = self.keys.index(key)
        return float(places[k]), float(errors[k])

    def standard_error(self, a: str, b: str) -> float:
        """Standard error of the difference of two places."""
        return float(np.hypot(self.place(a)[1], self.place(b)[1]))

    def p_higher(self, a: str, b: str) -> float:
        """Probability that the mean of `a` is above that of `b`, from Student's t of the difference.

        This compares two polymers only. It does not correct for the selection of the best of many candidates; see
        `autodisco.analysis.shrinkage`.
        """
        # Loaded here because reading stored results should not have to wait for it.
        from scipy.special import stdtr

        difference = self.place(a)[0] - self.place(b)[0]
        return float(stdtr(self.degrees, difference / self.standard_error(a, b)))


def compare(
    values: Mapping[str, Sequence[float]], scatter: Scatter = UNKNOWN_SCATTER, scale: Scale = CONDUCTIVITY_SCALE
) -> Comparison:
    """Pool the standard deviation between replicas over polymers.

    ``s² = (ν₀ s₀² + Σ_k Σ_r (x_kr - x̄_k)²) / (ν₀ + Σ_k (n_k - 1))`` over polymers k with replicas r. x is the
    place of a value on the scale, s₀ the stated `scatter`, and ν₀ its degrees of freedom (20 at most). The sum leaves
    out replicas at the floor of a logarithmic scale, because their distance to the others depends on the floor only.

    Parameters
    ----------
    values : polymer to the values of its replicas; polymers without any are left out
    scatter : stated by the protocol; the result equals it if no polymer has two replicas
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
    """Standard error of a mean in decades from its own builds if one of them is at the floor, otherwise 0."""
    if floor is None or min(values) > floor:
        return 0.0
    mean, error = float(np.mean(values)), standard_error(values)
    return error / mean / LN10 if error and mean > 0 else 0.0
