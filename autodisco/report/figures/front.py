"""The figure of the Pareto front of several objectives."""

from collections.abc import Sequence
from itertools import combinations

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

from autodisco.analysis.plots import GREY
from autodisco.arrays import Floats
from autodisco.decide import Objective
from autodisco.decide.front import Expected, Front, FrontRow
from autodisco.names import short_name
from autodisco.report.figures.source import Source
from autodisco.report.figures.style import (
    BLUE,
    COLUMN_CM,
    ORANGE,
    PAGE_CM,
    SMALL,
    PrintFigure,
    legend,
    letter,
    value_axis,
)
from autodisco.text import counted

MOST_PANELS, MOST_NUMBERED = 3, 20
OFFSETS = ((3, 3), (-3, 3), (3, -3), (-3, -3), (0, 5), (0, -5), (7, 0), (-7, 0))
"""Where the number of a point is tried, in points of the page."""


def front(source: Source) -> PrintFigure | str:
    """A panel for each pair of objectives, with intervals and the numbers of the polymers on the front."""
    found = source.content.status.front
    if not found:
        one = len(source.content.settings.get("objective") or []) < 2
        return "the campaign has one objective" if one else "no iteration of the campaign was judged yet"
    pairs = list(combinations(range(len(found.objectives)), 2))[:MOST_PANELS]
    leading = found.leading[:MOST_NUMBERED]
    key = "; ".join(f"{n}: {_named(row)}" for n, row in enumerate(leading, 1))
    size = (COLUMN_CM, 7.0) if len(pairs) == 1 else (PAGE_CM, 6.2)
    return PrintFigure(
        f"Pareto front of {counted(len(found.objectives), 'objective')}",
        "Expected values with their intervals of 90 % of the posterior (bars). Blue: polymers that no other one "
        f"surpasses in all objectives by what is expected ({len(found.leading)} of {found.of} with a value); grey: "
        f"others that may be on the front. Numbers: {key}. Dashed: values that are aimed at. "
        f"Force field {source.content.status.force_field}.",
        *size,
        lambda figure: _draw(figure, found, pairs, leading),
        [{"number": number, **found.columns(row)} for number, row in _numbered(found, leading)],
    )


def _named(row: FrontRow) -> str:
    name = short_name(row.key)
    return f"{name} (`{row.monomer_smiles}`)" if name else f"`{row.monomer_smiles}`"


def _numbered(found: Front, leading: Sequence[FrontRow]) -> list[tuple[int | None, FrontRow]]:
    """Rows on the front first, with their numbers."""
    keys = [row.key for row in leading]
    rest = [row for row in found.rows if row.key not in keys]
    return [*enumerate(leading, 1), *((None, row) for row in rest)]


def _draw(figure: Figure, found: Front, pairs: Sequence[tuple[int, int]], leading: Sequence[FrontRow]) -> None:
    panels = figure.subplots(1, len(pairs), squeeze=False)[0]
    for number, (axes, (first, second)) in enumerate(zip(panels, pairs, strict=True)):
        across, up = found.objectives[second], found.objectives[first]
        for on_front, colour, word in ((False, GREY, "surpassed"), (True, BLUE, "on the front")):
            rows = [row for row in found.rows if row.on_front == on_front]
            _points(axes, rows, (second, first), (across, up), colour, word)
        value_axis(axes.xaxis, across)
        value_axis(axes.yaxis, up)
        axes.set(xlabel=_axis(across), ylabel=_axis(up))
        for one, line in ((across, axes.axvline), (up, axes.axhline)):
            if one.target is not None:
                line(one.read(one.target), color=ORANGE, lw=0.8, ls="--", zorder=0)
        if len(pairs) > 1:
            letter(axes, "abc"[number])
    legend(figure, panels[0], 2)
    figure.draw_without_rendering()  # places of labels need the final layout
    for axes, (first, second) in zip(panels, pairs, strict=True):
        across, up = found.objectives[second], found.objectives[first]
        places = [(across.read(row.values[second].expected), up.read(row.values[first].expected)) for row in leading]
        _number(figure, axes, places)


def _points(
    axes: Axes,
    rows: Sequence[FrontRow],
    places: tuple[int, int],
    objectives: tuple[Objective, Objective],
    colour: str,
    word: str,
) -> None:
    if not rows:
        return
    (x, y), (across, up) = ([row.values[place] for row in rows] for place in places), objectives
    xs, ys = [across.read(one.expected) for one in x], [up.read(one.expected) for one in y]
    xerr = _bars(across, x)
    axes.errorbar(xs, ys, yerr=_bars(up, y), xerr=xerr, fmt="none", ecolor=colour, elinewidth=0.5, capsize=0, alpha=0.5)
    axes.scatter(xs, ys, s=12, c=colour, lw=0, zorder=4, label=word)


def _bars(objective: Objective, values: Sequence[Expected]) -> list[list[float]]:
    read = objective.read
    ends = [(read(one.low), read(one.expected), read(one.high)) for one in values]
    return [[middle - low for low, middle, _ in ends], [high - middle for _, middle, high in ends]]


def _axis(objective: Objective) -> str:
    arrow = "" if objective.target is not None else " ←" if objective.lower_is_better else " →"
    return f"{objective.axis}{arrow}"


def _number(figure: Figure, axes: Axes, places: Sequence[tuple[float, float]]) -> None:
    """Number points where no other number or point of the front is; one for which there is no room has none."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    points = axes.transData.transform(places)
    taken: list[Bbox] = []
    for number, (place, point) in enumerate(zip(places, points, strict=True), 1):
        for x, y in OFFSETS:
            text = axes.annotate(
                str(number), place, (x, y), textcoords="offset points", fontsize=SMALL, color=BLUE,
                ha="left" if x > 0 else "right" if x < 0 else "center",
                va="bottom" if y > 0 else "top" if y < 0 else "center",
            )  # fmt: skip
            if _is_free(text, renderer, taken, points, point, axes):
                taken.append(text.get_window_extent(renderer))
                break
            text.remove()


def _is_free(
    text: Annotation, renderer: RendererAgg, taken: Sequence[Bbox], points: Floats, own: Floats, axes: Axes
) -> bool:
    """Whether a label lies inside of the axes, and on no other label or point."""
    box = text.get_window_extent(renderer)
    others = [point for point in points if not (point == own).all()]
    return (
        not any(box.overlaps(one) for one in taken)
        and not any(box.contains(*point) for point in others)
        and bool(axes.bbox.contains(*box.min) and axes.bbox.contains(*box.max))
    )
