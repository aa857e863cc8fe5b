"""Values that do not fit to all others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from autodisco.surrogate.posterior import Posterior
from autodisco.surrogate.sources import Label

LEAST_Z, LEAST_OFF = 3.0, 6.0
"""Where a value is called far off: its standardised residual, and how many times that of most values it is. One wrong
value among few makes the model expect noise everywhere, so that the first alone would not tell."""

LEAST_USUAL = 0.1
"""Least standard deviation of standardised residuals that is taken for usual."""

OF_MEDIAN = 1.4826
"""Standard deviation of a Gaussian over the median of its absolute values."""


@dataclass(frozen=True)
class FarOff:
    """A value far off what all others say of it.

    Attributes
    ----------
    smiles, source : whose value it is
    value, expected : it and what is expected without it, on the scale of the objective
    off : their difference over its standard deviation, in units of what is usual among all values
    """

    smiles: str
    source: str
    value: float
    expected: float
    off: float


def far_off(posterior: Posterior, labels: Sequence[Label]) -> list[FarOff]:
    """Values far off what all others say of them, the farthest first: another unit, another polymer, or a simulation
    that went wrong. Bounds are left out.

    `labels` are those that the posterior was fitted to, in their order.
    """
    if not labels:
        return []
    residuals, sds = posterior.leave_one_out()
    z = residuals / sds
    off = z / max(OF_MEDIAN * float(np.median(np.abs(z))), LEAST_USUAL)
    is_far = (np.abs(z) > LEAST_Z * posterior.widened) & (np.abs(off) > LEAST_OFF)
    found = [
        FarOff(label.smiles, label.source, label.value, label.value - float(residuals[n]), float(off[n]))
        for n, label in enumerate(labels)
        if is_far[n] and not label.censored
    ]
    return sorted(found, key=lambda one: -abs(one.off))
