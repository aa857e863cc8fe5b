"""Which nodes of a cluster are left out, because replicas fail there and not elsewhere."""

from autodisco.simulation.executors.executor import Note
from autodisco.simulation.executors.queue_folder import Entry, QueueFolder
from autodisco.simulation.task import NOT_NOW

FAILURES = 3
"""A node that fails so many replicas running is left out, if others have results meanwhile."""
OF_MACHINES = frozenset({"unknown", "engine-crash", "stalled", "killed"}) | NOT_NOW
"""Failure codes that may be the fault of a node. Other failures say nothing about it."""


class Nodes:
    """Counts failures running by node. The nodes that are left out stand in the queue folder."""

    def __init__(self, queue: QueueFolder):
        self._queue = queue
        self._failures: dict[str, list[str]] = {}
        self._good_elsewhere: set[str] = set()

    def ended(self, entry: Entry, node: str) -> Note | None:
        """Take in how a replica ended on a node; a note if a node is left out from now on."""
        if entry.how == "ok":
            self._failures.pop(node, None)
            self._good_elsewhere |= self._failures.keys()
        elif entry.how in OF_MACHINES and node:
            if node not in self._failures:
                self._good_elsewhere.discard(node)
            self._failures.setdefault(node, []).append(str(entry.how))
        left_out = self._queue.left_out()
        for bad, failures in self._failures.items():
            if len(failures) >= FAILURES and bad in self._good_elsewhere and bad not in left_out:
                self._queue.leave_out([*left_out, bad])
                why = "replicas that ran elsewhere meanwhile have values"
                return Note("node left out", bad, {"failures running": failures}, "send no more replicas there", why)
        return None
