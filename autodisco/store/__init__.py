"""The campaign's memory: a folder with a SQLite database, a journal for machines, and files beside it.

The only package that speaks SQL. `Store` reads and writes; `ranking`, `status`, `list_campaigns` and others are views.
"""

from autodisco.store.owner import STALE_S, Owner, live_owner
from autodisco.store.schema import VERSION
from autodisco.store.store import END_STATES, LOOP_STATES, STATES, Store
from autodisco.store.verdicts import VERDICTS, Verdict
from autodisco.store.views import (
    Ranking,
    best_found,
    comparison,
    escapes,
    known_of,
    last_escape,
    list_campaigns,
    progress,
    ranking,
    replica_folder,
    status,
    value_of,
)

__all__ = [
    "END_STATES",
    "LOOP_STATES",
    "STALE_S",
    "STATES",
    "VERDICTS",
    "VERSION",
    "Owner",
    "Ranking",
    "Store",
    "Verdict",
    "best_found",
    "comparison",
    "escapes",
    "known_of",
    "last_escape",
    "list_campaigns",
    "live_owner",
    "progress",
    "ranking",
    "replica_folder",
    "status",
    "value_of",
]
