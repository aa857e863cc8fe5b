"""The charts of the page that follow a campaign over its iterations: the best polymer so far, and what it took."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from autodisco.decide import Leader, Objective
from autodisco.report.figure import BARS_PT, BETTER, INK, KNOWN, TIE, WORSE, Drawing, Mark, marker, set_scale, thinned
from autodisco.store import IterationProgress, Model, ReplicaState
from autodisco.text import duration


@dataclass(frozen=True)
class Cost:
    """What an iteration took: seconds from its begin to its end, CPU-seconds of its replicas with and without a value,
    and seconds of the training of its model."""

    n: int
    wall_s: float | None
    done_s: float
    failed_s: float
    training_s: float


def best_so_far(
    leaders: Sequence[Leader], names: Mapping[str, str], last: int, objective: Objective, reference: float | None
) -> str:
    """The best polymer found up to each iteration, with its interval of 90 %; `reference` is the expected value of the
    reference, `names` are the repeat units by key."""
    starts, end = [row.iteration for row in leaders], max(last, leaders[-1].iteration) + 0.5
    low, middle, high = ([objective.read(value) for value in values] for values in _spans(leaders))
    with Drawing(3.0) as drawing:
        axes = drawing.axes()
        x = [*starts, end]
        axes.fill_between(x, [*low, low[-1]], [*high, high[-1]], step="post", color=KNOWN, alpha=0.22, lw=0)
        axes.plot(x, [*middle, middle[-1]], drawstyle="steps-post", color=KNOWN, lw=1.6)
        points = axes.scatter(starts, middle, c=KNOWN, s=22, linewidths=0, zorder=3)
        drawing.mark(points, [_leader(row, names, objective) for row in leaders])
        if reference is not None:
            axes.axhline(objective.read(reference), color=TIE, lw=1, ls="--", zorder=1)
        set_scale(axes.yaxis, axes.set_yscale, objective)
        axes.set_xlim(0.5, max(end, 3.5))
        axes.set_xticks(thinned(range(1, max(last, 3) + 1)))
        axes.set_xlabel("iteration")
        axes.set_ylabel(objective.axis)
        return drawing.svg("best-so-far", "The best polymer found up to each iteration")


def _spans(leaders: Sequence[Leader]) -> tuple[list[float], list[float], list[float]]:
    return [row.low for row in leaders], [row.expected for row in leaders], [row.high for row in leaders]


def _leader(row: Leader, names: Mapping[str, str], objective: Objective) -> Mark:
    middle, low, high = map(objective.brief, (row.expected, row.low, row.high))
    value = objective.with_unit(f"{middle} ({low}–{high})")
    return Mark(f"from iteration {row.iteration}: {names.get(row.key, row.key)}, {value}", row.key)


def costs(
    iterations: Sequence[IterationProgress], replicas: Sequence[ReplicaState], models: Sequence[Model]
) -> list[Cost]:
    """What each iteration took, without the known polymers before the first one."""
    done, failed, trained = ({row.n: 0.0 for row in iterations} for _ in range(3))
    for row in replicas:
        if row.iteration in done and row.cpu_s:
            (done if row.status == "done" else failed)[row.iteration] += row.cpu_s
    for model in models:
        if model.iteration in trained:
            trained[model.iteration] += model.seconds
    return [
        Cost(row.n, row.ended - row.started if row.ended else None, done[row.n], failed[row.n], trained[row.n])
        for row in iterations
    ]


def time_and_cost(spent: Sequence[Cost]) -> str:
    """Above, the time that each iteration took; below, the CPU time of its simulations and of its training."""
    with Drawing(3.6) as drawing:
        above, below = drawing.figure.subplots(2, sharex=True)
        walls = {row.n: row.wall_s for row in spent if row.wall_s is not None}
        scale, unit = _unit(list(walls.values()))
        shown = [wall / scale for wall in walls.values()]
        above.plot(list(walls), shown, color=INK, lw=0.8, alpha=0.5)
        points = above.scatter(list(walls), shown, c=INK, s=marker(walls) ** 2, linewidths=0)
        drawing.mark(points, [Mark(f"iteration {n}: {duration(wall)}") for n, wall in walls.items()])
        above.set_ylabel(f"time, {unit}")
        _stacked(drawing, below, spent)
        last = max([row.n for row in spent], default=1)
        below.set_xlim(0.4, max(last, 3) + 0.6)
        below.set_xticks(thinned(range(1, max(last, 3) + 1)))
        below.set_xlabel("iteration")
        for panel in (above, below):
            panel.set_ylim(0, None)
            panel.tick_params(length=3, width=0.6)
        return drawing.svg("costs", "Time and CPU time of each iteration")


def _stacked(drawing: Drawing, axes: Axes, spent: Sequence[Cost]) -> None:
    """CPU time as bars on top of each other."""
    scale, unit = _unit([row.done_s + row.failed_s + row.training_s for row in spent])
    numbers, bottoms = [row.n for row in spent], [0.0] * len(spent)
    for told, colour, taken in (
        ("simulations", BETTER, [row.done_s for row in spent]),
        ("failed ones", TIE, [row.failed_s for row in spent]),
        ("training", WORSE, [row.training_s for row in spent]),
    ):
        tops = [bottom + seconds / scale for bottom, seconds in zip(bottoms, taken, strict=True)]
        width = max(0.4, 0.5 * BARS_PT / max(3, len(spent)))
        bars = axes.vlines(numbers, bottoms, tops, colors=colour, lw=width, capstyle="butt", label=told)
        drawing.mark(
            bars,
            [Mark(f"iteration {n}: {duration(seconds)}, {told}") for n, seconds in zip(numbers, taken, strict=True)],
        )
        bottoms = tops
    axes.set_ylabel(f"CPU time, {unit}")


def _unit(seconds: Sequence[float]) -> tuple[float, str]:
    """A unit of time for an axis up to the largest value: its seconds and its name."""
    most = max(seconds, default=0.0)
    return (3600.0, "h") if most >= 2 * 3600 else (60.0, "min") if most >= 120 else (1.0, "s")
