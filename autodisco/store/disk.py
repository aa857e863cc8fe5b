"""What a campaign takes on the disk, and what it will take: from sizes that were counted when replicas ended, so that
no reader walks through thousands of folders."""

import contextlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autodisco.store.records import Record
from autodisco.store.store import END_STATES, Store
from autodisco.text import size

OWN_FOLDERS = ("", "models", "backups", "report")
"""Folders, within a campaign folder, with few files, which are looked at."""


@dataclass(frozen=True)
class Disk(Record):
    """Disk space of a campaign in bytes.

    Attributes
    ----------
    used : what lies in its folders
    per_polymer : mean of the polymers with a replica that has ended, as they are kept now; None before the first
    to_come : estimate of what is still to be written; None where nothing says how much is left
    until : what that ends with: ``budget``, or ``patience`` where only the saturation rule ends the campaign, so that
        it is the least
    free : free space on the disk of the replicas; None while that is not there
    enough : whether `to_come` fits into `free`, and leaves what `simulation.least_free_disk_gb` asks for
    """

    used: int
    per_polymer: float | None
    to_come: float | None
    until: str
    free: int | None
    enough: bool

    @property
    def words(self) -> str:
        """All of it in one line."""
        parts = [f"{size(self.used)} so far"]
        parts += [f"{size(self.per_polymer)} a polymer"] if self.per_polymer else []
        if self.to_come:
            what = "more until the budget is spent" if self.until == "budget" else "more at least"
            parts.append(f"about {size(self.to_come)} {what}")
        parts += [f"{size(self.free)} free"] if self.free is not None else []
        return ", ".join(parts) + ("" if self.enough else ": not enough")


def used_bytes(store: Store) -> int:
    """Bytes of a campaign on the disk."""
    return int(store.replicas_on_disk()["bytes"]) + sum(_size(store.folder / name) for name in OWN_FOLDERS)


def disk(store: Store, facts: Mapping[str, Any]) -> Disk:
    """What a campaign takes on the disk; `facts` are those of its store."""
    counted, settings = store.replicas_on_disk(), facts.get("settings") or {}
    (row,) = store.rows(
        "SELECT count(*) AS replicas, count(DISTINCT key) AS polymers, total(iteration > ?) AS present FROM replicas "
        "WHERE status IN ('done', 'failed')",
        ended := store.iterations_ended(),
    )
    per_replica = counted["bytes"] / counted["replicas"] if counted["replicas"] else None
    left, until = _left(facts, row["replicas"], int(row["present"]), ended)
    to_come = None
    if per_replica is not None and left is not None:
        to_come = left * per_replica + _models_to_come(store, settings, left, row["replicas"], ended)
    free = None
    with contextlib.suppress(OSError):
        free = shutil.disk_usage(store.shared).free
    least = 1e9 * settings.get("simulation", {}).get("least_free_disk_gb", 0.0)
    return Disk(
        used=used_bytes(store),
        per_polymer=per_replica and per_replica * row["replicas"] / max(1, row["polymers"]),
        to_come=to_come,
        until=until,
        free=free,
        enough=to_come is None or free is None or to_come + least <= free,
    )


def _left(facts: Mapping[str, Any], done: int, present: int, ended: int) -> tuple[float | None, str]:
    """How many replicas are still to come, and by which limit. Of the `done` ones, `present` are of the iterations
    after the `ended` ones."""
    if facts.get("state") in END_STATES:
        return 0.0, "budget"
    budget = facts.get("budget") or {}
    planned = (facts.get("batch_size") or 0) * (facts.get("replicas") or 0)
    each = (done - present) / ended if ended else planned
    limits = []
    if budget.get("iterations"):
        limits.append(each * (budget["iterations"] - ended) - present)
    if budget.get("simulations"):
        limits.append(budget["simulations"] - done)
    if budget.get("hours") and (worked := facts.get("active_s")):
        limits.append(done * (3600.0 * budget["hours"] - worked) / worked)
    if limits:
        return max(0.0, min(limits)), "budget"
    patience = (facts.get("settings") or {}).get("saturation", {}).get("patience")
    return (max(0.0, each * patience - present), "patience") if patience else (None, "")


def _models_to_come(store: Store, settings: Mapping[str, Any], left: float, done: int, ended: int) -> float:
    """Bytes of the models of the iterations to come."""
    if settings.get("loop", {}).get("keep_models") or not ended or not done:
        return 0.0
    return _size(store.folder / "models") / (ended + 1) * left / (done / ended)


def _size(folder: Path) -> int:
    """Bytes of the files in a folder itself."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        return sum(entry.stat().st_size for entry in entries if entry.is_file())
    return 0
