"""Curves of several replicas: their means, with standard errors over the replicas, as plots and CSV."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from autodisco.analysis.plots import COLOURS, GREY, time_axis, write_plots
from autodisco.analysis.statistics import standard_errors

Table = Mapping[str, Any]
LAG = "lag_ps"
SHOWN = {
    "displacement": ("mean-squared displacement / Å²", ("msd_", "_angstrom2")),
    "charge_displacement": ("displacement of charge / e² Å²", ("", "_e2_angstrom2")),
}
"""Plots whose curves are averaged: name of the axis, and what surrounds the name of a kind in a column."""
LABELS = {"all": "all ions", "cation_cation": "cations", "anion_anion": "anions"}


def plot_means(replicas: Sequence[Mapping[str, Table]], folder: Path) -> list[Path]:
    """Write the mean of the curves of each plot in `SHOWN`, as PNG, PDF and CSV; returns the PNG files.

    Parameters
    ----------
    replicas : of each its names of plots to columns, as `Analysis.curves` gives them. Curves are averaged up to the
        last lag of the shortest; a plot whose lags or columns differ between replicas is left out
    """
    drawn: dict[str, Callable[[Any], None]] = {}
    means: dict[str, Table] = {}
    for name in SHOWN:
        tables = [one[name] for one in replicas if name in one]
        if len(tables) == len(replicas) and (mean := mean_of(tables)):
            means[name], drawn[name] = mean, partial(_draw, name, tables, mean)
    return write_plots(drawn, means, folder)


def mean_of(tables: Sequence[Table]) -> Table | None:
    """Mean of columns, each followed by the column of its standard error; None if lags or columns differ."""
    names, n = list(tables[0]), min(len(one[LAG]) for one in tables)
    same_lags = all(np.allclose(one[LAG][:n], tables[0][LAG][:n]) for one in tables)
    if not same_lags or any(list(one) != names for one in tables):
        return None
    found: dict[str, Any] = {LAG: tables[0][LAG][:n]}
    for value, error in zip(names[1::2], names[2::2], strict=True):
        values = np.array([one[value][:n] for one in tables])
        found |= {value: values.mean(axis=0), error: standard_errors(values)}
    return found


def _draw(name: str, tables: Sequence[Table], mean: Table, axes: Any) -> None:
    """Mean curves with their standard errors as bands, and the curve of each replica as a thin line."""
    label, (before, after) = SHOWN[name]
    lags, columns = mean[LAG], list(mean)
    positive = False
    for k, (value, error) in enumerate(zip(columns[1::2], columns[2::2], strict=True)):
        if value.startswith("cation_anion"):  # may be negative
            continue
        kind, colour = value.removeprefix(before).removesuffix(after), COLOURS[k % len(COLOURS)]
        for table in tables:
            axes.plot(table[LAG][: len(lags)], table[value][: len(lags)], color=colour, lw=0.5, alpha=0.5)
        axes.plot(lags, mean[value], color=colour, lw=1.8, label=LABELS.get(kind, kind))
        low, high = (mean[value] + sign * mean[error] for sign in (-1, 1))
        axes.fill_between(lags, low, high, color=colour, alpha=0.25, lw=0)
        positive |= bool((mean[value] > 0).any())
    axes.plot([], [], color=GREY, lw=0.5, label=f"each of {len(tables)} replicas")
    time_axis(axes, lags)
    axes.set(ylabel=label)
    if positive:
        axes.set(yscale="log")
    axes.legend(frameon=False, fontsize=8, title="mean ± standard error over replicas", title_fontsize=8)
