"""One picture of a campaign for a terminal of a given size: parts below each other, side by side where it is wide."""

import time

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table

from autodisco.decide import Status
from autodisco.monitor import sections

WIDE = 120
"""From this many columns on, the ranking stands beside the simulations."""

BOTTOM_LINES = 6
MAX_RUNNING = 8


def frame(status: Status, width: int, height: int, now: float | None = None) -> Group:
    """The picture of `status` (see `autodisco.store.status`) in at most `width` columns and `height` lines.

    Times are measured against `now` (unix seconds). Lines are filled from the top, none is padded at the end.
    """
    width, height = max(60, width), max(16, height)
    top = sections.header(status, width, time.time() if now is None else now)
    rest = height - 2
    body = _wide(status, width, rest) if width >= WIDE else _narrow(status, width, rest)
    return Group(top, *body)


def _narrow(status: Status, width: int, lines: int) -> list[RenderableType]:
    running = 2 + status.several_tiers + min(MAX_RUNNING, len(status.simulations.running_replicas), lines // 5)
    bottom = max(BOTTOM_LINES, lines // 4)
    left = max(26, width // 3)
    return [
        sections.simulations(status, width, running),
        sections.best(status, width, lines - running - bottom),
        _beside(sections.duplicates(status, left - 2, bottom), left, sections.journal(status, width - left, bottom)),
    ]


def _wide(status: Status, width: int, lines: int) -> list[RenderableType]:
    bottom = max(BOTTOM_LINES, lines // 4)
    upper = lines - bottom
    left = width * 3 // 5
    right = width - left
    shown = min(MAX_RUNNING, max(1, len(status.simulations.running_replicas)), upper // 2)
    running = 2 + status.several_tiers + shown
    side = Group(
        sections.simulations(status, right, running),
        sections.duplicates(status, right, upper - running),
    )
    return [
        _beside(sections.best(status, left - 2, upper), left, side),
        sections.journal(status, width, bottom),
    ]


def _beside(left: RenderableType, left_width: int, right: RenderableType) -> Table:
    table = Table.grid(expand=True)
    table.add_column(width=left_width)
    table.add_column(ratio=1)
    table.add_row(Padding(left, (0, 2, 0, 0)), right)
    return table
