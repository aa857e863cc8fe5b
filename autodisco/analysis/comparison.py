"""Whether polymers really differ, and what is believed of each when all of them are looked at.

Conductivities of independent builds scatter by a factor, not by an amount, so errors are judged in decades. A polymer
has only a few replicas and its own spread is badly known; hence the spread is pooled over polymers. Polymers are placed
by the logarithm of their arithmetic mean, as published and as ranked: a mean of logarithms would let one build without
free ions, which four ion pairs give now and then, outweigh all others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from autodisco.analysis.statistics import standard_error
from autodisco.arrays import Floats

FLOOR_S_PER_CM = 1e-6
LN10 = float(np.log(10))


@dataclass(frozen=True)
class Scatter:
    """Standard deviation of log10 conductivity of one build, and the degrees of freedom behind it."""

    decades: float
    degrees: float


UNKNOWN_SCATTER = Scatter(0.3, 2.0)
"""Of a protocol of which nothing is known: between the 0.16 of `small` and the 0.36 of `quick`, worth two degrees."""

MOST_KNOWN_DEGREES = 20.0
"""The scatter known beforehand counts for no more than this, because other polymers may scatter otherwise."""


def log10_conductivity(sigma_s_per_cm: float) -> float:
    """``log10(σ + 1e-6 S/cm)``; the floor keeps polymers that conduct nothing on the scale."""
    return float(np.log10(max(sigma_s_per_cm, 0.0) + FLOOR_S_PER_CM))


@dataclass(frozen=True)
class Comparison:
    """Polymers on the scale of log10 conductivity, with the pooled spread of a single replica.

    Builds of one polymer are log-normal about their mean. The logarithm of a mean of n builds then lies below that of
    the mean of all builds there could be, the further the fewer they are; places are corrected for it (see `place`), so
    that polymers with different numbers of builds compare. A polymer of which a build conducts nothing gets its own
    larger error: one free ion more or less in a small box can turn a value into zero.

    Attributes
    ----------
    conductivities : polymer to the conductivities of its replicas, S/cm
    replica_sd : standard deviation of one replica, pooled, in decades
    degrees : degrees of freedom behind `replica_sd`
    """

    conductivities: Mapping[str, Sequence[float]]
    replica_sd: float
    degrees: float

    @cached_property
    def keys(self) -> list[str]:
        """The polymers, in the order of arrays of places."""
        return list(self.conductivities)

    @cached_property
    def _columns(self) -> tuple[Floats, Floats, Floats]:
        """Logarithm of the mean, number of builds, and the least error of each polymer."""
        given = [list(self.conductivities[key]) for key in self.keys]
        means = np.array([log10_conductivity(float(np.mean(sigmas))) for sigmas in given])
        return means, np.array([len(sigmas) for sigmas in given], float), np.array([_own_error(s) for s in given])

    def places(self, replica_sd: float | None = None) -> tuple[Floats, Floats]:
        """Place and standard error of every polymer in decades, (n,) each, at a spread other than the pooled one.

        The mean of n log-normal builds is nearly log-normal (Fenton, IRE Trans. Commun. Syst. 1960, 8, 57), its
        variance in decades² ``log10(1 + c)/ln 10`` and its logarithm too small by half of ``log10(1 + c)``, with
        ``c = (exp(s² ln²10) - 1)/n``. Polymers that conduct nothing stay at the floor.
        """
        means, n, least = self._columns
        s = self.replica_sd if replica_sd is None else replica_sd
        missing = np.log10(1 + np.expm1((s * LN10) ** 2) / n)
        conducts = means > np.log10(2 * FLOOR_S_PER_CM)
        return means + np.where(conducts, missing / 2, 0.0), np.maximum(np.sqrt(missing / LN10), least)

    def place(self, key: str) -> tuple[float, float]:
        """``log10`` of the mean conductivity (S/cm) of builds without number, and its standard error in decades."""
        places, errors = self.places()
        k = self.keys.index(key)
        return float(places[k]), float(errors[k])

    def standard_error(self, a: str, b: str) -> float:
        """Standard error of the difference of two places, in decades."""
        return float(np.hypot(self.place(a)[1], self.place(b)[1]))

    def p_better(self, a: str, b: str) -> float:
        """Probability that `a` conducts better than `b` on average over builds, from Student's t of the difference.

        This looks at the two alone. Of many candidates the best by chance look better than they are; see
        `autodisco.analysis.shrinkage`.
        """
        # Loaded here because reading stored results should not have to wait for it.
        from scipy.special import stdtr

        difference = self.place(a)[0] - self.place(b)[0]
        return float(stdtr(self.degrees, difference / self.standard_error(a, b)))


def compare(conductivities: Mapping[str, Sequence[float]], scatter: Scatter = UNKNOWN_SCATTER) -> Comparison:
    """Pool the spread between replicas over polymers.

    ``s² = (ν₀ s₀² + Σ_k Σ_r (x_kr - x̄_k)²) / (ν₀ + Σ_k (n_k - 1))`` over polymers k with replicas r, x the logarithm
    of the conductivity and s₀ the `scatter` known for the protocol with its degrees of freedom ν₀, 20 at most. Replicas
    below the floor are left out of the sum: their distance to the others is set by the floor and not by the simulation.

    Parameters
    ----------
    conductivities : polymer to the conductivities of its replicas in S/cm; polymers without any are left out
    scatter : alone decides as long as no polymer has two replicas
    """
    given = {key: list(sigmas) for key, sigmas in conductivities.items() if len(sigmas)}
    degrees = min(scatter.degrees, MOST_KNOWN_DEGREES)
    squares = degrees * scatter.decades**2
    for sigmas in given.values():
        logs = [log10_conductivity(sigma) for sigma in sigmas if sigma > FLOOR_S_PER_CM]
        if len(logs) > 1:
            squares += float(np.sum((np.array(logs) - np.mean(logs)) ** 2))
            degrees += len(logs) - 1
    return Comparison(given, float(np.sqrt(squares / degrees)), degrees)


def _own_error(sigmas: Sequence[float]) -> float:
    """Standard error of a mean in decades from its own builds, where one of them conducts nothing; else 0."""
    mean, error = float(np.mean(sigmas)), standard_error(sigmas)
    return error / mean / LN10 if error and mean > 0 and min(sigmas) <= FLOOR_S_PER_CM else 0.0
