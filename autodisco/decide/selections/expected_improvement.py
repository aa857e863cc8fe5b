"""expected-improvement: how far a candidate is expected to lie above the best known polymer.

Jones, Schonlau, Welch, J. Global Optim. 1998, 13, 455.
"""

from collections.abc import Sequence

import numpy as np
from scipy.stats import norm

from autodisco.arrays import Floats, Indices
from autodisco.decide.outlook import Outlook, first_places
from autodisco.decide.selections.by_posterior import ByPosterior


class ExpectedImprovement(ByPosterior):
    """The candidates with the highest expected improvement, each taken by itself.

    The best known polymer is the one with the highest mean among those with a value: the highest measured value would
    be the luckiest. Without any, the candidates with the highest mean are taken.
    """

    def places(self, outlooks: Sequence[Outlook], most: int, rng: np.random.Generator) -> Indices:
        """The best by expected improvement."""
        mean, sd = outlooks[0].moments
        if not len(known := outlooks[0].known):
            return first_places(mean, most)
        above = (mean - known.max()) / np.maximum(sd, 1e-12)
        # log, because far below the best the improvement is below the smallest number
        return first_places(np.log(sd + 1e-300) + log_improvement(above), most)


def log_improvement(z: Floats) -> Floats:
    """Logarithm of φ(z) + z Φ(z), also where this is too small for a number."""
    far = z < -5.0
    near = np.where(far, 0.0, z)
    tail = np.where(far, z, -5.0)
    direct = np.log(norm.pdf(near) + near * norm.cdf(near))
    series = norm.logpdf(tail) - np.log(tail**2 + 3.0)  # φ(z)/z² (1 − 3/z² + …)
    found: Floats = np.where(far, series, direct)
    return found
