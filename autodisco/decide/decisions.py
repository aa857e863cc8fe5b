"""Rows of the journal in words: what was seen, with units and without what is undefined, and what was decided."""

from collections.abc import Callable, Mapping
from typing import Any

from autodisco.decide.objective import Objective
from autodisco.store import Event
from autodisco.text import duration, joined

ENDS = {
    "nothing-new": "end as saturated",
    "best-settled": "end as settled",
    "budget-spent": "end as exhausted",
    "nothing-usable": "end as exhausted",
}
"""What a row about the end of a campaign decides, by the event that it stores."""

WORDS: dict[str, tuple[str, Callable[[Any], str] | None]] = {
    # the last iteration by the saturation rule
    "iteration": ("iteration", None),
    "count": ("counted", None),
    "rate": ("duplicate rate", None),
    "p_above": ("probability that it is above the threshold", None),
    "p_risen": ("that it has risen", None),
    "short": ("as many draws as allowed", None),
    "high": ("above and risen", None),
    "chance_new": ("chance that the next is new", None),
    "chance_new_low": ("from", None),
    "chance_new_high": ("to", None),
    "reachable": ("polymers that the model can write, at least", lambda value: f"{value:.0f}"),
    "new_strings": ("new strings", None),
    "best_settled": ("probability that the best are settled", None),
    # others
    "valid_unique_novel": ("valid unique novel", None),
    "p_better": ("probability of better than the reference", None),
    "attempt": ("attempt", lambda value: str(value + 1)),
    "wall_s": ("after", duration),
    "production_saved_ps": ("production saved", lambda value: f"{value:.0f} ps"),
    "bytes": ("freed", lambda value: f"{value / 1e6:.1f} MB"),
}
"""Names and units of what a row stores, for people; None: as `_plain` writes it."""


def decided(row: Event) -> str:
    """What was decided."""
    return ENDS.get(row.decided, row.decided) if row.event == "end" else row.decided


def seen(row: Event, objective: Objective) -> str:
    """What was seen, as a list with commas. Undefined values, and what the subject says already, are left out."""
    columns = objective.columns
    values: dict[str, tuple[str, Callable[[Any], str] | None]] = {
        columns["value"]: (objective.name, objective.exact),
        columns["expected"]: ("expected", objective.exact),
    }
    parts = []
    for key, value in row.seen.items():
        if value is None or value in ("", [], {}) or row.subject == f"{key} {value}":
            continue
        name, write = (values | WORDS).get(key, (key, None))
        parts.append(f"{name} {(write or _plain)(value)}")
    return ", ".join(parts)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, Mapping):
        return joined([f"{key} {_plain(one)}" for key, one in value.items()])
    return joined([_plain(one) for one in value]) if isinstance(value, list) else str(value)
