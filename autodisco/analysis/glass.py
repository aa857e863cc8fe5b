"""Glass transition temperature from a temperature ramp: where the specific volume changes its slope.

Two models of the volume as a function of temperature are compared:

- a melt without a transition: a quadratic;
- a glass and a melt: a hyperbola with two straight asymptotes (Patrone, Dienstfrey, Browning, Tucker and Christensen,
  Polymer 2016, 87, 246). The transition is where the asymptotes meet, called the bend here.

A melt that is not in equilibrium when the ramp begins relaxes, which could be taken for a bend. Both models therefore
have a further term, which decays exponentially over the first part of the ramp.

Volumes at neighbouring times are correlated, and those of the melt fluctuate more than those of the glass. Both models
therefore have first-order autoregressive noise, whose standard deviation changes exponentially with temperature. Its
correlation and growth are estimated by restricted maximum likelihood. A parametric bootstrap gives the significance of
the bend. Its temperature and error are the mean and the standard deviation of the posterior distribution (restricted
likelihood, uniform prior) over all bends, widths, correlations and noises that are tried. These noises include ones
that fall in a step at the bend: noise that is taken for smooth gives an error that is too small there.

The models are fitted to the square root of the specific volume. The literature describes melts by a specific volume
that is linear in temperature, or exponential (constant expansion coefficient, as in the Tait equation); the square root
lies between the two. Half the difference between the bends found with these two laws is part of the error.
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
MARGIN = 0.15  # share of the temperature range at each end in which no bend is accepted
# Bends that are tried, and widths of their crossovers, in units of half the temperature range.
PLACES, WIDTHS = np.linspace(2 * MARGIN - 1, 1 - 2 * MARGIN, 85), (0.0, 0.12)
MEMORIES = (0.0, 0.15, 0.3, 0.45, 0.6, 0.7, 0.8, 0.9)  # correlations of neighbouring windows that are tried
# Growth of the logarithm of the noise over half the temperature range: its ratio between the ends is 1/7 to 7.
GROWTHS = (-1.0, -0.5, 0.0, 0.5, 1.0)
# Half the logarithm by which the noise falls in a step at the bend: by factors of 1.8, 3.3 and 6.
STEPS = (0.3, 0.6, 0.9)
COLUMNS = 4  # of the designs
RELAXATION = 0.1  # time constant of a melt that begins out of equilibrium, as a share of the ramp


@dataclass(frozen=True)
class GlassTransition:
    """Temperature of the bend with its standard error (K), and slopes of the specific volume (cm³/g/K) around it."""

    temperature_k: float
    temperature_k_sem: float
    glass_slope: float
    melt_slope: float


class Verdict(NamedTuple):
    """The transition of a ramp, or None with the reason."""

    transition: GlassTransition | None
    reason: str | None


def glass_transition(temperatures_k: Floats, densities: Floats) -> GlassTransition | None:
    """The transition of a ramp as found by `judge`, or None."""
    return judge(temperatures_k, densities).transition


def judge(temperatures_k: Floats, densities: Floats) -> Verdict:
    """Test whether the specific volume of a ramp has a bend, and find its temperature.

    A bend is reported if three conditions hold:

    - a melt without a transition, with the same noise, would give as good a fit of a bend in less than 5 % of ramps
      (`FALSE_ALARM`);
    - the slope of the glass is less than 0.7 times the slope of the melt (`MOST_SLOPE_RATIO`);
    - the bend is at least 15 % of the temperature range away from both ends (`MARGIN`).

    Parameters
    ----------
    temperatures_k, densities : (n,) in K and g/cm³, in the order of the ramp

    Returns
    -------
    Verdict
        The error is the statistical error of this ramp. The cooling rate also shifts the bend; the error does not
        include that.

    Raises
    ------
    InputError
        For fewer than 80 rows, densities that are not positive numbers, and a constant temperature.
    """
    t, y = _windows(temperatures_k, densities)
    x, middle, half = _scaled(t)
    growth = _growth(x, y)
    bent = _bent(x, PLACES, growth)
    smooth = _Models(np.stack([np.ones_like(x), x, x**2], axis=-1)[None], growth * x, is_bend=False)

    no_bend = smooth.fit(y[:, None])
    best = bent.fit(y[:, None])
    if not np.isfinite(best.deviance[0]):
        return Verdict(None, f"no bend: nowhere does the glass expand less than {MOST_SLOPE_RATIO:g} times the melt")
    rng = np.random.default_rng(0)
    drawn = smooth.draw(no_bend, y, rng)
    gains = smooth.fit(drawn).deviance - bent.fit(drawn).deviance
    p = (1 + np.count_nonzero(gains >= no_bend.deviance[0] - best.deviance[0])) / (1 + DRAWS)
    if p > FALSE_ALARM:
        return Verdict(None, f"no bend: a smoothly curved melt fits as well (p = {p:.2g}, {FALSE_ALARM:g} at most)")
    if best.model[0] // len(WIDTHS) in (0, len(PLACES) - 1):
        return Verdict(None, f"no bend inside the ramp: the best one lies within {MARGIN:.0%} of the range from an end")
    places, errors = _posterior(x, np.column_stack([y, y**2, np.log(y)]))
    place = float(places[0])
    error = float(np.linalg.norm([errors[0], np.ptp(places) / 2, (PLACES[1] - PLACES[0]) / np.sqrt(12)]))
    _, slope, more, _ = bent.coefficients(best, y)
    # dv = 2 √v d√v; √v at the bend is used for both slopes
    scale = float(2 * np.interp(place, x[np.argsort(x)], y[np.argsort(x)]) / half)
    return Verdict(GlassTransition(middle + half * place, half * error, slope * scale, (slope + more) * scale), None)


def best_bend_k(temperatures_k: Floats, densities: Floats) -> float:
    """Temperature (K) of the bend that fits a ramp best, whether it is significant or not; arguments as in `judge`.

    For the scatter of this temperature over several ramps. `judge` decides whether there is a transition.
    """
    t, y = _windows(temperatures_k, densities)
    x, middle, half = _scaled(t)
    best = _bent(x, PLACES, _growth(x, y)).fit(y[:, None])
    return middle + half * float(PLACES[best.model[0] // len(WIDTHS)])


def _scaled(t: Floats) -> tuple[Floats, float, float]:
    """Temperatures in units of half their range about its middle, the middle and half the range."""
    middle, half = float(t.max() + t.min()) / 2, float(np.ptp(t)) / 2
    return (t - middle) / half, middle, half


def _growth(x: Floats, y: Floats) -> float:
    """Growth of the noise, from bent models at every eighth place."""
    return min(GROWTHS, key=lambda growth: float(_bent(x, PLACES[::8], growth).fit(y[:, None]).deviance[0]))


def _posterior(x: Floats, series: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of the bend for each column of `series` (n, B), on the scale of `x`.

    A column for which no model is accepted gets those of the first column.
    """
    models = [*(_bent(x, PLACES, growth) for growth in GROWTHS), *(_bent(x, PLACES, step=step) for step in STEPS)]
    deviances = np.array([each.deviances(series) for each in models])
    deviances = deviances.reshape(len(models), len(MEMORIES), len(PLACES), len(WIDTHS), -1)
    lowest = deviances.min(axis=(0, 1, 2, 3))
    accepted = np.isfinite(lowest)
    weights = np.exp((np.where(accepted, lowest, 0.0) - deviances) / 2).sum(axis=(0, 1, 3))
    weights = np.where(accepted, weights, weights[:, :1])
    weights /= weights.sum(axis=0)
    means = PLACES @ weights
    return means, np.sqrt((weights * (PLACES[:, None] - means) ** 2).sum(axis=0))


def _bent(x: Floats, places: Floats, growth: float = 0.0, step: float = 0.0) -> "_Models":
    """Hyperbolas with these bends and all widths that are tried; the noise of the melt may be larger by a step."""
    tried = np.array([(place, width) for place in places for width in WIDTHS])
    away = x - tried[:, :1]
    hyperbola = (away + np.sqrt(away**2 + tried[:, 1:] ** 2)) / 2
    designs = np.stack([np.ones_like(away), away, hyperbola], axis=-1)
    return _Models(designs, growth * x + step * np.sign(away) if step else growth * x, is_bend=True)


def _windows(temperatures_k: Floats, densities: Floats) -> tuple[Floats, Floats]:
    """Temperature and square root of the specific volume, averaged over `WINDOWS` windows of time."""
    t, rho = np.asarray(temperatures_k, dtype=float), np.asarray(densities, dtype=float)
    if len(t) < 2 * WINDOWS:
        raise InputError(f"the ramp has {len(t)} rows; {2 * WINDOWS} or more needed to find the glass transition")
    if not (np.isfinite(t).all() and np.isfinite(rho).all() and (rho > 0).all() and np.ptp(t) > 0):
        raise InputError("the ramp has a density that is not a positive number, or a constant temperature")
    t, y = (np.array([part.mean() for part in np.array_split(values, WINDOWS)]) for values in (t, rho**-0.5))
    return t, y


class _Fits(NamedTuple):
    """Best model and correlation of each series, as indices, with deviance and residual sum of squares."""

    deviance: Floats
    model: Integers
    memory: Integers
    residual: Floats


class _Models:
    """Linear models with design matrices (m, n, 3) for series of n windows, at every correlation in `MEMORIES`.

    The relaxation of the beginning is added as a fourth column. With `is_bend`, a fit counts only if the slope of the
    glass (second coefficient) is sufficiently smaller than that of the melt (sum of the second and third coefficients).
    """

    def __init__(self, designs: Floats, log_noise: Floats, is_bend: bool) -> None:
        relaxing = np.exp(-np.arange(0.5, WINDOWS) / (RELAXATION * WINDOWS))[:, None]
        self._designs = np.concatenate([designs, np.broadcast_to(relaxing, (*designs.shape[:2], 1))], axis=-1)
        self._is_bend = is_bend
        # The geometric mean is 1, so that log|V| of the restricted likelihood does not change with the noise.
        self._noise = np.exp(log_noise - log_noise.mean(axis=-1, keepdims=True))
        self._whiteners, self._bases = [], []
        for memory in MEMORIES:
            whitener = np.eye(WINDOWS) - memory * np.eye(WINDOWS, k=-1)
            whitener[0, 0] = np.sqrt(1 - memory**2)
            self._whiteners.append(whitener / self._noise[..., None, :])
            self._bases.append(np.linalg.qr(self._whiteners[-1] @ self._designs))

    def fit(self, series: Floats) -> _Fits:
        """The best fit to each column of `series` (n, B); the deviance is infinite if no model is accepted."""
        every = np.arange(series.shape[1])
        best = None
        for index in range(len(MEMORIES)):
            deviances, residuals = self._fits(series, index)
            model = deviances.argmin(axis=0)
            found = _Fits(deviances[model, every], model, np.full(len(every), index), residuals[model, every])
            if best is None:
                best = found
            better = found.deviance < best.deviance
            best = _Fits(*(np.where(better, new, old) for new, old in zip(found, best, strict=True)))
        assert best is not None
        return best

    def deviances(self, series: Floats) -> Floats:
        """Deviances of all models for each column of `series` (n, B), at every correlation: (correlations, m, B)."""
        return np.array([self._fits(series, index)[0] for index in range(len(MEMORIES))])

    def _fits(self, series: Floats, index: int) -> tuple[Floats, Floats]:
        """Deviances (infinite if refused) and residual sums of squares at a correlation, (m, B)."""
        q, r = self._bases[index]
        whitened = self._whiteners[index] @ series
        shares = np.swapaxes(q, 1, 2) @ whitened
        square = (whitened**2).sum(axis=-2)
        # The lower limit is for rounding errors in a ramp without noise.
        residuals = np.maximum(square - (shares**2).sum(axis=1), 1e-13 * square)
        # Restricted likelihood: log|X'V⁻¹X| + log|V| are added to the term of the residuals.
        volume = 2 * np.log(np.abs(np.diagonal(r, axis1=1, axis2=2))).sum(axis=1) - np.log(1 - MEMORIES[index] ** 2)
        deviances = (WINDOWS - COLUMNS) * np.log(residuals) + volume[:, None]
        if self._is_bend:
            shares = shares - r[:, :, 3, None] * (shares[:, 3] / r[:, 3, 3, None])[:, None]
            more = shares[:, 2] / r[:, 2, 2, None]
            glass = (shares[:, 1] - r[:, 1, 2, None] * more) / r[:, 1, 1, None]
            deviances[(more <= 0) | (glass > MOST_SLOPE_RATIO * (glass + more))] = np.inf
        return deviances, residuals

    def coefficients(self, fits: _Fits, y: Floats) -> list[float]:
        """Coefficients of the best model of a single series (n,)."""
        whitener, design = self._whiteners[fits.memory[0]], self._designs[fits.model[0]]
        found: list[float] = np.linalg.lstsq(whitener @ design, whitener @ y, rcond=None)[0].tolist()
        return found

    def draw(self, fits: _Fits, y: Floats, rng: np.random.Generator) -> Floats:
        """Simulated series (n, DRAWS) from the best model of a series (n,)."""
        memory = MEMORIES[fits.memory[0]]
        noise = rng.normal(size=(WINDOWS, DRAWS)) * np.sqrt(fits.residual[0] / (WINDOWS - COLUMNS))
        noise[0] /= np.sqrt(1 - memory**2)
        for window in range(1, WINDOWS):
            noise[window] += memory * noise[window - 1]
        fitted = self._designs[fits.model[0]] @ self.coefficients(fits, y)
        drawn: Floats = fitted[:, None] + self._noise[:, None] * noise
        return drawn
