"""What a reader of a campaign wants to know at a glance: the ranking and the status. Neither writes.

Monitor, report and command line show these; the daemon decides from the tables themselves.
"""

import math
import statistics
import time
from pathlib import Path
from typing import Any

from autodisco.analysis import BETTER_PROBABILITY, UNKNOWN_SCATTER, Comparison, Scatter, beliefs, combine, compare
from autodisco.errors import AutodiscoError
from autodisco.files import read_json
from autodisco.store.owner import STALE_S, live_owner
from autodisco.store.store import Store

CONDUCTIVITY = "conductivity_s_per_cm"

RATE_OVER_S = 3600.0
"""The rate of simulations is that of so many last seconds."""


def ranking(store: Store) -> list[dict[str, Any]]:
    """Polymers with a value, by what is believed of them, best first.

    Each row holds ``rank``, ``key``, ``name``, ``monomer_smiles``, ``source``, ``iteration``, ``flags``, ``scores``,
    ``force_field_flags`` (weak groups of the force field that it holds, of simulated ones), ``n_replicas``,
    ``n_failed``, ``origin`` (``simulated``, or the file a label came from), ``values`` (conductivity of each replica,
    S/cm; `stand_ins` for a label from a file), ``properties`` (means and ``_sem`` over replicas), the two conductivity
    columns also at top level, and beside these measured values what is believed when all polymers are looked at
    (`autodisco.analysis.shrinkage`): ``expected_s_per_cm`` with the interval of 90 % from ``expected_low_s_per_cm`` to
    ``expected_high_s_per_cm``, ``p_better`` (probability that it conducts better than the reference polymer) and
    ``verdict``: ``reference``, ``better`` or ``worse`` where that probability is at least the
    `acquire.better_probability` of the campaign, else ``tie``; None while the reference has no value.
    """
    rows = _with_value(store)
    reference = store.get("reference_key", "")
    settings = (store.get("settings") or {}).get("acquire", {})
    threshold = settings.get("better_probability", BETTER_PROBABILITY)
    believed = beliefs(_compared(store, rows), reference)
    for key, row in rows.items():
        belief = believed[key]
        row["expected_s_per_cm"] = belief.median_s_per_cm
        row["expected_low_s_per_cm"], row["expected_high_s_per_cm"] = belief.low_s_per_cm, belief.high_s_per_cm
        row["p_better"] = belief.p_better
        row["verdict"] = "reference" if key == reference else _verdict(belief.p_better, threshold)
    ranked = sorted(rows.values(), key=lambda row: (-row["expected_s_per_cm"], -row[CONDUCTIVITY], row["key"]))
    return [{"rank": rank, **row} for rank, row in enumerate(ranked, 1)]


def best_found(ranked: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The best polymer that the campaign itself found, of the rows of `ranking`; None before there is one."""
    return next((row for row in ranked if row["source"] == "generated"), None)


def value_of(store: Store, key: str) -> float | None:
    """Conductivity (S/cm) that `ranking` holds for a polymer, without making the others'; None where it has none."""
    row = _with_value(store, key).get(key)
    return row[CONDUCTIVITY] if row else None


def comparison(store: Store) -> Comparison:
    """The comparison by which `ranking` judges, of all polymers with a value, by key."""
    return _compared(store, _with_value(store))


def _compared(store: Store, rows: dict[str, dict[str, Any]]) -> Comparison:
    scatter = Scatter(**known) if (known := store.get("build_scatter")) else UNKNOWN_SCATTER
    return compare({key: row["values"] for key, row in rows.items()}, scatter)


def escapes(store: Store) -> list[dict[str, Any]]:
    """What was tried instead of ending saturated, in order: ``iteration`` and ``action``."""
    return store.get("escapes") or []


def last_escape(store: Store) -> int:
    """The iteration in which something was last tried instead of ending; 0 for none."""
    return max((row["iteration"] for row in escapes(store)), default=0)


def _verdict(p_better: float | None, threshold: float) -> str | None:
    if p_better is None:
        return None
    return "better" if p_better >= threshold else "worse" if p_better <= 1 - threshold else "tie"


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
    """Replica values (S/cm), log-normal about their middle, that have this mean and standard error; the highest first.

    For two replicas these are the very ones. No value is below zero, which caps the error at the mean, the most that
    values above zero can have. Without an error it is one value, whatever `n`: nothing says that replicas agreed.
    """
    if n < 2 or sem is None:
        return [mean]
    if sem >= mean:
        return [n * mean, *[0.0] * (n - 1)]
    scores = [statistics.NormalDist().inv_cdf((n - k - 0.5) / n) for k in range(n)]
    low, high, values = 0.0, 50.0, [mean] * n
    for _ in range(60):  # halves until the width of the distribution is that of the error
        width = (low + high) / 2
        shape = [math.exp(width * (score - scores[0])) for score in scores]
        values = [mean * one * n / sum(shape) for one in shape]
        if statistics.stdev(values) / math.sqrt(n) < sem:
            low = width
        else:
            high = width
    return values


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


class Ranking:
    """`ranking` of an open store, computed again only after what it is made of has changed: for what looks often."""

    def __init__(self, store: Store):
        self._store = store
        self._seen: tuple[Any, ...] | None = None
        self._rows: list[dict[str, Any]] = []

    def __call__(self) -> list[dict[str, Any]]:
        """Its rows as of now."""
        (replicas,) = self._store.rows("SELECT max(ended), sum(status = 'done'), sum(status = 'failed') FROM replicas")
        (labels,) = self._store.rows("SELECT count(*) FROM labels")
        facts = [
            self._store.get(key) for key in ("protocol", "force_field", "reference_key", "build_scatter", "settings")
        ]
        if (seen := (*replicas.values(), *labels.values(), *facts)) != self._seen:
            self._rows, self._seen = ranking(self._store), seen
        return self._rows


def status(
    store: Store, journal_rows: int = 12, best: int = 10, ranked: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    """Everything `status` and the monitor show, as one dict that JSON holds: `progress`, and the best of the ranking.

    `ranked` are the rows of `ranking`, where they are known already.
    """
    ranked = ranking(store) if ranked is None else ranked
    return {
        **progress(store, journal_rows),
        "reference": next((row for row in ranked if row["verdict"] == "reference"), None),
        "best": ranked[:best],
        "n_ranked": len(ranked),
        "n_better": sum(row["verdict"] == "better" and row["source"] == "generated" for row in ranked),
        "n_tied": sum(row["verdict"] == "tie" and row["source"] == "generated" for row in ranked),
    }


def progress(store: Store, journal_rows: int = 12) -> dict[str, Any]:
    """How far a campaign is, without its ranking, which takes the longer the more polymers there are.

    Times are unix seconds, durations seconds. ``owner`` is the process that the lock names, or None; ``alive`` says
    whether it runs now, ``heartbeat_age_s`` how long ago it said so, and ``hung`` that this is too long.
    ``simulations`` is about the replicas that the current iteration asked for.
    """
    facts = store.facts()
    models = store.models()
    return {
        "name": facts.get("name", store.folder.name),
        "folder": str(store.folder),
        **{key: facts.get(key) for key in ("state", "iteration", "reason", "started", "ended", "seed")},
        **{key: facts.get(key) for key in ("protocol", "force_field", "engine", "replicas", "workers")},
        **{key: facts.get(key) for key in ("batch_size", "budget", "active_s", "iteration_began")},
        "owner": facts.get("owner"),
        "heartbeat": facts.get("heartbeat"),
        **_process(facts, store.folder),
        "request": store.requested(),
        "activity": facts.get("activity", ""),
        "trouble": facts.get("trouble", ""),
        "short_of_room": facts.get("short_of_room", ""),
        "polymers": {row["source"]: row["n"] for row in _count(store, "polymers", "source")},
        "replicas_in_all": {row["status"]: row["n"] for row in _count(store, "replicas", "status")},
        "simulations": _simulations(store, facts),
        "iterations": _iterations(store),
        "model": models[-1] if models else None,
        "journal": store.journal(limit=journal_rows),
    }


def _process(facts: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Whether a process runs the campaign, and whether that has given no heartbeat for `STALE_S`."""
    alive = live_owner(facts, folder) is not None
    age = time.time() - facts["heartbeat"] if facts.get("heartbeat") else None
    return {"alive": alive, "heartbeat_age_s": age, "hung": alive and age is not None and age > STALE_S}


def _count(store: Store, table: str, column: str) -> list[dict[str, Any]]:
    return store.rows(f"SELECT {column}, count(*) AS n FROM {table} GROUP BY {column} ORDER BY {column}")


def _simulations(store: Store, facts: dict[str, Any]) -> dict[str, Any]:
    columns = "key, replica, status, attempt, started, ended, wall_s"
    replicas = store.rows(f"SELECT {columns} FROM replicas WHERE iteration = ?", facts.get("iteration", 0))
    counts = {name: sum(row["status"] == name for row in replicas) for name in ("waiting", "running", "done", "failed")}
    (average,) = store.rows("SELECT avg(nullif(wall_s, 0)) AS mean FROM replicas WHERE status = 'done'")
    running = [_running(store, row) for row in replicas if row["status"] == "running"]
    left = counts["waiting"] + sum(1.0 - row["fraction"] for row in running)
    rate = _rate_per_s(store, running)
    return {
        **counts,
        "total": len(replicas),
        "mean_wall_s": average["mean"],
        "rate_per_hour": rate and 3600.0 * rate,
        "eta_s": left / rate if rate else None,
        "running_replicas": running,
    }


def _rate_per_s(store: Store, running: list[dict[str, Any]]) -> float | None:
    """Replicas that were done in a second of the last hour, parts of running ones included; None before the first.

    A core that idles, because the last replicas of a batch hold it up or room is short, makes it smaller.
    """
    now = time.time()
    (recent,) = store.rows(
        "SELECT count(*) AS n, min(started) AS first FROM replicas WHERE ended > ? AND started IS NOT NULL",
        now - RATE_OVER_S,
    )
    if not recent["n"]:
        return None
    begun = min([recent["first"], *(now - row["elapsed_s"] for row in running)])
    return float((recent["n"] + sum(row["fraction"] for row in running)) / max(1.0, now - begun))


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
    verdicts, new_string = store.verdicts(), store.new_string_verdicts()
    rows = []
    for iteration in store.iterations():
        seen = verdicts.get(iteration["n"], {})
        fresh = sum(seen.get(name, 0) for name in new_string)
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


def known_of(iteration: dict[str, Any]) -> tuple[int, int]:
    """Known polymers of an iteration of `status`, and of how many, by the count of the saturation rule.

    By the paper's count, of strings, while the rule has not judged it, or an older program did.
    """
    judged = iteration["saturation"] or {}
    if "known" in judged:
        return judged["known"], judged["draws"]
    return iteration["verdicts"].get("duplicate-symmetry", 0), iteration["new_strings"]


def replica_folder(campaign_folder: Path, key: str, replica: int) -> Path:
    """Where a replica of a polymer is simulated."""
    return campaign_folder / "simulations" / key / str(replica)


def campaign_databases(runs: Path) -> list[Path]:
    """Databases of the campaigns below a folder; what begins with a dot is a campaign that is still being copied."""
    return sorted(path for path in runs.glob("*/state.db") if not path.parent.name.startswith("."))


def list_campaigns(runs: Path) -> list[dict[str, Any]]:
    """The campaigns below a folder, by start: name (of its folder), folder, state, iteration, reason, started, alive,
    hung.

    One that cannot be read is listed with state ``unreadable`` and the reason.
    """
    found: list[dict[str, Any]] = []
    for database in campaign_databases(runs):
        row: dict[str, Any] = {"name": database.parent.name, "folder": str(database.parent)}
        try:
            with Store.open_readonly(database.parent) as store:
                facts = store.facts()
        except AutodiscoError as error:
            found.append({**row, "state": "unreadable", "reason": str(error)})
            continue
        row |= {key: facts.get(key) for key in ("state", "iteration", "reason", "started", "ended")}
        row |= _process(facts, database.parent)
        found.append(row)
    return sorted(found, key=lambda row: row.get("started") or 0.0)
