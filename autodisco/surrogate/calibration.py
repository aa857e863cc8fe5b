"""Whether intervals hold what they say, and by how much they are widened if not."""

import numpy as np

from autodisco.arrays import Floats

TRUST = 10.0
"""The model's own standard deviations count as so many labels that lie as far off as was said."""

MOST_WIDENED = 4.0


def widening(z: Floats) -> float:
    """Factor for standard deviations from standardised residuals, shape (n,): 1 unless they are too large.

    It is the root of the mean square of the residuals, with `TRUST` further ones of 1, between 1 and `MOST_WIDENED`.
    """
    square = (TRUST + float(np.square(z).sum())) / (TRUST + len(z))
    return float(np.clip(np.sqrt(square), 1.0, MOST_WIDENED))


def coverage(z: Floats, share: float = 0.9) -> float:
    """Share of standardised residuals that lie in the central interval that should hold `share` of them."""
    from scipy.special import ndtri

    return float(np.mean(np.abs(z) <= ndtri(0.5 + share / 2))) if len(z) else float("nan")
