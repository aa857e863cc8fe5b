"""Conductivity and Onsager coefficients from the displacement of all ions together."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from autodisco.analysis.frames import Frames
from autodisco.analysis.means import Pair, Value, quotient
from autodisco.analysis.observable import Observable, Run
from autodisco.analysis.observables.box import Box
from autodisco.analysis.observables.conductivity import Conductivity
from autodisco.analysis.observables.displacement import Displacement
from autodisco.analysis.quantities import chosen
from autodisco.analysis.quantity import with_error
from autodisco.analysis.slopes import fit_line
from autodisco.analysis.statistics import standard_error
from autodisco.arrays import Floats
from autodisco_kernels import cross_displacement, einstein


class Collective(Observable):
    """Einstein conductivity, its parts (the Onsager matrix in units of conductivity), and ratios made with them.

    Without polymer or solvent the parts only say how momentum is shared among the ions, and are left out.

    The matrix S of slopes is that of a Gaussian random walk of the summed displacements, so that its estimate is
    Wishart-distributed with k degrees of freedom and an element ``aᵀSb`` has the variance
    ``((aᵀSa)(bᵀSb) + (aᵀSb)²)/k``; k follows from the fit. The error is the larger of this and the spread over the
    three axes. The fitted lags are those of the ions that become diffusive last.
    """

    quantities = chosen(
        "conductivity_einstein_s_per_cm",
        "onsager_cation_cation_s_per_cm",
        "onsager_cation_anion_s_per_cm",
        "onsager_anion_anion_s_per_cm",
        "haven_ratio",
        "ionicity",
        "transference_number_einstein",
    )

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._box, self._displacement, self._conductivity = run.get(Box), run.get(Displacement), run.get(Conductivity)
        self._dipoles: list[Floats] = []
        self._total = 0.0

    def add(self, frames: Frames) -> None:
        """Keep the sum of charge times position of each species."""
        kinds = zip(self.run.composition.species, frames.ions, strict=True)
        self._dipoles.append(np.stack([kind.charge * x.sum(axis=1) for kind, x in kinds], axis=1))

    @cached_property
    def displacements(self) -> Floats:
        """(S, S, 3, F), ``⟨Δp_i Δp_j⟩`` per axis with p_i the sum of z r over species i, e² Å²."""
        dipoles, n = np.concatenate(self._dipoles), len(self.run.composition.species)
        found = np.empty((n, n, 3, self.run.n_frames))
        for i in range(n):
            for j in range(i + 1):
                for axis in range(3):
                    both = dipoles[:, i, axis, None], dipoles[:, j, axis, None]
                    found[i, j, axis] = found[j, i, axis] = cross_displacement(*both)
        return found

    def result(self) -> Mapping[str, Any]:
        """Values with errors."""
        window = max((fit.window for fit in self._displacement.ion_fits), key=lambda window: window.first)
        curves, trajectory = self.displacements, self.run.trajectory
        has_neutral = len(self.run.composition.neutral_atoms) > 0
        positive = np.array([kind.charge > 0 for kind in self.run.composition.species])
        independent = self._conductivity.independent[0]
        n = len(positive)
        line = fit_line(curves.sum(axis=(0, 1, 2)), window.first, window.last)
        slopes = np.array([[[line.slope(c) for c in curves[i, j]] for j in range(n)] for i in range(n)])
        slopes /= trajectory.frame_interval_ps
        slope_matrix, degrees = slopes.sum(axis=2), 2 / (line.variance / 3)

        def conductivity(element: float) -> float:
            return einstein(element, self._box.volume, trajectory.temperature_k)

        def part(a: Floats, b: Floats) -> Value:
            found = float(a @ slope_matrix @ b)
            variance = ((a @ slope_matrix @ a) * (b @ slope_matrix @ b) + found**2) / degrees
            axes = 3 * np.einsum("i,ijk,j->k", a, slopes, b)
            error = max(float(np.sqrt(max(variance, 0.0))), standard_error(axes) or 0.0)
            return conductivity(found), conductivity(error) or None

        every, cations = np.ones(n), positive.astype(float)
        total = part(every, every)
        self._total = total[0]
        named: dict[str, Pair] = {"conductivity_einstein_s_per_cm": total}
        if has_neutral:
            anions = every - cations
            named |= {
                "onsager_cation_cation_s_per_cm": part(cations, cations),
                "onsager_cation_anion_s_per_cm": part(cations, anions),
                "onsager_anion_anion_s_per_cm": part(anions, anions),
            }
        known = total[0] > (total[1] or 0.0)
        if known and has_neutral:
            whole = every @ slope_matrix @ every
            share = float(cations @ slope_matrix @ every / whole)
            rest = cations - share * every
            # Noise may make the matrix indefinite; then it does not tell this error.
            square = float(rest @ slope_matrix @ rest) / whole / degrees
            named["transference_number_einstein"] = (share, float(np.sqrt(square)) if square > 0 else None)
        if known:
            named["haven_ratio"] = quotient(independent, total)
        if independent[0] > 0:
            named["ionicity"] = quotient(total, independent)
        return {key: value for name, pair in named.items() for key, value in with_error(name, pair).items()}

    def warnings(self) -> list[str]:
        """Of noise, and of a file without polymer or solvent."""
        said = []
        if self._total <= 0:
            said.append("the collective displacement of charge does not grow: the Einstein conductivity is noise")
        if not len(self.run.composition.neutral_atoms):
            said.append(
                "the file holds nothing but ions, so their motion is given relative to one another; with polymer or "
                "solvent in the box, analyze the whole of it"
            )
        return said
