"""The replicas of a campaign, and the protocols at which they are simulated."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autodisco.store.folders import SIMULATIONS, replica_folder
from autodisco.store.measured import WITH_PROPERTIES, Measured
from autodisco.store.records import Properties, Replica, ReplicaState
from autodisco.store.tiers import CampaignTier

OF_STATUS = "protocol IN (SELECT DISTINCT protocol FROM replicas) AND status"
"""A condition on the status for which the index of protocols finds few rows among thousands."""

ORDER = "iteration, key, protocol, replica"

NOT_SUBMITTED: dict[str, Any] = {"executor": None, "handle": None, "claim": None}
"""Columns of a replica that no executor has."""
WAITING = {**NOT_SUBMITTED, "status": "waiting", "started": None}
"""Columns of a replica that waits to be started, possibly again."""


class Replicas(Measured):
    """The part of the store that concerns simulations."""

    def tiers(self) -> tuple[CampaignTier, ...]:
        """Protocols at which the campaign simulates polymers, the cheapest first."""
        stored = self.get("tiers") or [{"protocol": self.get("protocol")}]
        return tuple(CampaignTier(**tier) for tier in stored)

    def tier(self, protocol: str) -> CampaignTier | None:
        """The tier of a protocol, or None."""
        return next((tier for tier in self.tiers() if tier.protocol == protocol), None)

    def starved(self) -> frozenset[str]:
        """Protocols of the tiers that were found to contribute nothing."""
        return frozenset(self.get("starved") or ())

    @property
    def shared(self) -> Path:
        """Folder of what other machines see of the campaign: the campaign folder, or one on another disk."""
        return Path(self.get("shared_folder") or self.folder)

    def replica_folder(self, key: str, protocol: str, replica: int) -> Path:
        """Folder of a replica. Those of the first tier lie beside the folders of the other protocols."""
        further = "" if protocol == self.get("protocol") else protocol
        return replica_folder(self.shared, key, replica, further, self.get("fanned_out", False))

    def place(self, path: Path) -> str:
        """Name of a file or folder of the campaign: relative to its folder, as if all replicas lay there."""
        root = self.shared if self.shared in path.parents else self.folder
        return str(path.relative_to(root))

    def located(self, place: str) -> Path:
        """The file or folder of such a name."""
        return (self.shared if place.startswith(f"{SIMULATIONS}/") else self.folder) / place

    def plan_replica(self, key: str, protocol: str, replica: int, iteration: int) -> None:
        """Ask for a replica; one that was asked for before stays as it is."""
        self.write(
            "INSERT OR IGNORE INTO replicas (key, protocol, replica, iteration, status) VALUES (?, ?, ?, ?, 'waiting')",
            key,
            protocol,
            replica,
            iteration,
        )

    def update_replica(self, key: str, protocol: str, replica: int, **columns: Any) -> None:
        """Set columns of a replica, and its ``properties``, a dict or None."""
        changed = set(columns)
        with self.transaction():
            if "properties" in columns:
                self._set_properties(key, protocol, replica, columns.pop("properties"))
            if columns:
                names = ", ".join(f"{name} = ?" for name in columns)
                where = "key = ? AND protocol = ? AND replica = ?"
                self.write(f"UPDATE replicas SET {names} WHERE {where}", *columns.values(), key, protocol, replica)
            if changed & {"status", "properties"}:
                self._measure(key, protocol)

    def _set_properties(self, key: str, protocol: str, replica: int, properties: Properties | None) -> None:
        self.write("DELETE FROM properties WHERE key = ? AND protocol = ? AND replica = ?", key, protocol, replica)
        if properties is not None:
            self.write("INSERT INTO properties VALUES (?, ?, ?, ?)", key, protocol, replica, json.dumps(properties))

    def replicas(
        self, iteration: int | None = None, key: str | None = None, protocol: str | None = None
    ) -> list[Replica]:
        """Replicas by iteration, key, protocol and number, all or those of an iteration, polymer or protocol, with
        their properties: 4 kB each."""
        return self._selected(Replica, WITH_PROPERTIES, ORDER, iteration=iteration, key=key, protocol=protocol)

    def each_replica(self) -> Iterator[Replica]:
        """All of them one by one."""
        return self._each_record(Replica, f"SELECT * FROM {WITH_PROPERTIES} ORDER BY {ORDER}")

    def replica_states(self, iteration: int | None = None, protocol: str | None = None) -> list[ReplicaState]:
        """The same without properties."""
        return self._selected(ReplicaState, "replicas", ORDER, iteration=iteration, protocol=protocol)

    def replica_state(self, key: str, protocol: str, replica: int) -> ReplicaState | None:
        """One replica, or None."""
        found = self._selected(ReplicaState, "replicas", ORDER, key=key, protocol=protocol, replica=replica)
        return found[0] if found else None

    def batch_replicas(self) -> list[ReplicaState]:
        """Replicas of the present iteration at the first tier: it ends when each of them has."""
        return self.replica_states(self.get("iteration"), self.get("protocol"))

    def open_replicas(self) -> list[ReplicaState]:
        """Replicas that wait or run; those of further tiers may be of earlier iterations."""
        return self._records(
            ReplicaState, f"SELECT * FROM replicas WHERE status IN ('waiting', 'running') ORDER BY {ORDER}"
        )

    def first_waiting(self, protocol: str, after: int) -> ReplicaState | None:
        """The first replica at a protocol that waits, of the iterations after one; None if there is none."""
        found = self._records(
            ReplicaState,
            "SELECT * FROM replicas WHERE status = 'waiting' AND protocol = ? AND iteration > ? "
            f"ORDER BY {ORDER} LIMIT 1",
            protocol,
            after,
        )
        return found[0] if found else None

    def simulations_done(self, until: int = sys.maxsize) -> int:
        """Replicas of the campaign that have a value or a failure code, of the iterations `until` one."""
        sql = "SELECT count(*) AS n FROM replicas WHERE status IN ('done', 'failed') AND iteration <= ?"
        return int(self.rows(sql, until)[0]["n"])

    def failures(self) -> dict[str, int]:
        """Number of replicas that failed, by code, the most frequent first."""
        rows = self.each(f"SELECT failure_code, count(*) AS n FROM replicas WHERE {OF_STATUS} = 'failed' GROUP BY 1")
        found = {row["failure_code"] or "unknown": row["n"] for row in rows}
        return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))

    def failed_between(self, begin: float, end: float, limit: int) -> list[ReplicaState]:
        """Replicas that failed after one moment and not after another (unix seconds), the oldest first, at most
        `limit`."""
        return self._records(
            ReplicaState,
            "SELECT * FROM replicas WHERE status = 'failed' AND ended > ? AND ended <= ? ORDER BY ended LIMIT ?",
            begin,
            end,
            limit,
        )

    def version(self) -> int:
        """A number that changes whenever another connection has written anything."""
        (row,) = self.rows("PRAGMA data_version")
        return int(row["data_version"])

    def values_seen(self) -> tuple[Any, ...]:
        """A tuple that changes whenever a replica ends, a label is added or a table of measured values; replicas of
        hidden polymers (`hiding`) do not count."""
        (replicas,) = self.rows(
            "SELECT max(ended), sum(status = 'done'), sum(status = 'failed') FROM replicas "
            "WHERE key NOT IN (SELECT value FROM json_each(?))",
            self._hidden(),
        )
        (labels,) = self.rows("SELECT count(*) FROM labels")
        (measured,) = self.rows("SELECT count(*), max(added) FROM experiments")
        return (*replicas.values(), *labels.values(), *measured.values())
