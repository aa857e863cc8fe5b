"""The figure of the best polymers: drawn repeat units with conductivities, diffusivities and transference numbers."""

import re
from collections.abc import Sequence
from typing import Any

from fontTools.pens.recordingPen import RecordingPen
from fontTools.svgLib.path import parse_path
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from autodisco.analysis.combination import SEM
from autodisco.analysis.quantities import quantity
from autodisco.decide import Ranked, with_properties
from autodisco.errors import InvalidRepeatUnit
from autodisco.polymer import NoDrawings, render_svg
from autodisco.report.figures.source import Source
from autodisco.report.figures.style import CM, PAGE_CM, SMALL, VERMILION, PrintFigure, label
from autodisco.text import probability

COLUMNS = 4
CELL_CM = (PAGE_CM / COLUMNS, 4.4)
LABEL = 20
"""Characters of a label that fit into a cell beside the rank."""

DRAWING = (250, 140)
"""Pixels of a drawing, in which a bond is 24 long."""

QUANTITIES = ("cation_diffusivity_cm2_per_s", "anion_diffusivity_cm2_per_s", "transference_number")
ELEMENT = re.compile(r"<path\b[^>]*>", re.DOTALL)
CODES = {
    "moveTo": [Path.MOVETO],
    "lineTo": [Path.LINETO],
    "qCurveTo": [Path.CURVE3] * 2,
    "curveTo": [Path.CURVE4] * 3,
}


def structures(source: Source) -> PrintFigure | str:
    """The best polymers that the campaign found, then the reference, each with its numbers."""
    if not source.best:
        return "no polymer that the campaign found has a value"
    rows = list(with_properties(source.store, source.compared()))
    lines = -(-len(rows) // COLUMNS)
    told = "the reference comes last, its label in red" if source.reference else "the reference has no value"
    return PrintFigure(
        "The best new polymers",
        f"Repeat units in the order of the ranking; {told}. Below each: {source.objective.label}, self-diffusivities "
        "of the ions, transference number of the cations (clusters), and the probability to be better than "
        f"{source.content.reference_name}. Values are means over independent builds with their standard errors; "
        f"without an error there is one build. {source.made_with(rows)}",
        PAGE_CM,
        CELL_CM[1] * lines,
        lambda figure: _draw(figure, rows, lines),
        [_row(row) for row in rows],
    )


def _row(row: Ranked) -> dict[str, Any]:
    objective = row.objective
    numbers = {f"{name}{end}": row.properties.get(f"{name}{end}") for name in QUANTITIES for end in ("", SEM)}
    return {
        "rank": row.rank, "key": row.key, "name": row.name, "monomer_smiles": row.monomer_smiles,
        objective.column: row.value, objective.sem_column: row.sem, **numbers, "p_better": row.p_better,
        "n_replicas": row.n_replicas, "protocol": row.protocol,
    }  # fmt: skip


def _draw(figure: Figure, rows: Sequence[Ranked], lines: int) -> None:
    figure.set_layout_engine("none")
    width, height = 1 / COLUMNS, 1 / lines
    for place, row in enumerate(rows):
        line, column = divmod(place, COLUMNS)
        top = 1 - line * height
        drawn = DRAWING[1] / DRAWING[0] * CELL_CM[0] / CELL_CM[1] * height  # height of the drawing
        axes = figure.add_axes((column * width, top - drawn, width, drawn))
        draw_unit(axes, row.monomer_smiles)
        red = row.verdict == "reference"
        lead = 1.25 * SMALL / 72 / (CELL_CM[1] * CM) * height
        for number, text in enumerate([f"{row.rank}  {label(row, LABEL)}", *_numbers(row)]):
            figure.text(
                (column + 0.5) * width, top - drawn - (number + 0.2) * lead, text, ha="center", va="top",
                fontsize=SMALL, color=VERMILION if red and not number else "black",
            )  # fmt: skip


def _numbers(row: Ranked) -> list[str]:
    """What is known of a polymer, in lines."""
    lines = [f"{row.objective.symbol} {row.shown}"]
    for name in QUANTITIES:
        entry = quantity(name)
        if row.properties.get(name) is not None:
            shown = entry.shown(row.properties)
            shown = f"({shown})" if entry.shown_unit and "±" in shown else shown
            symbol = {QUANTITIES[0]: "D₊", QUANTITIES[1]: "D₋"}.get(name, entry.symbol)
            times = " × " if entry.shown_unit else ""
            lines.append(f"{symbol} {shown}{times}{entry.shown_unit}")
    if row.p_better is not None:
        lines.append(f"P(better) {probability(row.p_better)}")
    return lines


def draw_unit(axes: Axes, smiles: str) -> None:
    """Draw a repeat unit as paths; nothing where it cannot be drawn."""
    width, height = DRAWING
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    try:
        svg = render_svg(smiles, width, height)
    except (InvalidRepeatUnit, NoDrawings):
        axes.text(width / 2, height / 2, "no drawing", ha="center", va="center", fontsize=SMALL)
        return
    point = CELL_CM[0] * CM * 72 / width  # points of the page for each pixel
    for element in ELEMENT.findall(svg):
        fill, stroke, thick = (_found(element, name) for name in ("fill", "stroke", "stroke-width"))
        # The fill of an atom's letters is an attribute, that of bonds is part of their style.
        patch = PathPatch(
            _path(_attribute(element, "d")), fc=fill or "none", ec=stroke or "none",
            lw=float(thick.removesuffix("px")) * point if thick else 0.0, capstyle="butt", joinstyle="miter",
        )  # fmt: skip
        axes.add_patch(patch)


def _attribute(element: str, name: str) -> str:
    found = re.search(rf"\b{name}=(['\"])(.*?)\1", element, re.DOTALL)
    return found[2] if found else ""


def _found(element: str, name: str) -> str:
    """A property of an element, from its style or from an attribute of its own."""
    found = re.search(rf"(?:^|;){name}:([^;]+)", _attribute(element, "style"))
    return found[1] if found else _attribute(element, name)


def _path(text: str) -> Path:
    """A path of matplotlib from the one of an SVG element."""
    pen = RecordingPen()
    parse_path(text, pen)
    points: list[tuple[float, float]] = []
    codes: list[int] = []
    for command, given in pen.value:
        if command in CODES:
            points += given
            codes += CODES[command]
        elif command == "closePath":
            points.append(points[-1])
            codes.append(Path.CLOSEPOLY)
    return Path(points, codes)
