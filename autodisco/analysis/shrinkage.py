"""What is believed of every polymer when all are looked at together: a hierarchical normal model.

The best of many candidates is partly the luckiest. Its measured value is therefore too high, and "better than the
reference" comes out far too often where one looks many times. To mend both, one asks how much polymers really differ.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from autodisco.analysis.comparison import Comparison
from autodisco.arrays import Floats

Chosen = NDArray[np.bool_]  # which polymers

BETTER_PROBABILITY = 0.95
"""From which on a polymer is called better than the reference, or worse, where nothing else is asked for."""

SPREADS = np.geomspace(0.01, 2.0, 24)  # where EXPECTED_SPREAD is expected
EXPECTED_SPREAD = 0.5  # decades
SCATTER_NODES = 7
NEGLIGIBLE = 1e-4  # weight of a node of the grid beside that of the best
Z_90 = 1.6448536269514722


@dataclass(frozen=True)
class Belief:
    """What is believed of the mean value of a polymer over all builds there could be.

    Attributes
    ----------
    median, low, high : median and the ends of the interval that holds 90 %
    p_better : probability that it is better than that of the reference; None for the reference, and without one
    """

    median: float
    low: float
    high: float
    p_better: float | None


def beliefs(
    comparison: Comparison, reference: str | None, spread: float = EXPECTED_SPREAD, lower_is_better: bool = False
) -> Mapping[str, Belief]:
    """The posterior of every polymer of a comparison, the reference being one of them.

    Place ``y_k ~ N(m_k, e_k²)`` on the scale of the comparison with the error that its builds give it, and
    ``m_k ~ N(μ, τ²)`` over polymers, the reference being one of them. μ has a flat prior, τ a half-normal one of
    standard deviation `spread`, and the scatter of a build the scaled inverse χ² distribution of the comparison; τ and
    the scatter are summed over a grid. A polymer is thus drawn towards the others the more, the less polymers differ
    compared with the error of one. Polymers below ten times the floor of a logarithmic scale are another kind, neither
    drawn nor drawing.

    Parameters
    ----------
    spread : how much polymers are expected to differ, on the scale (0.5 decades for conductivities)
    lower_is_better : whether a polymer is better than the reference if its value is lower
    """
    # Loaded here because reading stored results should not have to wait for it.
    from scipy.special import gammainccinv, ndtr

    keys = comparison.keys
    if not keys:
        return {}
    levels = (np.arange(SCATTER_NODES) + 0.5) / SCATTER_NODES
    half = comparison.degrees / 2
    scatters = comparison.replica_sd * np.sqrt(half / gammainccinv(half, 1 - levels))
    mean, square, better = np.zeros((3, len(keys)))
    at = keys.index(reference) if reference in keys else None
    placed = [comparison.places(float(s)) for s in scatters]
    alike, spreads = comparison.alike, SPREADS * (spread / EXPECTED_SPREAD)
    nodes = [_Node(*places, alike, float(tau)) for places in placed for tau in spreads]
    steps = np.tile(np.gradient(spreads), SCATTER_NODES)
    prior = np.array([-((node.tau / spread) ** 2) / 2 for node in nodes])
    evidence = np.array([node.log_evidence for node in nodes])
    weights = np.exp(prior + evidence - (prior + evidence).max()) * steps
    weights[weights < NEGLIGIBLE * weights.max()] = 0.0
    for node, weight in zip(nodes, weights / weights.sum(), strict=True):
        if not weight:
            continue
        here = node.mean
        mean += weight * here
        square += weight * (node.variance + here**2)
        if at is not None:
            difference, sd = node.against(at)
            better += weight * ndtr(-difference / sd if lower_is_better else difference / sd)
    sd = np.sqrt(np.maximum(square - mean**2, 0.0))
    low, median, high = (comparison.scale.values(mean + z * sd) for z in (-Z_90, 0.0, Z_90))
    return {
        key: Belief(
            float(median[k]), float(low[k]), float(high[k]), None if at is None or k == at else float(better[k])
        )
        for k, key in enumerate(keys)
    }


class _Node:
    """The posterior at one scatter of builds and one spread τ of polymers."""

    def __init__(self, places: Floats, errors: Floats, alike: Chosen, tau: float) -> None:
        self.tau = tau
        variances = errors**2
        marginal = variances[alike] + tau**2
        precision = float((1 / marginal).sum())
        self._centre_variance = 1 / precision if precision else 0.0
        centre = float((places[alike] / marginal).sum()) * self._centre_variance
        self.log_evidence = 0.0
        if alike.any():
            chi = float(((places[alike] - centre) ** 2 / marginal).sum())
            self.log_evidence = -0.5 * (float(np.log(marginal).sum()) + np.log(precision) + chi)
        self._places, self._variances, self._alike, self._centre = places, variances, alike, centre

    @cached_property
    def _own(self) -> Floats:
        """The share of its own place in what is believed of a polymer; the rest is that of the others."""
        return np.where(self._alike, self.tau**2 / (self._variances + self.tau**2), 1.0)

    @property
    def mean(self) -> Floats:
        return self._own * self._places + (1 - self._own) * self._centre

    @property
    def variance(self) -> Floats:
        return self._own * self._variances + (1 - self._own) ** 2 * self._centre_variance

    def against(self, at: int) -> tuple[Floats, Floats]:
        """Difference to the polymer `at` and its standard deviation; the centre is common to both."""
        common = (self._own - self._own[at]) ** 2 * self._centre_variance
        mean, alone = self.mean, self._own * self._variances
        return mean - mean[at], np.sqrt(alone + alone[at] + common)
