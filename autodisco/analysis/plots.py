"""Plots of an analysis that a paper could use: displacements with their fit, clusters, surroundings, lifetimes."""

from collections.abc import Callable, Mapping
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autodisco.analysis.lags import spread_lags
from autodisco.analysis.quantities import quantity
from autodisco.analysis.statistics import series_error, standard_errors

if TYPE_CHECKING:
    from autodisco.analysis.diffusion import Diffusivity
    from autodisco.analysis.observables.clusters import Clusters
    from autodisco.analysis.observables.coordination import CoordinationNumbers, Surroundings
    from autodisco.analysis.observables.displacement import Displacement
    from autodisco.analysis.observables.lifetimes import Lifetimes

WIDTH, HEIGHT = 5.2, 3.8
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # Okabe and Ito, for all eyes
GREY = "#777777"


def write_plots(drawn: Mapping[str, Callable[[Any], None]], folder: Path) -> list[Path]:
    """Write each plot as PNG and PDF into `folder`; returns the PNG files.

    Parameters
    ----------
    drawn : name of the file to what draws on the axes of a figure
    """
    from matplotlib.figure import Figure

    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, draw in drawn.items():
        figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
        draw(figure.add_subplot())
        for kind in ("pdf", "png"):
            figure.savefig(folder / f"{name}.{kind}", dpi=200)
        written.append(folder / f"{name}.png")
    return written


def displacement(axes: Any, found: "Displacement") -> None:
    """Mean-squared displacements, their errors over groups of particles, and the fitted lines."""
    dt, unit = found.run.trajectory.frame_interval_ps, quantity("cation_diffusivity_cm2_per_s").unit
    lags = spread_lags(2 * found.run.n_frames - 2, 200)
    for colour, kind, fit in zip(cycle(COLOURS), found.moved, found.fits, strict=False):
        label = f"{kind.name}: {_with_error(fit.diffusivity)} {unit}"
        axes.plot(lags * dt, kind.msd[lags], color=colour, lw=1.6, label=label)
        if (error := standard_errors(kind.groups[:, lags])) is not None:
            axes.fill_between(lags * dt, kind.msd[lags] - error, kind.msd[lags] + error, color=colour, alpha=0.2, lw=0)
        fitted = np.arange(fit.window.first, fit.window.last + 1)
        line = kind.msd[fit.window.lags].mean() + fit.line.slope(kind.msd) * (fitted - fitted.mean())
        axes.plot(fitted * dt, line, color="black", lw=1.2, ls="--" if fit.window.found else ":")
    windows = [fit.window for fit in found.fits]
    if any(window.found for window in windows):
        axes.plot([], [], color="black", lw=1.2, ls="--", label="fit over diffusive lags")
    if any(window.asked for window in windows):
        axes.plot([], [], color="black", lw=1.2, ls=":", label="fit over the lags asked for")
    elif not all(window.found for window in windows):
        axes.plot([], [], color="black", lw=1.2, ls=":", label="fit over 15–50 % of the run, not shown to be diffusive")
    _time_axis(axes, lags * dt)
    axes.set(ylabel="mean-squared displacement / Å²")
    if any((kind.msd > 0).any() for kind in found.moved):
        axes.set(yscale="log")
    axes.legend(frameon=False, fontsize=8)


def population(axes: Any, found: "Clusters") -> None:
    """Mean number of clusters of i cations and j anions."""
    counts, mean = _two_kinds(found), found.population.mean
    alpha = np.zeros(counts.max(axis=0) + 1)
    np.add.at(alpha, tuple(counts.T), mean)
    from matplotlib.colors import LogNorm

    shown = np.ma.masked_equal(alpha, 0.0)
    picture = axes.imshow(shown.T, origin="lower", cmap="viridis", norm=LogNorm(), aspect="auto")
    side = np.arange(min(alpha.shape))
    axes.plot(side, side, color=GREY, lw=0.8, ls=":")
    axes.figure.colorbar(picture, ax=axes, label=f"{quantity('cluster_population').label}, $\\alpha_{{ij}}$")
    axes.set(xlabel="cations in the cluster, $i$", ylabel="anions in the cluster, $j$")
    for axis in (axes.xaxis, axes.yaxis):
        axis.get_major_locator().set_params(integer=True)


def _two_kinds(found: "Clusters") -> Any:
    """Numbers of cations and of anions in the kinds of clusters, (n_kinds, 2)."""
    positive = np.array([kind.charge > 0 for kind in found.run.composition.species])
    counts = found.population.counts
    return np.stack([counts[:, positive].sum(axis=1), counts[:, ~positive].sum(axis=1)], axis=1)


def cluster_sizes(axes: Any, found: "Clusters") -> None:
    """Share of the ions in clusters of each size, with errors from the blocks of the run."""
    size = found.population.counts.sum(axis=1)
    total = sum(kind.n for kind in found.run.composition.species)
    share = np.bincount(size, size * found.population.mean) / total
    parts = found.blocks
    each = [np.bincount(p.counts.sum(axis=1), p.counts.sum(axis=1) * p.mean, len(share))[: len(share)] for p in parts]
    errors = [series_error(series) for series in np.array(each).reshape(len(each), -1).T / total]
    kept = np.arange(1, len(share))
    shown = [error or 0.0 for error in errors[1:]]
    axes.bar(kept, share[1:], color=COLOURS[0], width=0.8, yerr=shown if len(errors) else None, ecolor=GREY)
    axes.set(xlabel="ions in the cluster", ylabel="share of all ions", ylim=(0, None))
    axes.xaxis.get_major_locator().set_params(integer=True)


def surroundings(axes: Any, found: "CoordinationNumbers") -> None:
    """Radial distributions about cations, and the number of atoms up to a distance."""
    about: list[tuple[str, Surroundings]] = [("anions", found.anions)]
    if found.polymer:
        about.insert(0, ("polymer", found.polymer))
    numbers = axes.twinx()
    for (name, atoms), colour in zip(about, COLOURS, strict=False):
        distribution = atoms.distribution
        r, g = distribution.r, distribution.g
        axes.plot(r, g, color=colour, lw=1.6, label=f"coordinating atoms of {name}")
        if (error := distribution.g_sem) is not None:
            axes.fill_between(r, g - error, g + error, color=colour, alpha=0.2, lw=0)
        numbers.plot(r, distribution.coordination, color=colour, lw=1.2, ls="--")
    cutoff = found.run.settings.coordination_cutoff
    axes.axvline(cutoff, color=GREY, lw=0.8, ls=":")
    distributions = [atoms.distribution for _, atoms in about]
    first = max(float(d.coordination[d.edges[1:] <= 1.6 * cutoff].max(initial=0.0)) for d in distributions)
    numbers.set(ylabel="coordination number (dashed)", ylim=(0, 1.3 * first if first else 1))
    axes.set(
        xlabel="distance from the cation / Å", ylabel="$g(r)$", xlim=(1, distributions[-1].edges[-1]), ylim=(0, None)
    )
    axes.legend(frameon=False, fontsize=8)


def lifetimes(axes: Any, found: "Lifetimes") -> None:
    """Shares of contacts and clusters that are left, or there again, after a time."""
    dt = found.run.trajectory.frame_interval_ps
    lags = np.concatenate([[0], spread_lags(found.run.n_frames, 100)])
    curves = [("ion pairs", found.pairs.intermittent), ("ion pairs, unbroken", found.pairs.continuous)]
    if found.at_polymer:
        curves.insert(0, ("cation–polymer contacts", found.at_polymer.intermittent))
    curves.append(("clusters, unchanged", found.clusters.continuous))
    for (name, share), colour in zip(curves, COLOURS, strict=False):
        axes.plot(lags[1:] * dt, share(lags)[1:], color=colour, lw=1.6, label=name)
    axes.axhline(np.exp(-1), color=GREY, lw=0.8, ls=":")
    _time_axis(axes, lags[1:] * dt)
    axes.set(ylabel="share left or there again", ylim=(0, 1.02))
    axes.legend(frameon=False, fontsize=8)


def non_gaussian(axes: Any, found: "Displacement") -> None:
    """Non-Gaussian parameter of the ions."""
    dt, ions = found.run.trajectory.frame_interval_ps, found.moved[: len(found.run.composition.species)]
    for colour, kind in zip(cycle(COLOURS), ions, strict=False):
        axes.plot(kind.lags * dt, kind.non_gaussian, color=colour, lw=1.6, label=kind.name)
    axes.axhline(0, color=GREY, lw=0.8, ls=":")
    _time_axis(axes, ions[0].lags * dt)
    axes.set(ylabel="non-Gaussian parameter $\\alpha_2$")
    axes.legend(frameon=False, fontsize=8)


def _time_axis(axes: Any, times: Any) -> None:
    """A logarithmic axis that stands although nothing may be drawn along it."""
    axes.set(xscale="log", xlabel="time lag / ps", xlim=(times[0] * 0.9, times[-1] * 1.1))


def _with_error(found: "Diffusivity") -> str:
    """A value with its error, both by the power of ten of the value."""
    if found.value <= 0:
        return "0"
    power = int(np.floor(np.log10(found.value)))
    value = found.value / 10.0**power
    error = "" if found.sem is None else f" ± {found.sem / 10.0**power:.2f}"
    return f"({value:.2f}{error}) × $10^{{{power}}}$" if error else f"{value:.2f} × $10^{{{power}}}$"
