"""The charts of the page that concern measured values and duplicates.

All are functions of rows of the ranking; values are drawn on the scale of the objective.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from scipy.special import betaincinv

from autodisco.decide import AXIS_DECADES, Objective, Ranked
from autodisco.report.content import replica_values
from autodisco.report.figure import (
    BARS_PT,
    BETTER,
    COLOURS,
    INK,
    KNOWN,
    MOST_LABELS,
    TIE,
    Drawing,
    Mark,
    marker,
    scatter,
    set_scale,
    thinned,
)
from autodisco.store import IterationProgress
from autodisco.text import shortened


def values_by_iteration(ranking: Sequence[Ranked], reference: Ranked | None, objective: Objective) -> str:
    """Points and boxes of the values per iteration; iteration 0 are the known polymers."""
    groups: dict[int, list[Ranked]] = {}
    for row in ranking:
        groups.setdefault(row.iteration if row.source == "generated" else 0, []).append(row)
    numbers = sorted(groups)
    few = len(numbers) <= MOST_LABELS
    with Drawing(3.4) as drawing:
        axes = drawing.axes()
        points: list[tuple[float, float, str, bool, Mark]] = []
        for place, n in enumerate(numbers):
            values = [objective.read(row.value) for row in groups[n]]
            if len(values) > 2 and few:
                _box(axes, values, place, vertical=True)
            for row, value, offset in zip(groups[n], values, spread(values, 0.30), strict=True):
                colour = KNOWN if n == 0 else COLOURS[row.verdict]
                points.append((place + offset, value, colour, objective.at_floor(row.value), _mark(row)))
        if points:
            x, y, colours, at_floor, marks = zip(*points, strict=True)
            for drawn, which in scatter(axes, x, y, colours, at_floor, "v", s=16 if few else 8, alpha=0.85, zorder=3):
                drawing.mark(drawn, [marks[place] for place in which])
        if reference:
            axes.axhline(objective.read(reference.value), color=TIE, lw=1, ls="--", zorder=1)
        set_scale(axes.yaxis, axes.set_yscale, objective)
        names = [f"{'known' if n == 0 else n}" + (f"\n{len(groups[n])}" if few else "") for n in numbers]
        places = thinned(range(len(numbers)))
        axes.set_xticks(places, [names[place] for place in places])
        axes.set_xlim(-0.6, max(len(numbers), 3) - 0.4)
        axes.set_xlabel("iteration, number of polymers" if few else "iteration")
        axes.set_ylabel(objective.axis)
        name = f"by-iteration-{ranking[0].protocol}" if ranking else "by-iteration"
        return drawing.svg(name, f"{objective.name} of the polymers of each iteration")


def _mark(row: Ranked) -> Mark:
    where = f"iteration {row.iteration}" if row.source == "generated" else row.name or row.source
    return Mark(f"{row.monomer_smiles}: {row.shown}, n = {row.n_replicas}, {where}", row.key)


def best_against_reference(rows: Sequence[Ranked], reference: Ranked | None, objective: Objective) -> str:
    """Box plot over the replicas of each polymer with its mean and standard error, the reference last and as a band.

    A value left of the axis is written at its end as a number.
    """
    shown = [*rows, *([reference] if reference else [])]
    with Drawing(0.9 + 0.27 * len(shown)) as drawing:
        axes = drawing.axes()
        left, right = limits(list(map(span, shown)), objective)
        if reference:
            low, high = span(reference)
            axes.axvspan(low, high, color=TIE, alpha=0.18, lw=0)
            axes.axvline(objective.read(reference.value), color=TIE, lw=1, ls="--")
        for place, row in enumerate(shown):
            colour, mean = COLOURS[row.verdict], objective.read(row.value)
            low, high = span(row)
            values, bounds = on_axis(replica_values(row), left, objective)
            if len(values) > 1:
                _box(axes, values, place, vertical=False)
            axes.plot([low, high], [place, place], color=colour, lw=2.2, solid_capstyle="butt", zorder=3)
            at, inks = [place] * len(values), [INK] * len(values)
            scatter(axes, values, at, inks, bounds, "<", hollow=True, s=14, zorder=4)
            diamond = axes.scatter([mean], [place], c=colour, s=34, marker="D", linewidths=0, zorder=5)
            drawing.mark(diamond, [_mark(row)], inside=False)
        set_scale(axes.xaxis, axes.set_xscale, objective)
        axes.set_xlim(left, right)
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
        return drawing.svg(f"best-{rows[0].protocol}" if rows else "best", title)


def duplicates_by_iteration(iterations: Sequence[IterationProgress], threshold: float | None) -> str:
    """Share of known polymers per iteration by the count of the saturation rule, with 90 % interval and threshold.

    Crosses are the count of the paper; iterations that the rule has not judged show it as a bar. Green: Good-Turing
    chance that the next valid draw is a new polymer. Below, if there are any: Chao's lower bounds of the number of
    polymers that the model can write.
    """
    bounds = _judged(iterations, "reachable")
    with Drawing(3.7 if bounds else 2.6) as drawing:
        panels = drawing.figure.subplots(
            2 if bounds else 1, sharex=True, squeeze=False, height_ratios=(2, 1)[: 1 + bool(bounds)]
        )
        axes, lowest = panels[0, 0], panels[-1, 0]
        last = max([row.n for row in iterations if row.known[1]], default=1)
        _duplicates(drawing, axes, iterations, max(last, 3))
        if threshold:
            axes.axhline(threshold, color=TIE, lw=1, ls="--")
        if bounds:
            lowest.plot(list(bounds), list(bounds.values()), color=BETTER, lw=1, marker="o", ms=marker(bounds))
            lowest.set_ylim(0, 1.25 * max(bounds.values()))
            lowest.set_ylabel("can be written")
        lowest.set_xlim(0.4, max(last, 3) + 0.6)
        lowest.set_xticks(thinned(range(1, max(last, 3) + 1)))
        lowest.set_xlabel("iteration")
        for panel in panels.flat:
            panel.tick_params(length=3, width=0.6)
        return drawing.svg("duplicates", "Share of what is counted that was a known polymer, per iteration")


def _duplicates(drawing: Drawing, axes: Axes, iterations: Sequence[IterationProgress], last: int) -> None:
    counted = [row for row in iterations if row.known[1]]
    few = len(counted) <= MOST_LABELS
    shares = [row.known[0] / row.known[1] for row in counted]
    numbers, spans = [row.n for row in counted], [_rate_interval(row) for row in counted]
    lows, highs = ([span[end] for span in spans] for end in (0, 1))
    width = max(0.4, 0.5 * BARS_PT / last)
    bars = axes.vlines(numbers, 0.0, shares, colors=KNOWN, alpha=0.75, lw=width, capstyle="butt")
    drawing.mark(bars, [Mark(_counts(row)) for row in counted])
    if not few:
        axes.fill_between(numbers, lows, highs, color=INK, alpha=0.16, lw=0)
    else:
        axes.vlines(numbers, lows, highs, colors=INK, lw=1)
        for row, high in zip(counted, highs, strict=True):
            told = f"{row.known[0]} of {row.known[1]}"
            axes.annotate(told, (row.n, high), (0, 3), textcoords="offset points", ha="center", fontsize=8)
    strings = {row.n: row.verdicts.get("duplicate-symmetry", 0) / row.new_strings for row in counted if row.new_strings}
    size, alpha = (4.0, 1.0) if few else (1.5, 0.4)
    axes.plot(list(strings), list(strings.values()), color=INK, marker="x", ms=size, alpha=alpha, lw=0)
    chances = _judged(iterations, "chance_new")
    axes.plot(list(chances), list(chances.values()), color=BETTER, lw=1, marker="o", ms=marker(chances))
    axes.set_ylim(0, 1.08)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
    axes.set_ylabel("duplicates")


def _rate_interval(row: IterationProgress) -> tuple[float, float]:
    """Interval of 90 % of the share of known polymers in an iteration."""
    judged, (k, n) = row.saturation or {}, row.known
    if judged.get("count") == "polymers":
        return 1.0 - judged["chance_new_high"], 1.0 - judged["chance_new_low"]
    low, high = betaincinv(1 + k, 1 + n - k, [0.05, 0.95]).tolist()
    return low, high


def _counts(row: IterationProgress) -> str:
    k, n = row.known
    text = f"iteration {row.n}: {k} of {n} known ({k / n:.0%})"
    chance = (row.saturation or {}).get("chance_new")
    return text if chance is None else f"{text}, next draw new with {chance:.0%}"


def _judged(iterations: Sequence[IterationProgress], name: str) -> dict[int, float]:
    """A field of the judgements of the saturation rule, by iteration, where it is known."""
    seen = {row.n: (row.saturation or {}).get(name) for row in iterations}
    return {n: value for n, value in seen.items() if value is not None}


def _box(axes: Axes, values: Sequence[float], place: int, vertical: bool) -> None:
    line = {"color": INK, "lw": 0.8, "alpha": 0.6}
    axes.boxplot(
        [values], positions=[place], widths=0.55, orientation="vertical" if vertical else "horizontal",
        showfliers=False, manage_ticks=False, boxprops=line, whiskerprops=line, capprops=line,
        medianprops={**line, "lw": 1.4},
    )  # fmt: skip


def limits(spans: Sequence[tuple[float, float]], objective: Objective) -> tuple[float, float]:
    """Ends of an axis for these intervals; a logarithmic one ends `AXIS_DECADES` below the highest value."""
    low, high = min(low for low, _ in spans), max(high for _, high in spans)
    if objective.scale.floor is None:
        margin = 0.05 * (high - low or 1.0)
        return low - margin, high + margin
    return max(0.7 * low, high * 10**-AXIS_DECADES), 1.5 * high


def on_axis(values: Sequence[float], left: float, objective: Objective) -> tuple[list[float], list[bool]]:
    """Values in the unit in which people read them, not left of the end of the axis, and which are only bounds: those
    beyond that end, and zero on a logarithmic scale."""
    read = [objective.read(value) for value in values]
    bounds = [at < left or objective.at_floor(value) for value, at in zip(values, read, strict=True)]
    return [max(at, left) for at in read], bounds


def span(row: Ranked) -> tuple[float, float]:
    """Ends of the error bar of a measured value, in the unit in which people read it."""
    error = row.sem or 0.0
    return row.objective.read(row.value - error), row.objective.read(row.value + error)


def spread(values: Sequence[float], width: float) -> np.ndarray:
    """Reproducible offsets across a column that keep close values apart."""
    offsets = np.zeros(len(values))
    for step, index in enumerate(np.argsort(values)):
        offsets[index] = width * ((step * 0.618034) % 1.0 - 0.5) * 2 if len(values) > 1 else 0.0
    return offsets
