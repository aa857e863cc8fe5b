"""The charts of the page that concern the posterior: what moved it, and whether what it says comes true."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from autodisco.decide import Objective, Ranked
from autodisco.report.figure import BETTER, COLOURS, INK, KNOWN, MOST_LABELS, TIE, Drawing, Mark, scatter, set_scale
from autodisco.store import Forecast
from autodisco.text import probability, shortened, significant

SOURCES = ("#3b82c4", "#2f9e63", "#d99a1c", "#9b59b6", "#8a929c", "#c0504d")
"""Colours of the prior mean and the sources, in their order."""


def contributions(rows: Sequence[Ranked], reference: Ranked | None, objective: Objective) -> str:
    """Posterior mean of each polymer with its interval, and what moved it from the mean of the prior over these rows.

    Bars of one polymer follow one another from the common line to its mean, first to the left, then to the right.
    """
    shown = [*rows, *([reference] if reference else [])]
    names = [name for name in shown[0].moved if any(abs(row.moved[name]) > 1e-3 for row in shown)]
    prior = next(iter(shown[0].moved))
    base = float(np.mean([row.moved[prior] for row in shown]))
    with Drawing(1.25 + 0.27 * len(shown)) as drawing:
        axes = drawing.axes()
        axes.axvline(base, color=INK, lw=0.6)
        for place, row in enumerate(shown):
            moves = [row.moved[name] - (base if name == prior else 0.0) for name in names]
            _stack(axes, place, base, moves)
            low, middle, high = (objective.scale.place(v) for v in (row.expected_low, row.expected, row.expected_high))
            axes.plot([low, high], [place, place], color=INK, lw=1.2, zorder=4)
            diamond = axes.scatter([middle], [place], c=INK, s=26, marker="D", linewidths=0, zorder=5)
            drawing.mark(diamond, [_mark(row)])
        for number, name in enumerate(names):
            axes.barh([0], [0], left=base, color=SOURCES[number % len(SOURCES)], label=name)
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False, fontsize=8)
        _name_rows(axes, shown)
        ends = [objective.scale.place(value) for row in shown for value in (row.expected_low, row.expected_high)]
        margin = 0.04 * (max(ends) - min(ends))
        axes.set_xlim(min([base, *ends]) - margin, max([base, *ends]) + margin)
        _set_ticks(axes, objective)
        axes.set_xlabel(f"{objective.axis}: {shown[0].expected_from.partition(',')[0]}")
        return drawing.svg("contributions", "Posterior of the best polymers and what each source contributed")


def against(rows: Sequence[Ranked], reference_name: str, objective: Objective) -> str:
    """Ratio of polymers to the reference, or difference, with its interval, in the colour of the verdict."""
    ratios = objective.scale.floor is not None
    with Drawing(1.0 + 0.27 * len(rows)) as drawing:
        axes = drawing.axes()
        axes.axvline(1.0 if ratios else 0.0, color=TIE, lw=1.0, ls="--")
        for place, row in enumerate(rows):
            ends = (row.against_reference, row.against_reference_low, row.against_reference_high)
            middle, low, high = ((end or 0.0) * (1.0 if ratios else objective.factor) for end in ends)
            colour = COLOURS[row.verdict]
            axes.plot([low, high], [place, place], color=colour, lw=1.8)
            diamond = axes.scatter([middle], [place], c=colour, s=26, marker="D", linewidths=0, zorder=5)
            text = f"{row.monomer_smiles}: {row.shown_against}, {row.verdict}, p better {probability(row.p_better)}"
            drawing.mark(diamond, [Mark(text, row.key)])
        set_scale(axes.xaxis, axes.set_xscale, objective)
        _name_rows(axes, rows)
        unit = f", {objective.read_unit}" if objective.read_unit and not ratios else ""
        axes.set_xlabel(f"{objective.label} {'over' if ratios else 'minus'} that of {reference_name}{unit}")
        return drawing.svg("against", f"The first polymers of the ranking against {reference_name}")


def _name_rows(axes: Axes, rows: Sequence[Ranked]) -> None:
    axes.set_yticks(range(len(rows)), [shortened(row.monomer_smiles, 26) for row in rows])
    for label in axes.get_yticklabels():
        label.set_family("monospace")
    axes.set_ylim(len(rows) - 0.4, -0.6)


def _mark(row: Ranked) -> Mark:
    return Mark(f"{row.monomer_smiles}: {row.objective.with_unit(row.interval)}, {row.how} {row.shown}", row.key)


def _stack(axes: Axes, place: int, base: float, moves: Sequence[float]) -> None:
    left = right = base
    for number, move in enumerate(moves):
        begin = right if move > 0 else left
        axes.barh(place, move, left=begin, height=0.62, color=SOURCES[number % len(SOURCES)], alpha=0.75, lw=0)
        if move > 0:
            right += move
        else:
            left += move


def _set_ticks(axes: Axes, objective: Objective) -> None:
    """Ticks at round values; the axis itself is linear in the scale of the objective."""
    low, high = axes.get_xlim()
    if objective.scale.floor is None:
        axes.xaxis.set_major_formatter(FuncFormatter(lambda place, _: significant(_read(objective)(place))))
        return
    first, last = (int(np.floor(np.log10(_read(objective)(end)))) for end in (low, high))
    digits = (1, 2, 5) if last - first < 3 else (1,)
    values = [digit * 10.0**power for power in range(first, last + 1) for digit in digits]
    placed = {objective.scale.place(value / objective.factor): value for value in values}
    inside = {place: value for place, value in placed.items() if low <= place <= high}
    axes.set_xticks(list(inside), [f"{value:g}" for value in inside.values()])


def _read(objective: Objective) -> Callable[[float], float]:
    """From a place on the scale to the value that people read."""
    return lambda place: objective.read(objective.scale.value(place))


def calibration(forecasts: Sequence[Forecast], objective: Objective) -> str:
    """Values that came against what was said before they came, with its interval of 90 %; off it in amber."""
    read = np.vectorize(_read(objective), otypes=[float])
    said, came = (np.array([getattr(row, name) for row in forecasts]) for name in ("said", "came"))
    reach, inside = np.array([row.reach for row in forecasts]), np.array([row.within for row in forecasts])
    with Drawing(3.6) as drawing:
        axes = drawing.axes()
        few = len(forecasts) <= 5 * MOST_LABELS
        for within, colour in ((True, KNOWN), (False, TIE)):
            rows = inside == within
            if few:
                axes.hlines(
                    read(came[rows]), read((said - reach)[rows]), read((said + reach)[rows]), color=colour, lw=0.8,
                    alpha=0.6,
                )  # fmt: skip
            at_floor = [objective.at_floor(objective.scale.value(place)) for place in came[rows]]
            size, marks = 18 if few else 6, [row for row in forecasts if row.within == within]
            painted = [colour] * len(marks)
            for points, which in scatter(
                axes, read(said[rows]), read(came[rows]), painted, at_floor, "v", s=size, zorder=3
            ):
                drawing.mark(points, [_forecast(marks[place], objective) for place in which])
        ends = read(np.array([min(said.min(), came.min()) - 0.1, max(said.max(), came.max()) + 0.1]))
        axes.plot(ends, ends, color=BETTER, lw=1, ls="--", zorder=1)
        set_scale(axes.xaxis, axes.set_xscale, objective)
        set_scale(axes.yaxis, axes.set_yscale, objective)
        axes.set_xlabel(f"{objective.axis}: said before")
        axes.set_ylabel(f"{objective.axis}: came")
        return drawing.svg("calibration", "Values that came against what the posterior had said before")


def _forecast(row: Forecast, objective: Objective) -> Mark:
    said, came = (objective.with_unit(significant(_read(objective)(value))) for value in (row.said, row.came))
    return Mark(f"iteration {row.iteration}, {row.source}: {said} said, {came} came", row.key)
