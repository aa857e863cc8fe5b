"""Rotating backups of the database of a campaign, and the way back to one of them.

Models and simulations are not copied: they lie in the folder, and what a backup does not know of is trained again to
the same weights, or taken in again from its outcome.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import psutil

from autodisco.campaign.campaign import Campaign
from autodisco.campaign.lock import owned
from autodisco.campaign.packing import is_there
from autodisco.campaign.setup import write_campaign_file
from autodisco.campaign.shared import keep_generation
from autodisco.errors import AutodiscoError, InputError, OwnedError
from autodisco.files import replacing, sync
from autodisco.store import Store
from autodisco.text import counted

BACKUPS = "backups"
"""Folder of the backups, within a campaign folder; each has the number of the iteration that was about to begin."""

REPLACED = "replaced"
"""Folder, among the backups, of the database that a backup took the place of."""

UNFINISHED = ".restore"


@dataclass(frozen=True)
class Restored:
    """What a database was replaced by, and what is lost, a phrase each."""

    iteration: int
    written: float
    lost: tuple[str, ...]


def backups(folder: Path) -> dict[int, Path]:
    """The backups of a campaign by iteration, the latest written first."""
    found = [path for path in (folder / BACKUPS).glob("*.db") if path.stem.isdigit()]
    return {int(path.stem): path for path in sorted(found, key=lambda path: -path.stat().st_mtime)}


def back_up_if_due(campaign: Campaign, store: Store) -> None:
    """Back the database up where the campaign file asks for it and enough iterations have passed since the last time.

    It is left out, which the journal says, while the disk is short or fails. It never holds the campaign up.
    """
    settings, iteration = campaign.settings.backup, store.get("iteration", 0)
    last = store.get("backed_up", -1)
    if not (settings.every and iteration) or last <= iteration < last + settings.every:
        return
    path = campaign.folder / BACKUPS / f"{iteration}.db"
    try:
        _require_room(campaign, store)
        back_up(store, path)
        for old in list(backups(campaign.folder).values())[settings.keep :]:
            old.unlink()
    except (OSError, AutodiscoError) as error:
        if isinstance(error, OwnedError):
            raise
        if store.get("not_backed_up") != iteration:
            store.note("not backed up", path.name, {}, "go on without it", str(error))
            store.set(not_backed_up=iteration)
        return
    store.set(backed_up=iteration)


def back_up(store: Store, path: Path) -> None:
    """Write a consistent copy of the database, whole or not at all."""
    with replacing(path) as beside:
        store.backup(beside)


def _require_room(campaign: Campaign, store: Store) -> None:
    free = shutil.disk_usage(campaign.folder).free
    least = 1e9 * campaign.settings.simulation.least_free_disk_gb
    if free - (store.folder / "state.db").stat().st_size < least:
        raise AutodiscoError(
            f"{free / 1e9:.2f} GB of disk are free, and simulation.least_free_disk_gb are to stay free; "
            "free some, or lower that setting"
        )


def restore(folder: Path, iteration: int | None = None) -> Restored:
    """Put a backup in the place of the database, by default the latest one.

    The database that is replaced is kept (`REPLACED`). After a kill at any moment the folder has the one or the other.

    Raises
    ------
    InputError
        There is no such backup.
    OwnedError
        A process has the campaign open.
    AutodiscoError
        The backup is damaged.
    """
    _require_unused(folder)
    known = backups(folder)
    if not known:
        raise InputError(f"{folder}: no backup in {folder / BACKUPS}; backup.every says how often one is written")
    chosen = next(iter(known)) if iteration is None else iteration
    if chosen not in known:
        raise InputError(f"{folder}: no backup {chosen}; there are {', '.join(map(str, sorted(known)))}")
    path = known[chosen]
    written = path.stat().st_mtime
    part = folder / BACKUPS / UNFINISHED
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        shutil.copyfile(path, part / "state.db")
        lost = _made_ready(part, folder, chosen)
        _replace(folder, part / "state.db")
    finally:
        shutil.rmtree(part, ignore_errors=True)
    with Store.open(folder) as store, owned(store):
        write_campaign_file(store)
        for path in [store.located(row.path) for row in store.files()]:
            if not is_there(path):  # cleaned since
                store.forget_file(path)
        store.mend_events()
    return Restored(chosen, written, lost)


def _require_unused(folder: Path) -> None:
    """Raise OwnedError where a process has the database open: also one of a database that is too damaged to name it."""
    inode = (folder / "state.db").stat().st_ino if (folder / "state.db").exists() else None
    for process in psutil.process_iter():
        try:
            files = [Path(entry.path) for entry in process.open_files()] if process.pid != os.getpid() else []
        except (psutil.Error, OSError):
            continue  # of another user, or it has ended
        if any(file.name == "state.db" and file.exists() and file.stat().st_ino == inode for file in files):
            raise OwnedError(f"{folder}: process {process.pid} has its database open; end that one first")
    try:
        with Store.open(folder) as store, owned(store):
            return
    except OwnedError:
        raise
    except (AutodiscoError, OSError):
        return  # damaged, which is why it is replaced


def _made_ready(part: Path, folder: Path, chosen: int) -> tuple[str, ...]:
    """Make the copy of a backup a database to go on with, in its own folder; what is lost by it.

    Raises AutodiscoError if it is damaged.
    """
    with Store.open(part) as copy:
        if wrong := copy.damage():
            raise AutodiscoError(f"{folder / BACKUPS / f'{chosen}.db'}: damaged ({wrong[0]}); take another backup")
        lost = _lost(folder, copy)
        with copy.transaction():
            copy.set(owner=None, owner_inode=None, trouble="", waits_for_cores="")
            keep_generation(copy, folder)
            copy.clear_requests()
            copy.note("restore", f"backup {chosen}", {}, "go on from there", f"lost: {', '.join(lost) or 'nothing'}")
    return lost


def _lost(folder: Path, copy: Store) -> tuple[str, ...]:
    """What the database of a campaign knows and the copy of a backup does not."""
    try:
        with Store.open_readonly(folder) as store:
            before, after = _known(store), _known(copy)
    except (AutodiscoError, OSError) as error:
        return (f"what came after the backup, which cannot be said: {error}",)
    names = {
        "iterations": "iteration",
        "candidates": "draw",
        "values": "value",
        "models": "model",
        "journal": "decision",
    }
    return tuple(counted(before[key] - after[key], name) for key, name in names.items() if before[key] > after[key])


def _known(store: Store) -> dict[str, int]:
    journal = store.journal(limit=1)
    return {
        "iterations": len(store.iterations()),
        "candidates": sum(sum(counts.values()) for counts in store.verdicts().values()),
        "values": sum(row.status == "done" for row in store.replica_states()),
        "models": len(store.models()),
        "journal": journal[-1].id if journal else 0,
    }


def _replace(folder: Path, new: Path) -> None:
    """Put a database in the place of that of a campaign, which is kept.

    A write-ahead log belongs to one database and would damage another: its content is in the old one before it goes.
    """
    kept = folder / BACKUPS / REPLACED
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir()
    for name in ("state.db", "state.db-wal"):
        if (folder / name).is_file():
            shutil.copyfile(folder / name, kept / name)
    for name in ("state.db-wal", "state.db-shm"):
        (folder / name).unlink(missing_ok=True)
    sync(new)
    os.replace(new, folder / "state.db")
    sync(folder)
