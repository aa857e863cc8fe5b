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
    "best_settled": ("probability that the best are settled", None),
    "valid_unique_novel": ("valid unique novel", None),
    "p_better": ("probability to be better", None),
    "cpu_s": ("CPU time of a build", duration),
    "attempt": ("attempt", lambda value: str(value + 1)),
    "wall_s": ("after", duration),
    "production_saved_ps": ("production saved", lambda value: f"{value:.0f} ps"),
    "bytes": ("freed", lambda value: f"{value / 1e6:.1f} MB"),
}
"""Names and units of what a row stores, for people; None: as `_plain` writes it."""

JUDGEMENT = (
    "iteration", "count", "known", "draws", "rate", "p_above", "p_risen", "short", "high", "chance_new",
    "chance_new_low", "chance_new_high", "reachable", "duplicates", "new_strings",
)  # fmt: skip
"""Keys of a judgement of the saturation rule, which `_judgement` writes as a whole."""

CHANGE = {"before", "now"}
"""Keys of a value that changed."""

AGAINST = {
    "better": "better than the reference",
    "tie": "a tie with the reference",
    "worse": "worse than the reference",
    "excluded": "excluded by a constraint",
    "reference": "the reference itself",
}
"""Verdicts of a comparison with the reference, in words."""


def decided(row: Event) -> str:
    """What was decided."""
    return ENDS.get(row.decided, row.decided) if row.event == "end" else row.decided


def seen(row: Event, objective: Objective) -> str:
    """What was seen, as a list with commas. Undefined values, and what the subject says already, are left out."""
    columns = objective.columns
    values: dict[str, tuple[str, Callable[[Any], str] | None]] = {
        columns["value"]: (objective.name, objective.exact),
        columns["expected"]: ("expected", objective.exact),
        columns["expected_low"]: ("from", objective.exact),
        columns["expected_high"]: ("to", objective.exact),
    }
    judgement = JUDGEMENT if row.seen.keys() >= set(JUDGEMENT) else ()  # earlier versions stored fewer keys
    parts = _judgement(row.seen) if judgement else []
    for key, value in row.seen.items():
        told = key in judgement or row.decided == f"train as {value}"
        if told or value is None or value in ("", [], {}):
            continue
        name, write = (values | WORDS).get(key, (key, None))
        parts.append(f"{name} {(write or _plain)(value)}")
    return ", ".join(parts)


def _judgement(seen: Mapping[str, Any]) -> list[str]:
    """What the saturation rule saw."""
    parts = [
        f"{seen['known']} of {seen['draws']} {'valid draws' if seen['count'] == 'polymers' else 'new strings'} known"
    ]
    parts += ["as many draws as allowed"] if seen["short"] else []
    chances = [("above the threshold", seen["p_above"]), ("risen", seen["p_risen"])]
    parts += [f"rate {what} with probability {value:.2f}" for what, value in chances if value is not None]
    if (chance := seen["chance_new"]) is not None:
        parts.append(f"next draw new with {chance:.2f} ({seen['chance_new_low']:.2f} to {seen['chance_new_high']:.2f})")
    if seen["reachable"] is not None:
        parts.append(f"at least {seen['reachable']:.0f} polymers within reach")
    return [*parts, f"{seen['duplicates']} of {seen['new_strings']} new strings known as polymers"]


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, Mapping) and value.keys() == CHANGE:
        return f"{_plain(value['before']) or 'nothing'} → {_plain(value['now']) or 'nothing'}"
    if isinstance(value, Mapping):
        return joined([f"{key} {_plain(one)}" for key, one in value.items()])
    return joined([_plain(one) for one in value]) if isinstance(value, list) else str(value)
