"""Conductivity and Onsager coefficients from the displacement of all ions together."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodisco.analysis.diffusion import Window
from autodisco.analysis.observe import Observations
from autodisco.analysis.slopes import fit_line
from autodisco.analysis.statistics import Floats, standard_error
from autodisco_kernels import einstein

Chosen = NDArray[np.bool_]  # which species
Pair = tuple[float, float | None]


def collective(seen: Observations, window: Window, positive: Chosen, independent: Pair) -> dict[str, Any]:
    """Einstein conductivity, its parts (the Onsager matrix in units of conductivity), and ratios made with them.

    `independent` is the Nernst–Einstein conductivity with its error. Without polymer or solvent the parts only say how
    momentum is shared among the ions, and are left out.

    The matrix S of slopes is that of a Gaussian random walk of the summed displacements, so that its estimate is
    Wishart-distributed with k degrees of freedom and an element ``aᵀSb`` has the variance
    ``((aᵀSa)(bᵀSb) + (aᵀSb)²)/k``; k follows from the fit. The error is the larger of this and the spread over the
    three axes.
    """
    dt, n = seen.trajectory.frame_interval_ps, len(positive)
    line = fit_line(seen.collective.sum(axis=(0, 1, 2)), window.first, window.last)
    slopes = np.array([[[line.slope(c) for c in seen.collective[i, j]] for j in range(n)] for i in range(n)]) / dt
    matrix, degrees = slopes.sum(axis=2), 2 / (line.variance / 3)

    def conductivity(element: float) -> float:
        return einstein(element, seen.volume, seen.trajectory.temperature_k)

    def part(a: Floats, b: Floats) -> Pair:
        found = float(a @ matrix @ b)
        variance = ((a @ matrix @ a) * (b @ matrix @ b) + found**2) / degrees
        axes = 3 * np.einsum("i,ijk,j->k", a, slopes, b)
        error = max(float(np.sqrt(max(variance, 0.0))), standard_error(axes) or 0.0)
        return conductivity(found), conductivity(error)

    every, cations = np.ones(n), positive.astype(float)
    total = part(every, every)
    named: dict[str, tuple[float | None, float | None]] = {"conductivity_einstein_s_per_cm": total}
    if len(seen.trajectory.who.matrix):
        anions = every - cations
        named |= {
            "onsager_cation_cation_s_per_cm": part(cations, cations),
            "onsager_cation_anion_s_per_cm": part(cations, anions),
            "onsager_anion_anion_s_per_cm": part(anions, anions),
        }
    known = total[0] > (total[1] or 0.0)
    if known and len(seen.trajectory.who.matrix):
        whole = every @ matrix @ every
        share = float(cations @ matrix @ every / whole)
        rest = cations - share * every
        error = np.sqrt(max(float(rest @ matrix @ rest), 0.0) / whole / degrees)
        named["transference_number_einstein"] = (share, float(error))
    if known:
        named["haven_ratio"] = _ratio(independent, total)
    if independent[0] > 0:
        named["ionicity"] = _ratio(total, independent)
    return {key: value for name, pair in named.items() for key, value in zip((name, f"{name}_sem"), pair, strict=True)}


def _ratio(above: Pair, below: Pair) -> Pair:
    """The quotient of two independent values, with its error."""
    quotient = above[0] / below[0]
    if above[1] is None or below[1] is None:
        return quotient, None
    return quotient, float(np.hypot(above[1], quotient * below[1]) / below[0])
