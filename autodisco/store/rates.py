"""What builds and models of a campaign took: the measured rates behind a forecast of its cost."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autodisco.store.records import Record
from autodisco.store.store import Store

SAMPLE = 5
"""Builds whose files are measured."""
LATEST_MODELS = 3
"""Models whose training time is averaged."""


@dataclass(frozen=True)
class Rate(Record):
    """Means over the `n` builds of a protocol that have a value: CPU time and wall time (s), and bytes on the disk
    (None where no files are left)."""

    protocol: str
    n: int
    cpu_s: float
    wall_s: float
    n_bytes: float | None


def rates(store: Store) -> list[Rate]:
    """Rates of the protocols with which a campaign has builds that have a value."""
    rows = store.rows(
        "SELECT protocol, count(*) AS n, avg(cpu_s) AS cpu_s, avg(wall_s) AS wall_s FROM replicas "
        "WHERE status = 'done' AND cpu_s > 0 AND wall_s > 0 GROUP BY protocol ORDER BY protocol"
    )
    return [Rate(**row, n_bytes=_bytes_of_build(store, row["protocol"])) for row in rows]


def training_s(store: Store) -> float | None:
    """Mean time (s) that the last models took to train; None without one."""
    took = [model.seconds for model in store.models()[-LATEST_MODELS:] if model.seconds]
    return sum(took) / len(took) if took else None


def _bytes_of_build(store: Store, protocol: str) -> float | None:
    rows = store.rows(
        "SELECT key, replica FROM replicas WHERE protocol = ? AND status = 'done' ORDER BY ended DESC LIMIT ?",
        protocol,
        SAMPLE,
    )
    folders = (store.replica_folder(row["key"], protocol, row["replica"]) for row in rows)
    sizes = [sum(_sizes(folder)) for folder in folders if folder.is_dir()]
    return sum(sizes) / len(sizes) if sizes else None


def _sizes(folder: Path) -> Iterator[int]:
    return (path.lstat().st_size for path in folder.rglob("*") if path.is_file())
