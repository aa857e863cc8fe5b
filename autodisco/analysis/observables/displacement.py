"""Self-diffusion of ions and of the polymer, from their mean-squared displacements."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodisco.analysis.diffusion import (
    LEAST_TO_CHOOSE,
    SUB_DIFFUSIVE_BELOW,
    Diffusivity,
    Window,
    asked_window,
    choose_window,
    diffusivity,
)
from autodisco.analysis.frames import Frames
from autodisco.analysis.lags import spread_lags
from autodisco.analysis.observable import Observable, Run
from autodisco.analysis.plots import COLOURS, GREY, time_axis, with_errors
from autodisco.analysis.quantities import chosen, quantity
from autodisco.analysis.series import Series
from autodisco.analysis.slopes import LineFit, fit_line
from autodisco.analysis.statistics import standard_errors
from autodisco.analysis.trajectory import LEAST_FRAMES
from autodisco.arrays import Floats, Indices
from autodisco.errors import InputError
from autodisco.text import counted
from autodisco_kernels import DisplacementSum, displacement_moments, non_gaussian_from_moments

MOST_GROUPS = 32
LATE = 0.2
"""A window that begins at this share of the run or later is short."""


@dataclass(frozen=True)
class Displacements:
    """Mean-squared displacements of the particles of one kind.

    Attributes
    ----------
    name : of the particles, for people
    n : number of particles
    msd : (F,), Å², over all lags and origins
    groups : (G, F), the same for disjoint groups of the particles, whose spread is the error
    end_to_end : Å², between the first and the last frame
    lags, non_gaussian : (L,), the non-Gaussian parameter α₂ at some lags (in frames), NaN where nothing moved
    """

    name: str
    n: int
    msd: Floats
    groups: Floats
    end_to_end: float
    lags: Indices
    non_gaussian: Floats


@dataclass(frozen=True)
class Fit:
    """The lags that are fitted, the line through them and the diffusivity that it gives."""

    window: Window
    line: LineFit
    diffusivity: Diffusivity


class Tracks:
    """Positions of particles of several kinds, and their displacements.

    Positions are written to a temporary file, because displacements need all frames of a particle at once. `kinds` are
    names and numbers of particles.
    """

    def __init__(self, run: Run, kinds: Sequence[tuple[str, int]]) -> None:
        self._run, self._names = run, [name for name, _ in kinds]
        self._edges = np.cumsum([0, *(n for _, n in kinds)]).tolist()
        self._series = run.resources.enter_context(closing(Series(self._edges[-1])))

    def append(self, positions: Sequence[Floats]) -> None:
        """Write positions (C, n, 3) of every kind, Å."""
        self._series.append(np.concatenate(positions, axis=1))

    @cached_property
    def moved(self) -> tuple[Displacements, ...]:
        """Of every kind that has particles."""
        ranges = zip(self._names, itertools.pairwise(self._edges), strict=True)
        return tuple(self._displacements(name, low, high) for name, (low, high) in ranges if high > low)

    def _displacements(self, name: str, low: int, high: int) -> Displacements:
        n, most_bytes = high - low, int(self._run.settings.memory_mb * 1e6 / 8)
        edges = np.linspace(low, high, min(n, MOST_GROUPS) + 1).astype(int)
        lags = spread_lags(self._run.n_frames)
        groups, end_to_end, moments = [], 0.0, np.zeros((3, len(lags)))
        for first, last in itertools.pairwise(edges):
            group = DisplacementSum(self._run.n_frames)
            for block in self._series.blocks(int(first), int(last), most_bytes):
                group.add(block)
                end_to_end += float(np.sum((block[:, :, -1] - block[:, :, 0]) ** 2))
                moments += displacement_moments(block, lags)
            groups.append(group.msd())
        share = np.diff(edges) / n
        curves = np.array(groups)
        return Displacements(name, n, share @ curves, curves, end_to_end / n, lags, non_gaussian_from_moments(moments))

    @cached_property
    def fits(self) -> tuple[Fit, ...]:
        """Of every entry of `moved`.

        Raises InputError for fewer than seven frames, or where the lags asked for are not those of the run.
        """
        trajectory, n_frames = self._run.trajectory, self._run.n_frames
        if n_frames < LEAST_FRAMES:
            raise InputError(
                f"{trajectory.source}: {counted(n_frames, 'frame')}; "
                f"a fit needs at least {LEAST_FRAMES}: give a longer trajectory"
            )
        dt, lags = trajectory.frame_interval_ps, trajectory.fit_ps
        fits = []
        for kind in self.moved:
            window = asked_window(lags, dt, n_frames) if lags else choose_window(kind.msd, kind.groups, kind.n)
            line = fit_line(kind.msd, window.first, window.last)
            fits.append(Fit(window, line, diffusivity(kind.msd, kind.groups, line, dt, kind.n)))
        return tuple(fits)


class Displacement(Observable):
    """Diffusivities of cations, anions and coordinating atoms of the polymer about the centre of mass of the box."""

    quantities = chosen(
        "cation_diffusivity_cm2_per_s",
        "anion_diffusivity_cm2_per_s",
        "polymer_diffusivity_cm2_per_s",
        "diffusive_exponent_cation",
        "diffusive_exponent_anion",
    )

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        kinds = [(kind.name, kind.n) for kind in run.composition.species]
        self._tracks = Tracks(run, [*kinds, ("polymer", len(run.composition.tracers))])

    def add(self, frames: Frames) -> None:
        """Write the positions of ions and tracers of the polymer."""
        self._tracks.append([*frames.ions, frames.centred[:, self.run.composition.tracers]])

    @property
    def moved(self) -> tuple[Displacements, ...]:
        """Of every species of ions, then of the polymer or solvent where there is some."""
        return self._tracks.moved

    @property
    def of_polymer(self) -> Displacements | None:
        """Of the polymer or solvent."""
        return self.moved[-1] if self.run.composition.tracers.size else None

    @property
    def fits(self) -> tuple[Fit, ...]:
        """Of every entry of `moved`. Raises InputError as `Tracks.fits` does."""
        return self._tracks.fits

    @property
    def collective_window(self) -> Window:
        """The lags of all ions together: those of the ions that become diffusive last."""
        return max((fit.window for fit in self.ion_fits), key=lambda window: window.first)

    @property
    def ion_fits(self) -> tuple[Fit, ...]:
        """Of the species of ions."""
        return self.fits[: len(self.run.composition.species)]

    def result(self) -> Mapping[str, Any]:
        """Diffusivities and exponents; exponents of several species of one sign are None."""
        kinds = self.run.composition.species
        positive = np.array([kind.charge > 0 for kind in kinds])
        ions = [fit.diffusivity for fit in self.ion_fits]
        cation, anion = self._mean(ions, positive), self._mean(ions, ~positive)
        polymer = self.fits[-1].diffusivity if self.of_polymer else None
        return {
            "cation_diffusivity_cm2_per_s": cation.value,
            "cation_diffusivity_cm2_per_s_sem": cation.sem,
            "anion_diffusivity_cm2_per_s": anion.value,
            "anion_diffusivity_cm2_per_s_sem": anion.sem,
            "polymer_diffusivity_cm2_per_s": polymer and polymer.value,
            "polymer_diffusivity_cm2_per_s_sem": polymer and polymer.sem,
            "diffusive_exponent_cation": cation.exponent,
            "diffusive_exponent_cation_sem": cation.exponent_sem,
            "diffusive_exponent_anion": anion.exponent,
            "diffusive_exponent_anion_sem": anion.exponent_sem,
        }

    def _mean(self, ions: Sequence[Diffusivity], taken: NDArray[np.bool_]) -> Diffusivity:
        """Mean over the ions of several species; a single one as it is."""
        kinds = [(k.n, ion) for k, ion, t in zip(self.run.composition.species, ions, taken, strict=True) if t]
        if len(kinds) == 1:
            return kinds[0][1]
        total = sum(n for n, _ in kinds)
        errors = [n * ion.sem for n, ion in kinds if ion.sem is not None]
        sem = float(np.sqrt(np.sum(np.square(errors)))) / total if len(errors) == len(kinds) else None
        return Diffusivity(sum(n * ion.value for n, ion in kinds) / total, sem, None, None)

    def warnings(self) -> list[str]:
        """Of ions whose displacements are not diffusive."""
        said = []
        for kind, fit in zip(self.run.composition.species, self.fits, strict=False):
            found, window = fit.diffusivity, fit.window
            if found.value == 0:
                said.append(f"{kind.name} show no diffusion: the displacement does not grow over the fitted lags")
            elif found.exponent is not None and found.exponent < SUB_DIFFUSIVE_BELOW:
                said.append(
                    f"{kind.name} are sub-diffusive (exponent {found.exponent:.2f}): their diffusivity is apparent"
                )
            elif self.run.n_frames >= LEAST_TO_CHOOSE and not window.found and not window.asked:
                said.append(
                    f"{kind.name} have no clearly diffusive lags, so the fit takes 15 to 50 % of the run: run longer, "
                    "or choose lags with --fit"
                )
            elif window.found and (share := window.first / (self.run.n_frames - 1)) >= LATE:
                said.append(
                    f"{kind.name} are fitted over a small part of the run ({100 * share:.0f} to 50 %), because shorter "
                    "lags do not look diffusive; --fit chooses other lags"
                )
        return said

    def plots(self) -> Mapping[str, Callable[[Any], None]]:
        """Displacements with their fits; the non-Gaussian parameter."""
        return {"displacement": self._plot, "non_gaussian": self._plot_non_gaussian}

    def curves(self) -> Mapping[str, Mapping[str, Any]]:
        """Displacements at every lag with their errors over groups of particles; the non-Gaussian parameter."""
        dt, ions = self.run.trajectory.frame_interval_ps, self.moved[: len(self.run.composition.species)]
        msd: dict[str, Any] = {"lag_ps": np.arange(1, self.run.n_frames) * dt}
        for kind in self.moved:
            error = standard_errors(kind.groups[:, 1:])
            msd |= with_errors(f"msd_{kind.name}", "_angstrom2", kind.msd[1:], error)
        return {
            "displacement": msd,
            "non_gaussian": {
                "lag_ps": ions[0].lags * dt,
                **{f"alpha2_{kind.name}": kind.non_gaussian for kind in ions},
            },
        }

    def _plot(self, axes: Any) -> None:
        """Mean-squared displacements, their errors over groups of particles, and the fitted lines."""
        dt, unit = self.run.trajectory.frame_interval_ps, quantity("cation_diffusivity_cm2_per_s").unit
        lags = spread_lags(2 * self.run.n_frames - 2, 200)
        for colour, kind, fit in zip(itertools.cycle(COLOURS), self.moved, self.fits, strict=False):
            label = f"{kind.name}: {_with_error(fit.diffusivity)} {unit}"
            axes.plot(lags * dt, kind.msd[lags], color=colour, lw=1.6, label=label)
            if (error := standard_errors(kind.groups[:, lags])) is not None:
                axes.fill_between(
                    lags * dt, kind.msd[lags] - error, kind.msd[lags] + error, color=colour, alpha=0.2, lw=0
                )
            fitted = np.arange(fit.window.first, fit.window.last + 1)
            axes.plot(
                fitted * dt, fit.line.at(kind.msd, fitted), color="black", lw=1.2, ls="--" if fit.window.found else ":"
            )
        windows = [fit.window for fit in self.fits]
        if any(window.found for window in windows):
            axes.plot([], [], color="black", lw=1.2, ls="--", label="fit over diffusive lags")
        if any(window.asked for window in windows):
            axes.plot([], [], color="black", lw=1.2, ls=":", label="fit over the lags asked for")
        elif not all(window.found for window in windows):
            axes.plot(
                [], [], color="black", lw=1.2, ls=":", label="fit over 15–50 % of the run, not shown to be diffusive"
            )
        ends = np.array([lags[len(lags) // 2], lags[-1]])
        guide = 0.5 * min(float(kind.msd[ends[0]]) for kind in self.moved) * ends / ends[0]
        axes.plot(ends * dt, guide, color=GREY, lw=0.8, label="slope 1")
        time_axis(axes, lags * dt)
        axes.set(ylabel="mean-squared displacement / Å²")
        if any((kind.msd > 0).any() for kind in self.moved):
            axes.set(yscale="log")
        axes.legend(frameon=False, fontsize=8)

    def _plot_non_gaussian(self, axes: Any) -> None:
        """Non-Gaussian parameter of the ions."""
        dt, ions = self.run.trajectory.frame_interval_ps, self.moved[: len(self.run.composition.species)]
        for colour, kind in zip(itertools.cycle(COLOURS), ions, strict=False):
            axes.plot(kind.lags * dt, kind.non_gaussian, color=colour, lw=1.6, label=kind.name)
        axes.axhline(0, color=GREY, lw=0.8, ls=":")
        time_axis(axes, ions[0].lags * dt)
        axes.set(ylabel="non-Gaussian parameter $\\alpha_2$")
        axes.legend(frameon=False, fontsize=8)


def _with_error(found: Diffusivity) -> str:
    """A value with its error, both by the power of ten of the value."""
    if found.value <= 0:
        return "0"
    power = int(np.floor(np.log10(found.value)))
    value = found.value / 10.0**power
    error = "" if found.sem is None else f" ± {found.sem / 10.0**power:.2f}"
    return f"({value:.2f}{error}) × $10^{{{power}}}$" if error else f"{value:.2f} × $10^{{{power}}}$"
