"""Moduli of a box: the bulk modulus from fluctuations of its volume, and Young's modulus from its elongation.

The isothermal bulk modulus is ``K = k T <V> / var(V)`` (Allen and Tildesley, Computer Simulation of Liquids, section
2.5). Neighbouring volumes are correlated: with n volumes of a statistical inefficiency g, the variance about the mean
is too small by a factor of ``1 - g/n``, and the inverse of a variance with the relative error ε is too large by
``1 + ε²``. Both are corrected.

Young's modulus is the slope of the stress along an axis against the strain, where the pressure along the two other
axes is constant. Neighbouring stresses are correlated, so that n of them count as n/g in the error of the slope.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from autodisco.analysis.statistics import LEAST_INDEPENDENT, inefficiency, series_error, standard_error
from autodisco.arrays import Floats
from autodisco.errors import InputError

BOLTZMANN_GPA_A3 = 0.01380649  # GPa Å³/K
MOST_FLUCTUATION = 0.05
"""Largest standard deviation of the volume, as a share. The modulus of a melt grows by a factor of about 1.5 when its
volume falls by 5 % (its pressure derivative is about 10), so that it has no single value beyond that."""
MOST_ERROR = 0.5
"""Largest relative error of a modulus that is reported."""


@dataclass(frozen=True)
class Modulus:
    """Modulus and standard error in GPa, or None with the reason."""

    gpa: float | None
    gpa_sem: float | None
    reason: str | None


def bulk_modulus(volumes: Floats, temperature_k: float) -> Modulus:
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
        return Modulus(
            None, None, f"too short: {len(v)} volumes count as {independent:.0f} independent ones; "
            f"{LEAST_INDEPENDENT:.0f} are needed",
        )  # fmt: skip
    relative = float(error / square.mean())
    variance = float(square.mean()) / (1 - 1 / independent)
    if (share := variance**0.5 / float(v.mean())) > MOST_FLUCTUATION:
        return Modulus(
            None, None, f"the box is too small: its volume fluctuates by {share:.1%}, over which the modulus changes"
        )  # fmt: skip
    if relative > MOST_ERROR:
        return Modulus(None, None, f"too short: the error of the modulus is {relative:.0%} of it")
    modulus = BOLTZMANN_GPA_A3 * temperature_k * float(v.mean()) / variance / (1 + relative**2)
    return Modulus(modulus, modulus * relative, None)


def youngs_modulus(curves: Sequence[tuple[Floats, Floats]]) -> Modulus:
    """The modulus from the deformation of one box along one axis or several.

    Parameters
    ----------
    curves : for every axis the strains (n,) and the stresses (n,) in GPa, in the order of time

    Returns
    -------
    Modulus
        The mean over the axes. The error is that of the slopes or, where it is larger, that of the scatter of the axes.

    Raises
    ------
    InputError
        Without any axis, and for values that are not numbers or a strain that does not change.
    """
    if not curves or not all(np.isfinite(both).all() and np.ptp(both[0]) > 0 for both in curves):
        raise InputError("Young's modulus needs stresses that are numbers, at strains that differ")
    fits = [_slope(*map(np.asarray, both)) for both in curves]
    if short := [independent for _, error, independent in fits if error is None]:
        return Modulus(
            None, None, f"too short: the stresses of an axis count as {min(short):.0f} independent ones; "
            f"{LEAST_INDEPENDENT:.0f} are needed",
        )  # fmt: skip
    slopes, errors = np.array([(slope, error) for slope, error, _ in fits], dtype=np.float64).T
    modulus = float(slopes.mean())
    error = max(float(np.linalg.norm(errors)) / len(errors), standard_error(slopes) or 0.0)
    if error <= MOST_ERROR * modulus:
        return Modulus(modulus, error, None)
    # the error falls with the root of the number of atoms and of the time
    more = (error / (MOST_ERROR * modulus)) ** 2 if modulus > error else 1 / MOST_ERROR**2
    amount = f"about {more:.2g}" if modulus > error else f"more than {more:.0f}"
    return Modulus(
        None, None, f"the box is too small or the deformation too short: {modulus:.2f} ± {error:.2f} GPa; an error of "
        f"{MOST_ERROR:.0%} needs {amount} times as many atoms, or as long a deformation",
    )  # fmt: skip


def _slope(strains: Floats, stresses: Floats) -> tuple[float, float | None, float]:
    """Slope of a least-squares line, its error (None if too few stresses are independent), and how many of them are."""
    n = len(strains)
    if n < LEAST_INDEPENDENT:
        return 0.0, None, float(n)
    slope, offset = (float(one) for one in np.polyfit(strains, stresses, 1))
    residuals = stresses - offset - slope * strains
    square = float(np.mean(residuals**2))
    if square <= 1e-24 * float(np.mean(stresses**2)):
        return slope, 0.0, float(n)
    independent = n / inefficiency(residuals)
    if independent < LEAST_INDEPENDENT:
        return slope, None, independent
    return slope, float(np.sqrt(square / (independent - 2) / strains.var())), independent
