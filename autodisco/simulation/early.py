"""When a replica may stop before its production is over, as its protocol allows.

Stopping below the benchmark is a group-sequential test (Jennison and Turnbull, Group Sequential Methods, 2000). Its
null hypothesis is that the polymer, over all builds there could be, conducts as well as the benchmark. The trajectory
is looked at a few times. The times grow geometrically, so that all analyses together cost about three times the last
one. The chance of a wrong stop in any of the looks is spent over them by the function of Lan and DeMets (Biometrika
1983, 70, 659) that resembles the O'Brien–Fleming boundary.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit  # those of scipy.stats take every replica a second to import

from autodisco.arrays import Floats
from autodisco.errors import InputError
from autodisco.simulation.steps import Production

QUANTITY = "conductivity_s_per_cm"
"""The quantity that a benchmark is about."""

GROWTH, EARLIEST = 1.5, 0.05  # of the times of two looks; share of production before the first
TRAJECTORY_DEGREES = 4.0  # of freedom of the error of a trajectory, which a few ions give
PATHS = 50_000
LN10 = float(np.log(10))

HARMLESS = (
    "sub-diffusive",
    "show no diffusion",
    "no clearly diffusive lags",
    "are fitted over a small part of the run",
    "too few to look for diffusive lags",
    "the Einstein conductivity is noise",
)
"""Parts of the warnings that do not forbid to stop below; every other warning does. Displacements that grow slower than
time give a diffusivity above that of long times, so that a value below the benchmark stays below it."""


@dataclass(frozen=True)
class Benchmark:
    """What a replica is compared with: conductivity, its error, and how much builds of one polymer scatter (decades),
    with the degrees of freedom behind that scatter."""

    s_per_cm: float
    error_decades: float
    scatter_decades: float
    degrees: float


@dataclass(frozen=True)
class StopReason:
    """Why a replica stopped, what that saved of its production in ps, and ``below`` if its value is a bound."""

    reason: str
    saved_ps: float
    censored: str | None = None

    def properties(self, production: Production) -> dict[str, Any]:
        """What the replica says of it: ``stopped_early``, ``production_saved_ps``, the share of production that was
        run and, for a bound, ``censored``."""
        told = {
            "stopped_early": self.reason,
            "production_saved_ps": self.saved_ps,
            "production_share": 1 - self.saved_ps / production.duration_ps,
        }
        return told | ({"censored": self.censored} if self.censored else {})


class EarlyStop:
    """What an engine calls after each leg with the ps of production done; true once the trajectory so far is enough.

    `analyse` gives the properties of the trajectory so far; it is called at the times of `looks` only. `found` is why
    the replica stopped, None as long as it has not.
    """

    def __init__(
        self, production: Production, benchmark: Benchmark | None, analyse: Callable[[], dict[str, Any]]
    ) -> None:
        self._production, self._benchmark, self._analyse = production, benchmark, analyse
        self._looked = 0
        self.found: StopReason | None = None

    def __call__(self, done_ps: float) -> bool:
        due = int(np.searchsorted(looks(self._production), done_ps * (1 + 1e-9), side="right"))
        if due <= self._looked or done_ps >= self._production.duration_ps:
            return self.found is not None
        self._looked = due
        try:
            properties = self._analyse()
        except InputError:
            return False  # too few frames yet
        self.found = stop_reason(properties, self._production, self._benchmark)
        return self.found is not None


def looks(production: Production) -> Floats:
    """Times in ps after which a production is looked at, rising; its end, where nothing can be saved, is none."""
    number = int(np.log(1 / EARLIEST) / np.log(GROWTH))
    return production.duration_ps / GROWTH ** np.arange(number, 0, -1.0)


def stop_reason(properties: dict[str, Any], production: Production, benchmark: Benchmark | None) -> StopReason | None:
    """Why the trajectory so far is enough, None if it is not; `properties` are those of the trajectory up to now.

    Small relative error: of this trajectory alone, and only while the analysis has no warnings.

    Below the benchmark: where `is_below` says so, with a chance of a wrong stop in the whole production of
    ``1 - stop_below_with_confidence``. Warnings that make the value an upper bound do not forbid it; others do.
    """
    value, error = properties[QUANTITY], properties[f"{QUANTITY}_sem"]
    warnings: list[str] = properties["warnings"]
    done = 1000 * properties["length_ns"]
    wanted, confidence = production.stop_at_relative_error, production.stop_below_with_confidence
    if wanted and error is not None and 0 < error < wanted * value and not warnings:
        return StopReason(f"relative error {error / value:.2g} is below {wanted:g}", production.duration_ps - done)
    if not confidence or not benchmark or any(not _is_harmless(warning) for warning in warnings):
        return None
    if error is None:
        # Ions that associate conduct less than independent ones; their populations may be too slow to have an error.
        value, error = properties["conductivity_ne_s_per_cm"], properties["conductivity_ne_s_per_cm_sem"]
        if error is None or value < properties[QUANTITY]:
            return None
    if error > 0 and is_below(value, error, done, benchmark, looks(production), 1 - confidence):
        reason = (
            f"{value:.2g} ± {error:.1g} S/cm, and {benchmark.scatter_decades:.2g} decades between builds, is below "
            f"{benchmark.s_per_cm:.2g} with confidence {confidence:g} over all looks"
        )
        return StopReason(reason, production.duration_ps - done, "below")
    return None


def is_below(
    value: float, error: float, done_ps: float, benchmark: Benchmark, look_times_ps: Floats, alpha: float
) -> bool:
    """Whether a conductivity is surely below the benchmark, at the latest of the looks up to now.

    Both are compared in decades. The variance of the difference is that of the trajectory, which falls with its
    length, and that of the benchmark and between builds, which stay; its reciprocal is the information of a look. The
    logarithm of one value is on average below that of its mean by ``ln10/2`` times its variance, which is added. A
    value below its own error counts as large as that. Quantiles are Student's, with Satterthwaite's degrees of freedom.

    Parameters
    ----------
    value, error : S/cm, of this trajectory
    done_ps : its length
    look_times_ps : of all looks of the production
    alpha : chance of a wrong stop in any of them
    """
    value = max(value, error)
    own = float(np.log1p((error / value) ** 2)) / LN10**2
    common = benchmark.scatter_decades**2 + benchmark.error_decades**2
    now = max(0, int(np.searchsorted(look_times_ps, done_ps * (1 + 1e-9), side="right")) - 1)
    boundary = boundaries(1 / (common + own * done_ps / look_times_ps), alpha)
    degrees = (own + common) ** 2 / (own**2 / TRAJECTORY_DEGREES + common**2 / benchmark.degrees)
    quantile = -float(stdtrit(degrees, ndtr(-boundary[now])))
    place = np.log10(value) + LN10 / 2 * (own + benchmark.scatter_decades**2)
    return bool(place + quantile * np.sqrt(own + common) < np.log10(benchmark.s_per_cm))


def boundaries(information: Floats, alpha: float) -> Floats:
    """One-sided group-sequential boundaries, in standard errors, for looks with this information (K,), rising.

    The chance of crossing one of them at zero difference is `alpha`, that up to look k is the Lan–DeMets spending
    function ``2 - 2Φ(Φ⁻¹(1 - α/2)/√τ)`` at τ, the information of look k as a share of that of the last, to 1 %. Counted
    on 50,000 paths of the score, whose increments are independent; their seed is fixed.
    """
    shares = np.asarray(information, dtype=np.float64) / information[-1]
    return np.array(_boundaries(tuple(np.maximum(0.01, np.round(shares, 2)).tolist()), alpha))


@cache
def _boundaries(shares: tuple[float, ...], alpha: float) -> tuple[float, ...]:
    spent = 2 * ndtr(ndtri(alpha / 2) / np.sqrt(shares))
    rng = np.random.default_rng(0)
    left, found = np.zeros(PATHS), []
    for k, step in enumerate(np.sqrt(np.diff(shares, prepend=0.0))):
        left = left + step * rng.standard_normal(len(left))
        allowed = round(PATHS * spent[k]) - (PATHS - len(left))
        boundary = -float(ndtri(spent[k]))
        if k and allowed > 0:
            boundary = float(np.partition(left, -allowed)[-allowed] / np.sqrt(shares[k]))
        found.append(boundary)
        left = left[left < boundary * np.sqrt(shares[k])]
    return tuple(found)


def _is_harmless(warning: str) -> bool:
    return any(part in warning for part in HARMLESS)
