"""Which values are wanted: the largest, the smallest, or those nearest to a target."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from autodisco.arrays import Floats

NODES = 40
"""Points of the quadrature over the value of the reference."""

LEAST_VARIANCE = 1e-9


@dataclass(frozen=True)
class Wish:
    """The largest values, the smallest if `lowest`, or those nearest to `target`; on the scale of a posterior."""

    lowest: bool = False
    target: float | None = None

    def worth(self, values: Floats) -> Floats:
        """Numbers that are larger for better values, any shape."""
        if self.target is not None:
            return -np.abs(values - self.target)
        return -values if self.lowest else values

    def within(self, mean: Floats, sd: Floats, width: float) -> Floats:
        """The most that values may be worth `width` standard deviations off their means; the least below zero."""
        return self.worth(mean) + width * sd if self.target is None else np.minimum(self.worth(mean) + width * sd, 0.0)

    def p_better(
        self, mean: Floats, variance: Floats, shared: Floats, at: Floats, own: Floats, widened: float
    ) -> Floats:
        """Chance of each of several normal values to be better than another one, (n,).

        `mean` and `variance` are theirs, `at` and `own` those of the other, shape (1,), `shared` the covariances with
        it; standard deviations are `widened` times as large.
        """
        if self.target is None:
            sd = widened * np.sqrt(np.maximum(variance + own - 2 * shared, LEAST_VARIANCE))
            chances: Floats = ndtr(self.worth(mean - at) / sd)
            return chances
        # Integrated over the other one, by Gauss and Hermite.
        nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
        step = np.sqrt(np.maximum(own, LEAST_VARIANCE))
        reach = np.abs(at - self.target + widened * step * nodes)  # how far off the other one is, (nodes,)
        middle = (mean - self.target)[:, None] + widened * (shared / step)[:, None] * nodes
        sd = widened * np.sqrt(np.maximum(variance - shared**2 / step**2, LEAST_VARIANCE))[:, None]
        nearer: Floats = (ndtr((reach - middle) / sd) - ndtr((-reach - middle) / sd)) @ weights / weights.sum()
        return nearer


HIGHEST = Wish()
