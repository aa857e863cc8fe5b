"""The campaigns below a folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autodisco.errors import AutodiscoError
from autodisco.store.disk import used_bytes
from autodisco.store.folders import campaign_databases
from autodisco.store.owner import process_state
from autodisco.store.records import Record
from autodisco.store.store import Store


@dataclass(frozen=True)
class CampaignEntry(Record):
    """A campaign in a list. `name` is that of its folder; `state` is ``unreadable``, with the reason, where its
    database cannot be read. `bytes` are those of its folders."""

    name: str
    folder: str
    state: str | None
    reason: str | None
    iteration: int | None = None
    started: float | None = None
    ended: float | None = None
    alive: bool = False
    heartbeat_age_s: float | None = None
    hung: bool = False
    process: str = ""
    bytes: int | None = None


def list_campaigns(runs: Path) -> list[CampaignEntry]:
    """The campaigns below a folder, by start."""
    return sorted((_entry(path.parent) for path in campaign_databases(runs)), key=lambda row: row.started or 0.0)


def _entry(folder: Path) -> CampaignEntry:
    try:
        with Store.open_readonly(folder) as store:
            facts = store.facts()
            size = used_bytes(store)
    except AutodiscoError as error:
        return CampaignEntry(folder.name, str(folder), "unreadable", str(error))
    columns: dict[str, Any] = {name: facts.get(name) for name in ("state", "reason", "iteration", "started", "ended")}
    return CampaignEntry(name=folder.name, folder=str(folder), bytes=size, **columns, **process_state(facts, folder))
