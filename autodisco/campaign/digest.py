"""A summary of a campaign once a day, for people who want to hear that all is well."""

import shutil
import time
from collections import Counter

from autodisco.campaign.campaign import Campaign
from autodisco.campaign.notify import tell
from autodisco.store import Store
from autodisco.text import counted, duration

DAY_S = 86_400.0

TOLD = {
    "new best": "new best",
    "retry": "retry of a replica",
    "give up": "replica given up",
    "retry stage": "retry of a stage",
    "give up iteration": "iteration given up",
    "takeover": "restart",
    "hung": "hung process",
}
"""Events of the journal that a digest counts, and their names in it."""


def digest_if_due(campaign: Campaign, store: Store) -> None:
    """Queue a digest if the campaign file asks for it and the last one was a day ago; the first comes after a day."""
    if not campaign.settings.notify.digest:
        return
    now, last = time.time(), store.get("digested") or {}
    if last and 0 <= now - last["time"] < DAY_S:
        return
    rows = store.journal(after=last["event"]) if last else store.journal(limit=1)
    with store.transaction():
        store.set(digested={"time": now, "event": rows[-1].id if rows else last.get("event", 0)})
        if last:
            counts = Counter(row.event for row in rows)
            tell(campaign, store, {"event": "digest", "subject": campaign.settings.name, "decided": "",
                                   "why": _words(campaign, store, last["time"], counts)})  # fmt: skip


def _words(campaign: Campaign, store: Store, since: float, events: Counter[str]) -> str:
    replicas = [row for row in store.replica_states() if (row.ended or 0.0) >= since]
    by_status = Counter(row.status for row in replicas)
    parts = [
        f"iteration {store.get('iteration')}, {store.get('state')}",
        f"since the last digest {counted(by_status['done'], 'value')} and {counted(by_status['failed'], 'failure')}",
        *(f"{name}: {events[event]}" for event, name in TOLD.items() if events[event]),
        f"{duration(store.get('active_s'))} of work in all",
        f"{shutil.disk_usage(campaign.folder).free / 1e9:.1f} GB of disk are free",
    ]
    if waits := store.get("trouble") or store.get("short_of_room"):
        parts.append(f"it waits: {waits}")
    return "; ".join(parts)
