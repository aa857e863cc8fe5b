"""The replicas of the current iteration: how many run, how fast they are done, and how far each of them is."""

import contextlib
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autodisco.files import read_json
from autodisco.store.folders import run_folder
from autodisco.store.owner import live_owner
from autodisco.store.records import Record
from autodisco.store.replicas import OF_STATUS
from autodisco.store.store import Store

STATUSES = ("waiting", "running", "done", "failed")
RATE_OVER_S = 3600.0
"""The rate of simulations is that of the last hour."""


@dataclass(frozen=True)
class RunningReplica(Record):
    """A replica that is being simulated: the step of its protocol and the share of the work that is done; whether it is
    `of_batch`, that is of the current iteration at the first tier."""

    key: str
    monomer_smiles: str
    protocol: str
    replica: int
    attempt: int
    of_batch: bool
    elapsed_s: float
    step_name: str
    fraction: float


@dataclass(frozen=True)
class Simulations(Record):
    """The replicas of the current iteration at the first tier: their numbers by status, mean wall time, rate, and time
    that is left.

    On a cluster, those that wait for a pilot are `queued`: the batch system has not started them, so that they do not
    count as running. `running_replicas` are those of all tiers and iterations; `queued_by_protocol` counts the queued
    ones of each tier. No time is given where all that are left are queued. Of the next batch, which may be chosen
    already, there are `ended_ahead` of `total_ahead`.
    """

    waiting: int
    queued: int
    running: int
    done: int
    failed: int
    total: int
    ended_ahead: int
    total_ahead: int
    mean_wall_s: float | None
    rate_per_hour: float | None
    eta_s: float | None
    running_replicas: list[RunningReplica]
    queued_by_protocol: dict[str, int]

    @property
    def left(self) -> int:
        """How many have not ended."""
        return self.waiting + self.queued + self.running


def simulations(store: Store, facts: dict[str, Any]) -> Simulations:
    """The replicas of the current iteration; `facts` are those of the campaign."""
    first = facts.get("protocol")
    found = store.rows(
        "SELECT status, count(*) AS n FROM replicas WHERE iteration = ? AND protocol = ? GROUP BY status",
        facts.get("iteration", 0),
        first,
    )
    counts = dict.fromkeys(STATUSES, 0) | {row["status"]: row["n"] for row in found}
    (average,) = store.rows(
        "SELECT avg(nullif(wall_s, 0)) AS mean FROM replicas WHERE status = 'done' AND protocol = ?", first
    )
    columns = "key, protocol, replica, iteration, attempt, started, handle, claim"
    running_now = f"{OF_STATUS} = 'running' ORDER BY iteration, key, replica"
    rows = store.rows(f"SELECT {columns} FROM replicas WHERE {running_now}")
    beats = _beats(facts.get("beats_folder"))
    in_queue = [row for row in rows if beats is not None and row["handle"] not in beats]
    queued = sum(row["protocol"] == first and row["iteration"] == facts.get("iteration") for row in in_queue)
    now = time.time() if live_owner(facts, store.folder) else facts.get("heartbeat") or time.time()
    running = [_running(store, row, beats, now) for row in rows if beats is None or row["handle"] in beats]
    of_batch = [row for row in running if row.of_batch]
    left = counts["waiting"] + queued + sum(1.0 - row.fraction for row in of_batch)
    rate = _rate_per_s(store, [row for row in running if row.protocol == first], first)
    moves = bool(of_batch) or not queued
    (ahead,) = store.rows(
        "SELECT count(*) AS total, total(status IN ('done', 'failed')) AS ended FROM replicas "
        "WHERE iteration > ? AND +protocol = ?",  # the index of iterations finds few
        facts.get("iteration", 0),
        first,
    )
    return Simulations(
        **counts | {"running": counts["running"] - queued},
        queued=queued,
        total=sum(counts.values()),
        ended_ahead=int(ahead["ended"]),
        total_ahead=ahead["total"],
        mean_wall_s=average["mean"],
        rate_per_hour=rate and 3600.0 * rate,
        eta_s=left / rate if rate and moves else None,
        running_replicas=running,
        queued_by_protocol=dict(Counter(row["protocol"] for row in in_queue)),
    )


def _rate_per_s(store: Store, running: list[RunningReplica], protocol: str | None) -> float | None:
    """Replicas of a protocol that were done in a second of the last hour, parts of running ones included.

    None before the first. The time in the queue of a cluster does not count.

    Idle cores, at the end of a batch or for lack of room, lower it.
    """
    now = time.time()
    (recent,) = store.rows(
        "SELECT count(*) AS n, min(max(started, ended - coalesce(nullif(wall_s, 0), ended - started))) AS first "
        "FROM replicas WHERE protocol = ? AND ended > ? AND started IS NOT NULL",
        protocol,
        now - RATE_OVER_S,
    )
    if not recent["n"]:
        return None
    begun = min([recent["first"], *(now - row.elapsed_s for row in running)])
    return float((recent["n"] + sum(row.fraction for row in running)) / max(1.0, now - begun))


def _beats(folder: str | None) -> dict[str, dict[str, Any]] | None:
    """What the pilots of a cluster said last of the replicas that they run, by handle; None without pilots."""
    if not folder:
        return None
    found: dict[str, dict[str, Any]] = {}
    for file in Path(folder).glob("[!.]*.json"):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            beat = read_json(file)
            found |= {handle: {**told, "said": beat["time"]} for handle, told in beat["running"].items()}
    return found


def _running(store: Store, row: dict[str, Any], beats: dict[str, dict[str, Any]] | None, now: float) -> RunningReplica:
    """A replica at time `now`, or when its process gave its last sign of life."""
    elapsed_s = max(0.0, now - row["started"]) if row["started"] else 0.0
    if beats is not None:
        progress = beats[row["handle"]]
        if "elapsed_s" in progress:  # without the time in the queue
            elapsed_s = progress["elapsed_s"] + max(0.0, time.time() - progress["said"])
    else:
        try:
            home = store.replica_folder(row["key"], row["protocol"], row["replica"])
            progress = read_json(run_folder(home, row["claim"] or "") / "progress.json")
        except (OSError, ValueError):
            progress = {}
    polymer = store.polymer(row["key"])
    return RunningReplica(
        key=row["key"],
        monomer_smiles=polymer.given if polymer else "",
        protocol=row["protocol"],
        replica=row["replica"],
        attempt=row["attempt"],
        of_batch=(row["protocol"], row["iteration"]) == (store.get("protocol"), store.get("iteration")),
        elapsed_s=elapsed_s,
        step_name=progress.get("step_name", "starting"),
        fraction=float(progress.get("fraction", 0.0)),
    )
