"""From replicas to a polymer's value, its error, and whether two polymers really differ.

Conductivities of independent builds scatter by a factor, not by an amount, so errors are judged in decades. A polymer
has only a few replicas and its own spread is badly known; hence the spread is pooled over polymers. Polymers are placed
by the logarithm of their arithmetic mean, as published and as ranked: a mean of logarithms would let one build without
free ions, which four ion pairs give now and then, outweigh all others.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autodisco.analysis.ratios import ratio_of_means

FLOOR_S_PER_CM = 1e-6

# Standard deviation of log10 conductivity of one build of protocol `quick`, from pairs of builds
# (docs/quick-protocol.md).
QUICK_REPLICA_SD = 0.39

# How many measured degrees of freedom the known spread of a protocol is worth, so that one lucky pair of replicas
# does not make every difference look significant.
PRIOR_DEGREES = 4

NOT_AVERAGED = frozenset({"frames"})

# Lists of which a polymer has what any replica has.
UNITED = frozenset({"estimated_terms", "force_field_flags"})

# Made of the means of other properties: sums of the first over sums of the second.
RATIOS = {
    "haven_ratio": (("conductivity_ne_s_per_cm",), ("conductivity_einstein_s_per_cm",)),
    "ionicity": (("conductivity_einstein_s_per_cm",), ("conductivity_ne_s_per_cm",)),
    "transference_number_einstein": (
        ("onsager_cation_cation_s_per_cm", "onsager_cation_anion_s_per_cm"),
        ("conductivity_einstein_s_per_cm",),
    ),
}


def log10_conductivity(sigma_s_per_cm: float) -> float:
    """``log10(σ + 1e-6 S/cm)``; the floor keeps polymers that conduct nothing on the scale."""
    return float(np.log10(max(sigma_s_per_cm, 0.0) + FLOOR_S_PER_CM))


def combine(replicas: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Means of the properties of a polymer over its replicas, with standard errors.

    Parameters
    ----------
    replicas : records as `TransportProperties.to_dict` writes them

    Returns
    -------
    dict
        ``n_replicas``; for every numeric property its arithmetic mean under the same name (as published values
        are) and ``<name>_sem``, the standard error over replicas; ``cluster_population`` averaged; text that all
        replicas share; ``estimated_terms`` and ``force_field_flags`` of any. Haven ratio, ionicity and Einstein
        transference number are ratios of means.
        A replica in which a property is None is left out of that mean. A standard error is None below two values.
        Errors within one trajectory are not used: builds differ by more.

    Raises
    ------
    ValueError
        Without any replica.
    """
    if not replicas:
        raise ValueError("no replica to combine")
    combined: dict[str, Any] = {"n_replicas": len(replicas)}
    names = dict.fromkeys(name for replica in replicas for name in replica)
    for name in names:
        values = [replica[name] for replica in replicas if replica.get(name) is not None]
        if name.endswith("_sem") or name in NOT_AVERAGED:
            continue
        if name == "cluster_population":
            kinds = dict.fromkeys(kind for value in values for kind in value)
            combined[name] = {kind: sum(v.get(kind, 0.0) for v in values) / len(values) for kind in kinds}
            combined[f"{name}_sem"] = {k: _mean_and_sem([v.get(k, 0.0) for v in values])[1] for k in kinds}
        elif name in RATIOS:
            combined[name], combined[f"{name}_sem"] = _ratio(replicas, *RATIOS[name])
        elif all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
            combined[name], combined[f"{name}_sem"] = _mean_and_sem(values)
        elif name in UNITED:
            combined[name] = sorted({entry for value in values for entry in value})
        elif all(isinstance(value, str) and value == values[0] for value in values):
            combined[name] = values[0]
    return combined


def _ratio(
    replicas: Sequence[Mapping[str, Any]], above: Sequence[str], below: Sequence[str]
) -> tuple[float | None, float | None]:
    known = [r for r in replicas if all(r.get(name) is not None for name in (*above, *below))]
    return ratio_of_means(*([sum(r[name] for name in names) for r in known] for names in (above, below)))


def _mean_and_sem(values: Sequence[float]) -> tuple[float | None, float | None]:
    if not values:
        return None, None
    n = len(values)
    mean = sum(values) / n
    return mean, math.sqrt(sum((value - mean) ** 2 for value in values) / (n - 1) / n) if n > 1 else None


@dataclass(frozen=True)
class Comparison:
    """Polymers on the scale of log10 conductivity, with the pooled spread of a single replica.

    Two polymers are tied when their means differ by no more than one standard error of the difference, in decades or
    in S/cm: a relative error near 1 means little in decades. The spread is taken to be the same for all polymers, but
    one whose own replicas scatter more gets its own larger error: one free ion more or less in a small box can turn a
    value into zero.

    Attributes
    ----------
    means : polymer to ``log10(mean of σ over its replicas + 1e-6 S/cm)``
    errors : polymer to the standard error of its mean, in decades
    sigmas : polymer to its mean conductivity and the standard error of that over its replicas (0 if not known), S/cm
    replica_sd : standard deviation of one replica, pooled, in decades
    degrees : degrees of freedom behind `replica_sd`
    """

    means: Mapping[str, float]
    errors: Mapping[str, float]
    sigmas: Mapping[str, tuple[float, float]]
    replica_sd: float
    degrees: int

    def standard_error(self, a: str, b: str) -> float:
        """Standard error of the difference of two means, in decades."""
        return float(np.hypot(self.errors[a], self.errors[b]))

    def tied(self, a: str, b: str) -> bool:
        """Whether the means differ by no more than one standard error of their difference."""
        if abs(self.means[a] - self.means[b]) <= self.standard_error(a, b):
            return True
        (first, first_error), (second, second_error) = self.sigmas[a], self.sigmas[b]
        return bool(abs(first - second) <= np.hypot(first_error, second_error))

    def p_better(self, a: str, b: str) -> float:
        """Probability that `a` conducts better than `b` on average over builds, from Student's t of the difference."""
        # Loaded here because reading stored results should not have to wait for it.
        from scipy.special import stdtr

        return float(stdtr(self.degrees, (self.means[a] - self.means[b]) / self.standard_error(a, b)))


def compare(conductivities: Mapping[str, Sequence[float]], fallback_sd: float = QUICK_REPLICA_SD) -> Comparison:
    """Pool the spread between replicas over polymers.

    ``s² = (4 s₀² + Σ_k Σ_r (x_kr - x̄_k)²) / (4 + Σ_k (n_k - 1))`` over polymers k with replicas r, x the logarithm
    of the conductivity and s₀ the `fallback_sd` known for the protocol. Replicas below the floor are left out of the
    sum: their distance to the others is set by the floor and not by the simulation. The error of a polymer is
    ``s/√n``, or the relative standard error of its own mean divided by ln 10 where that is larger.

    Parameters
    ----------
    conductivities : polymer to the conductivities of its replicas in S/cm; polymers without any are left out
    fallback_sd : decades, above zero; alone decides as long as no polymer has two replicas
    """
    given = {key: list(sigmas) for key, sigmas in conductivities.items() if len(sigmas)}
    squares, degrees = PRIOR_DEGREES * fallback_sd**2, PRIOR_DEGREES
    for sigmas in given.values():
        logs = [log10_conductivity(sigma) for sigma in sigmas if sigma > FLOOR_S_PER_CM]
        if len(logs) > 1:
            squares += float(np.sum((np.array(logs) - np.mean(logs)) ** 2))
            degrees += len(logs) - 1
    spread = float(np.sqrt(squares / degrees))
    linear = {key: _mean_and_sem(sigmas) for key, sigmas in given.items()}
    return Comparison(
        means={key: log10_conductivity(mean or 0.0) for key, (mean, _) in linear.items()},
        errors={key: max(spread / np.sqrt(len(sigmas)), _own_error(*linear[key])) for key, sigmas in given.items()},
        sigmas={key: (mean or 0.0, error or 0.0) for key, (mean, error) in linear.items()},
        replica_sd=spread,
        degrees=degrees,
    )


def _own_error(mean: float | None, error: float | None) -> float:
    """A standard error relative to its mean, in decades; 0 where it is not known."""
    return error / mean / float(np.log(10)) if mean and error else 0.0
