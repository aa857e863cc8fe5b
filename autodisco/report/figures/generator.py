"""The figure of the generator: quality of what it draws, what became of the draws, and how new the polymers are."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from autodisco.analysis.plots import GREY
from autodisco.arrays import Floats
from autodisco.errors import InvalidRepeatUnit
from autodisco.polymer import ORGANIC_ELEMENTS, read_material
from autodisco.report.figure import MOST_LABELS
from autodisco.report.figures.source import Source
from autodisco.report.figures.style import (
    BLUE,
    GREEN,
    ORANGE,
    PAGE_CM,
    PURPLE,
    SKY,
    VERMILION,
    PrintFigure,
    letter,
)
from autodisco.store import Polymer
from autodisco.text import counted

METRICS = {
    "validity": (BLUE, "o"), "uniqueness": (VERMILION, "s"), "novelty": (GREEN, "D"), "synthesizability": (PURPLE, "^"),
    "diversity": (ORANGE, "v"),
}  # fmt: skip
DRAWS = {
    "new polymer": (GREEN, ("new", "not-selected")),
    "known polymer": (ORANGE, ("duplicate-symmetry",)),
    "known string": (SKY, ("duplicate-string",)),
    "rejected": (PURPLE, ("rejected",)),
    "invalid": (GREY, ("invalid",)),
}
OTHER = "others"
COLOUR = {kind: colour for kind, (colour, _) in DRAWS.items()} | {OTHER: "#cccccc"}
LEAST_IN_HALF = 5
"""Polymers that the first and the second half of the iterations need, to be shown apart."""

BINS = np.linspace(0, 1, 21)
ALIKE_AT_ONCE = 200

Panel = tuple[Callable[[Axes], None], list[dict[str, Any]], str]


def generator(source: Source) -> PrintFigure | str:
    """Metrics of each model, fates of the draws of each iteration, similarity of the new polymers to what was known."""
    panels = [panel for make in (_metrics, _fates, _similarity) if (panel := make(source))]
    if not panels:
        return "no model has metrics, and nothing was drawn"
    return PrintFigure(
        "What the generator draws",
        " ".join(f"({letter_}) {told}" for letter_, (_, _, told) in zip("abc", panels, strict=False)),
        PAGE_CM,
        6.6,
        lambda figure: _draw(figure, [draw for draw, _, _ in panels]),
        [row for _, rows, _ in panels for row in rows],
    )


def _draw(figure: Figure, panels: Sequence[Callable[[Axes], None]]) -> None:
    for number, (axes, draw) in enumerate(zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True)):
        draw(axes)
        letter(axes, "abc"[number])
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.24), ncols=2)


def _metrics(source: Source) -> Panel | None:
    found = {
        name: [(model.iteration, model.metrics[name]) for model in source.content.models if name in model.metrics]
        for name in METRICS
    }
    found = {name: [pair for pair in pairs if pair[1] is not None] for name, pairs in found.items()}
    if not any(found.values()):
        return None

    def draw(axes: Axes) -> None:
        for name, pairs in found.items():
            if pairs:
                few, (colour, marker) = len(pairs) <= MOST_LABELS, METRICS[name]
                x, y = zip(*pairs, strict=True)
                axes.plot(x, y, color=colour, marker=marker if few else "", ms=3, lw=0.8, mew=0, label=name)
        _iterations(axes, [n for pairs in found.values() for n, _ in pairs], "model of iteration")
        axes.set(ylim=(0, 1.03), ylabel="score of the draws")

    rows = [
        {"panel": "scores", "iteration": n, "what": name, "value": value}
        for name, pairs in found.items()
        for n, value in pairs
    ]
    return draw, rows, "Scores of the draws of each model, from 0 to 1 (docs/generator.md)."


def _fates(source: Source) -> Panel | None:
    seen = [row for row in source.content.status.iterations if row.verdicts]
    if not seen:
        return None
    table = {
        kind: [sum(row.verdicts.get(name, 0) for name in names) for row in seen] for kind, (_, names) in DRAWS.items()
    }
    known = {name for _, names in DRAWS.values() for name in names}
    table[OTHER] = [sum(n for name, n in row.verdicts.items() if name not in known) for row in seen]
    table = {kind: counts for kind, counts in table.items() if any(counts)}
    numbers = [row.n for row in seen]
    totals = np.sum(list(table.values()), axis=0)

    def draw(axes: Axes) -> None:
        bottom, width = np.zeros(len(seen)), 0.8 if len(seen) <= MOST_LABELS else 1.0
        for kind, counts in table.items():
            share = np.array(counts) / totals
            axes.bar(numbers, share, width, bottom, color=COLOUR[kind], lw=0, label=kind)
            bottom += share
        _iterations(axes, numbers, "iteration", 0.5)
        axes.set(ylim=(0, 1), ylabel="share of the draws")

    rows = [
        {"panel": "draws", "iteration": n, "what": kind, "value": count}
        for kind, counts in table.items() for n, count in zip(numbers, counts, strict=True)
    ]  # fmt: skip
    return draw, rows, f"What became of the {int(totals.sum())} draws."


def _iterations(axes: Axes, numbers: Sequence[int], name: str, margin: float = 0.3) -> None:
    first, last = min(numbers), max(numbers)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.set(xlabel=name, xlim=(first - margin, max(last, first + 2) + margin))


def _similarity(source: Source) -> Panel | None:
    new, learnt = _readable(source.store.polymers("generated")), source.store.training(0)
    if not new or not learnt:
        return None
    nearest = nearest_of([row.smiles for row in new], [row.smiles for row in learnt])
    parts = _halves(new)
    keys = [row.key for row in new]
    chosen = {name: nearest[[key in part for key in keys]] for name, part in parts.items()}

    def draw(axes: Axes) -> None:
        for colour, (name, values) in zip((BLUE, VERMILION), chosen.items(), strict=False):
            weights = np.full(len(values), 1 / len(values))
            axes.hist(values, BINS, weights=weights, histtype="step", color=colour, lw=1.0, label=name)
            axes.axvline(float(np.median(values)), color=colour, lw=0.7, ls=":")
        axes.set(xlim=(0, 1), xlabel="similarity to what was learnt", ylabel="share of new polymers")

    rows = [
        {"panel": "similarity", "iteration": row.iteration, "what": row.smiles, "value": float(value)}
        for row, value in zip(new, nearest, strict=True)
    ]
    told = (
        f"Similarity of the {counted(len(new), 'new polymer')} to the nearest one of the {len(learnt)} in the first "
        "training set: min-max of the environments of radius 1 of the atoms of the periodic chain, 1 for equal ones. "
        "Dotted: medians."
    )
    return draw, rows, told


def _readable(polymers: Sequence[Polymer]) -> list[Polymer]:
    """Those whose repeat unit can be read; a store of an older version may hold others."""

    def reads(row: Polymer) -> bool:
        try:
            read_material(row.smiles, ORGANIC_ELEMENTS)
        except InvalidRepeatUnit:
            return False
        return True

    return [row for row in polymers if reads(row)]


def _halves(new: Sequence[Polymer]) -> Mapping[str, set[str]]:
    """Keys of the polymers of the first and of the second half of the iterations, where both have enough."""
    last = max(row.iteration for row in new)
    early = {row.key for row in new if row.iteration <= last // 2}
    late = {row.key for row in new} - early
    if min(len(early), len(late)) < LEAST_IN_HALF:
        return {"all iterations": early | late}
    return {f"iterations 1–{last // 2}": early, f"{last // 2 + 1}–{last}": late}


def nearest_of(smiles: Sequence[str], known: Sequence[str]) -> Floats:
    """Similarity of each repeat unit to the most similar known one, shape (n,)."""
    from autodisco.surrogate.similarity import Structures

    every = Structures.of(known)
    parts = [smiles[first : first + ALIKE_AT_ONCE] for first in range(0, len(smiles), ALIKE_AT_ONCE)]
    return np.concatenate([Structures.of(part).environments.min_max(every.environments).max(axis=1) for part in parts])
