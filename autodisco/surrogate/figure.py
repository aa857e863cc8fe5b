"""A figure of estimates: points with their intervals, the best polymer on top."""

import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from autodisco.analysis.plots import COLOURS, GREY, WIDTH
from autodisco.analysis.quantities import quantity
from autodisco.surrogate.estimates import ConductivityEstimate
from autodisco.text import counted, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_DRAWN, LONGEST = 40, 32
ROW_INCH, MARGIN_INCH = 0.2, 1.1
LEAST = 0.1
"""Where the bar of an error ends that is larger than its value: the axis is logarithmic."""


class Value(Protocol):
    """A value of a table."""

    @property
    def measured(self) -> float:
        """In S/cm."""
        ...

    @property
    def error(self) -> float | None:
        """Standard error in S/cm; None without one."""
        ...


def ranking_png(
    estimates: Sequence[ConductivityEstimate],
    reference: ConductivityEstimate,
    about: str,
    measured_of: Callable[[ConductivityEstimate], Sequence[Value]] = lambda one: (),
) -> bytes:
    """A PNG of the best `MOST_DRAWN` estimates (mS/cm), with a line at the value of the reference.

    `about` says what the estimates are, `measured_of` gives the values of tables for the polymer of an estimate. An
    open point stands for a polymer with a caveat, whose words are behind its name; repeated polymers are left out.
    """
    from matplotlib.figure import Figure

    factor = quantity("conductivity_s_per_cm").factor
    ranked = sorted((one for one in estimates if not one.same_as), key=lambda one: -one.value)
    shown = ranked[:MOST_DRAWN]
    open_, measured = any(one.caveats for one in shown), any(measured_of(one) for one in shown)
    height = MARGIN_INCH + ROW_INCH * (len(shown) + open_ + measured)
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    axes = figure.add_subplot()
    axes.axvline(factor * reference.value, color=GREY, lw=1, ls="--", label=_reference(reference, shown))
    for place, one in enumerate(shown):
        value, low, high = (factor * end for end in (one.value, one.low, one.high))
        axes.plot([low, high], [place, place], color=COLOURS[0], lw=1.4)
        axes.plot(value, place, "o", color=COLOURS[0], mfc="white" if one.caveats else COLOURS[0], ms=5)
        for found in measured_of(one):
            if found.measured > 0:
                axes.plot(factor * found.measured, place, "D", color=COLOURS[1], ms=4)
                ends = [max(found.measured + sign * (found.error or 0.0), LEAST * found.measured) for sign in (-1, 1)]
                axes.plot([factor * end for end in ends], [place, place], color=COLOURS[1], lw=2.5)
    _keys(axes, open_, measured)
    axes.set_yticks(range(len(shown)), [_label(one) for one in shown], fontsize=8)
    axes.set(xscale="log", ylim=(len(shown) - 0.4, -0.6), xlabel=f"{about}\nmS/cm, 90 % interval")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, loc="lower left", bbox_to_anchor=(0, 1))
    if more := len(ranked) - len(shown):
        axes.set_title(f"and {counted(more, 'more polymer')}", fontsize=8, loc="right")
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=200)
    return image.getvalue()


def _keys(axes: "Axes", has_caveats: bool, is_measured: bool) -> None:
    """Entries of the legend for open points and for values of tables."""
    if has_caveats:
        axes.plot([], [], "o", color=COLOURS[0], mfc="white", ms=5, label="with a remark at the name")
    if is_measured:
        axes.plot(
            [], [], "D", color=COLOURS[1], ms=4, label="value of the table with its standard error, at its own level"
        )


def _reference(reference: ConductivityEstimate, shown: Sequence[ConductivityEstimate]) -> str:
    """The name of the reference as that of its row, if it has one."""
    return next((_label(one) for one in shown if one.key == reference.key), _label(reference))


def _label(one: ConductivityEstimate) -> str:
    """Name or repeat unit of a polymer, and what is known against its value."""
    name = shortened(one.called, LONGEST)
    return f"{name} ({', '.join(caveat.name for caveat in one.caveats)})" if one.caveats else name
