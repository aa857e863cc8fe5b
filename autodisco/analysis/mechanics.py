"""Isothermal bulk modulus of a box from the fluctuations of its volume at constant pressure.

``K = k T <V> / var(V)`` (Allen and Tildesley, Computer Simulation of Liquids, section 2.5). Neighbouring volumes are
correlated: with n volumes of a statistical inefficiency g, the variance about the mean is too small by a factor of
``1 - g/n``, and the inverse of a variance with the relative error ε is too large by ``1 + ε²``. Both are corrected.
"""

from dataclasses import dataclass

import numpy as np

from autodisco.analysis.statistics import LEAST_INDEPENDENT, inefficiency, series_error
from autodisco.arrays import Floats
from autodisco.errors import InputError

BOLTZMANN_GPA_A3 = 0.01380649  # GPa Å³/K
MOST_FLUCTUATION = 0.05
"""Largest standard deviation of the volume, as a share. The modulus of a melt grows by a factor of about 1.5 when its
volume falls by 5 % (its pressure derivative is about 10), so that it has no single value beyond that."""
MOST_ERROR = 0.5
"""Largest relative error of a modulus that is reported."""


@dataclass(frozen=True)
class BulkModulus:
    """Modulus and standard error in GPa, or None with the reason."""

    gpa: float | None
    gpa_sem: float | None
    reason: str | None


def bulk_modulus(volumes: Floats, temperature_k: float) -> BulkModulus:
    """The modulus from volumes (n,) in Å³, in the order of time, at constant temperature and pressure.

    The error is that of this series: of the variance, from the correlation of the squared deviations. Raises InputError
    for volumes that are not positive numbers.
    """
    v = np.asarray(volumes, dtype=np.float64)
    if not (len(v) and np.isfinite(v).all() and (v > 0).all()):
        raise InputError("a bulk modulus needs volumes that are positive numbers; give a run at constant pressure")
    square = (v - v.mean()) ** 2
    independent = len(v) / float(inefficiency(v)) if len(v) > 2 and square.any() else 0.0
    error = series_error(square)
    if independent < LEAST_INDEPENDENT or not error:
        return BulkModulus(
            None, None, f"too short: {len(v)} volumes count as {independent:.0f} independent ones; "
            f"{LEAST_INDEPENDENT:.0f} are needed",
        )  # fmt: skip
    relative = float(error / square.mean())
    variance = float(square.mean()) / (1 - 1 / independent)
    if (share := variance**0.5 / float(v.mean())) > MOST_FLUCTUATION:
        return BulkModulus(
            None, None, f"the box is too small: its volume fluctuates by {share:.1%}, over which the modulus changes"
        )  # fmt: skip
    if relative > MOST_ERROR:
        return BulkModulus(None, None, f"too short: the error of the modulus is {relative:.0%} of it")
    modulus = BOLTZMANN_GPA_A3 * temperature_k * float(v.mean()) / variance / (1 + relative**2)
    return BulkModulus(modulus, modulus * relative, None)
