"""What all figures for print share: sizes, style, colours, and files of the same bytes for the same data.

Columns of most journals are 8.5 cm and pages 17.5 cm wide. Colours are those of Okabe and Ito, which people with any
colour vision can tell apart. PDF files hold their fonts (type 42); the text of SVG files stays text.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from autodisco.analysis.plots import COLOURS, GREY
from autodisco.decide import Objective, Ranked
from autodisco.names import PLACEHOLDER, short_name
from autodisco.text import shortened

COLUMN_CM, PAGE_CM = 8.5, 17.5
CM = 1 / 2.54
POINTS, SMALL = 8, 7
BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY = COLOURS
VERDICTS = {"better": GREEN, "tie": ORANGE, "worse": GREY, "excluded": GREY, "reference": VERMILION, None: BLUE}
NUMBERED_RANGE = 40.0
"""A logarithmic axis over a smaller factor has numbers between the powers of ten."""

FORMATS = ("svg", "pdf", "png")
NO_DATE = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}

STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": POINTS,
    "axes.labelsize": POINTS,
    "axes.titlesize": POINTS,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "legend.handlelength": 1.4,
    "legend.columnspacing": 1.2,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "lines.linewidth": 1.0,
    "errorbar.capsize": 1.5,
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "autodisco",
    "savefig.dpi": 300,
}


@dataclass(frozen=True)
class PrintFigure:
    """A figure: what draws it, the numbers that it shows, and what it says in words.

    Attributes
    ----------
    title, caption : of the figure; the caption says what error bars are
    width_cm, height_cm
    draw : draws on an empty figure
    rows : the numbers, one row for each point, by column
    """

    title: str
    caption: str
    width_cm: float
    height_cm: float
    draw: Callable[[Figure], None] = field(repr=False)
    rows: Sequence[Mapping[str, Any]] = field(repr=False)

    def drawn(self) -> Figure:
        """The figure, for files and tests; call it within `in_style`."""
        figure = Figure(figsize=(self.width_cm * CM, self.height_cm * CM), layout="constrained")
        self.draw(figure)
        return figure

    def rendered(self, kinds: Sequence[str]) -> dict[str, bytes]:
        """The content of a file of each of these kinds (`FORMATS`)."""
        found = {}
        with matplotlib.rc_context(STYLE):
            figure = self.drawn()
            for kind in kinds:
                out = io.BytesIO()
                figure.savefig(out, format=kind, metadata=NO_DATE[kind])
                found[kind] = out.getvalue()
        return found


def label(row: Ranked, width: int = 22) -> str:
    """The abbreviation or name of a polymer if it has one that fits, otherwise its repeat unit."""
    name = short_name(row.key, row.name)
    return name if name and name != PLACEHOLDER and len(name) <= width else shortened(row.monomer_smiles, width)


def value_axis(axis: Axis, objective: Objective) -> None:
    """The scale of the objective."""
    if objective.scale.floor is not None:
        log_axis(axis)


def log_axis(axis: Axis) -> None:
    """A logarithmic axis: the powers of ten have numbers, and over a short range 2 and 5 times these, which never touch
    each other at the width of a column."""
    axis.axes.set(**{f"{axis.axis_name}scale": "log"})
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(FuncFormatter(lambda value, _: _between(value, axis.get_view_interval())))


def _between(value: float, view: Sequence[float]) -> str:
    short = max(view) < NUMBERED_RANGE * min(view)
    return f"{value:g}" if short and f"{value:e}"[0] in "25" else ""


def letter(axes: Axes, text: str) -> None:
    """The letter of a panel at its upper left."""
    axes.set_title(text, loc="left", fontweight="bold", fontsize=POINTS)


def legend(figure: Figure, axes: Axes, columns: int) -> None:
    """A legend above the axes, which covers no data."""
    handles, texts = axes.get_legend_handles_labels()
    if handles:
        figure.legend(handles, texts, loc="outside upper center", ncols=columns)
