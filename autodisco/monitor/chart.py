"""Line charts in a terminal, drawn with the eight dots of a braille sign in each cell."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""Bits of the dots of a sign, by column and row."""

BLANK = 0x2800


@dataclass(frozen=True)
class Curve:
    """Points in the order of x. `steps`: a value holds until the next point, and after the last one."""

    points: Sequence[tuple[float, float]]
    style: str
    steps: bool = False


@dataclass(frozen=True)
class Axis:
    """Range of an axis and the words at its ends."""

    low: float
    high: float
    low_label: str
    high_label: str

    def share(self, value: float) -> float:
        """Where a value lies, from 0 to 1; values beyond the ends are at the ends."""
        return max(0.0, min(1.0, (value - self.low) / ((self.high - self.low) or 1.0)))


def chart(curves: Sequence[Curve], x: Axis, y: Axis, width: int, height: int) -> list[Text]:
    """A chart of `height` lines; later curves are drawn over earlier ones. The last line names the ends of the axis."""
    margin = max(len(y.low_label), len(y.high_label)) + 1
    columns, rows = max(1, width - margin), max(1, height - 1)
    cells: dict[tuple[int, int], tuple[int, str]] = {}
    for curve in curves:
        for column, row in _dots(curve, x, y, 2 * columns, 4 * rows):
            place = row // 4, column // 2
            bits, style = cells.get(place, (0, curve.style))
            cells[place] = (bits if style == curve.style else 0) | DOTS[column % 2][row % 4], curve.style
    lines = []
    for row in range(rows):
        label = y.high_label if row == 0 else y.low_label if row == rows - 1 else ""
        line = Text(f"{label:>{margin - 1}} ", style="dim")
        for column in range(columns):
            bits, style = cells.get((row, column), (0, ""))
            line.append(chr(BLANK + bits) if bits else " ", style=style)
        lines.append(line)
    room = columns - len(x.low_label) - len(x.high_label)
    lines.append(Text(" " * margin + x.low_label + " " * max(1, room) + x.high_label, style="dim"))
    return lines


def _dots(curve: Curve, x: Axis, y: Axis, columns: int, rows: int) -> set[tuple[int, int]]:
    """Columns and rows of the dots of a curve, neighbouring ones joined by vertical lines."""
    heights = _heights(curve, x, y, columns)
    dots, before = set(), None
    for column, height in sorted(heights.items()):
        row = round((1.0 - height) * (rows - 1))
        first = row if before is None else min(max(before, row - rows), row + rows)
        step = 1 if row >= first else -1
        dots |= {(column, one) for one in range(first + (step if first != row else 0), row + step, step)}
        before = row
    return dots


def _heights(curve: Curve, x: Axis, y: Axis, columns: int) -> dict[int, float]:
    """Height of the curve from 0 to 1 in each of its columns of dots: the mean of the points there, or between them."""
    found: dict[int, list[float]] = {}
    for at, value in curve.points:
        found.setdefault(round(x.share(at) * (columns - 1)), []).append(y.share(value))
    if curve.steps:
        heights = {column: values[-1] for column, values in found.items()}
    else:
        heights = {column: sum(values) / len(values) for column, values in found.items()}
    known = sorted(heights)
    for first, second in zip(known, [*known[1:], columns], strict=True):
        last = second == columns
        for column in range(first + 1, second if curve.steps or not last else first + 1):
            slope = 0.0 if curve.steps else (heights[second] - heights[first]) / (second - first)
            heights[column] = heights[first] + slope * (column - first)
    return heights
