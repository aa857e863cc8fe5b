"""Files and style of the plots of an analysis; each observable draws its own."""

import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from autodisco.files import write_atomic

WIDTH, HEIGHT = 5.2, 3.8
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # Okabe and Ito, for all eyes
GREY = "#777777"


def write_plots(
    drawn: Mapping[str, Callable[[Any], None]], curves: Mapping[str, Mapping[str, Any]], folder: Path
) -> list[Path]:
    """Write each plot as PNG and PDF into `folder`, and its numbers as CSV; returns the PNG files.

    Parameters
    ----------
    drawn : name of the file to what draws on the axes of a figure
    curves : name of the file to columns of one length; not a number is an empty cell
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
    for name, columns in curves.items():
        write_atomic(folder / f"{name}.csv", _csv(columns))
    return written


def _csv(columns: Mapping[str, Any]) -> str:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(columns)
    for row in zip(*columns.values(), strict=True):
        table.writerow(map(_cell, row))
    return text.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None or value != value else f"{value:.8g}"


def with_errors(name: str, unit: str, values: Any, errors: Any) -> dict[str, Any]:
    """Columns of a curve and its standard errors, which may be None."""
    shown = [None] * len(values) if errors is None else errors
    return {f"{name}{unit}": values, f"{name}_sem{unit}": shown}


def time_axis(axes: Any, times: Any) -> None:
    """A logarithmic axis that stands although nothing may be drawn along it."""
    axes.set(xscale="log", xlabel="time lag / ps", xlim=(times[0] * 0.9, times[-1] * 1.1))
