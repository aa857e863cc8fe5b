"""The head of the monitor's picture: state, time that is left, what the process does, and how it fares."""

import re
import shutil
from pathlib import Path
from typing import Any

from rich.text import Text

from autodisco.files import argument
from autodisco.machine import free_memory_bytes
from autodisco.monitor.bars import bar
from autodisco.monitor.lines import spread
from autodisco.store import END_STATES, Owner, Progress
from autodisco.text import duration, shortened, significant

STATE_STYLES = {
    "saturated": "bold green",
    "settled": "bold green",
    "exhausted": "bold green",
    "stopped": "bold yellow",
    "paused": "bold yellow",
    "failed": "bold red",
}
NARROW = 70
"""Columns below which words are shortened."""

LATE_S = 60.0
"""A heartbeat is written every few seconds; one that is older than this is marked."""

DONE_OF = re.compile(r"(.*): (\d+) of (\d+)$")
"""An activity whose progress is a number, such as training."""

GB = 1e9


def header(status: Progress, width: int, now: float) -> list[Text]:
    """Name, state, iteration, elapsed and remaining time; below it the loop with the current state, or the reason; then
    how process and machine fare."""
    state = status.state or "new"
    left = Text.assemble(("autodisco " if width >= NARROW else "", "bold cyan"), (str(status.name), "bold"))
    right = Text.assemble((state, STATE_STYLES.get(state, "bold cyan")))
    word = "iteration" if width >= NARROW else "it."
    right.append(f"  {word} {_of_budget(status, 'iterations', status.iteration)}")
    if status.active_s:  # without the time when the machine was off or the campaign paused
        right.append(f"  {duration(status.active_s)}")
    elif status.started:
        right.append(f"  {duration((status.ended or now) - status.started)}")
    remaining = campaign_seconds_left(status)
    if remaining:
        right.append(f"  ≤ {duration(remaining)} left")
    return [
        spread(left, right, width),
        _loop_line(status, width),
        *([_vitals(status, width)] if _has_vitals(status) else []),
    ]


def header_lines(status: Progress) -> int:
    """Number of lines of the header."""
    return 3 if _has_vitals(status) else 2


def _has_vitals(status: Progress) -> bool:
    return status.alive or bool(status.failures)


def _stages(status: Progress) -> list[str]:
    return [stage.name for stage in status.loop]


def _loop_line(status: Progress, width: int) -> Text:
    if status.state not in _stages(status) and not (status.state == "paused" and status.hung):
        if status.undone:
            return Text(shortened(f"its pilots go on: {status.undone}", width), style="bold red")
        told = [str(status.reason)] if status.reason else []
        if status.alive and status.state in END_STATES:
            told.append(f"{status.process} still frees the disk or waits to send a notification")
        elif status.state in ("paused", "stopped", "failed"):
            told.append(f"go on with: autodisco resume {argument(Path(status.folder))}")
        return Text(shortened("; ".join(told), width), style="dim")
    if not status.alive:
        return Text(
            shortened(
                f"no process is running this campaign; go on with: autodisco resume {argument(Path(status.folder))}",
                width,
            ),
            style="bold red",
        )
    if status.hung:
        age, pid = duration(status.heartbeat_age_s), status.pid
        text = f"hung: no heartbeat for {age}; kill -9 {pid}, then autodisco resume {argument(Path(status.folder))}"
        return Text(shortened(text, width), style="bold red")
    if waits := status.trouble or status.short_of_room:
        return Text(shortened(f"waits: {waits}", width), style="bold red")
    line = Text()
    stages = _stages(status)
    waits = f"   waits for cores: {status.waits_for_cores}" if status.waits_for_cores else ""
    if waits and len(" → ".join(stages) + waits) > width:
        stages = [stage for stage in stages if stage == status.state]
    while len(" → ".join(stages)) > width and stages[0] != status.state:
        stages = stages[1:]
    for position, state in enumerate(stages):
        line.append(" → " if position else "", style="bright_black")
        line.append(state, style="bold reverse cyan" if state == status.state else "bright_black")
    if status.request:
        line.append(f"   {status.request} requested", style="bold yellow")
    elif waits:
        line.append(waits, style="yellow")
    elif status.activity:
        line.append(f"   {status.activity}", style="dim")
    line.truncate(width, overflow="ellipsis")
    return line


def _vitals(status: Progress, width: int) -> Text:
    """Age of the heartbeat, and what is free where the process runs; parts that do not fit are left out."""
    parts = []
    if (age := status.heartbeat_age_s) is not None and status.state not in END_STATES:
        style = "bold red" if status.hung else "yellow" if age > LATE_S else "dim"
        parts.append((f"heartbeat {duration(age)}", style))
    if status.alive and status.owner and Owner.from_dict(status.owner).is_visible():
        free = shutil.disk_usage(status.folder).free / GB, free_memory_bytes() / GB
        disk, memory = map(significant, free)
        style = "bold red" if status.short_of_room else "dim"
        parts.append((f"disk {disk} GB, memory {memory} GB free", style))
    line = Text()
    for text, style in parts:
        line.append(f"{' · ' if line else ''}{text}", style=style)
    line.append_text(_failures(status, width - line.cell_len, " · " if line else ""))
    line.truncate(width, overflow="ellipsis")
    return line


def _failures(status: Progress, room: int, before: str) -> Text:
    """Replicas of the whole campaign that failed, by code if there is room for that."""
    if not status.failures:
        return Text()
    by_code = ", ".join(f"{code} {n}" for code, n in status.failures.items())
    told = f"{before}failed: {by_code}"
    return Text(told if len(told) <= room else f"{before}failed: {sum(status.failures.values())}", style="dim")


def training(status: Progress, width: int) -> Text | None:
    """A bar for what the process does besides simulations, such as the training of a model; None without a number."""
    found = DONE_OF.fullmatch(status.activity) if status.alive else None
    if not found:
        return None
    what, done, total = found[1], int(found[2]), int(found[3])
    end = f" {done}/{total}"
    if status.training_left_s:
        end += f"  ETA {duration(status.training_left_s)}"
    what = shortened(what, max(8, width // 3))
    return Text.assemble(
        f"{what} ", bar(done / max(1, total), max(8, width - len(what) - len(end) - 1), "magenta"), end
    )


def campaign_seconds_left(status: Progress) -> float | None:
    """Estimate of the working time (s) that the budgets leave at most; None if unknown.

    Only time at work counts. A machine that was off, a pause or a wait for room does not make an iteration longer.
    """
    if status.ended or status.state not in _stages(status) or not status.alive:
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


def _of_budget(status: Progress, what: str, value: Any) -> str:
    budget = (status.budget or {}).get(what) or 0
    return f"{value or 0}/{budget}" if budget else f"{value or 0}"
