"""The charts of the page as inline SVG that takes its text colour from the page, so they read on light and dark.

All are functions of rows of the ranking; values are drawn on the scale of the objective.
"""

import io
import re
from collections.abc import Callable, Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogFormatter
from scipy import stats

from autodisco.decide import AXIS_DECADES, Objective, Ranked
from autodisco.report.content import replica_values
from autodisco.store import IterationProgress
from autodisco.text import shortened

INK = "#010203"  # stands for the page's text colour until `svg` replaces it
BETTER, TIE, WORSE, KNOWN = "#2f9e63", "#d99a1c", "#8a929c", "#3b82c4"
COLOURS = {"better": BETTER, "tie": TIE, "worse": WORSE, "excluded": WORSE, "reference": TIE, None: KNOWN}
MOST_LABELS = 12
"""With more iterations, only some are numbered at the axis, and counts are left out."""

STYLE = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.hashsalt": "autodisco",
}


def values_by_iteration(ranking: Sequence[Ranked], reference: Ranked | None, objective: Objective) -> str:
    """Points and boxes of the values per iteration; iteration 0 are the known polymers."""
    groups: dict[int, list[Ranked]] = {}
    for row in ranking:
        groups.setdefault(row.iteration if row.source == "generated" else 0, []).append(row)
    numbers = sorted(groups)
    with matplotlib.rc_context(STYLE):
        figure, axes = _figure(3.4)
        few = len(numbers) <= MOST_LABELS
        for place, n in enumerate(numbers):
            values = [objective.read(row.value) for row in groups[n]]
            if len(values) > 2 and few:
                _box(axes, values, place, vertical=True)
            offsets = _spread(values, 0.30)
            colours = [KNOWN if n == 0 else COLOURS[row.verdict] for row in groups[n]]
            axes.scatter(place + offsets, values, c=colours, s=16 if few else 8, linewidths=0, alpha=0.85, zorder=3)
        if reference:
            axes.axhline(objective.read(reference.value), color=TIE, lw=1, ls="--", zorder=1)
        set_scale(axes.yaxis, axes.set_yscale, objective)
        names = [f"{'known' if n == 0 else n}" + (f"\n{len(groups[n])}" if few else "") for n in numbers]
        places = _thinned(range(len(numbers)))
        axes.set_xticks(places, [names[place] for place in places])
        axes.set_xlim(-0.6, max(len(numbers), 3) - 0.4)
        axes.set_xlabel("iteration, number of polymers" if few else "iteration")
        axes.set_ylabel(objective.axis)
        name = f"by-iteration-{ranking[0].protocol}" if ranking else "by-iteration"
        return svg(figure, name, f"{objective.name} of the polymers of each iteration")


def best_against_reference(rows: Sequence[Ranked], reference: Ranked | None, objective: Objective) -> str:
    """Box plot over the replicas of each polymer with its mean and standard error, the reference last and as a band.

    A value left of the axis is written at its end as a number.
    """
    shown = [*rows, *([reference] if reference else [])]
    with matplotlib.rc_context(STYLE):
        figure, axes = _figure(0.9 + 0.27 * len(shown))
        if reference:
            low, high = _span(reference)
            axes.axvspan(low, high, color=TIE, alpha=0.18, lw=0)
            axes.axvline(objective.read(reference.value), color=TIE, lw=1, ls="--")
        for place, row in enumerate(shown):
            colour, mean = COLOURS[row.verdict], objective.read(row.value)
            low, high = _span(row)
            values = [objective.read(value) for value in replica_values(row)]
            if len(values) > 1:
                _box(axes, values, place, vertical=False)
            axes.plot([low, high], [place, place], color=colour, lw=2.2, solid_capstyle="butt", zorder=3)
            axes.scatter(values, [place] * len(values), c="none", edgecolors=INK, s=14, linewidths=0.7, zorder=4)
            axes.scatter([mean], [place], c=colour, s=34, marker="D", linewidths=0, zorder=5)
        set_scale(axes.xaxis, axes.set_xscale, objective)
        axes.set_xlim(*_limits(list(map(_span, shown)), objective))
        for place, row in enumerate(shown):
            if objective.read(row.value) < axes.get_xlim()[0]:
                axes.annotate(f"◂ {objective.brief(row.value)}", (0, place), (3, 0), xycoords=("axes fraction", "data"),
                              textcoords="offset points", va="center", color=COLOURS[row.verdict])  # fmt: skip
        axes.set_yticks(range(len(shown)), [shortened(row.monomer_smiles, 26) for row in shown])
        for label in axes.get_yticklabels():
            label.set_family("monospace")
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.set_xlabel(objective.axis)
        title = "The best polymers against the reference, replicas, means and standard errors"
        return svg(figure, f"best-{rows[0].protocol}" if rows else "best", title)


def duplicates_by_iteration(iterations: Sequence[IterationProgress], threshold: float | None) -> str:
    """Share of known polymers per iteration by the count of the saturation rule, with 90 % interval and threshold.

    Crosses are the count of the paper; iterations that the rule has not judged show it as a bar. Green: Good-Turing
    chance that the next valid draw is a new polymer. Below, if there are any: Chao's lower bounds of the number of
    polymers that the model can write.
    """
    bounds = _judged(iterations, "reachable")
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.2, 3.7 if bounds else 2.6), layout="constrained")
        panels = figure.subplots(
            2 if bounds else 1, sharex=True, squeeze=False, height_ratios=(2, 1)[: 1 + bool(bounds)]
        )
        axes, lowest = panels[0, 0], panels[-1, 0]
        _duplicates(axes, iterations, threshold)
        if bounds:
            lowest.plot(list(bounds), list(bounds.values()), color=BETTER, lw=1, marker="o", ms=_marker(bounds))
            lowest.set_ylim(0, 1.25 * max(bounds.values()))
            lowest.set_ylabel("can be written")
        last = max([row.n for row in iterations if row.known[1]], default=1)
        lowest.set_xlim(0.4, max(last, 3) + 0.6)
        lowest.set_xticks(_thinned(range(1, max(last, 3) + 1)))
        lowest.set_xlabel("iteration")
        for panel in panels.flat:
            panel.tick_params(length=3, width=0.6)
        return svg(figure, "duplicates", "Share of what is counted that was a known polymer, per iteration")


def _duplicates(axes: Axes, iterations: Sequence[IterationProgress], threshold: float | None) -> None:
    few = sum(bool(row.known[1]) for row in iterations) <= MOST_LABELS
    for row in iterations:
        strings = row.verdicts.get("duplicate-symmetry", 0), row.new_strings
        judged, (k, n) = row.saturation or {}, row.known
        if not n:
            continue
        low, high = stats.beta(1 + k, 1 + n - k).interval(0.9)
        if judged.get("count") == "polymers":
            low, high = 1.0 - judged["chance_new_high"], 1.0 - judged["chance_new_low"]
        axes.bar(row.n, k / n, width=0.55, color=KNOWN, alpha=0.75, lw=0)
        axes.plot([row.n] * 2, [low, high], color=INK, lw=1 if few else 0.4)
        if few:
            axes.annotate(f"{k} of {n}", (row.n, high), (0, 3), textcoords="offset points", ha="center", fontsize=8)
        if strings[1]:
            axes.plot(row.n, strings[0] / strings[1], color=INK, marker="x", ms=4 if few else 2, lw=0)
    chances = _judged(iterations, "chance_new")
    axes.plot(list(chances), list(chances.values()), color=BETTER, lw=1, marker="o", ms=_marker(chances))
    if threshold:
        axes.axhline(threshold, color=TIE, lw=1, ls="--")
    axes.set_ylim(0, 1.08)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
    axes.set_ylabel("duplicates")


def _judged(iterations: Sequence[IterationProgress], name: str) -> dict[int, float]:
    """A field of the judgements of the saturation rule, by iteration, where it is known."""
    seen = {row.n: (row.saturation or {}).get(name) for row in iterations}
    return {n: value for n, value in seen.items() if value is not None}


def _thinned(places: range) -> list[int]:
    """At most `MOST_LABELS` + 1 of the places, at equal distances of 1, 2 or 5 times a power of ten."""
    steps = (factor * 10**power for power in range(len(str(len(places))) + 1) for factor in (1, 2, 5))
    step = next(step for step in steps if len(places) <= MOST_LABELS * step)
    return [place for place in places if place % step == 0 or step == 1]


def _marker(shown: Mapping[int, float]) -> float:
    return 4.0 if len(shown) <= MOST_LABELS else 1.5


def _figure(height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(5.2, height), layout="constrained")
    axes = figure.add_subplot()
    axes.tick_params(length=3, width=0.6)
    return figure, axes


def set_scale(axis: Axis, set_kind: Callable[[str], None], objective: Objective) -> None:
    """Make an axis logarithmic, with plain numbers, where the scale of the objective is."""
    if objective.scale.floor is None:
        return
    set_kind("log")
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(_Between(minor_thresholds=(2, 0.4)))


class _Between(LogFormatter):  # type: ignore[misc]  # matplotlib has no types
    """Numbers between the powers of ten, where an axis shows fewer than two of these."""

    def __call__(self, value: float, position: int | None = None) -> str:
        return f"{value:g}" if super().__call__(value, position) else ""


def _box(axes: Axes, values: Sequence[float], place: int, vertical: bool) -> None:
    line = {"color": INK, "lw": 0.8, "alpha": 0.6}
    axes.boxplot(
        [values], positions=[place], widths=0.55, orientation="vertical" if vertical else "horizontal",
        showfliers=False, manage_ticks=False, boxprops=line, whiskerprops=line, capprops=line,
        medianprops={**line, "lw": 1.4},
    )  # fmt: skip


def _limits(spans: Sequence[tuple[float, float]], objective: Objective) -> tuple[float, float]:
    """Ends of an axis for these intervals; a logarithmic one ends `AXIS_DECADES` below the highest value."""
    low, high = min(low for low, _ in spans), max(high for _, high in spans)
    if objective.scale.floor is None:
        margin = 0.05 * (high - low or 1.0)
        return low - margin, high + margin
    return max(0.7 * low, high * 10**-AXIS_DECADES), 1.5 * high


def _span(row: Ranked) -> tuple[float, float]:
    error = row.sem or 0.0
    return row.objective.read(row.value - error), row.objective.read(row.value + error)


def _spread(values: Sequence[float], width: float) -> np.ndarray:
    """Reproducible offsets across a column that keep close values apart."""
    offsets = np.zeros(len(values))
    for step, index in enumerate(np.argsort(values)):
        offsets[index] = width * ((step * 0.618034) % 1.0 - 0.5) * 2 if len(values) > 1 else 0.0
    return offsets


def svg(figure: Figure, name: str, title: str) -> str:
    """A figure for the page; `name` makes its ids differ from those of the others."""
    name, out = re.sub(r"[^A-Za-z0-9-]", "-", name), io.StringIO()
    figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    # Several drawings share one page: their ids must differ, and the page sets their size.
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r"url\(#", f"url(#{name}-", svg)
    svg = re.sub(r'(xlink:href="#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<svg ([^>]*?)height="[^"]*" ', r"<svg \1", svg, count=1)
    svg = re.sub(r'(<svg [^>]*?)width="[^"]*" ', rf'\1role="img" aria-label="{title}" ', svg, count=1)
    return svg
