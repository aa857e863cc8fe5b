"""Conductivity and Onsager coefficients from the displacement of all ions together."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from autodisco.analysis.frames import Frames
from autodisco.analysis.lags import spread_lags
from autodisco.analysis.means import Pair, Value, quotient
from autodisco.analysis.observable import Observable, Run
from autodisco.analysis.observables.box import Box
from autodisco.analysis.observables.conductivity import Conductivity
from autodisco.analysis.observables.displacement import Displacement
from autodisco.analysis.plots import COLOURS, GREY, time_axis, with_errors
from autodisco.analysis.quantities import chosen
from autodisco.analysis.quantity import with_error
from autodisco.analysis.slopes import LineFit, fit_line
from autodisco.analysis.statistics import standard_error, standard_errors
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

    @cached_property
    def line(self) -> LineFit:
        """The line through the displacement of all charge."""
        window = self._displacement.collective_window
        return fit_line(self.displacements.sum(axis=(0, 1, 2)), window.first, window.last)

    def result(self) -> Mapping[str, Any]:
        """Values with errors."""
        curves, trajectory, line = self.displacements, self.run.trajectory, self.line
        has_neutral = len(self.run.composition.neutral_atoms) > 0
        positive = np.array([kind.charge > 0 for kind in self.run.composition.species])
        independent = self._conductivity.independent[0]
        n = len(positive)
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

    def _parts(self) -> dict[str, Floats]:
        """Displacements (3, F) per axis in e² Å²: of all charge, and its parts by the sign of the ions."""
        positive = np.array([kind.charge > 0 for kind in self.run.composition.species])
        signs = {"cation": positive, "anion": ~positive}

        def part(a: str, b: str) -> Floats:
            return np.asarray(self.displacements[np.ix_(signs[a], signs[b])].sum(axis=(0, 1)))

        return {
            "all": self.displacements.sum(axis=(0, 1)),
            "cation_cation": part("cation", "cation"),
            "cation_anion": part("cation", "anion"),
            "anion_anion": part("anion", "anion"),
        }

    def plots(self) -> Mapping[str, Callable[[Any], None]]:
        """Displacement of charge with its fit."""
        return {"charge_displacement": self._plot}

    def curves(self) -> Mapping[str, Mapping[str, Any]]:
        """Displacement of all charge and its parts at every lag, with their errors over the three axes."""
        found: dict[str, Any] = {"lag_ps": np.arange(1, self.run.n_frames) * self.run.trajectory.frame_interval_ps}
        for name, axes in self._parts().items():
            moved = axes[:, 1:]
            found |= with_errors(name, "_e2_angstrom2", moved.sum(axis=0), 3 * np.asarray(standard_errors(moved)))
        return {"charge_displacement": found}

    def _plot(self, axes: Any) -> None:
        """Displacement of all charge with its error over the axes and the fitted line; of cations and anions alone."""
        dt, window = self.run.trajectory.frame_interval_ps, self._displacement.collective_window
        lags, parts = spread_lags(2 * self.run.n_frames - 2, 200), self._parts()
        of_each = {"all ions": parts["all"], "cations": parts["cation_cation"], "anions": parts["anion_anion"]}
        for colour, (label, per_axis) in zip((GREY, *COLOURS), of_each.items(), strict=False):
            moved = per_axis[:, lags]
            axes.plot(lags * dt, moved.sum(axis=0), color=colour, lw=1.6, label=label)
            if label == "all ions":
                error = 3 * np.asarray(standard_errors(moved))
                low, high = (moved.sum(axis=0) + sign * error for sign in (-1, 1))
                axes.fill_between(lags * dt, low, high, color=colour, alpha=0.2, lw=0)
        fitted = np.arange(window.first, window.last + 1)
        label = f"fit, {window.first * dt:.6g} to {window.last * dt:.6g} ps ({window.rule})"
        line = self.line.at(parts["all"].sum(axis=0), fitted)
        axes.plot(fitted * dt, line, color="black", lw=1.2, ls="--" if window.found else ":", label=label)
        time_axis(axes, lags * dt)
        axes.set(ylabel="displacement of charge / e² Å²")
        if (parts["all"] > 0).any():
            axes.set(yscale="log")
        axes.legend(frameon=False, fontsize=8)
