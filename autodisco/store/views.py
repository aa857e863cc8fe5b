"""What a reader of a campaign wants to know at a glance: the ranking and the status. Neither writes.

Monitor, report and command line show these; the daemon decides from the tables themselves.
"""

import statistics
import time
from pathlib import Path
from typing import Any

from autodisco.analysis import combine, compare
from autodisco.errors import AutodiscoError
from autodisco.files import read_json
from autodisco.store.owner import Owner
from autodisco.store.store import FRESH, Store

CONDUCTIVITY = "conductivity_s_per_cm"


def ranking(store: Store) -> list[dict[str, Any]]:
    """Polymers with a value, best first.

    Each row holds ``rank``, ``key``, ``name``, ``monomer_smiles``, ``source``, ``iteration``, ``flags``, ``scores``,
    ``force_field_flags`` (weak groups of the force field that it holds, of simulated ones), ``n_replicas``,
    ``n_failed``, ``origin`` (``simulated``, or the file a label came from), ``values`` (conductivity of each replica,
    S/cm; `stand_ins` for a label from a file), ``properties`` (means and ``_sem`` over replicas), the
    two conductivity columns also at top level, and against the reference polymer ``p_better`` (probability that it
    conducts better) and ``verdict``: ``reference``, ``better``, ``tie``, ``worse``, or None while the reference has
    no value.
    """
    rows = _with_value(store)
    reference = rows.get(store.get("reference_key", ""))
    comparison = compare({row["key"]: row["values"] for row in rows.values()})
    for row in rows.values():
        row["p_better"] = row["verdict"] = None
        if reference is row:
            row["verdict"] = "reference"
        elif reference:
            pair = row["key"], reference["key"]
            row["p_better"] = comparison.p_better(*pair)
            row["verdict"] = "tie" if comparison.tied(*pair) else _better(row["p_better"])
    ranked = sorted(rows.values(), key=lambda row: (-row[CONDUCTIVITY], row["key"]))
    return [{"rank": rank, **row} for rank, row in enumerate(ranked, 1)]


def best_found(ranked: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The best polymer that the campaign itself found, of the rows of `ranking`; None before there is one."""
    return next((row for row in ranked if row["source"] == "generated"), None)


def value_of(store: Store, key: str) -> float | None:
    """Conductivity (S/cm) that `ranking` holds for a polymer, without making the others'; None where it has none."""
    row = _with_value(store, key).get(key)
    return row[CONDUCTIVITY] if row else None


def escapes(store: Store) -> list[dict[str, Any]]:
    """What was tried instead of ending saturated, in order: ``iteration`` and ``action``."""
    return store.get("escapes") or []


def last_escape(store: Store) -> int:
    """The iteration in which something was last tried instead of ending; 0 for none."""
    return max((row["iteration"] for row in escapes(store)), default=0)


def _better(p: float) -> str:
    return "better" if p > 0.5 else "worse"


def _with_value(store: Store, key: str | None = None) -> dict[str, dict[str, Any]]:
    """Rows of the ranking by key, without place and comparison: all, or that of one polymer."""
    rows = {row["key"]: row for row in _simulated(store, key)}
    protocol, force_field = store.get("protocol"), store.get("force_field")
    for label in store.labels():
        comparable = (label["protocol"], label["force_field"]) == (protocol, force_field)
        wanted = key in (None, label["key"]) and label["key"] not in rows
        if comparable and wanted and label[CONDUCTIVITY] is not None:
            rows[label["key"]] = _labelled(store, label)
    return rows


def _simulated(store: Store, key: str | None) -> list[dict[str, Any]]:
    replicas: dict[str, list[dict[str, Any]]] = {}
    for replica in store.replicas(key=key):
        replicas.setdefault(replica["key"], []).append(replica)
    rows = []
    for simulated, group in replicas.items():
        done = [replica["properties"] for replica in group if replica["status"] == "done"]
        if not done:
            continue
        properties = combine(done)
        failed = sum(replica["status"] == "failed" for replica in group)
        values = [one[CONDUCTIVITY] for one in done]
        rows.append(_row(store, simulated, len(done), failed, "simulated", values, properties))
    return rows


def _labelled(store: Store, label: dict[str, Any]) -> dict[str, Any]:
    mean, sem, n = label[CONDUCTIVITY], label[f"{CONDUCTIVITY}_sem"], label["n_replicas"] or 1
    properties = {CONDUCTIVITY: mean, f"{CONDUCTIVITY}_sem": sem}
    return _row(store, label["key"], n, 0, label["origin"], stand_ins(mean, sem, n), properties)


def stand_ins(mean: float, sem: float | None, n: int) -> list[float]:
    """Replica values (S/cm) that have this mean and standard error: one above the mean and the others, equal, below it.

    For two replicas these are the very ones. No value is below zero, which caps the error at the mean, the most that
    values above zero can have. Without an error it is one value, whatever `n`: nothing says that replicas agreed.
    """
    if n < 2 or sem is None:
        return [mean]
    below = max(0.0, mean - sem)
    return [n * mean - (n - 1) * below, *[below] * (n - 1)]


def _row(
    store: Store, key: str, n: int, failed: int, origin: str, values: list[float], properties: dict[str, Any]
) -> dict[str, Any]:
    polymer = store.polymer(key)
    assert polymer is not None, "a polymer with a value is known"
    return {
        "key": key,
        "name": polymer["name"],
        "monomer_smiles": polymer["given"],
        "source": polymer["source"],
        "iteration": polymer["iteration"],
        "flags": polymer["flags"],
        "scores": polymer["scores"],
        "force_field_flags": properties.get("force_field_flags") or [],
        "n_replicas": n,
        "n_failed": failed,
        "origin": origin,
        "values": values,
        "properties": properties,
        CONDUCTIVITY: properties[CONDUCTIVITY],
        f"{CONDUCTIVITY}_sem": properties.get(f"{CONDUCTIVITY}_sem"),
    }


def status(store: Store, journal_rows: int = 12, best: int = 10) -> dict[str, Any]:
    """Everything `status` and the monitor show, as one dict that JSON holds.

    Times are unix seconds, durations seconds. ``owner`` is the process that the lock names, or None; ``alive`` says
    whether it runs now. ``simulations`` is about the replicas that the current iteration asked for.
    """
    facts = store.facts()
    ranked = ranking(store)
    models = store.models()
    return {
        "name": facts.get("name", store.folder.name),
        "folder": str(store.folder),
        **{key: facts.get(key) for key in ("state", "iteration", "reason", "started", "ended", "seed")},
        **{key: facts.get(key) for key in ("protocol", "force_field", "engine", "replicas", "workers")},
        **{key: facts.get(key) for key in ("batch_size", "budget")},
        "owner": facts.get("owner"),
        "heartbeat": facts.get("heartbeat"),
        "alive": _is_alive(facts),
        "request": store.requested(),
        "activity": facts.get("activity", ""),
        "short_of_room": facts.get("short_of_room", ""),
        "polymers": {row["source"]: row["n"] for row in _count(store, "polymers", "source")},
        "replicas_in_all": {row["status"]: row["n"] for row in _count(store, "replicas", "status")},
        "simulations": _simulations(store, facts),
        "iterations": _iterations(store),
        "reference": next((row for row in ranked if row["verdict"] == "reference"), None),
        "best": ranked[:best],
        "n_ranked": len(ranked),
        "n_better": sum(row["verdict"] == "better" and row["source"] == "generated" for row in ranked),
        "n_tied": sum(row["verdict"] == "tie" and row["source"] == "generated" for row in ranked),
        "model": models[-1] if models else None,
        "journal": store.journal(limit=journal_rows),
    }


def _is_alive(facts: dict[str, Any]) -> bool:
    owner = facts.get("owner")
    return owner is not None and Owner.from_dict(owner).is_alive(facts.get("heartbeat", 0.0))


def _count(store: Store, table: str, column: str) -> list[dict[str, Any]]:
    return store.rows(f"SELECT {column}, count(*) AS n FROM {table} GROUP BY {column} ORDER BY {column}")


def _simulations(store: Store, facts: dict[str, Any]) -> dict[str, Any]:
    replicas = store.replicas(iteration=facts.get("iteration", 0))
    counts = {name: sum(row["status"] == name for row in replicas) for name in ("waiting", "running", "done", "failed")}
    walls = [row["wall_s"] for row in store.replicas() if row["status"] == "done" and row["wall_s"]]
    mean = statistics.fmean(walls) if walls else None
    workers = max(1, facts.get("workers") or 1)
    running = [_running(store, row) for row in replicas if row["status"] == "running"]
    left = counts["waiting"] + sum(1.0 - row["fraction"] for row in running)
    return {
        **counts,
        "total": len(replicas),
        "mean_wall_s": mean,
        "rate_per_hour": 3600.0 * workers / mean if mean else None,
        "eta_s": left * mean / workers if mean else None,
        "running_replicas": running,
    }


def _running(store: Store, row: dict[str, Any]) -> dict[str, Any]:
    try:
        progress = read_json(replica_folder(store.folder, row["key"], row["replica"]) / "progress.json")
    except (OSError, ValueError):
        progress = {}
    polymer = store.polymer(row["key"]) or {}
    return {
        "key": row["key"],
        "monomer_smiles": polymer.get("given", ""),
        "replica": row["replica"],
        "attempt": row["attempt"],
        "elapsed_s": time.time() - row["started"] if row["started"] else 0.0,
        "step_name": progress.get("step_name", "starting"),
        "fraction": float(progress.get("fraction", 0.0)),
    }


def _iterations(store: Store) -> list[dict[str, Any]]:
    verdicts = store.verdicts()
    rows = []
    for iteration in store.iterations():
        seen = verdicts.get(iteration["n"], {})
        fresh = sum(seen.get(name, 0) for name in FRESH)
        rows.append(
            {
                **iteration,
                "draws": sum(seen.values()),
                "verdicts": seen,
                "new_strings": fresh,
                "duplicate_rate": seen.get("duplicate-symmetry", 0) / fresh if fresh else None,
            }
        )
    return rows


def replica_folder(campaign_folder: Path, key: str, replica: int) -> Path:
    """Where a replica of a polymer is simulated."""
    return campaign_folder / "simulations" / key / str(replica)


def list_campaigns(runs: Path) -> list[dict[str, Any]]:
    """The campaigns below a folder, by start: name (of its folder), folder, state, iteration, reason, started, alive.

    One that cannot be read is listed with state ``unreadable`` and the reason.
    """
    found: list[dict[str, Any]] = []
    for database in sorted(runs.glob("*/state.db")):
        row: dict[str, Any] = {"name": database.parent.name, "folder": str(database.parent)}
        try:
            with Store.open_readonly(database.parent) as store:
                facts = store.facts()
        except AutodiscoError as error:
            found.append({**row, "state": "unreadable", "reason": str(error)})
            continue
        row |= {key: facts.get(key) for key in ("state", "iteration", "reason", "started", "ended")}
        row["alive"] = _is_alive(facts)
        found.append(row)
    return sorted(found, key=lambda row: row.get("started") or 0.0)
