"""Posterior of every polymer from the values of all polymers: a hierarchical normal model.

The polymer with the best measured value of many is usually one whose error is positive, so that its measured value is
too high (selection bias). For the same reason, repeated comparisons with the reference give too many false results of
"better". The model corrects both: it estimates how much the polymers differ, and shifts each value towards the mean.
"""

from collections.abc import Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from autodisco.analysis.belief import EXPECTED_SPREAD, Z_90, Belief
from autodisco.analysis.comparison import Comparison
from autodisco.arrays import Floats

Chosen = NDArray[np.bool_]  # which polymers

SPREADS = np.geomspace(0.01, 2.0, 24)  # grid of τ for EXPECTED_SPREAD; other expected spreads scale it
SCATTER_NODES = 7
NEGLIGIBLE = 1e-4  # nodes with a smaller weight relative to the largest one are skipped


def beliefs(
    comparison: Comparison, reference: str | None, spread: float = EXPECTED_SPREAD, lower_is_better: bool = False
) -> Mapping[str, Belief]:
    """The posterior of every polymer of a comparison, including the reference.

    The measured value y_k of polymer k, on the scale of the comparison, has the standard error e_k of its builds:
    ``y_k ~ N(m_k, e_k²)``. The true values of the polymers are distributed as ``m_k ~ N(μ, τ²)``. The prior of μ is
    flat, that of τ half-normal with standard deviation `spread`, and that of the scatter of a build the scaled inverse
    χ² distribution of the comparison. τ and the scatter are summed over a grid.

    The posterior mean lies between y_k and μ. It is the closer to μ, the smaller τ is compared with e_k. Polymers below
    ten times the floor of a logarithmic scale do not take part: their values are not shifted and do not count for μ.

    Parameters
    ----------
    spread : expected standard deviation between polymers on the scale (0.5 decades for conductivities)
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
    """The posterior for one value of the scatter of builds and one value of τ."""

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
        """Weight of the measured value of each polymer in its posterior mean; the rest is the weight of μ."""
        return np.where(self._alike, self.tau**2 / (self._variances + self.tau**2), 1.0)

    @property
    def mean(self) -> Floats:
        return self._own * self._places + (1 - self._own) * self._centre

    @property
    def variance(self) -> Floats:
        return self._own * self._variances + (1 - self._own) ** 2 * self._centre_variance

    def against(self, at: int) -> tuple[Floats, Floats]:
        """Difference to the polymer `at` and its standard deviation; both depend on the same μ."""
        common = (self._own - self._own[at]) ** 2 * self._centre_variance
        mean, alone = self.mean, self._own * self._variances
        return mean - mean[at], np.sqrt(alone + alone[at] + common)
