"""Replicas on a cluster: they wait in a folder, and pilots in the batch system take them from there."""

import importlib.util
import itertools
import time
from collections.abc import Collection
from functools import cached_property
from pathlib import Path
from typing import Any

from autodisco.errors import AutodiscoError, DiskAbsent, InputError
from autodisco.simulation.executors.cluster_settings import cluster_settings
from autodisco.simulation.executors.executor import Executor, Note, Sighting
from autodisco.simulation.executors.fleet import Fleet
from autodisco.simulation.executors.nodes import Nodes
from autodisco.simulation.executors.pilots import LOST_PILOT
from autodisco.simulation.executors.queue_folder import BEATS, PILOTS, Entry, Listing, QueueFolder
from autodisco.simulation.executors.scheduler import Scheduler
from autodisco.simulation.task import ReplicaTask

LOOKS = 3
"""A task that this many listings do not show is lost, and submitted again."""
ORPHAN_S = 60.0
"""A task of which the campaign has known nothing for so long is removed."""
AHEAD = 2
"""Replicas that are submitted, relative to all slots."""


class PsijExecutor(Executor):
    """Pilots in a batch system; the handle of a replica is the name of its task in the queue folder.

    `options` are those of `ClusterSettings`.
    """

    survives = True
    here = False
    watches = True
    pauses = True
    poll_s = 1.0

    def __init__(self, workers: int = 0, threads: int = 1, **options: Any):
        self.settings = cluster_settings(options)
        if importlib.util.find_spec("psij") is None:
            missing = "executor.kind = 'psij': PSI/J is missing: pip install 'autodisco[cluster]'"
            raise InputError(missing, "executor.kind")
        super().__init__(workers or AHEAD * self.settings.pilots * self.settings.slots, threads)
        self._campaign, self._folder, self._stalled_s = "replicas", Path.cwd(), 0.0
        self._count = itertools.count()
        self._unseen: dict[str, int] = {}
        self._orphans: dict[str, float] = {}
        self._judged: set[str] = set()
        self._notes: list[Note] = []

    def serve(self, campaign: str, folder: Path, stalled_s: float = 0.0) -> None:
        """Take the queue folder of a campaign."""
        self._campaign, self._folder, self._stalled_s = campaign, folder, stalled_s

    @cached_property
    def queue(self) -> QueueFolder:
        """The folder of tasks."""
        if not (self._folder if self._is_within else self.place).is_dir():
            raise DiskAbsent(f"{self.place}: there is no queue folder; is its disk mounted?")
        self.place.mkdir(parents=True, exist_ok=True)
        queue = QueueFolder(self.place)
        queue.create()
        return queue

    @property
    def place(self) -> Path:
        """The queue folder, which may not be there yet."""
        return (self._folder / self.settings.queue).absolute()

    @property
    def _is_within(self) -> bool:
        """Whether it lies in the folder of the campaign, and is made there."""
        return self.place.is_relative_to(self._folder.absolute())

    @property
    def beats(self) -> Path:
        """Folder of the heartbeats of pilots."""
        return self.queue.root / BEATS

    @cached_property
    def fleet(self) -> Fleet:
        """The pilots."""
        name = f"autodisco-{self._campaign}-{self.queue.name()}"
        scheduler = Scheduler(self.settings, self.queue.root / PILOTS, name)
        return Fleet(self.settings, self.queue, scheduler, self.threads, self._stalled_s)

    @cached_property
    def _nodes(self) -> Nodes:
        return Nodes(self.queue)

    def submit(self, task: ReplicaTask, claim: str) -> str:
        """Let a replica wait; the pilot that takes it makes the claim."""
        handle = f"{int(1000 * time.time()):012x}{next(self._count) % 65536:04x}-{task.key[:16]}-{task.replica}"
        self.queue.put(handle, task.to_dict())
        return handle

    def poll(self, handles: Collection[str]) -> dict[str, Sighting]:
        """One look at the queue folder, and now and then one at the batch system."""
        known, listing = set(handles), self.queue.listing()
        found = {}
        for handle in handles:
            entry = listing.get(handle)
            misses = 0 if entry else self._unseen.get(handle, 0) + 1
            if misses and misses < LOOKS:  # it may have been given back while the folders were listed
                self._unseen[handle] = misses
                found[handle] = Sighting("waiting")
                continue
            self._unseen.pop(handle, None)
            found[handle] = sighting(entry)
        for entry in listing.done.values():
            if entry.id in known and entry.id not in self._judged:
                self._judged.add(entry.id)
                note = self._nodes.ended(entry, self.fleet.nodes.get(entry.pilot or "", ""))
                self._notes += [note] if note else []
        self._remove_orphans(listing, known)
        self._notes += self.fleet.tend(listing)
        return found

    def cancel(self, handle: str) -> None:
        """Take a replica out of the folder. The pilot that runs it notices, and what it leaves does not count."""
        for error in self.cancel_all([handle]).values():
            raise error

    def cancel_all(self, handles: Collection[str]) -> dict[str, Exception]:
        """Take replicas out of the folder, with one listing for all."""
        left = set(handles)
        for _ in range(LOOKS):  # some may move on meanwhile
            listing = self.queue.listing()
            left = {one for one in left if (entry := listing.get(one)) and not self.queue.remove(entry)}
            if not left:
                break
        return {one: AutodiscoError(f"{one} cannot be removed from {self.queue.root}") for one in left}

    def hold(self, held: bool) -> None:
        """Let pilots take nothing more, or let them go on."""
        if held != self.queue.held:
            self.queue.hold(held)

    def stop(self) -> None:
        """Cancel all pilots, and remove all tasks."""
        self.queue.hold(True)
        self._notes += self.fleet.stop()
        listing = self.queue.listing()
        for entry in (*listing.waiting.values(), *listing.claimed.values(), *listing.done.values()):
            self.queue.remove(entry)

    def notes(self) -> list[Note]:
        """What happened since the last call."""
        notes, self._notes = self._notes, []
        return notes

    def _remove_orphans(self, listing: Listing, known: set[str]) -> None:
        """Remove tasks that the campaign has known nothing of for a while: those whose results it has, and those whose
        handle was not stored because it was killed."""
        now = time.monotonic()
        entries: list[Entry] = [*listing.done.values(), *listing.claimed.values(), *listing.waiting.values()]
        unknown = {entry.id: entry for entry in entries if entry.id not in known}
        self._orphans = {id_: self._orphans.get(id_, now) for id_ in unknown}
        for id_, since in self._orphans.items():
            if now - since >= ORPHAN_S:
                self.queue.remove(unknown[id_])
        self._judged &= listing.done.keys()


def sighting(entry: Entry | None) -> Sighting:
    """What the file name of a task says of its replica."""
    if entry is None:
        return Sighting("ended", "its task is not in the queue folder any more", killed=True)
    if entry.how:
        if entry.how == LOST_PILOT:
            how = f"{entry.losses} pilots were lost while they ran it"
            return Sighting("ended", how, claim=entry.claim, code=LOST_PILOT)
        return Sighting("ended", f"its pilot said {entry.how}", killed=entry.how == "killed", claim=entry.claim)
    return Sighting("running" if entry.claim else "waiting", claim=entry.claim)
