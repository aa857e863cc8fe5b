"""The chart of the page that shows the Pareto front of several objectives."""

from itertools import combinations

from matplotlib.axes import Axes

from autodisco.decide import Objective
from autodisco.decide.front import Expected, Front, FrontRow
from autodisco.report.figure import BETTER, TIE, WORSE, Drawing, Mark, set_scale

MOST_PAIRS = 3
"""Panels of the chart; of more pairs of objectives the first ones are drawn."""


def front_chart(front: Front) -> str:
    """A panel for each pair of objectives: expected values with their intervals of 90 %.

    Green: polymers that none dominates by what is expected; grey: others that may be on the front.
    """
    pairs = list(combinations(range(len(front.objectives)), 2))[:MOST_PAIRS]
    with Drawing(3.2 * len(pairs)) as drawing:
        for number, (first, second) in enumerate(pairs):
            axes = drawing.figure.add_subplot(len(pairs), 1, number + 1)
            axes.tick_params(length=3, width=0.6)
            for on_front, colour in ((False, WORSE), (True, BETTER)):
                rows = [row for row in front.rows if row.on_front == on_front]
                _points(drawing, axes, front, rows, (second, first), colour)
            for place, axis, set_kind in ((second, axes.xaxis, axes.set_xscale), (first, axes.yaxis, axes.set_yscale)):
                set_scale(axis, set_kind, front.objectives[place])
            axes.set_xlabel(_axis(front.objectives[second]))
            axes.set_ylabel(_axis(front.objectives[first]))
            _targets(axes, front.objectives[second], front.objectives[first])
        return drawing.svg("front", "Pareto front of the objectives")


def _points(
    drawing: Drawing, axes: Axes, front: Front, rows: list[FrontRow], places: tuple[int, int], colour: str
) -> None:
    """Points at two of the objectives, across and up, with their intervals; the surer, the fuller the colour."""
    across, up = (front.objectives[place] for place in places)
    for row in rows:
        x, y = (row.values[place] for place in places)
        shade = 0.25 + 0.75 * row.p_front
        axes.hlines(up.read(y.expected), *_ends(across, x), color=colour, lw=0.8, alpha=0.5 * shade)
        axes.vlines(across.read(x.expected), *_ends(up, y), color=colour, lw=0.8, alpha=0.5 * shade)
    if rows:
        points = axes.scatter(
            [across.read(row.values[places[0]].expected) for row in rows],
            [up.read(row.values[places[1]].expected) for row in rows],
            c=colour, s=26, linewidths=0, zorder=4, alpha=[0.25 + 0.75 * row.p_front for row in rows],
        )  # fmt: skip
        drawing.mark(points, [Mark(_told(front, row), row.key) for row in rows])


def _ends(objective: Objective, value: Expected) -> tuple[float, float]:
    return objective.read(value.low), objective.read(value.high)


def _told(front: Front, row: FrontRow) -> str:
    return f"{row.monomer_smiles}: {front.told(row)}"


def _axis(objective: Objective) -> str:
    arrow = "" if objective.target is not None else " ←" if objective.lower_is_better else " →"
    return f"{objective.axis}{arrow}"


def _targets(axes: Axes, across: Objective, up: Objective) -> None:
    """Dashed lines at values that are aimed at."""
    if across.target is not None:
        axes.axvline(across.read(across.target), color=TIE, lw=1, ls="--", zorder=1)
    if up.target is not None:
        axes.axhline(up.read(up.target), color=TIE, lw=1, ls="--", zorder=1)
