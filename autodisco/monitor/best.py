"""The ranking in the monitor's picture."""

import math
from collections.abc import Sequence

from rich.text import Text

from autodisco.decide import Objective, Ranked, Status
from autodisco.monitor.bars import interval
from autodisco.monitor.lines import heading
from autodisco.monitor.scale import axis_of, ends_told, place
from autodisco.names import short_name
from autodisco.text import joined, shortened

BESIDE = 88
"""From this many columns on, values stand beside what is expected."""

BESIDE_ANOTHER = 16
"""Columns more for the values of another tier."""

WIDE = 66
"""From this many columns on, verdicts are written as words."""

VERDICT_MARKS = {
    "better": ("▲ better", "green"),
    "tie": ("≈ tie", "yellow"),
    "worse": ("▼ worse", "bright_black"),
    "excluded": ("× excluded", "bright_black"),
    "reference": ("◆ reference", "yellow"),
}
MARK_WIDTH = 11
NOT_JUDGED, RANKED_BY = "not judged yet", "ranked by expected value"


def best(status: Status, width: int, lines: int, chosen: str = "", note: str = "") -> list[Text]:
    """The best polymers with intervals on the scale of the objective, the reference among them.

    Intervals are those of the posterior, and in a wide picture the values stand beside them; without a
    posterior they are values and standard errors. `lines` lines at most. Of a reader who scrolls, the row of
    the polymer with the key `chosen` is marked, the rows are shown as they are, and `note` says which they are.
    """
    rows = list(status.best[: max(1, lines - 1)])
    reference = status.reference
    if reference and rows and not chosen and reference.key not in {row.key for row in rows}:
        rows[-1] = reference
    if not rows:
        return [heading("Best polymers", width), Text("no value yet", style="dim")]
    axis_width = max(12, width // 3 if width >= WIDE else width // 4)
    spans = [_span(row) for row in rows]
    axis = _axis(spans, status.objective)
    judged = rows[0].judged
    values = [row.interval if judged else row.number for row in rows]
    beside = _measured(rows, status, width) if judged else {}
    columns = [values, *beside.values()]
    room = _room(width, status, columns, axis_width)
    mark = _span(reference)[1] if reference else None
    told = [_heading(status, rows, axis, beside, width, note)]
    for number, row in enumerate(rows):
        word, style = VERDICT_MARKS.get(row.verdict or "", ("", ""))
        line = Text().append(f"{row.rank:>{_rank_width(status)}} ", style="dim")
        line.append_text(_polymer(row, room)).append(" ")
        line.append_text(interval(*spans[number], axis, axis_width, mark, style if row.verdict == "better" else "cyan"))
        for column in columns:
            line.append(f" {column[number]:>{_width(column)}}", style="" if column is values else "dim")
        line.append(f" {word if width >= WIDE else word[:1]}", style=style)
        if row.key == chosen:
            line.stylize("reverse")
        told.append(line)
    return told


def _rank_width(status: Status) -> int:
    return max(2, len(str(status.n_ranked)))


def _width(column: Sequence[str]) -> int:
    return max(map(len, column))


def _room(width: int, status: Status, columns: Sequence[Sequence[str]], axis_width: int) -> int:
    """Columns for the repeat unit."""
    marks = MARK_WIDTH if width >= WIDE else 1
    others = sum(1 + _width(column) for column in columns)
    return max(8, width - _rank_width(status) - axis_width - others - marks - 3)


def _heading(
    status: Status,
    rows: Sequence[Ranked],
    axis: tuple[float, float],
    beside: dict[str, list[str]],
    width: int,
    note: str,
) -> Text:
    """What the rows and their axis are, in as many words as there is room for."""
    reference, objective, judged = status.reference, status.objective, rows[0].judged
    head = "Best polymers"
    if note:
        head = note
    elif reference:
        head += f" against {reference.monomer_smiles if judged else reference.name or reference.monomer_smiles}"
    low, high = ends_told(*axis, objective, 1)
    ends = f"{objective.heading}, {low} to {high}"
    right = f"; right: values of {joined(list(beside))}" if beside else ""
    pending = any(row.verdict is None for row in rows)
    how = "simulated" if all(row.how == "simulated" for row in rows) else "values"
    what = rows[0].expected_from if judged else f"{how}; {NOT_JUDGED if pending else RANKED_BY}"
    brief = f"{what.partition(',')[0]}, {ends}" if judged else ""
    told = [f"{what}, {ends}{right}", f"{what}, {ends}", brief, ends]
    if beside and status.several_tiers:  # the protocols are needed more than the words before them
        told[1:1] = [f"{brief}{right}", f"{ends}{right}"]
    scale = next(f"  {text}" for text in told if text and (len(head) + len(text) + 7 <= width or text == ends))
    return heading(shortened(head, width - len(scale) - 4) + scale, width)


def _measured(rows: Sequence[Ranked], status: Status, width: int) -> dict[str, list[str]]:
    """Simulated values of the tiers that fit beside the others in so many columns, the highest one first."""
    columns: dict[str, list[str]] = {}
    for tier in reversed(status.tiers):
        found = [row.at(tier.protocol) for row in rows]
        column = [one.number if one else "" for one in found]
        if any(column) and width >= BESIDE + BESIDE_ANOTHER * len(columns):
            columns[tier.protocol] = column
    return columns


def _polymer(row: Ranked, width: int) -> Text:
    text = Text(f"{shortened(row.monomer_smiles, width):<{width}}")
    room = width - len(row.monomer_smiles) - 1
    name = row.name if len(row.name) <= room else short_name(row.key, row.name)
    if name and room >= min(8, len(name)):
        text = Text.assemble(row.monomer_smiles, " ", (f"{shortened(name, room):<{room}}", "dim"))
    if row.source == "generated":
        text.stylize("bold")
    return text


def _span(row: Ranked) -> tuple[float, float, float]:
    """Low end, middle and high end on the scale, in the unit in which people read it: of the interval of the posterior,
    or without one of the value with its error. A middle that is zero on a logarithmic scale lies beyond any
    axis."""
    error = row.sem or 0.0
    ends = (row.value - error, row.value, row.value + error)
    if row.judged:
        ends = (row.expected_low, row.expected, row.expected_high)
    low, middle, high = (place(value, row.objective) for value in ends)
    return low, -math.inf if row.objective.at_floor(ends[1]) else middle, high


def _axis(spans: list[tuple[float, float, float]], objective: Objective) -> tuple[float, float]:
    return axis_of(min(low for low, _, _ in spans), max(high for _, _, high in spans), objective)
