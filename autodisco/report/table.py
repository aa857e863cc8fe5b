"""The ranking for other programs: CSV with one column per quantity, JSON with everything."""

import csv
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autodisco.decide import Objective, Ranked, with_properties
from autodisco.decide.ranking import AGAINST
from autodisco.decide.stated import MEASURED, by_key, stated_together
from autodisco.files import json_rows, open_atomic
from autodisco.report.content import Content, caveat, replica_values, versions
from autodisco.spooled import Spooled
from autodisco.store import Store
from autodisco.text import joined_flags, six_digits, without_formula

BEFORE = ("rank", "monomer_smiles", "name", "verdict", *AGAINST, "p_better", "p_best", "expected_from")
AFTER = ("protocol", "n_replicas", "n_failed", "source", "iteration", "origin", "key", "flags", "force_field_flags")


def write_ranking(store: Store, content: Content, folder: Path) -> None:
    """Write ``ranking.json``: campaign, conditions, versions and the whole ranking; what is no finite number is null.
    And ``ranking.csv``: `BEFORE`, the value, its error and expectation, `AFTER`, then every numeric property and score
    that any polymer has, and what was `MEASURED` of polymers in tables that were added.

    Rows are read and written one by one, since all of them may not fit into memory. Text that a spreadsheet would take
    for a formula has an apostrophe before it in the CSV, whose numbers have six significant digits; the JSON has all.
    """
    first = first_columns(content.objective)
    columns = dict.fromkeys(first)

    def flat_beside_json() -> Iterator[dict[str, Any]]:
        rows, measured = with_properties(store, content.ranking), by_key(store.experiments())
        with json_rows(folder / "ranking.json", _about(content), "polymers") as write:
            for row in rows:
                own = measured.get(row.key, [])
                stated_rows = [one.to_dict() for one in own]
                write(_finite({**row.to_dict(), "values": replica_values(row), MEASURED: stated_rows}))
                flat = flat_row(row) | ({MEASURED: stated_together(own)} if own else {})
                columns.update(dict.fromkeys(flat))
                yield flat

    with Spooled(flat_beside_json(), folder) as rows, open_atomic(folder / "ranking.csv") as handle:
        writer = csv.DictWriter(handle, [*first, *sorted(columns.keys() - set(first))], lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: six_digits(without_formula(cell)) for name, cell in row.items()} for row in rows)


def _about(content: Content) -> dict[str, Any]:
    """What ``ranking.json`` says before the polymers."""
    status = content.status
    names = ("name", "state", "reason", "iteration", "seed", "protocol", "force_field", "engine", "started", "ended")
    return {
        **{name: getattr(status, name) for name in names},
        "judgement": status.judgement,
        "forecasts": _finite([row.to_dict() for row in content.forecasts]),
        **({"front": _finite(status.front.to_dict())} if status.front else {}),
        "note": caveat(content),
        "versions": versions(),
        "iterations": _finite([row.to_dict() for row in status.iterations]),
    }


def first_columns(objective: Objective) -> tuple[str, ...]:
    """Columns of ``ranking.csv`` that come first: `BEFORE`, the value with its error and expectation, `AFTER`."""
    return (*BEFORE, *objective.columns.values(), *AFTER)


def flat_row(row: Ranked) -> dict[str, Any]:
    """A row of ``ranking.csv``: the first columns, then the other numbers among scores and properties."""
    columns, first = row.to_dict(), first_columns(row.objective)
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
