"""Arrhenius plot of results of several systems, with the fits of `autodisco.analysis.tabulated`."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from autodisco.analysis.plots import COLOURS, write_plots
from autodisco.analysis.quantities import quantity
from autodisco.analysis.tabulated import Result, line_of
from autodisco.analysis.temperatures import vtf
from autodisco.errors import InputError

LEAST_TEMPERATURES = 2


def plot_arrhenius(results: Sequence[Result], names: Sequence[str], folder: Path) -> list[Path]:
    """Write conductivities against 1000/T with their fits: a plot for each of `names`, as PNG, PDF and CSV.

    Systems with a single temperature are points without a line. Returns the PNG files. Raises InputError if no system
    has a conductivity at two temperatures.
    """
    drawn: dict[str, Callable[[Any], None]] = {}
    curves: dict[str, Mapping[str, Any]] = {}
    for name in names:
        systems = {system: _points(results, system, name) for system in dict.fromkeys(one.system for one in results)}
        if max(len(points["temperature_k"]) for points in systems.values()) < LEAST_TEMPERATURES:
            continue
        label = f"arrhenius-{name.removesuffix('_s_per_cm')}"
        drawn[label] = partial(_draw, name, systems)
        columns = ("temperature_k", "value", "error")
        joined = {key: list(itertools.chain(*(points[key] for points in systems.values()))) for key in columns}
        curves[label] = {
            "system": [system for system, points in systems.items() for _ in points["value"]],
            "temperature_k": joined["temperature_k"],
            name: joined["value"],
            f"{name}_sem": joined["error"],
        }
    if not drawn:
        raise InputError("--plots draws conductivities over temperature; give results of a system at two temperatures")
    return write_plots(drawn, curves, folder)


def _points(results: Sequence[Result], system: str, name: str) -> dict[str, list[Any]]:
    """Temperatures, conductivities above zero and errors of a system."""
    own = [one for one in results if one.system == system and (one.properties.get(name) or 0.0) > 0]
    return {
        "temperature_k": [one.temperature_k for one in own],
        "value": [one.properties[name] for one in own],
        "error": [one.error(name) for one in own],
        "degrees": [one.degrees(name) for one in own],
    }


def _draw(name: str, systems: Mapping[str, Mapping[str, Sequence[Any]]], axes: Any) -> None:
    """Points with errors, and the fitted lines."""
    for colour, (system, points) in zip(itertools.cycle(COLOURS), systems.items(), strict=False):
        kelvins, values, errors = (points[key] for key in ("temperature_k", "value", "error"))
        if not kelvins:
            continue
        t = np.asarray(kelvins, dtype=float)
        label = system
        if len(set(kelvins)) >= LEAST_TEMPERATURES:
            fine = np.linspace(t.min(), t.max(), 200)
            line = line_of(kelvins, values, errors)
            curve = vtf(kelvins, values, errors, sum(points["degrees"]))
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
