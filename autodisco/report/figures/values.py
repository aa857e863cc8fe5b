"""Figures of measured values: of every polymer by iteration, and of the best ones beside the reference."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from autodisco.analysis.plots import GREY
from autodisco.decide import Objective, Ranked
from autodisco.report.charts import limits, on_axis, span, spread
from autodisco.report.content import replica_values
from autodisco.report.figure import MOST_LABELS, bounds_told, scatter, thinned
from autodisco.report.figures.source import Source
from autodisco.report.figures.style import (
    BLUE,
    COLUMN_CM,
    PAGE_CM,
    SMALL,
    VERDICTS,
    VERMILION,
    PrintFigure,
    label,
    legend,
    value_axis,
)

VERDICT_WORDS = {None: "known before", "better": "better", "tie": "tie", "worse": "worse", "excluded": "excluded"}
MARKERS = "osD^v<>"
LEAST_IN_BOX = 5


def iterations(source: Source) -> PrintFigure | str:
    """Values of the polymers of each iteration, and of those known before, against the reference."""
    tier = source.content.status.tiers[0].protocol
    every = [found for row in source.content.ranking if (found := row.at(tier))]
    rows = [row for row in every if row.verdict != "reference"]
    if not any(row.source == "generated" for row in rows):
        return f"no polymer that the campaign found has a value at protocol {tier}"
    reference = source.reference.at(tier) if source.reference else None
    groups: dict[int, list[Ranked]] = {}
    for row in rows:
        groups.setdefault(row.iteration if row.source == "generated" else 0, []).append(row)
    few = len(groups) <= MOST_LABELS
    shown = "boxes: quartiles and median of an iteration" if few else "line and band: median and quartiles"
    name = source.content.reference_name
    band = f" Dashed line and band: {name} and its standard error over builds." if reference else ""
    return PrintFigure(
        f"{source.objective.label} of the polymers of each iteration",
        f"Each point is a polymer, placed by the iteration that proposed it; {shown}.{band} Colours: verdict against "
        f"{name}, with a probability of {source.content.better_probability:.0%} or more; blue: known before."
        f"{bounds_told([row.value for row in rows], source.objective)} " + source.made_with(rows),
        COLUMN_CM if few else PAGE_CM,
        6.5,
        lambda figure: _draw_iterations(figure, groups, reference, source, few),
        [_row(row, source.objective) for row in every],
    )


def _row(row: Ranked, objective: Objective) -> dict[str, Any]:
    known = 0 if row.source != "generated" else row.iteration
    return {
        "rank": row.rank, "key": row.key, "name": row.name, "monomer_smiles": row.monomer_smiles, "iteration": known,
        "verdict": row.verdict, "protocol": row.protocol, objective.column: row.value, objective.sem_column: row.sem,
        "n_replicas": row.n_replicas,
    }  # fmt: skip


def _draw_iterations(
    figure: Figure, groups: Mapping[int, list[Ranked]], reference: Ranked | None, source: Source, few: bool
) -> None:
    axes, objective, numbers = figure.add_subplot(), source.objective, sorted(groups)
    if reference:
        _reference(axes.axhspan, axes.axhline, reference, source.content.reference_name)
    values = [[objective.read(row.value) for row in groups[n]] for n in numbers]
    points: dict[str | None, list[tuple[float, float, bool]]] = {}
    for place, n in enumerate(numbers):
        for row, value, offset in zip(groups[n], values[place], spread(values[place], 0.3), strict=True):
            points.setdefault(row.verdict if n else None, []).append(
                (place + offset, value, objective.at_floor(row.value))
            )
    for verdict, word in VERDICT_WORDS.items():
        if found := points.get(verdict):
            x, y, at_floor = zip(*found, strict=True)
            colours = [VERDICTS[verdict]] * len(x)
            scatter(axes, x, y, colours, at_floor, "v", s=9 if few else 4, alpha=0.85, zorder=3, label=word)
    if few:
        boxed = [place for place in range(len(numbers)) if len(values[place]) >= LEAST_IN_BOX]
        line = {"lw": 0.6, "color": "black"}
        if boxed:
            axes.boxplot(
                [values[place] for place in boxed], positions=boxed, widths=0.7, showfliers=False, manage_ticks=False,
                boxprops=line, whiskerprops=line, capprops=line, medianprops={**line, "lw": 1.2}, zorder=4,
            )  # fmt: skip
    else:
        low, middle, high = np.transpose([np.quantile(found, (0.25, 0.5, 0.75)) for found in values])
        axes.fill_between(range(len(numbers)), low, high, color="black", alpha=0.12, lw=0, zorder=2)
        axes.plot(range(len(numbers)), middle, color="black", lw=0.8, zorder=4)
    value_axis(axes.yaxis, objective)
    ticks = [f"{n or 'known'}" + (f"\n({len(groups[n])})" if few else "") for n in numbers]
    places = thinned(range(len(numbers)))
    axes.set_xticks(places, [ticks[place] for place in places])
    axes.set_xlim(-0.6, max(len(numbers), 3) - 0.4)
    axes.set(xlabel="iteration (number of polymers)" if few else "iteration", ylabel=objective.axis)
    legend(figure, axes, 3 if few else 5)


def _reference(span_of: Any, line: Any, row: Ranked, name: str) -> None:
    """A band of the standard error of the reference and a dashed line at its value."""
    span_of(*span(row), color=VERMILION, alpha=0.15, lw=0, zorder=0)
    line(row.objective.read(row.value), color=VERMILION, lw=0.9, ls="--", zorder=1, label=name)


def ranking(source: Source) -> PrintFigure | str:
    """The best polymers that the campaign found, with their builds, and the reference."""
    if not source.best:
        return "no polymer that the campaign found has a value"
    rows, objective = source.compared(), source.objective
    name = source.content.reference_name
    left, _ = _ranking_limits(rows, source)
    beyond = any(any(on_axis((row.value, *replica_values(row)), left, objective)[1]) for row in rows)
    expected = (
        f" Grey diamonds and lines: expected value ({rows[0].expected_from}) with its interval of 90 %; it is another "
        "quantity than the simulated one and may lie far from it."
        if source.content.judged
        else ""
    )
    return PrintFigure(
        f"{objective.label} of the best {len(source.best)} new polymers",
        "Filled marks and bars: mean and standard error over independent builds (open circles, where their values are "
        f"known).{expected} Dashed line and band: {name} and its standard error."
        f"{' Open triangles: values at or below the left end of the axis, or 0.' if beyond else ''} Names are in the "
        f"CSV file where a label is cut. {source.made_with(rows)}",
        COLUMN_CM,
        2.6 + 0.5 * len(rows),
        lambda figure: _draw_ranking(figure, rows, source),
        [_ranked(row, objective) for row in rows],
    )


def _ranked(row: Ranked, objective: Objective) -> dict[str, Any]:
    columns = objective.columns
    more = {columns[name]: getattr(row, name) for name in ("expected", "expected_low", "expected_high")}
    builds = ";".join(f"{value:g}" for value in replica_values(row))
    return _row(row, objective) | more | {"p_better": row.p_better, "builds": builds}


def _ranking_limits(rows: Sequence[Ranked], source: Source) -> tuple[float, float]:
    """Ends of the axis. Expected values may lie decades below simulated ones; their intervals are shown whole."""
    objective, read = source.objective, source.objective.read
    expected = [(read(row.expected_low), read(row.expected_high)) for row in rows if source.content.judged]
    left, right = limits([*map(span, rows), *expected], objective)
    if objective.scale.floor is not None:
        left = min(left, *(0.7 * low for low, _ in expected)) if expected else left
    return left, right


def _draw_ranking(figure: Figure, rows: Sequence[Ranked], source: Source) -> None:
    axes, objective, judged = figure.add_subplot(), source.objective, bool(source.content.judged)
    if source.reference:
        _reference(axes.axvspan, axes.axvline, source.reference, source.content.reference_name)
    protocols = list(dict.fromkeys(row.protocol for row in rows))
    left, right = _ranking_limits(rows, source)
    for place, row in enumerate(rows):
        colour, marker = VERDICTS[row.verdict], MARKERS[protocols.index(row.protocol) % len(MARKERS)]
        above = 0.16 if judged else 0.0
        values, bounds = on_axis(replica_values(row), left, objective)
        at = [place - above] * len(values)
        scatter(axes, values, at, [GREY] * len(values), bounds, "<", hollow=True, s=9, zorder=3)
        axes.plot(span(row), [place - above] * 2, color=colour, lw=1.2, zorder=4)
        mean, bounds = on_axis([row.value], left, objective)
        scatter(axes, mean, [place - above], [colour], bounds, "<", s=16, marker=marker, zorder=5)
        if judged:
            low, middle, high = map(objective.read, (row.expected_low, row.expected, row.expected_high))
            axes.plot([low, high], [place + 0.22] * 2, color=GREY, lw=0.8, zorder=2)
            axes.scatter([middle], [place + 0.22], s=9, c=GREY, marker="D", lw=0, zorder=3)
    _keys(axes, protocols, judged)
    value_axis(axes.xaxis, objective)
    axes.set_xlim(left, right)
    axes.set_yticks(range(len(rows)), [label(row) for row in rows])
    axes.tick_params(axis="y", labelsize=SMALL, length=0)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel(objective.axis)
    legend(figure, axes, 2)


def _keys(axes: Axes, protocols: Sequence[str], judged: bool) -> None:
    """Entries of the legend for what stands for no single polymer."""
    for number, protocol in enumerate(protocols):
        told = f"values of {protocol}" if len(protocols) > 1 else "mean ± standard error"
        axes.plot([], [], color=BLUE, marker=MARKERS[number % len(MARKERS)], ms=4, mew=0, label=told)
    axes.scatter([], [], s=9, c="none", edgecolors=GREY, lw=0.5, label="single builds")
    if judged:
        axes.plot([], [], color=GREY, lw=0.8, marker="D", ms=3, mew=0, label="expected, 90 %")
