"""Files and style of the plots of an analysis; each observable draws its own."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

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


def time_axis(axes: Any, times: Any) -> None:
    """A logarithmic axis that stands although nothing may be drawn along it."""
    axes.set(xscale="log", xlabel="time lag / ps", xlim=(times[0] * 0.9, times[-1] * 1.1))
