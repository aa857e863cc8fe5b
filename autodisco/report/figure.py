"""What all charts of the page share: style, axes, marks that tell more under the pointer, and inline SVG.

The SVG takes its text colour from the page, so that it reads on light and dark.
"""

import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import Any, Literal, NamedTuple

import matplotlib
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogFormatter

from autodisco.decide import Objective

INK = "#010203"  # stands for the page's text colour until `svg` replaces it
BETTER, TIE, WORSE, KNOWN = "#2f9e63", "#d99a1c", "#8a929c", "#3b82c4"
COLOURS = {"better": BETTER, "tie": TIE, "worse": WORSE, "excluded": WORSE, "reference": TIE, None: KNOWN}
MOST_LABELS = 12
"""With more iterations, only some are numbered at the axis, and counts are left out."""

BARS_PT = 320.0
"""Width of the axes of a chart in points, for bars that are drawn as lines."""

DIGITS = re.compile(r"(\d\.\d\d)\d+")
"""A number with digits that no screen shows."""

STYLE = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.hashsalt": "autodisco",
}


class Mark(NamedTuple):
    """What a mark of a chart tells under the pointer, and the key of the polymer that it stands for, if any."""

    text: str
    key: str = ""


class Drawing:
    """A figure in the style of the page, and what its marks tell. Use as a context manager around all drawing."""

    def __init__(self, height: float, width: float = 5.2):
        self._style = matplotlib.rc_context(STYLE)
        self._style.__enter__()
        self.figure = Figure(figsize=(width, height), layout="constrained")
        self._marks: list[Sequence[Mark]] = []

    def __enter__(self) -> "Drawing":
        return self

    def __exit__(self, *_: object) -> None:
        self._style.__exit__(None, None, None)

    def axes(self) -> Axes:
        """The only axes of the figure."""
        axes = self.figure.add_subplot()
        axes.tick_params(length=3, width=0.6)
        return axes

    def mark(self, artist: Artist, marks: Sequence[Mark], inside: bool = True) -> None:
        """The points or lines of a collection tell these, in their order; all of them lie `inside` of the axes, or are
        cut off there, which takes more room in the file."""
        artist.set_clip_on(not inside)
        if marks:  # a collection without any is not drawn
            artist.set_gid(f"marks{len(self._marks)}")
            self._marks.append(marks)

    def svg(self, name: str, title: str) -> str:
        """The figure for the page; `name` makes its ids differ from those of the others."""
        return svg(self.figure, name, title, self._marks)


def thinned(places: range) -> list[int]:
    """At most `MOST_LABELS` + 1 of the places, at equal distances of 1, 2 or 5 times a power of ten."""
    steps = (factor * 10**power for power in range(len(str(len(places))) + 1) for factor in (1, 2, 5))
    step = next(step for step in steps if len(places) <= MOST_LABELS * step)
    return [place for place in places if place % step == 0 or step == 1]


def scatter(
    axes: Axes,
    x: Sequence[float],
    y: Sequence[float],
    colours: Sequence[str],
    bounds: Sequence[bool],
    triangle: Literal["v", "<"],
    hollow: bool = False,
    **style: Any,
) -> list[tuple[PathCollection, list[int]]]:
    """Points, and open triangles for those that are `bounds`, such as zero on a logarithmic axis; `hollow` points are
    open as well.

    Returned are the collections, each with the places of its points in the arguments. A `label` is that of the first.
    """
    found: list[tuple[PathCollection, list[int]]] = []
    label = style.pop("label", None)
    for bound in (False, True):
        places = [place for place, one in enumerate(bounds) if one == bound]
        painted = [colours[place] for place in places]
        how = {"facecolors": painted, "linewidths": 0}
        if bound or hollow:
            how = {"facecolors": "none", "edgecolors": painted, "linewidths": 0.6}
        if bound:
            how |= {"marker": triangle, "clip_on": False}  # it lies at the end of the axis
        if places:
            points = [x[place] for place in places], [y[place] for place in places]
            found.append((axes.scatter(*points, label=None if found else label, **(style | how)), places))
    return found


def bounds_told(values: Iterable[float], objective: Objective) -> str:
    """A sentence for a caption about values that `scatter` draws as bounds; nothing where there are none."""
    if not any(map(objective.at_floor, values)):
        return ""
    end = objective.with_unit(f"{objective.read(0.0):g}")
    return f" Open triangles: values from 0 to {end}, which a logarithmic axis cannot tell apart; error bars end there."


def marker(shown: Mapping[int, float]) -> float:
    return 4.0 if len(shown) <= MOST_LABELS else 1.5


def set_scale(axis: Axis, set_kind: Callable[[str], None], objective: Objective) -> None:
    """Make an axis logarithmic, with plain numbers, where the scale of the objective is."""
    if objective.scale.floor is None:
        return
    set_kind("log")
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(_Between(minor_thresholds=(2, 0.4)))


class _Between(LogFormatter):  # type: ignore[misc]  # matplotlib has no types
    """Numbers between the powers of ten, where an axis shows fewer than two of these."""

    def __call__(self, value: float, position: int | None = None) -> str:
        low, high = self.axis.get_view_interval()
        wide = high > 3 * low  # then labels of all digits would overlap
        shown = super().__call__(value, position) and (not wide or f"{value:e}"[0] in "235")
        return f"{value:g}" if shown else ""


def svg(figure: Figure, name: str, title: str, marks: Sequence[Sequence[Mark]] = ()) -> str:
    """A figure for the page; `name` makes its ids differ from those of the others, `marks` are those of `Drawing`."""
    name, out = re.sub(r"[^A-Za-z0-9-]", "-", name), io.StringIO()
    figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    svg = out.getvalue()
    svg = re.sub(r"\n\s*", "\n", svg[svg.index("<svg") :]).replace(INK, "currentColor")
    svg = re.sub(r"<[^>]*>", lambda tag: DIGITS.sub(r"\g<1>", tag[0]), svg)  # places, and no number that is read
    for number, told in enumerate(marks):
        svg = _told(svg, f'<g id="marks{number}">', told)
    # Several drawings share one page: their ids must differ, and the page sets their size.
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r"url\(#", f"url(#{name}-", svg)
    svg = re.sub(r'(xlink:href="#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<svg ([^>]*?)height="[^"]*" ', r"<svg \1", svg, count=1)
    label = f'role="img" aria-label="{escape(title)}" '
    return re.sub(r'(<svg [^>]*?)width="[^"]*" ', lambda found: found[1] + label, svg, count=1)


def _told(svg: str, group: str, marks: Sequence[Mark]) -> str:
    """The drawing with attributes for the script of the page at the elements of a group."""
    begin = svg.index(group)
    parts, left = [svg[:begin]], list(marks)[::-1]
    rest = svg[begin:]
    last = 0
    for found in re.finditer(r"<defs>.*?</defs>|<(?:use|path) ", rest, flags=re.DOTALL):
        if not left:
            break
        if not found[0].startswith("<defs>"):
            mark = left.pop()
            key = f' data-key="{escape(mark.key)}"' if mark.key else ""
            parts.append(f'{rest[last : found.end()]}data-tip="{escape(mark.text)}"{key} ')
            last = found.end()
    return "".join([*parts, rest[last:]])
