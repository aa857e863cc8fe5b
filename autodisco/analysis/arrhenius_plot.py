"""Arrhenius plot of results of several systems, with the fits of `autodisco.analysis.tabulated`."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from autodisco.analysis.plots import COLOURS, write_plots
from autodisco.analysis.quantities import quantity
from autodisco.analysis.tabulated import Result, Series
from autodisco.errors import InputError


def plot_arrhenius(results: Sequence[Result], names: Sequence[str], folder: Path) -> list[Path]:
    """Write conductivities against 1000/T with their fits: a plot for each of `names`, as PNG, PDF and CSV.

    Systems with a single temperature are points without a line. Returns the PNG files. Raises InputError if no system
    has a conductivity at two temperatures.
    """
    drawn: dict[str, Callable[[Any], None]] = {}
    curves: dict[str, Mapping[str, Any]] = {}
    for name in names:
        systems = {system: Series.of(results, system, name) for system in dict.fromkeys(one.system for one in results)}
        if not any(series.has_line for series in systems.values()):
            continue
        label = f"arrhenius-{name.removesuffix('_s_per_cm')}"
        drawn[label] = partial(_draw, name, systems)
        every = systems.values()
        curves[label] = {
            "system": [system for system, series in systems.items() for _ in series.values],
            "temperature_k": list(itertools.chain(*(series.temperatures_k for series in every))),
            name: list(itertools.chain(*(series.values for series in every))),
            f"{name}_sem": list(itertools.chain(*(series.errors for series in every))),
        }
    if not drawn:
        raise InputError("--plots draws conductivities over temperature; give results of a system at two temperatures")
    return write_plots(drawn, curves, folder)


def _draw(name: str, systems: Mapping[str, Series], axes: Any) -> None:
    """Points with errors, and the fitted lines."""
    for colour, (system, series) in zip(itertools.cycle(COLOURS), systems.items(), strict=False):
        if not series.values:
            continue
        t, values, errors, label = np.asarray(series.temperatures_k), series.values, series.errors, system
        if series.has_line:
            fine = np.linspace(t.min(), t.max(), 200)
            line, curve = series.fitted()
            label = f"{system}: {line.told()}"
            axes.plot(1000 / fine, line.at(fine), color=colour, lw=1.4)
            if curve and curve.is_bent:
                axes.plot(1000 / fine, curve.at(fine), color=colour, lw=1.4, ls="--", label=f"{system}: {curve.told()}")
        # An error as large as the value has no lower end on a logarithmic axis.
        low = [min(error or 0.0, 0.9 * value) for value, error in zip(values, errors, strict=True)]
        high = [error or 0.0 for error in errors]
        axes.errorbar(1000 / t, values, yerr=[low, high], fmt="o", color=colour, capsize=3, label=label)
    entry = quantity(name)
    axes.set(yscale="log", xlabel="1000 / T (1/K)", ylabel=f"{entry.label} / {entry.unit}")
    axes.legend(frameon=False, fontsize=8)
