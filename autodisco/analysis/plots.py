"""Plots of an analysis that a paper could use: displacements with their fit, clusters, surroundings, lifetimes."""

from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autodisco.analysis.observe import Coordination, Observations, spread_lags
from autodisco.analysis.statistics import series_error, standard_errors

if TYPE_CHECKING:
    from autodisco.analysis.transport import Fits

WIDTH, HEIGHT = 5.2, 3.8
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # Okabe and Ito, for all eyes
GREY = "#777777"


def write_plots(seen: Observations, fits: "Fits", folder: Path) -> list[Path]:
    """Write every plot that the observations give as PNG and PDF into `folder`; returns the PNG files."""
    from matplotlib.figure import Figure

    folder.mkdir(parents=True, exist_ok=True)
    drawn: dict[str, Callable[[Any], None]] = {
        "displacement": lambda axes: _displacement(axes, seen, fits),
        "clusters": lambda axes: _population(axes, seen),
        "cluster_sizes": lambda axes: _sizes(axes, seen),
        "surroundings": lambda axes: _surroundings(axes, seen),
        "lifetimes": lambda axes: _lifetimes(axes, seen),
        "non_gaussian": lambda axes: _non_gaussian(axes, seen),
    }
    written = []
    for name, draw in drawn.items():
        figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
        draw(figure.add_subplot())
        for kind in ("pdf", "png"):
            figure.savefig(folder / f"{name}.{kind}", dpi=200)
        written.append(folder / f"{name}.png")
    return written


def _names(seen: Observations) -> list[str]:
    matrix = ["polymer"] if seen.matrix else []
    return [kind.name for kind in seen.trajectory.who.species] + matrix


def _displacement(axes: Any, seen: Observations, fits: "Fits") -> None:
    dt = seen.trajectory.frame_interval_ps
    lags = spread_lags(2 * seen.n_frames - 2, 200)
    moved = [*seen.displacements, *([seen.matrix] if seen.matrix else [])]
    for name, colour, kind, window, straight, found in zip(
        _names(seen), cycle(COLOURS), moved, fits.windows, fits.lines, fits.diffusivities, strict=False
    ):
        axes.plot(lags * dt, kind.msd[lags], color=colour, lw=1.6, label=f"{name}: {_with_error(found)} cm²/s")
        if (error := standard_errors(kind.groups[:, lags])) is not None:
            axes.fill_between(lags * dt, kind.msd[lags] - error, kind.msd[lags] + error, color=colour, alpha=0.2, lw=0)
        fitted = np.arange(window.first, window.last + 1)
        line = kind.msd[window.lags].mean() + straight.slope(kind.msd) * (fitted - fitted.mean())
        axes.plot(fitted * dt, line, color="black", lw=1.2, ls="--" if window.found else ":")
    if any(window.found for window in fits.windows):
        axes.plot([], [], color="black", lw=1.2, ls="--", label="fit over diffusive lags")
    if any(window.asked for window in fits.windows):
        axes.plot([], [], color="black", lw=1.2, ls=":", label="fit over the lags asked for")
    elif not all(window.found for window in fits.windows):
        axes.plot([], [], color="black", lw=1.2, ls=":", label="fit over 15–50 % of the run, not shown to be diffusive")
    _time_axis(axes, lags * dt)
    axes.set(ylabel="mean-squared displacement / Å²")
    if any((kind.msd > 0).any() for kind in moved):
        axes.set(yscale="log")
    axes.legend(frameon=False, fontsize=8)


def _population(axes: Any, seen: Observations) -> None:
    counts, mean = _two_kinds(seen), seen.population.mean
    alpha = np.zeros(counts.max(axis=0) + 1)
    np.add.at(alpha, tuple(counts.T), mean)
    from matplotlib.colors import LogNorm

    shown = np.ma.masked_equal(alpha, 0.0)
    picture = axes.imshow(shown.T, origin="lower", cmap="viridis", norm=LogNorm(), aspect="auto")
    side = np.arange(min(alpha.shape))
    axes.plot(side, side, color=GREY, lw=0.8, ls=":")
    axes.figure.colorbar(picture, ax=axes, label="clusters per frame, $\\alpha_{ij}$")
    axes.set(xlabel="cations in the cluster, $i$", ylabel="anions in the cluster, $j$")
    for axis in (axes.xaxis, axes.yaxis):
        axis.get_major_locator().set_params(integer=True)


def _two_kinds(seen: Observations) -> Any:
    """Numbers of cations and of anions in the kinds of clusters, (n_kinds, 2)."""
    positive = np.array([kind.charge > 0 for kind in seen.trajectory.who.species])
    counts = seen.population.counts
    return np.stack([counts[:, positive].sum(axis=1), counts[:, ~positive].sum(axis=1)], axis=1)


def _sizes(axes: Any, seen: Observations) -> None:
    size = seen.population.counts.sum(axis=1)
    total = sum(kind.n for kind in seen.trajectory.who.species)
    share = np.bincount(size, size * seen.population.mean) / total
    parts = seen.pieces.blocks()
    each = [np.bincount(p.counts.sum(axis=1), p.counts.sum(axis=1) * p.mean, len(share))[: len(share)] for p in parts]
    errors = [series_error(series) for series in np.array(each).reshape(len(each), -1).T / total]
    kept = np.arange(1, len(share))
    shown = [error or 0.0 for error in errors[1:]]
    axes.bar(kept, share[1:], color=COLOURS[0], width=0.8, yerr=shown if len(errors) else None, ecolor=GREY)
    axes.set(xlabel="ions in the cluster", ylabel="share of all ions", ylim=(0, None))
    axes.xaxis.get_major_locator().set_params(integer=True)


def _surroundings(axes: Any, seen: Observations) -> None:
    about: list[tuple[str, Coordination]] = [("anions", seen.to_anions)]
    if seen.to_matrix:
        about.insert(0, ("polymer", seen.to_matrix))
    numbers = axes.twinx()
    for (name, found), colour in zip(about, COLOURS, strict=False):
        r = found.distribution.r
        axes.plot(r, found.distribution.g, color=colour, lw=1.6, label=f"coordinating atoms of {name}")
        if (error := found.distribution.g_sem) is not None:
            g = found.distribution.g
            axes.fill_between(r, g - error, g + error, color=colour, alpha=0.2, lw=0)
        numbers.plot(r, found.distribution.coordination, color=colour, lw=1.2, ls="--")
    cutoff = seen.settings.coordination_cutoff
    axes.axvline(cutoff, color=GREY, lw=0.8, ls=":")
    first = max(
        float(found.distribution.coordination[found.distribution.edges[1:] <= 1.6 * cutoff].max(initial=0.0))
        for _, found in about
    )
    numbers.set(ylabel="coordination number (dashed)", ylim=(0, 1.3 * first if first else 1))
    axes.set(
        xlabel="distance from the cation / Å", ylabel="$g(r)$", xlim=(1, found.distribution.edges[-1]), ylim=(0, None)
    )
    axes.legend(frameon=False, fontsize=8)


def _lifetimes(axes: Any, seen: Observations) -> None:
    dt = seen.trajectory.frame_interval_ps
    lags = np.concatenate([[0], spread_lags(seen.n_frames, 100)])
    curves = [("ion pairs", seen.pairs.intermittent), ("ion pairs, unbroken", seen.pairs.continuous)]
    if seen.to_matrix:
        curves.insert(0, ("cation–polymer contacts", seen.to_matrix.runs.intermittent))
    curves.append(("clusters, unchanged", seen.clusters.continuous))
    for (name, share), colour in zip(curves, COLOURS, strict=False):
        axes.plot(lags[1:] * dt, share(lags)[1:], color=colour, lw=1.6, label=name)
    axes.axhline(np.exp(-1), color=GREY, lw=0.8, ls=":")
    _time_axis(axes, lags[1:] * dt)
    axes.set(ylabel="share left or there again", ylim=(0, 1.02))
    axes.legend(frameon=False, fontsize=8)


def _non_gaussian(axes: Any, seen: Observations) -> None:
    dt = seen.trajectory.frame_interval_ps
    for name, colour, kind in zip(_names(seen), cycle(COLOURS), seen.displacements, strict=False):
        axes.plot(kind.lags * dt, kind.non_gaussian, color=colour, lw=1.6, label=name)
    axes.axhline(0, color=GREY, lw=0.8, ls=":")
    _time_axis(axes, seen.displacements[0].lags * dt)
    axes.set(ylabel="non-Gaussian parameter $\\alpha_2$")
    axes.legend(frameon=False, fontsize=8)


def _time_axis(axes: Any, times: Any) -> None:
    """A logarithmic axis that stands although nothing may be drawn along it."""
    axes.set(xscale="log", xlabel="time lag / ps", xlim=(times[0] * 0.9, times[-1] * 1.1))


def _with_error(found: Any) -> str:
    """A value with its error, both by the power of ten of the value."""
    if found.value <= 0:
        return "0"
    power = int(np.floor(np.log10(found.value)))
    value = found.value / 10.0**power
    error = "" if found.sem is None else f" ± {found.sem / 10.0**power:.2f}"
    return f"({value:.2f}{error}) × $10^{{{power}}}$" if error else f"{value:.2f} × $10^{{{power}}}$"
