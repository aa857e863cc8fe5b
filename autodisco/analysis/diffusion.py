"""Diffusivities from displacements: which lags are diffusive, the slope over them, and its error.

The slope is that of a generalised least-squares fit (`autodisco.analysis.slopes`).

The window ends at half the run, where enough time origins are left. It begins at the earliest lag at which the log–log
slope is shown to be 1 and from which no octave is significantly off (`choose_window`); before it, ions rattle in their
cages. Where no such lag exists, and for runs too short to look for one, the window is 15 to 50 % of the run.
It can also be asked for: the same short lags in a longer run have more time origins, which is what ranking wants.
"""

from dataclasses import dataclass

import numpy as np

from autodisco.analysis.slopes import LineFit, octave_variance
from autodisco.analysis.statistics import standard_error, student_factor
from autodisco.arrays import Floats
from autodisco.errors import InputError
from autodisco_kernels import CM2_PER_S_PER_A2_PER_PS

FIXED = (0.15, 0.50)
LEAST_TO_CHOOSE = 200
EARLIEST = 0.02
TOLERANCE = 0.07
MOST_ERROR = 0.15
SIGNIFICANT = 3.0
SUB_DIFFUSIVE_BELOW = 0.8


@dataclass(frozen=True)
class Window:
    """Lags first … last, in frames, both fitted; `found` when they are diffusive by the rule, not merely assumed, and
    `asked` when somebody wanted them so."""

    first: int
    last: int
    found: bool
    asked: bool = False

    @property
    def lags(self) -> slice:
        """The lags as a slice of a displacement curve."""
        return slice(self.first, self.last + 1)

    @property
    def rule(self) -> str:
        """How the lags were chosen, in words."""
        return "asked for" if self.asked else "diffusive lags" if self.found else "15 to 50 % of the run"


@dataclass(frozen=True)
class Diffusivity:
    """Self-diffusivity and its standard error in cm²/s, and the log–log slope over the fitted lags with its error.

    A slope below zero, which noise can give, counts as no diffusion. Errors are None with a single group of particles.
    """

    value: float
    sem: float | None
    exponent: float | None
    exponent_sem: float | None


def choose_window(curve: Floats, groups: Floats, n_particles: int) -> Window:
    """The lags to fit for a displacement curve (F,) that is the mean over groups (G, F) of the particles.

    The log–log slope of an octave is off if it differs from 1 by more than `TOLERANCE` and by more than `SIGNIFICANT`
    standard errors. Long lags are noisy: with eight ions, octaves near half the run have errors of 0.3. Their noise
    must not leave out short lags, which are known best. The window begins at the earliest lag from which no octave is
    off, and whose own octave shows this: with an error up to `MOST_ERROR`, and not below 1 by more than `TOLERANCE`.
    """
    length = len(curve) - 1
    last = int(FIXED[1] * length)
    window = Window(max(1, int(np.ceil(FIXED[0] * length))), last, False)
    if len(curve) < LEAST_TO_CHOOSE:
        return window
    start = last // 2
    while start >= max(1, EARLIEST * length):
        slope, error = _of_octave(curve, groups, n_particles, start)
        if slope is None or abs(slope - 1) > max(TOLERANCE, SIGNIFICANT * error):
            break
        if error <= MOST_ERROR and slope >= 1 - TOLERANCE:
            window = Window(start, last, True)
        start //= 2
    return window


def _of_octave(curve: Floats, groups: Floats, n_particles: int, start: int) -> tuple[float | None, float]:
    """Log–log slope from lag `start` to twice that, None where nothing moved, and its error (as in `diffusivity`)."""
    near, far = curve[start], curve[2 * start]
    if not (near > 0 and far > 0):
        return None, 0.0
    error = np.sqrt(octave_variance(len(curve) - 1, start) / (3 * n_particles))
    if len(groups) > 1 and (groups[:, [start, 2 * start]] > 0).all():
        spread = standard_error(np.log2(groups[:, 2 * start] / groups[:, start])) or 0.0
        error = max(error, spread * student_factor(len(groups)))
    return float(np.log2(far / near)), float(error)


def asked_window(lags_ps: tuple[float, float], frame_interval_ps: float, n_frames: int) -> Window:
    """The window that is asked for. Raises InputError where it holds no two lags of the run."""
    said = f"fit over lags of {lags_ps[0]:g} to {lags_ps[1]:g} ps"
    if lags_ps[0] >= lags_ps[1]:
        raise InputError(f"{said}: the first lag has to be below the last")
    first, last = (round(lag / frame_interval_ps) for lag in lags_ps)
    length = (n_frames - 1) * frame_interval_ps
    if last > n_frames - 1:
        raise InputError(f"{said}: the run has {length:g} ps only; choose lags below that")
    if not 1 <= first < last:
        raise InputError(
            f"{said}: two lags or more between {frame_interval_ps:g} and {length:g} ps expected, at frames (every "
            f"{frame_interval_ps:g} ps)"
        )
    return Window(first, last, False, True)


def diffusivity(
    curve: Floats, groups: Floats, line: LineFit, frame_interval_ps: float, n_particles: int
) -> Diffusivity:
    """``D = slope / 6`` of a displacement curve (F,) in Å² that is the mean over groups (G, F) of the particles.

    The error is the larger of two: that of as many independent Brownian particles over this run, and the spread over
    the groups times the quantile of Student's t. The first is known better where there are few particles; the second
    tells of particles that move together, or of which some are faster than others.
    """
    scale = CM2_PER_S_PER_A2_PER_PS / 6 / frame_interval_ps
    found = max(0.0, line.slope(curve))
    lags = slice(int(line.lags[0]), int(line.lags[-1]) + 1)
    spread, n = standard_error([line.slope(group) for group in groups]), len(groups)
    sem = None
    if spread is not None:
        sem = max(found * np.sqrt(line.variance / (3 * n_particles)), spread * student_factor(n)) * scale
    return Diffusivity(found * scale, sem, exponent(curve, lags), _exponent_sem(groups, lags))


def exponent(curve: Floats, lags: slice) -> float | None:
    """Log–log slope of a curve over some lags, None where it is not positive."""
    moved = curve[lags]
    if len(moved) < 2 or not (moved > 0).all():
        return None
    return float(np.polyfit(np.log(np.arange(len(curve))[lags]), np.log(moved), 1)[0])


def _exponent_sem(groups: Floats, lags: slice) -> float | None:
    known = [value for value in (exponent(group, lags) for group in groups) if value is not None]
    return standard_error(known) if len(known) == len(groups) else None
