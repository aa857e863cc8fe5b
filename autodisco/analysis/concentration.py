"""Conductivity against the amount of salt: a fit, its maximum, and the chance that the maximum lies in the range.

The curve is that of Casteel and Amis (J. Chem. Eng. Data 1972, 17, 55) without its quadratic term,
``σ = A m^a exp(-a m / m_max)``: ions are added, and they slow each other down. Its logarithm,
``ln σ = c + a ln m + b m``, is linear in the three coefficients. A linear regression therefore gives their
distribution, a multivariate t distribution. The place of the maximum follows by drawing from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autodisco.arrays import Floats
from autodisco.errors import InputError
from autodisco.text import probability

LEAST_MOLALITIES = 4
SURE = 0.95
"""A maximum, a rise or a fall is reported where the chance is at least this."""
INTERVAL = (0.05, 0.95)
DRAWS = 20_000


@dataclass(frozen=True)
class SaltCurve:
    """The curve of one polymer at one temperature.

    Attributes
    ----------
    coefficients : c, a and b of ``ln σ = c + a ln m + b m``, σ in S/cm and m in mol/kg
    least, most : range of the molalities, mol/kg
    chance_inside, chance_at_least, chance_at_most : that the highest conductivity of this range lies inside it, at its
        lower or at its upper end; they add up to 1
    optimum : median of the place of the highest conductivity in the range, mol/kg
    interval : 90 % interval of it; an end of the range stands for everything beyond it
    conductivity_s_per_cm, conductivity_interval : of the curve at its highest place in the range, and 90 % interval
    relative_scatter : of one replica about the curve (standard deviation of ln σ)
    degrees : degrees of freedom of the scatter
    """

    coefficients: tuple[float, float, float]
    least: float
    most: float
    chance_inside: float
    chance_at_least: float
    chance_at_most: float
    optimum: float
    interval: tuple[float, float]
    conductivity_s_per_cm: float
    conductivity_interval: tuple[float, float]
    relative_scatter: float
    degrees: int

    @property
    def verdict(self) -> str:
        """``maximum``, ``rises`` or ``falls`` over the range, or ``undecided``."""
        chances = {"maximum": self.chance_inside, "falls": self.chance_at_least, "rises": self.chance_at_most}
        return next((name for name, chance in chances.items() if chance >= SURE), "undecided")

    def at(self, molality: Floats) -> Floats:
        """Conductivity in S/cm at molalities in mol/kg."""
        c, a, b = self.coefficients
        return np.exp(c + a * np.log(molality) + b * molality)

    @property
    def label(self) -> str:
        """The verdict in a few words."""
        if self.verdict == "maximum":
            return f"maximum at {self.optimum:.2g} ({self.interval[0]:.2g} to {self.interval[1]:.2g}) mol/kg"
        return f"{self.verdict}; maximum inside with a chance of {probability(self.chance_inside)}"

    def told(self) -> str:
        """The verdict in a sentence."""
        within = f"between {self.least:.3g} and {self.most:.3g} mol/kg"
        if self.verdict == "maximum":
            low, high = self.interval
            return (
                f"maximum at {self.optimum:.3g} mol/kg (90 % interval {low:.3g} to {high:.3g}); the chance that it "
                f"lies {within} is {probability(self.chance_inside)}"
            )
        if self.verdict != "undecided":
            return f"no maximum {within}: the conductivity {self.verdict} (chance {probability(self._beyond)})"
        below, above = probability(self.chance_at_least), probability(self.chance_at_most)
        return (
            f"not found: the maximum lies {within} with a chance of {probability(self.chance_inside)}, below with "
            f"{below}, above with {above}; one replica scatters by a factor of {np.exp(self.relative_scatter):.2g}"
        )

    @property
    def _beyond(self) -> float:
        return max(self.chance_at_least, self.chance_at_most)

    def to_dict(self) -> dict[str, Any]:
        """For JSON, with units in the names."""
        return {
            "verdict": self.verdict,
            "chance_inside": self.chance_inside,
            "chance_at_lower_end": self.chance_at_least,
            "chance_at_upper_end": self.chance_at_most,
            "optimum_mol_per_kg": self.optimum,
            "optimum_mol_per_kg_interval_90": list(self.interval),
            "conductivity_at_optimum_s_per_cm": self.conductivity_s_per_cm,
            "conductivity_at_optimum_s_per_cm_interval_90": list(self.conductivity_interval),
            "range_mol_per_kg": [self.least, self.most],
            "ln_conductivity_coefficients": dict(zip(("c", "a", "b_kg_per_mol"), self.coefficients, strict=True)),
            "relative_scatter_of_a_replica": self.relative_scatter,
            "degrees_of_freedom": self.degrees,
        }


def salt_curve(molalities: Sequence[float], replicas: Sequence[Sequence[float]]) -> SaltCurve:
    """Fit the conductivities of replicas (S/cm) at molalities (mol/kg).

    The logarithm of the mean of each molality counts with its number of replicas. The scatter of one replica is taken
    to be the same at all molalities; it comes from the replicas about their mean and from the means about the curve
    together, so that it is larger where the curve does not describe the values.

    Raises
    ------
    InputError
        For fewer than four different molalities, and for a mean that is not above zero.
    """
    m, means = np.asarray(molalities, dtype=float), np.array([np.mean(row) for row in replicas])
    if len(set(m.tolist())) < LEAST_MOLALITIES:
        raise InputError(
            f"{len(set(m.tolist()))} different molalities with a value; a fit needs at least {LEAST_MOLALITIES}"
        )
    if not (means > 0).all():
        raise InputError("a fit over molality needs conductivities above zero; leave the others out")
    counts = np.array([len(row) for row in replicas])
    design, y = _design(m), np.log(means)
    covariance = np.linalg.inv(design.T @ (counts[:, None] * design))
    best = covariance @ design.T @ (counts * y)
    squares = float(counts @ (y - design @ best) ** 2) + sum(_within(np.asarray(row, dtype=float)) for row in replicas)
    degrees = int(counts.sum()) - design.shape[1]
    scatter = float(np.sqrt(squares / degrees))
    # A fixed seed: the same values give the same report.
    rng = np.random.default_rng(0)
    spread = scatter * np.sqrt(degrees / rng.chisquare(degrees, DRAWS))
    drawn = best + spread[:, None] * (rng.standard_normal((DRAWS, 3)) @ np.linalg.cholesky(covariance).T)
    least, most = float(m.min()), float(m.max())
    places = _highest(drawn, least, most)
    heights = np.exp(np.einsum("nk,nk->n", _design(places), drawn))
    low, high = np.quantile(places, INTERVAL)
    lowest, highest = np.quantile(heights, INTERVAL)
    top = float(_highest(best[None], least, most)[0])
    return SaltCurve(
        (float(best[0]), float(best[1]), float(best[2])), least, most,
        float(np.mean((places > least) & (places < most))), float(np.mean(places == least)),
        float(np.mean(places == most)), float(np.median(places)), (float(low), float(high)),
        float(np.exp(_design(np.array([top])) @ best)[0]), (float(lowest), float(highest)), scatter, degrees,
    )  # fmt: skip


def _design(molality: Floats) -> Floats:
    """Columns of the regression, (n, 3)."""
    return np.column_stack([np.ones_like(molality), np.log(molality), molality])


def _within(values: Floats) -> float:
    """Sum of the squares by which the replicas of one molality differ from their mean, in ln σ.

    A logarithm of zero has no place here: with a zero among them, deviations are relative to the mean.
    """
    moved = np.log(values) if (values > 0).all() else values / values.mean()
    return float(((moved - moved.mean()) ** 2).sum())


def _highest(coefficients: Floats, least: float, most: float) -> Floats:
    """Molality of the highest conductivity in the range, (n,), for coefficients (n, 3)."""
    _, a, b = coefficients.T
    with np.errstate(divide="ignore", invalid="ignore"):
        top = -a / b
    inside = (a > 0) & (b < 0) & (top > least) & (top < most)
    rise = a * np.log(most / least) + b * (most - least)
    return np.where(inside, top, np.where(rise > 0, most, least))
