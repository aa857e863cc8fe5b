"""One picture of a campaign for a terminal of a given size: parts below each other, side by side where it is wide."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from autodisco.decide import Status
from autodisco.monitor.best import best
from autodisco.monitor.header import header, header_lines, training
from autodisco.monitor.lines import GAP, Lines, beside, cut
from autodisco.monitor.sections import front, journal, leaders, saturation, simulations

WIDE = 120
"""From this many columns on, the ranking stands beside the simulations."""

LOW, HIGH = 18, 23
"""Below so many lines, parts below the ranking are as short as they can be; from so many on, charts are higher."""

ITERATIONS, JOURNAL_ROWS = 12, 40
"""The last iterations and decisions that a picture is made of."""

HIGHEST_RANKING = 5
"""Lines up to which the ranking has them for itself."""

LOWEST_CHART, BOTTOM_LINES, MAX_RUNNING = 5, 6, 8


class Kept:
    """Parts of the last picture, which are made again only if what they show has changed."""

    def __init__(self) -> None:
        self._parts: dict[str, tuple[tuple[object, ...], list[Text]]] = {}

    def part(self, make: Callable[..., list[Text]], shown: tuple[object, ...], *arguments: Any) -> list[Text]:
        """``make(*arguments)``, or its lines of the last time if the same was to be `shown` in as much room."""
        name, inputs = make.__name__, (*shown, *arguments[1:])
        if name not in self._parts or self._parts[name][0] != inputs:
            self._parts[name] = inputs, make(*arguments)
        return self._parts[name][1]


@dataclass(frozen=True)
class Choice:
    """What a reader who scrolls has chosen: the key of a polymer, and which rows `Status.best` holds, in words."""

    key: str = ""
    note: str = ""


def frame(
    status: Status,
    width: int,
    height: int,
    now: float | None = None,
    choice: Choice | None = None,
    kept: Kept | None = None,
) -> Lines:
    """The picture of `status` (see `autodisco.decide.status`) in at most `width` columns and `height` lines.

    Times are measured against `now` (unix seconds). Lines are filled from the top, none is padded at the end. Who draws
    again and again gives the parts that were `kept` before.
    """
    width, height, choice, kept = max(60, width), max(16, height), choice or Choice(), kept or Kept()
    top = header(status, width, time.time() if now is None else now)
    parts = _wide if width >= WIDE else _narrow
    return Lines(cut([*top, *parts(Part(status, choice, kept), width, height - len(top))], width, height))


def ranking_rows(status: Status, width: int, height: int) -> int:
    """How many rows of the ranking a picture of this size shows."""
    width, height = max(60, width), max(16, height)
    lines = height - header_lines(status)
    if width >= WIDE:
        return lines - _bottom(lines) - _front_lines(status, lines - _bottom(lines)) - 1
    rows = lines - _running(status, lines) - _chart_lines(lines) - _decisions(lines)
    return rows - _front_lines(status, rows) - 1


def _running(status: Status, lines: int) -> int:
    """Lines of the simulations in a narrow picture."""
    extra = status.several_tiers + (training(status, 60) is not None)
    most = 1 if lines < LOW else lines // 5
    return 2 + extra + min(MAX_RUNNING, len(status.simulations.running_replicas), most)


def _chart_lines(lines: int) -> int:
    return LOWEST_CHART if lines < HIGH else max(LOWEST_CHART, lines // 4)


def _decisions(lines: int) -> int:
    return 2 if lines < LOW else 3 if lines < HIGH else max(4, lines // 6)


def _front_lines(status: Status, lines: int) -> int:
    """Lines of the Pareto front, below a ranking with which it shares so many; none with one objective."""
    return min(1 + len(status.front.leading), max(2, lines // 3)) if status.front and lines > HIGHEST_RANKING else 0


def _bottom(lines: int) -> int:
    return max(BOTTOM_LINES, lines // 5)


class Part:
    """The parts of a picture that cost time, from what was kept where they are the same."""

    def __init__(self, status: Status, choice: Choice, kept: Kept):
        self.status, self._choice, self._kept = status, choice, kept

    def best(self, width: int, lines: int) -> list[Text]:
        """The ranking."""
        status, choice = self.status, self._choice
        shown = status.best, status.reference, status.n_ranked, [tier.protocol for tier in status.tiers]
        return cut(self._kept.part(best, shown, status, width, lines, choice.key, choice.note), width, lines)

    def ranking(self, width: int, lines: int) -> list[Text]:
        """The ranking, and the Pareto front below it."""
        of_front = _front_lines(self.status, lines)
        shown = self.best(width, lines - of_front)
        return [*shown, *self._kept.part(front, (self.status.front,), self.status, width, of_front)]

    def leaders(self, width: int, lines: int) -> list[Text]:
        """The best polymer over the iterations."""
        shown = self.status.course, self.status.iteration
        return cut(self._kept.part(leaders, shown, self.status, width, lines), width, lines)

    def saturation(self, width: int, lines: int) -> list[Text]:
        """The chance of a new polymer over the iterations."""
        shown = self.status.course, self.status.saturation, self.status.iterations
        return cut(self._kept.part(saturation, shown, self.status, width, lines), width, lines)

    def journal(self, width: int, lines: int) -> list[Text]:
        """The last decisions."""
        return cut(self._kept.part(journal, (self.status.journal,), self.status, width, lines), width, lines)


def _narrow(part: Part, width: int, lines: int) -> list[Text]:
    status = part.status
    running, charts, decisions = _running(status, lines), _chart_lines(lines), _decisions(lines)
    left = (width - len(GAP)) // 2
    shown = [
        *cut(simulations(status, width, running), width, running),
        *part.ranking(width, lines - running - charts - decisions),
        *beside(part.leaders(left, charts), left, part.saturation(width - left - len(GAP), charts)),
    ]
    return [*shown, *part.journal(width, lines - len(shown))]


def _wide(part: Part, width: int, lines: int) -> list[Text]:
    status = part.status
    upper = lines - _bottom(lines)
    left = width * 3 // 5 - len(GAP)
    right = width - left - len(GAP)
    extra = status.several_tiers + (training(status, right) is not None)
    running = 2 + extra + min(MAX_RUNNING, max(1, len(status.simulations.running_replicas)), upper // 3)
    side = cut(simulations(status, right, running), right, running)
    side += part.leaders(right, (upper - len(side)) // 2)
    side += part.saturation(right, upper - len(side))
    shown = beside(part.ranking(left, upper), left, side)
    return [*shown, *part.journal(width, lines - len(shown))]
