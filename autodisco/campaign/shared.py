"""Where the replicas of a campaign lie: in its folder, or in one that other machines see (`simulation.folder`).

The database stays in the campaign folder, on a disk of this machine: SQLite needs locks and shared memory that network
file systems do not have. A file marks the shared folder, and the queue folder of a cluster, as that of one campaign
(`shared_marks`). If it is missing although it was written, the disk is not mounted, and nothing is started there until
it is.
"""

import contextlib
import math
import shutil
import socket
import time
import uuid
from pathlib import Path

from autodisco.campaign.settings import Settings
from autodisco.campaign.shared_marks import MARKER, Mark, end_beat, make, require_ours, require_unowned, write_beat
from autodisco.errors import AutodiscoError, InputError
from autodisco.files import nearest_existing, write_atomic
from autodisco.machine import file_system
from autodisco.store import PARTS, Owner, Store

BEAT_S = 5.0
"""Between heartbeats in folders that other machines see (s)."""

NETWORKED = (
    "nfs",
    "cifs",
    "smb",
    "lustre",
    "gpfs",
    "beegfs",
    "ceph",
    "glusterfs",
    "afs",
    "fuse.sshfs",
    "orangefs",
)
"""Beginnings of the names of file systems that several machines write to."""


def shared_folder(settings: Settings) -> Path | None:
    """Folder of a campaign on the shared disk; None where everything lies in the campaign folder."""
    return Path(settings.simulation.folder) / settings.name if settings.simulation.folder else None


def require_local_disk(folder: Path) -> None:
    """Raise InputError for a campaign folder on a network file system."""
    if (kind := file_system(nearest_existing(folder))).startswith(NETWORKED):
        raise InputError(
            f"{folder}: on a {kind} file system, where SQLite databases break; keep campaigns on a disk of this "
            "machine (AUTODISCO_RUNS), and their replicas on the shared one with simulation.folder"
        )


def take_shared(store: Store, settings: Settings, queue: Path | None = None, new: bool = False) -> None:
    """Make the shared folder of a campaign, or find it again; part of every start, and of a fork as a `new` campaign.
    The same for the `queue` folder of its executor. `mark_shared` comes after the commit.

    Raises InputError if a folder belongs to another campaign, or to none although this one has replicas elsewhere,
    and OwnedError if a copy of this campaign went on with it.
    """
    if new:
        store.set(shared_folder="", queue_folder="", identity=None, generation=0)
    home = store.folder.with_name(settings.name) if new else store.folder  # a fork is made in another place
    shared = _take_folder(store, settings, home)
    _take_queue(store, None if queue and shared and queue.is_relative_to(shared) else queue, home)
    for folder in (folders := folders_of(store)):
        require_ours(folder, _mine(store, home))
    if folders:
        identity, generation = store.get("identity") or uuid.uuid4().hex, store.get("generation") or 0
        store.set(identity=identity, generation=generation + 1)


def _take_folder(store: Store, settings: Settings, home: Path) -> Path | None:
    """The shared folder of a campaign, made or found again; None if it has none."""
    folder, before = shared_folder(settings), store.get("shared_folder") or ""
    if folder is None:
        if before:
            raise InputError(_keep(settings, before))
        return None
    where, mark = f"simulation.folder = {settings.simulation.folder!r}", Mark.read(folder)
    mine = _mine(store, home)
    if mark and mark.relation(mine) in ("another", "copied"):
        raise InputError(f"{where}: {folder} has the replicas of the campaign in {mark.campaign}; take another one")
    if mark:
        store.set(shared_folder=str(folder), identity=mark.identity)
        return folder
    if before == str(folder):
        return folder  # not mounted now: whoever starts replicas waits
    if store.get("loaded") and home == store.folder:
        raise InputError(_keep(settings, before or str(store.folder)))
    if not folder.parent.is_dir():
        raise InputError(f"{where}: there is no such folder; make it, or mount its disk")
    make(folder, made := Mark(uuid.uuid4().hex, mine.campaign))
    store.set(shared_folder=str(folder), identity=made.identity)
    return folder


def _take_queue(store: Store, queue: Path | None, home: Path) -> None:
    """Find the queue folder again, or make one that lies elsewhere than in a folder of the campaign."""
    known = store.get("queue_folder") == str(queue)
    store.set(queue_folder=str(queue or ""))
    if queue is None:
        return
    mark = Mark.read(queue)
    if mark and mark.relation(_mine(store, home)) in ("another", "copied"):
        advice = "take another executor.options.queue"
        if _is_within(store, queue):
            advice = "it was copied with the campaign folder; remove it to go on with an empty one"
        raise InputError(f"{queue}: the queue folder of the campaign in {mark.campaign}; {advice}")
    if mark is None and not known and not _is_within(store, queue):
        if not queue.parent.is_dir():
            raise InputError(f"executor.options.queue: there is no folder {queue.parent}; make it, or mount its disk")
        queue.mkdir(exist_ok=True)
        store.set(identity=store.get("identity") or uuid.uuid4().hex)
        _mine(store, home).write(queue)


def folders_of(store: Store) -> list[Path]:
    """Folders of a campaign that other machines may see; each bears its mark."""
    return [Path(place) for name in ("shared_folder", "queue_folder") if (place := store.get(name))]


def mark_shared(store: Store) -> None:
    """Mark these folders as those of the owner that took them. Those whose disk is away are marked with a later
    heartbeat. Raises OwnedError if another owner took one over."""
    for folder in folders_of(store):
        mark, mine = Mark.read(folder), _mine(store)
        if mark is None and _is_within(store, folder):
            folder.mkdir(parents=True, exist_ok=True)
            mine.write(folder)
        elif mark not in (None, mine):
            require_ours(folder, mine)
            mine.write(folder)


def keep_generation(store: Store, home: Path) -> None:
    """Count owners on from those that the folders name, after the database of the campaign in `home` went back to an
    older one."""
    mine = _mine(store, home)
    marks = [mark for folder in folders_of(store) if (mark := Mark.read(folder))]
    ours = [mark.generation for mark in marks if (mark.identity, mark.campaign) == (mine.identity, mine.campaign)]
    store.set(generation=max([mine.generation, *ours]))


def check_owner(store: Store) -> None:
    """Raise OwnedError if a copy of this campaign on another machine works with the same folders, or went on with
    them."""
    for folder in folders_of(store):
        require_ours(folder, _mine(store))
        require_unowned(folder, _mine(store))


class Heartbeat:
    """The heartbeat of the owner of a campaign in the folders that other machines see."""

    def __init__(self, store: Store, owner: Owner):
        self._store, self._owner, self._last = store, owner, -math.inf

    def __call__(self) -> None:
        """Beat, at most every `BEAT_S`. Raises OwnedError if another owner took a folder over."""
        if time.monotonic() - self._last < BEAT_S:
            return
        self._last = time.monotonic()
        with contextlib.suppress(OSError):  # the disk is away
            mark_shared(self._store)
        for folder in folders_of(self._store):
            if Mark.read(folder):
                write_beat(folder, _mine(self._store), self._owner)

    def end(self) -> None:
        """The owner leaves."""
        for folder in folders_of(self._store):
            end_beat(folder, self._owner)


def seen_elsewhere(settings: Settings, folder: Path, name: str) -> str:
    """The name of a part or protocol; of one in the campaign folder, the path of its copy on the shared disk."""
    here, shared = f"{folder.absolute()}/", shared_folder(settings)
    return f"{shared}/{name.removeprefix(here)}" if shared and name.startswith(here) else name


def write_shared_copies(store: Store, settings: Settings) -> None:
    """Copy protocols and parts in the campaign folder to the shared one, where replicas run on machines that do not see
    the campaign folder. Nothing is written while that is not mounted."""
    folder = shared_folder(settings)
    if folder is None or absence(folder):
        return
    for path in (*store.folder.glob("protocol*.toml"), *(store.folder / PARTS).rglob("*")):
        copy = folder / path.relative_to(store.folder)
        if path.is_file() and "__pycache__" not in path.parts:
            content = path.read_bytes()
            if not copy.is_file() or copy.read_bytes() != content:
                write_atomic(copy, content)


def forget_shared(folder: Path) -> None:
    """Remove the shared folder of a campaign that did not come about, given its unfinished campaign folder."""
    with contextlib.suppress(AutodiscoError), Store.open_readonly(folder) as store:
        mark = Mark.read(store.shared) if store.shared != folder else None
        if mark and mark.identity == store.get("identity"):
            shutil.rmtree(store.shared)


def absence(folder: Path) -> str:
    """Why nothing may be started in a shared folder, as a sentence; empty if it is there."""
    if (folder / MARKER).is_file():
        return ""
    return f"{folder}: not there, or without its {MARKER}; is its disk mounted? It goes on when it is"


def out_of_reach(store: Store) -> str:
    """Why nothing can be told to replicas on other machines, as a sentence; empty if it can.

    Raises OwnedError if they are those of another owner by now.
    """
    for folder in folders_of(store):
        require_ours(folder, _mine(store))
    elsewhere = (folder for folder in folders_of(store) if not _is_within(store, folder))
    return next(filter(None, map(absence, elsewhere)), "")


def _mine(store: Store, home: Path | None = None) -> Mark:
    """The mark of the present owner of a campaign, which is in `home` or will be."""
    place = f"{socket.gethostname()}:{(home or store.folder).absolute()}"
    return Mark(store.get("identity") or "", place, store.get("generation") or 0)


def _is_within(store: Store, folder: Path) -> bool:
    return folder.is_relative_to(store.folder.absolute())


def _keep(settings: Settings, before: str) -> str:
    return (
        f"simulation.folder = {settings.simulation.folder!r}: the replicas of {settings.name} lie in {before}; keep "
        f"the value, or move that folder with its {MARKER} to the new place first"
    )
