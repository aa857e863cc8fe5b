"""Small drawings in one line of text: filled bars and intervals on an axis.

Each is a `rich.text.Text` of exactly the width asked for, so that columns line up in any terminal.
"""

import math

from rich.text import Text

BELOW, ABOVE = "◂", "▸"  # values beyond the ends of an axis


def bar(fraction: float, width: int, style: str = "cyan", rest: str = "bright_black") -> Text:
    """A bar of `width` cells, filled to `fraction` (clipped to 0..1) in steps of half a cell."""
    halves = round(max(0.0, min(1.0, fraction)) * width * 2)
    full, half = divmod(halves, 2)
    text = Text("━" * full + "╸" * half, style=style)
    return text.append("─" * (width - full - half), style=rest)


def interval(
    low: float,
    mean: float,
    high: float,
    axis: tuple[float, float],
    width: int,
    mark: float | None = None,
    style: str = "cyan",
) -> Text:
    """An estimate with its error bar on the axis from `axis[0]` to `axis[1]`, and a dotted line at `mark`.

    All in the same unit, any scale. A triangle at the end of the axis stands for a mean or a mark that lies beyond it;
    error bars end there.
    """

    def place(value: float) -> int:
        share = (value - axis[0]) / ((axis[1] - axis[0]) or 1.0)
        return round(max(-1.0, min(2.0, share)) * (width - 1))

    def put(value: float, sign: str, painted: str) -> None:
        cell = place(value)
        if cell < 0 or cell >= width:
            sign = BELOW if cell < 0 else ABOVE
        cells[max(0, min(width - 1, cell))] = (sign, painted)

    cells = [(" ", "")] * width
    if mark is not None and math.isfinite(mark):
        put(mark, "┊", "yellow")
    for position in range(max(0, place(low)), min(width - 1, place(high)) + 1):
        cells[position] = ("─", style)
    put(mean, "●", f"bold {style}")
    return Text.assemble(*cells)
