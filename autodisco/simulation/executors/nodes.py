"""Which nodes of a cluster are left out, because replicas fail there and not elsewhere."""

from autodisco.simulation.executors.executor import Note
from autodisco.simulation.executors.queue_folder import Entry, QueueFolder

FAILURES = 3
"""A node that fails so many replicas running is left out, if others have results meanwhile."""
OF_MACHINES = frozenset({"unknown", "engine-crash", "stalled", "no-disk", "killed"})
"""Failure codes that may be the fault of a node. Other failures say nothing about it."""


class Nodes:
    """Counts failures running by node. The nodes that are left out stand in the queue folder."""

    def __init__(self, queue: QueueFolder):
        self._queue = queue
        self._failures: dict[str, list[str]] = {}
        self._good_elsewhere: set[str] = set()

    def ended(self, entry: Entry, node: str) -> Note | None:
        """Take in how a replica ended on a node; a note if the node is left out from now on."""
        if entry.how == "ok":
            self._failures.pop(node, None)
            self._good_elsewhere |= self._failures.keys()
            return None
        if entry.how not in OF_MACHINES or not node:
            return None
        failures = self._failures.setdefault(node, [])
        if not failures:
            self._good_elsewhere.discard(node)
        failures.append(str(entry.how))
        left_out = self._queue.left_out()
        if len(failures) < FAILURES or node in left_out or node not in self._good_elsewhere:
            return None
        self._queue.leave_out([*left_out, node])
        why = "replicas that ran elsewhere meanwhile have values"
        return Note("node left out", node, {"failures running": failures}, "send no more replicas there", why)
