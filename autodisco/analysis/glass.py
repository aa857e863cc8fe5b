"""Glass transition from a temperature ramp: where the specific volume bends."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from autodisco.errors import InputError

Floats = NDArray[np.float64]

WINDOWS, DRAWS = 40, 200
LEAST_GAIN = 20.0  # F of the two further parameters together; straight lines with noise hardly ever reach it


@dataclass(frozen=True)
class GlassTransition:
    """Temperature of the bend in K with its standard error, and the slopes (cm³/g/K) of glass and melt beside it."""

    temperature_k: float
    temperature_k_sem: float
    glass_slope: float
    melt_slope: float


def glass_transition(temperatures_k: Floats, densities: Floats) -> GlassTransition | None:
    """Two straight lines that meet, fitted to the specific volume over temperature.

    Parameters
    ----------
    temperatures_k, densities : (n,) in K and g/cm³, in the order of the ramp

    Returns
    -------
    GlassTransition or None
        None where the volume is as well described by one line, or bends within a tenth of the range from its ends.
        The error is from a Bayesian bootstrap over windows of time, which have to be longer than the volume's memory;
        it is that of this ramp, and cooling at another rate moves the bend.

    Raises InputError for fewer than 80 rows.
    """
    t, v = np.asarray(temperatures_k, dtype=float), 1 / np.asarray(densities, dtype=float)
    if len(t) < 2 * WINDOWS:
        raise InputError(f"the ramp has {len(t)} rows; {2 * WINDOWS} or more needed to find the glass transition")
    t, v = (np.array([part.mean() for part in np.array_split(x, WINDOWS)]) for x in (t, v))
    low, high = t.min() + 0.1 * np.ptp(t), t.max() - 0.1 * np.ptp(t)
    places = np.linspace(low, high, 161)
    best = _fit(t, v, np.ones(WINDOWS), places)
    line = np.polynomial.polynomial.polyfit(t, v, 1, full=True)[1][0][0]
    gain = (line - best.residual) / (best.residual / (WINDOWS - 4))
    if gain < LEAST_GAIN or best.melt < best.glass or not low < best.bend < high:
        return None
    rng = np.random.default_rng(0)
    bends = [_fit(t, v, weights, places).bend for weights in rng.dirichlet(np.ones(WINDOWS), DRAWS)]
    return GlassTransition(best.bend, float(np.std(bends, ddof=1)), best.glass, best.melt)


class _Fit(NamedTuple):
    residual: float
    bend: float
    glass: float
    melt: float


def _fit(t: Floats, v: Floats, weights: Floats, places: Floats) -> _Fit:
    """The bend among `places` with the least sum of squares, and the slopes below and above it."""
    away = t - places[:, None]
    design = np.stack([np.ones_like(away), away, np.maximum(away, 0.0)], axis=-1)
    weighted = design * weights[:, None]
    right = np.einsum("pwi,w->pi", weighted, v)
    solved = np.linalg.solve(np.einsum("pwi,pwj->pij", weighted, design), right[..., None])[..., 0]
    residuals = ((np.einsum("pwi,pi->pw", design, solved) - v) ** 2 * weights).sum(axis=1)
    place = int(residuals.argmin())
    _, slope, more = solved[place].tolist()
    return _Fit(float(residuals[place]), float(places[place]), slope, slope + more)
