"""The replicas of a campaign, and the protocols at which they are simulated."""

import json
from pathlib import Path
from typing import Any

from autodisco.store.estimates import Estimates
from autodisco.store.folders import replica_folder
from autodisco.store.records import Replica
from autodisco.store.tiers import CampaignTier

NOT_SUBMITTED: dict[str, Any] = {"executor": None, "handle": None, "claim": None}
"""Columns of a replica that no executor has."""
WAITING = {**NOT_SUBMITTED, "status": "waiting", "started": None}
"""Columns of a replica that waits to be started, possibly again."""


class Replicas(Estimates):
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

    def replica_folder(self, key: str, protocol: str, replica: int) -> Path:
        """Folder of a replica. Those of the first tier lie beside the folders of the other protocols."""
        return replica_folder(self.folder, key, replica, "" if protocol == self.get("protocol") else protocol)

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
        """Set columns of a replica; ``properties`` is a dict."""
        if "properties" in columns and columns["properties"] is not None:
            columns["properties"] = json.dumps(columns["properties"])
        names = ", ".join(f"{name} = ?" for name in columns)
        self.write(
            f"UPDATE replicas SET {names} WHERE key = ? AND protocol = ? AND replica = ?",
            *columns.values(),
            key,
            protocol,
            replica,
        )

    def replicas(
        self, iteration: int | None = None, key: str | None = None, protocol: str | None = None
    ) -> list[Replica]:
        """Replicas by iteration, key, protocol and number, all or those of an iteration, polymer or protocol."""
        order = "iteration, key, protocol, replica"
        return self._selected(Replica, "replicas", order, iteration=iteration, key=key, protocol=protocol)

    def batch_replicas(self) -> list[Replica]:
        """Replicas of the present iteration at the first tier: it ends when each of them has."""
        return self.replicas(self.get("iteration"), protocol=self.get("protocol"))

    def open_replicas(self) -> list[Replica]:
        """Replicas that wait or run; those of further tiers may be of earlier iterations."""
        return self._records(
            Replica,
            "SELECT * FROM replicas WHERE status IN ('waiting', 'running') ORDER BY iteration, key, protocol, replica",
        )

    def simulations_done(self) -> int:
        """Replicas of the whole campaign that have a value or a failure code."""
        (row,) = self.rows("SELECT count(*) AS n FROM replicas WHERE status IN ('done', 'failed')")
        return int(row["n"])

    def values_seen(self) -> tuple[Any, ...]:
        """A tuple that changes whenever a replica ends or a label is added."""
        (replicas,) = self.rows("SELECT max(ended), sum(status = 'done'), sum(status = 'failed') FROM replicas")
        (labels,) = self.rows("SELECT count(*) FROM labels")
        return (*replicas.values(), *labels.values())
