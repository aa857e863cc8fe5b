"""When a replica may stop before its production is over, as its protocol allows."""

from dataclasses import dataclass
from typing import Any

from scipy.stats import norm

from autodisco.simulation.protocols import Production


@dataclass(frozen=True)
class Enough:
    """Why a replica stopped, and what that saved of its production in ps."""

    reason: str
    saved_ps: float


def enough(properties: dict[str, Any], production: Production, benchmark_s_per_cm: float | None) -> Enough | None:
    """Whether the conductivity so far tells enough; `properties` are those of the trajectory up to now.

    Its error is that of this trajectory alone; it says nothing about other builds. Nothing is enough while the analysis
    has warnings, such as for ions that do not diffuse yet, or for few frames. It is asked again and again, so that
    the true confidence is somewhat lower than the stated one.
    """
    if properties["warnings"]:
        return None
    value, error = properties["conductivity_s_per_cm"], properties["conductivity_s_per_cm_sem"]
    if error is None:
        return None
    saved = production.duration_ps - 1000 * properties["length_ns"]
    wanted, confidence = production.stop_at_relative_error, production.stop_below_with_confidence
    if wanted and 0 < error < wanted * value:
        return Enough(f"relative error {error / value:.2g} is below {wanted:g}", saved)
    if confidence and benchmark_s_per_cm and value + norm.ppf(confidence) * error < benchmark_s_per_cm:
        reason = f"{value:.2g} ± {error:.1g} S/cm is below {benchmark_s_per_cm:.2g} with confidence {confidence:g}"
        return Enough(reason, saved)
    return None
