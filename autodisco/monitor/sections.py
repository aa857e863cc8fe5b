"""The parts of the monitor's picture, each a function of the status and the cells that it may use.

`autodisco.decide.status` gives the status; `frame` places the parts.
"""

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from autodisco.decide import AXIS_DECADES, Objective, Ranked, Status
from autodisco.decide.decisions import decided
from autodisco.monitor.bars import bar, interval
from autodisco.store import Progress, RunningReplica
from autodisco.text import duration, joined, shortened, significant

STATE_STYLES = {
    "saturated": "bold green",
    "settled": "bold green",
    "exhausted": "bold green",
    "stopped": "bold yellow",
    "paused": "bold yellow",
    "failed": "bold red",
}
BESIDE = 88
"""From this many columns on, measured values stand beside what is expected."""

BESIDE_ANOTHER = 16
"""Columns more for the measured values of another tier."""

VERDICT_MARKS = {
    "better": ("▲ better", "green"),
    "tie": ("≈ tie", "yellow"),
    "worse": ("▼ worse", "bright_black"),
    "excluded": ("× excluded", "bright_black"),
    "reference": ("◆ reference", "yellow"),
}


def title(text: str) -> Rule:
    """Heading of a part."""
    return Rule(Text(text, style="bold"), align="left", style="bright_black")


def header(status: Progress, width: int, now: float) -> Group:
    """Name, state, iteration, elapsed and remaining time; below it the loop with the current state, or the reason."""
    state = status.state or "new"
    left = Text.assemble(("autodisco ", "bold cyan"), (str(status.name), "bold"))
    right = Text.assemble((state, STATE_STYLES.get(state, "bold cyan")))
    right.append(f"  iteration {_of_budget(status, 'iterations', status.iteration)}")
    if status.started:
        right.append(f"  {duration((status.ended or now) - status.started)}")
    remaining = campaign_seconds_left(status)
    if remaining:
        right.append(f"  ≤ {duration(remaining)} left")
    return Group(_spread(left, right, width), _loop_line(status, width))


def _stages(status: Progress) -> list[str]:
    return [stage.name for stage in status.loop]


def _loop_line(status: Progress, width: int) -> Text:
    if status.state not in _stages(status) and not (status.state == "paused" and status.hung):
        go_on = f"go on with: autodisco resume {Path(status.folder).name}" if status.state == "paused" else ""
        return Text(shortened(go_on or str(status.reason or ""), width), style="dim")
    if not status.alive:
        return Text(
            shortened(
                f"no process is running this campaign; go on with: autodisco resume {Path(status.folder).name}",
                width,
            ),
            style="bold red",
        )
    if status.hung:
        age, pid = duration(status.heartbeat_age_s), status.pid
        text = f"hung: no heartbeat for {age}; kill -9 {pid}, then autodisco resume {Path(status.folder).name}"
        return Text(shortened(text, width), style="bold red")
    if waits := status.trouble or status.short_of_room:
        return Text(shortened(f"waits: {waits}", width), style="bold red")
    line = Text()
    stages = _stages(status)
    while len(" → ".join(stages)) > width and stages[0] != status.state:
        stages = stages[1:]
    for position, state in enumerate(stages):
        line.append(" → " if position else "", style="bright_black")
        line.append(state, style="bold reverse cyan" if state == status.state else "bright_black")
    if status.request:
        line.append(f"   {status.request} requested", style="bold yellow")
    elif status.activity:
        line.append(f"   {status.activity}", style="dim")
    line.truncate(width, overflow="ellipsis")
    return line


def campaign_seconds_left(status: Progress) -> float | None:
    """Estimate of the working time (s) that the budgets leave at most; None if unknown.

    Only time at work counts. A machine that was off, a pause or a wait for room does not make an iteration longer.
    """
    if status.ended or status.state not in _stages(status):
        return None
    budget, worked = status.budget or {}, status.active_s or 0.0
    began = sorted((int(n), at) for n, at in (status.iteration_began or {}).items())
    left = []
    if budget.get("iterations") and len(began) > 1:
        (first, begin), (current, since) = began[0], began[-1]
        mean = (since - begin) / (current - first)
        left.append(mean * (budget["iterations"] - current + 1) - (worked - since))
    if budget.get("hours"):
        left.append(3600.0 * budget["hours"] - worked)
    in_all = status.replicas_in_all
    done = in_all.get("done", 0) + in_all.get("failed", 0)
    if budget.get("simulations") and done and worked:
        left.append((budget["simulations"] - done) * worked / done)
    return max(0.0, min(left)) if left else None


def simulations(status: Progress, width: int, lines: int) -> Group:
    """Progress of the current batch, then one line per running replica, `lines` lines at most with the heading."""
    now = status.simulations
    finished = now.done + now.failed
    text = f" {finished}/{now.total}"
    if now.failed:
        text += f", {now.failed} failed"
    if now.total_ahead:
        text += f"  next batch {now.ended_ahead}/{now.total_ahead}"
    moves = status.alive and not status.hung and not (status.short_of_room and not now.running)
    if now.rate_per_hour and moves:
        text += f"  {significant(now.rate_per_hour)}/h"
    if now.eta_s and moves:
        text += f"  ETA {duration(now.eta_s)}"
    if not now.total:
        text = " none asked for yet"
    running = now.running_replicas
    of_batch = sum(row.fraction for row in running if row.of_batch)
    share = (finished + of_batch) / now.total if now.total else 0.0
    parts: list[RenderableType] = [title("Simulations")]
    parts.append(Text.assemble(bar(share, max(10, width - len(text) - 1)), text))
    if status.several_tiers:
        parts.append(_tiers_line(status, width))
    for row in running[: max(0, lines - len(parts))]:
        parts.append(_replica_line(row, width, status.several_tiers))
    return Group(*parts)


def _tiers_line(status: Progress, width: int) -> Text:
    """Ended and running builds of each tier, and the CPU time that it took."""
    told = []
    for tier in status.tiers:
        running = f" +{tier.running}" if tier.running else ""
        told.append(f"{tier.protocol} {tier.done + tier.failed}{running}, {duration(tier.cpu_s)} CPU")
    return Text(shortened(" · ".join(told), width), style="dim")


def _replica_line(row: RunningReplica, width: int, several_tiers: bool) -> Text:
    step_width = 22 if width >= 72 else 14
    bar_width = max(6, width // 5)
    end = f" {100 * row.fraction:3.0f} %{duration(row.elapsed_s):>7}"
    number = f" #{row.replica}" + (f" try {row.attempt + 1}" if row.attempt else "")
    if several_tiers:
        number = f" {row.protocol}{number}"
    room = width - step_width - bar_width - len(end) - 2
    label = shortened(row.monomer_smiles, room - len(number)) + number
    step = shortened(row.step_name, step_width)
    return Text.assemble(
        f"{label:<{room}}", (f" {step:<{step_width}} ", "dim"), bar(row.fraction, bar_width, "blue"), end
    )


def best(status: Status, width: int, lines: int) -> Group:
    """The best polymers with intervals on the scale of the objective, the reference among them.

    Intervals are those of the posterior, and in a wide picture the measured values stand beside them; without a
    posterior they are measured values and standard errors. `lines` lines at most.
    """
    rows = list(status.best[: max(1, lines - 1)])
    reference = status.reference
    if reference and rows and reference.key not in {row.key for row in rows}:
        rows[-1] = reference
    if not rows:
        return Group(title("Best polymers"), Text("no value yet", style="dim"))
    spans = [_span(row) for row in rows]
    objective = status.objective
    axis = _axis(spans, objective)
    mark = _span(reference)[1] if reference else None
    wide = width >= 66
    axis_width = max(12, width // 3 if wide else width // 4)
    judged = rows[0].judged
    values = [row.interval if judged else row.number for row in rows]
    value_width = max(13, *map(len, values))
    beside = _measured(rows, status, width) if judged else {}
    measured_width = sum(1 + max(map(len, column)) for column in beside.values())
    smiles_width = width - axis_width - value_width - measured_width - (19 if wide else 14)
    table = Table.grid(padding=(0, 1, 0, 0))
    for place, (row, span, value) in enumerate(zip(rows, spans, values, strict=True)):
        word, style = VERDICT_MARKS.get(row.verdict or "", ("", ""))
        table.add_row(
            Text(f"{row.rank:>2}", style="dim"),
            _polymer(row, smiles_width),
            interval(*span, axis, axis_width, mark, style if row.verdict == "better" else "cyan"),
            Text(f"{value:>{value_width}}"),
            *(Text(f"{column[place]:>{max(map(len, column))}}", style="dim") for column in beside.values()),
            Text(word if wide else word[:1], style=style),
        )
    head = "Best polymers"
    if reference:
        head += f" against {reference.monomer_smiles if judged else reference.name or reference.monomer_smiles}"
    low, high = (significant(end, 1) for end in _ends(axis, objective))
    ends = f"{objective.heading}, {low} to {high}"
    right = f"; right: measured, {joined(list(beside))}" if beside else ""
    what = rows[0].expected_from if judged else "measured; ranked by expected value"
    brief = f"{what.partition(',')[0]}, {ends}" if judged else ""
    told = [f"{what}, {ends}{right}", f"{what}, {ends}", brief, ends]
    if beside and status.several_tiers:  # the protocols are needed more than the words before them
        told[1:1] = [f"{brief}{right}", f"{ends}{right}"]
    scale = next(f"  {text} " for text in told if text and (len(head) + len(text) + 7 <= width or text == ends))
    return Group(title(shortened(head, width - len(scale) - 4) + scale), table)


def _measured(rows: Sequence[Ranked], status: Status, width: int) -> dict[str, list[str]]:
    """Measured values of the tiers that fit beside the others in so many columns, the highest one first."""
    columns: dict[str, list[str]] = {}
    for tier in reversed(status.tiers):
        found = [row.at(tier.protocol) for row in rows]
        column = [one.number if one else "" for one in found]
        if any(column) and width >= BESIDE + BESIDE_ANOTHER * len(columns):
            columns[tier.protocol] = column
    return columns


def _polymer(row: Ranked, width: int) -> Text:
    text = Text(f"{shortened(row.monomer_smiles, width):<{width}}")
    name = row.name if row.source == "seed" else ""
    room = width - len(row.monomer_smiles) - 1
    if name and room >= 8:
        text = Text.assemble(row.monomer_smiles, " ", (f"{shortened(name, room):<{room}}", "dim"))
    if row.source == "generated":
        text.stylize("bold")
    return text


def _span(row: Ranked) -> tuple[float, float, float]:
    """Low end, middle and high end on the scale, in the unit in which people read it: of the interval of the posterior,
    or without one of the measured value with its error."""
    error = row.sem or 0.0
    ends = (row.value - error, row.value, row.value + error)
    if row.judged:
        ends = (row.expected_low, row.expected, row.expected_high)
    low, middle, high = (_place(value, row.objective) for value in ends)
    return low, middle, high


def _place(value: float, objective: Objective) -> float:
    read = objective.read(value)
    return read if objective.scale.floor is None else math.log10(read)


def _axis(spans: list[tuple[float, float, float]], objective: Objective) -> tuple[float, float]:
    bottom, top = min(low for low, _, _ in spans), max(high for _, _, high in spans)
    return (bottom if objective.scale.floor is None else max(bottom, top - AXIS_DECADES)), top


def _ends(axis: tuple[float, float], objective: Objective) -> tuple[float, float]:
    """Values at the ends of an axis, in the unit in which people read them."""
    return axis if objective.scale.floor is None else (10 ** axis[0], 10 ** axis[1])


def duplicates(status: Status, width: int, lines: int) -> Group:
    """Share of known polymers per iteration as the saturation rule counts, the last ones; `lines` lines at most."""
    rows = [row for row in status.iterations if row.known[1]][-max(1, lines - 1) :]
    parts: list[RenderableType] = [title(shortened(f"Duplicates{_saturation(status)}", width - 4))]
    for row in rows:
        count, of = row.known
        rate = count / of
        end = f" {count}/{of} {100 * rate:3.0f} %"
        parts.append(Text.assemble((f"{row.n:>2} ", "dim"), bar(rate, max(6, width - len(end) - 3), "magenta"), end))
    if not rows:
        parts.append(Text("no polymers drawn yet", style="dim"))
    return Group(*parts)


def _saturation(status: Status) -> str:
    """The last judgement of the saturation rule."""
    judged = [row.saturation for row in status.iterations if row.saturation]
    if not judged or judged[-1]["rate"] is None:
        return ""
    return f"  P {judged[-1]['p_above']:.2f} above the threshold"


def journal(status: Status, width: int, lines: int) -> Group:
    """The last decisions, newest last; `lines` lines at most."""
    parts: list[RenderableType] = [title("Decisions")]
    for row in status.journal[-max(1, lines - 1) :]:
        moment = time.strftime("%H:%M", time.localtime(row.time))
        text = Text.assemble((f"{moment} ", "dim"), (row.event, "cyan"))
        if row.subject:
            text.append(f" {row.subject}")
        if row.decided:
            text.append(": ").append(decided(row), style="bold")
        if row.why:
            text.append(f" ({row.why})", style="dim")
        text.truncate(width, overflow="ellipsis")
        parts.append(text)
    return Group(*parts)


def _of_budget(status: Progress, what: str, value: Any) -> str:
    budget = (status.budget or {}).get(what) or 0
    return f"{value or 0}/{budget}" if budget else f"{value or 0}"


def _spread(left: Text, right: Text, width: int) -> Text:
    left.truncate(max(12, width - right.cell_len - 2), overflow="ellipsis")
    return Text.assemble(left, " " * max(1, width - left.cell_len - right.cell_len), right)
