"""The parts of the monitor's picture, each a function of the status and the cells that it may use.

`autodisco.decide.status` gives the status; `frame` places the parts.
"""

import time

from rich.text import Text

from autodisco.decide import Status
from autodisco.decide.decisions import decided
from autodisco.monitor.bars import bar
from autodisco.monitor.chart import Axis, Curve, chart
from autodisco.monitor.header import training
from autodisco.monitor.lines import heading
from autodisco.monitor.scale import axis_of, ends_told, place
from autodisco.store import Progress, RunningReplica
from autodisco.text import duration, shortened, significant


def simulations(status: Progress, width: int, lines: int) -> list[Text]:
    """Progress of the current batch and of a model in training, then one line per running replica.

    `lines` lines at most with the heading.
    """
    now = status.simulations
    finished = now.done + now.failed
    text = f" {finished}/{now.total}"
    if now.failed:
        text += f", {now.failed} failed"
    if now.queued:
        text += f", {now.queued} in the queue"
    if now.total_ahead:
        text += f"  next batch {now.ended_ahead}/{now.total_ahead}"
    waits = status.short_of_room or status.waits_for_cores or now.queued
    moves = status.alive and not status.hung and (now.running or not waits)
    if now.rate_per_hour and moves:
        text += f"  {significant(now.rate_per_hour)}/h"
    if now.eta_s and moves:
        text += f"  ETA {duration(now.eta_s)}"
    if not now.total:
        text = " none asked for yet"
    running = now.running_replicas
    of_batch = sum(row.fraction for row in running if row.of_batch)
    share = (finished + of_batch) / now.total if now.total else 0.0
    parts = [heading("Simulations", width), Text.assemble(bar(share, max(10, width - len(text))), text)]
    if trained := training(status, width):
        parts.append(trained)
    if status.several_tiers:
        parts.append(_tiers_line(status, width))
    for row in running[: max(0, lines - len(parts))]:
        parts.append(_replica_line(row, width, status.several_tiers))
    return parts


def _tiers_line(status: Progress, width: int) -> Text:
    """Ended and running builds of each tier, and the CPU time that it took."""
    told = []
    for tier in status.tiers:
        running = tier.running - status.simulations.queued_by_protocol.get(tier.protocol, 0)
        more = f" +{running}" if running else ""
        told.append(f"{tier.protocol} {tier.done + tier.failed}{more}, {duration(tier.cpu_s)} CPU")
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


def leaders(status: Status, width: int, lines: int) -> list[Text]:
    """The best polymer of each iteration so far, by what is believed now, with its interval of 90 %."""
    found, objective = status.course.leaders, status.objective
    if not found:
        return [heading("Best so far", width), Text("no new polymer with a value yet", style="dim")]
    last = found[-1]
    middle, low_end, high_end = map(objective.brief, (last.expected, last.low, last.high))
    value = f"{middle} ({low_end}–{high_end})"
    full = f"Best so far  {objective.with_unit(value)}"
    told = (f"{full} since iteration {last.iteration}", full, f"Best so far  {value}")
    title = heading(next((text for text in told if len(text) <= width - 3), told[-1]), width)
    if lines < 4:
        return [title]
    spans = {name: [(row.iteration, place(getattr(row, name), objective)) for row in found]
             for name in ("low", "high", "expected")}  # fmt: skip
    ends = axis_of(min(y for _, y in spans["low"]), max(y for _, y in spans["high"]), objective)
    y = Axis(*ends, *ends_told(*ends, objective))
    curves = [Curve(points, "cyan" if name == "expected" else "bright_black", True) for name, points in spans.items()]
    return [title, *chart(curves, _iterations(status), y, width, lines - 1)]


def front(status: Status, width: int, lines: int) -> list[Text]:
    """The polymers on the Pareto front, the best by the first objective first, with what is expected of them."""
    found = status.front
    if not found:
        return []
    rows = found.leading
    shown = rows[: max(0, lines - 1)]
    more = f" of {len(rows)}" if len(shown) < len(rows) else ""
    head = f"Pareto front  {len(shown)}{more}: p front; {', '.join(one.heading for one in found.objectives)}"
    told = [heading(shortened(head, width - 4), width)]
    cells = [[f"{row.p_front:.2f}", *found.shown(row)] for row in shown]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    room = max(8, width - sum(widths) - len(widths))
    for row, columns in zip(shown, cells, strict=True):
        line = Text(f"{shortened(row.monomer_smiles, room):<{room}}")
        for number, (cell, size) in enumerate(zip(columns, widths, strict=True)):
            line.append(f" {cell:>{size}}", style="green" if not number else "")
        told.append(line)
    return told


def saturation(status: Status, width: int, lines: int) -> list[Text]:
    """Chance of a new polymer in each iteration with its interval, and how far the end by saturation is."""
    seen, chances = status.saturation, status.course.chances
    title = "New polymers"
    if seen and seen.chance_new is not None:
        title = f"Next is new: {_percent(seen.chance_new)}"
        if seen.chance_new_low is not None and seen.chance_new_high is not None:
            title += f" ({100 * seen.chance_new_low:.0f}–{100 * seen.chance_new_high:.0f})"
    told = [heading(title, width)]
    if lines > 1:
        told.append(Text(shortened(_distance(status, width), width), style="dim"))
    if not chances or lines < 5:
        return told
    top = max(0.1, *(row.chance if row.high is None else row.high for row in chances))
    curves = [
        Curve([(row.iteration, value) for row in chances if (value := getattr(row, name)) is not None], style)
        for name, style in (("low", "bright_black"), ("high", "bright_black"), ("chance", "green"))
    ]
    x, y = _iterations(status), Axis(0.0, top, "0 %", _percent(top))
    if seen:
        ends = [(end, 1.0 - seen.threshold) for end in (x.low, x.high)]
        curves.insert(0, Curve(ends, "yellow"))
    return [*told, *chart(curves, x, y, width, lines - 2)]


def _distance(status: Status, width: int) -> str:
    """What the saturation rule saw last beside what it asks for, in as many words as there is room for."""
    seen = status.saturation
    if seen is None:
        drawn = [row for row in status.iterations if row.known[1]]
        return "{} of {} draws known".format(*drawn[-1].known) if drawn else "no iteration has been judged yet"
    known = f"known {seen.known}/{seen.draws} ({_percent(seen.known / max(1, seen.draws))})"
    probable = f"P {seen.p_above:.2f} above {_percent(seen.threshold)}"
    asked = f", asked {seen.confidence:g}"
    row = f", {seen.in_a_row}/{seen.patience} in a row" if seen.patience > 1 else ""
    told = (f"{known}, {probable}{asked}{row}", f"{known}, {probable}{row}", f"{known}, {probable}", probable)
    return next((text for text in told if len(text) <= width), probable)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _iterations(status: Status) -> Axis:
    last = status.iteration or 0
    return Axis(1, max(2, last), "1", f"iteration {last}")


def journal(status: Status, width: int, lines: int) -> list[Text]:
    """The last decisions, newest last; `lines` lines at most."""
    parts = [heading("Decisions", width)]
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
    return parts
