"""The ranking for other programs: CSV with one column per quantity, JSON with everything."""

import csv
import io
import math
from collections.abc import Sequence
from typing import Any

from autodisco.decide import Objective, Ranked
from autodisco.report.content import Content, caveat, replica_values, versions
from autodisco.text import joined_flags, without_formula

BEFORE = ("rank", "monomer_smiles", "name", "verdict", "p_better", "p_best", "expected_from")
AFTER = ("protocol", "n_replicas", "n_failed", "source", "iteration", "origin", "key", "flags", "force_field_flags")


def as_csv(ranking: list[Ranked], objective: Objective) -> str:
    """The ranking as CSV: `BEFORE`, the value, its error and expectation, `AFTER`, then every numeric property and
    score that any polymer has.

    Text that a spreadsheet would take for a formula has an apostrophe before it.
    """
    first = (*BEFORE, *objective.columns.values(), *AFTER)
    rows = [_flat(row, first) for row in ranking]
    more = sorted({name for row in rows for name in row} - set(first))
    out = io.StringIO()
    writer = csv.DictWriter(out, [*first, *more], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: without_formula(cell) for name, cell in row.items()} for row in rows)
    return out.getvalue()


def as_json(content: Content) -> dict[str, Any]:
    """Campaign, conditions, versions and the whole ranking; what is not a finite number is null."""
    status = content.status
    names = ("name", "state", "reason", "iteration", "seed", "protocol", "force_field", "engine", "started", "ended")
    return {
        **{name: getattr(status, name) for name in names},
        "judgement": status.judgement,
        "forecasts": _finite([row.to_dict() for row in content.forecasts]),
        "note": caveat(content),
        "versions": versions(),
        "iterations": _finite([row.to_dict() for row in status.iterations]),
        "polymers": _finite([{**row.to_dict(), "values": replica_values(row)} for row in content.ranking]),
    }


def _flat(row: Ranked, first: Sequence[str]) -> dict[str, Any]:
    columns = row.to_dict()
    flat = {name: columns[name] for name in first}
    flat["flags"] = joined_flags(row.flags)
    flat["force_field_flags"] = ";".join(row.force_field_flags)
    flat |= {f"moved_by_{name}": by for name, by in row.moved.items()}
    flat |= row.tier_columns
    for name, value in {**row.scores, **row.properties}.items():
        if name not in flat and (value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))):
            flat[name] = value
    return flat


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
