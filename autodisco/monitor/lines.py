"""Lines of text of known widths: what a picture is made of.

Tables and wrapping of rich take most of the time of a redraw. Here every part makes its lines itself.
"""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console, ConsoleOptions
from rich.segment import Segment
from rich.text import Text

GAP = "  "


class Lines:
    """Lines as something that rich prints, each as it is."""

    def __init__(self, lines: Iterable[Text], end: str = "\n"):
        self.lines, self._end = list(lines), end

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        for line in self.lines:
            yield from line.render(console, end=self._end)


def heading(text: str, width: int) -> Text:
    """Heading of a part, with a rule to the end of the line."""
    line = Text(text, style="bold")
    line.truncate(max(1, width - 2), overflow="ellipsis")
    return Text.assemble(line, (f" {'─' * (width - line.cell_len - 1)}", "bright_black"))


def fitted(line: Text, width: int) -> Text:
    """A copy of a line that has exactly so many columns."""
    copy = line.copy()
    copy.truncate(width, overflow="ellipsis", pad=True)
    return copy


def cut(lines: Sequence[Text], width: int, number: int) -> list[Text]:
    """At most so many lines of at most so many columns."""
    shown = list(lines[: max(0, number)])
    for line in shown:
        line.truncate(width, overflow="ellipsis")
    return shown


def beside(left: Sequence[Text], left_width: int, right: Sequence[Text]) -> list[Text]:
    """Two blocks of lines beside each other with a gap between them; the left one has `left_width` columns."""
    lines = []
    for place in range(max(len(left), len(right))):
        line = fitted(left[place] if place < len(left) else Text(), left_width)
        if place < len(right):
            line.append(GAP).append_text(right[place])
        lines.append(line)
    return lines


def spread(left: Text, right: Text, width: int) -> Text:
    """One line with a text at each end; the left one is cut where there is no room."""
    left.truncate(max(12, width - right.cell_len - 2), overflow="ellipsis")
    return Text.assemble(left, " " * max(1, width - left.cell_len - right.cell_len), right)
