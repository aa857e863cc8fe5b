"""Glass transition from a temperature ramp: the bend of the specific volume, if there is one.

Two models of the volume over the temperature compete. A melt without a transition is a quadratic. A glass below a melt
is a hyperbola with two straight asymptotes (Patrone, Dienstfrey, Browning, Tucker and Christensen, Polymer 2016, 87,
246). Volumes close in time are alike, so both models have noise of first-order autoregression, whose memory is
estimated by restricted maximum likelihood. A parametric bootstrap gives the significance of the bend and the error of
its place.

The square root of the specific volume is fitted. Melts are described as linear (specific volume) or as exponential (a
constant expansion coefficient, as in the Tait equation); the root is halfway between the two. Half the distance of the
bends found with either law counts in the error.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from autodisco.arrays import Floats
from autodisco.errors import InputError

Integers = NDArray[np.int64]

WINDOWS, DRAWS = 40, 400
FALSE_ALARM = 0.05
MOST_SLOPE_RATIO = 0.7
MARGIN = 0.15  # of the range, at either end
# Of a half-range: distances between the bends tried, and the widths of their crossovers.
PLACES, WIDTHS = np.linspace(2 * MARGIN - 1, 1 - 2 * MARGIN, 85), (0.0, 0.12)
MEMORIES = (0.0, 0.15, 0.3, 0.45, 0.6, 0.7, 0.8, 0.9)  # correlation of neighbouring windows


@dataclass(frozen=True)
class GlassTransition:
    """Temperature of the bend in K with its standard error, and the slopes (cm³/g/K) of glass and melt beside it."""

    temperature_k: float
    temperature_k_sem: float
    glass_slope: float
    melt_slope: float


class Verdict(NamedTuple):
    """The transition of a ramp, or None and the reason why there is none."""

    transition: GlassTransition | None
    reason: str | None


def glass_transition(temperatures_k: Floats, densities: Floats) -> GlassTransition | None:
    """The transition that `judge` finds, or None."""
    return judge(temperatures_k, densities).transition


def judge(temperatures_k: Floats, densities: Floats) -> Verdict:
    """Whether the specific volume of a ramp bends, and where.

    A bend is reported if a smooth melt with the same noise would give so good a fit of one in less than 5 % of ramps
    (`FALSE_ALARM`), the glass expands by less than 0.7 times as much as the melt, and the bend lies at least 15 % of
    the range away from its ends.

    Parameters
    ----------
    temperatures_k, densities : (n,) in K and g/cm³, in the order of the ramp

    Returns
    -------
    Verdict
        The error of the transition is that of this ramp, with the memory of its noise; cooling at another rate moves
        the bend.

    Raises InputError for fewer than 80 rows, rows that are not positive numbers, and a constant temperature.
    """
    t, y = _windows(temperatures_k, densities)
    middle, half = (t.max() + t.min()) / 2, np.ptp(t) / 2
    x = (t - middle) / half
    tried = np.array([(place, width) for place in PLACES for width in WIDTHS])
    away = x - tried[:, :1]
    hyperbola = (away + np.sqrt(away**2 + tried[:, 1:] ** 2)) / 2
    bent = _Models(np.stack([np.ones_like(away), away, hyperbola], axis=-1), is_bend=True)
    smooth = _Models(np.stack([np.ones_like(x), x, x**2], axis=-1)[None], is_bend=False)

    no_bend = smooth.fit(y[:, None])
    best = bent.fit(y[:, None])
    if not np.isfinite(best.deviance[0]):
        return Verdict(None, f"no bend: nowhere does the glass expand less than {MOST_SLOPE_RATIO:g} times the melt")
    rng = np.random.default_rng(0)
    drawn = smooth.draw(no_bend, y, 3, rng)
    gains = smooth.fit(drawn).deviance - bent.fit(drawn).deviance
    p = (1 + np.count_nonzero(gains >= no_bend.deviance[0] - best.deviance[0])) / (1 + DRAWS)
    if p > FALSE_ALARM:
        return Verdict(None, f"no bend: a smoothly curved melt fits as well (p = {p:.2g}, {FALSE_ALARM:g} at most)")
    place = bent.place(y[:, None])[0]
    if place in (PLACES[0], PLACES[-1]):
        return Verdict(None, f"no bend inside the ramp: the best one lies within {MARGIN:.0%} of the range from an end")
    drawn = bent.place(bent.draw(best, y, 5, rng))
    either = bent.place(np.column_stack([y**2, np.log(y)]))
    error = np.linalg.norm([np.std(drawn, ddof=1), np.ptp(either) / 2, (PLACES[1] - PLACES[0]) / np.sqrt(12)])
    _, slope, more = bent.coefficients(best, y)
    # dv = 2 √v d√v, at the bend for both slopes
    scale = float(2 * np.interp(place, x[np.argsort(x)], y[np.argsort(x)]) / half)
    return Verdict(
        GlassTransition(float(middle + half * place), float(half * error), slope * scale, (slope + more) * scale), None
    )


def _windows(temperatures_k: Floats, densities: Floats) -> tuple[Floats, Floats]:
    """Means over windows of time of the temperature and of the square root of the specific volume."""
    t, rho = np.asarray(temperatures_k, dtype=float), np.asarray(densities, dtype=float)
    if len(t) < 2 * WINDOWS:
        raise InputError(f"the ramp has {len(t)} rows; {2 * WINDOWS} or more needed to find the glass transition")
    if not (np.isfinite(t).all() and np.isfinite(rho).all() and (rho > 0).all() and np.ptp(t) > 0):
        raise InputError("the ramp holds a density that is no positive number, or its temperature does not change")
    t, y = (np.array([part.mean() for part in np.array_split(values, WINDOWS)]) for values in (t, rho**-0.5))
    return t, y


class _Fits(NamedTuple):
    """For each series fitted, the best model and memory, by index, its deviance and its residual sum of squares."""

    deviance: Floats
    model: Integers
    memory: Integers
    residual: Floats


class _Models:
    """Linear models (m, n, 3) of series of n windows, for every memory of the noise.

    Of bends, only those count in which the glass (the second coefficient) expands sufficiently less than the melt (the
    second and the third).
    """

    def __init__(self, designs: Floats, is_bend: bool) -> None:
        self._designs, self._is_bend = designs, is_bend
        self._whiteners, self._bases = [], []
        for memory in MEMORIES:
            whitener = np.eye(WINDOWS) - memory * np.eye(WINDOWS, k=-1)
            whitener[0, 0] = np.sqrt(1 - memory**2)
            self._whiteners.append(whitener)
            self._bases.append(np.linalg.qr(whitener @ designs))

    def fit(self, series: Floats) -> _Fits:
        """The best fit to each column of `series` (n, B); the deviance is infinite where no model is allowed."""
        every = np.arange(series.shape[1])
        best = None
        for index, memory in enumerate(MEMORIES):
            q, r = self._bases[index]
            whitened = self._whiteners[index] @ series
            shares = np.swapaxes(q, 1, 2) @ whitened
            square = (whitened**2).sum(axis=0)
            residuals = np.maximum(
                square - (shares**2).sum(axis=1), 1e-13 * square
            )  # rounding, in a ramp without noise
            # restricted likelihood: log|X'V⁻¹X| + log|V| beside the residuals
            volume = 2 * np.log(np.abs(np.diagonal(r, axis1=1, axis2=2))).sum(axis=1) - np.log(1 - memory**2)
            deviances = (WINDOWS - 3) * np.log(residuals) + volume[:, None]
            if self._is_bend:
                more = shares[:, 2] / r[:, 2, 2, None]
                glass = (shares[:, 1] - r[:, 1, 2, None] * more) / r[:, 1, 1, None]
                deviances[(more <= 0) | (glass > MOST_SLOPE_RATIO * (glass + more))] = np.inf
            model = deviances.argmin(axis=0)
            found = _Fits(deviances[model, every], model, np.full(len(every), index), residuals[model, every])
            if best is None:
                best = found
            better = found.deviance < best.deviance
            best = _Fits(*(np.where(better, new, old) for new, old in zip(found, best, strict=True)))
        assert best is not None
        return best

    def place(self, series: Floats) -> Floats:
        """Where each column of `series` (n, B) bends, in half-ranges from the middle of the ramp."""
        return PLACES[self.fit(series).model // len(WIDTHS)]

    def coefficients(self, fits: _Fits, y: Floats) -> list[float]:
        """Of the best model of a single series (n,)."""
        whitener, design = self._whiteners[fits.memory[0]], self._designs[fits.model[0]]
        found: list[float] = np.linalg.lstsq(whitener @ design, whitener @ y, rcond=None)[0].tolist()
        return found

    def draw(self, fits: _Fits, y: Floats, parameters: int, rng: np.random.Generator) -> Floats:
        """`DRAWS` series (n, DRAWS) from the best model of a single series (n,) that took so many parameters."""
        memory = MEMORIES[fits.memory[0]]
        noise = rng.normal(size=(WINDOWS, DRAWS)) * np.sqrt(fits.residual[0] / (WINDOWS - parameters))
        noise[0] /= np.sqrt(1 - memory**2)
        for window in range(1, WINDOWS):
            noise[window] += memory * noise[window - 1]
        drawn: Floats = (self._designs[fits.model[0]] @ self.coefficients(fits, y))[:, None] + noise
        return drawn
