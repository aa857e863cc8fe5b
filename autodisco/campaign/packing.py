"""Packs the files of each finished replica into one archive, for disks whose owners count files; and unpacks them.

A replica of `quick` has a dozen files, and quotas of clusters often end at a million. The outcome and the task stay
beside the archive, so that the replica is still known as finished. Recorded hashes are those of the packed files.
"""

import hashlib
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autodisco.campaign.lock import owned
from autodisco.campaign.shared import check_owner
from autodisco.files import PACKED, place_beside, remove_leftovers, sync
from autodisco.simulation.cache import OUTCOME, TASK
from autodisco.store import Store

LOOSE = (OUTCOME, TASK)
CHUNK = 1 << 20


@dataclass(frozen=True)
class Repacked:
    """How many replicas were packed or unpacked, and how many files there were before and after."""

    replicas: int
    before: int
    after: int


def pack(store: Store) -> Repacked:
    """Pack the files of all replicas that have ended. It can be interrupted and repeated.

    Raises OwnedError if a live process runs the campaign.
    """
    with owned(store, goes_on=False):
        check_owner(store)
        return _noted(store, "pack", [_pack(folder) for folder in _ended(store)])


def unpack(store: Store) -> Repacked:
    """Bring back the files of packed replicas. Raises OwnedError as `pack` does."""
    with owned(store, goes_on=False):
        check_owner(store)
        return _noted(store, "unpack", [_unpack(folder) for folder in _ended(store)])


def is_there(path: Path) -> bool:
    """Whether a file of a replica exists, loose or packed."""
    return path.is_file() or _member(path) is not None


def size_and_hash(path: Path) -> tuple[int, str] | None:
    """Bytes and SHA-256 of a packed file; None if it is not in the archive of its folder, or that is damaged."""
    digest, size = hashlib.sha256(), 0
    try:
        with zipfile.ZipFile(path.with_name(PACKED)) as archive, archive.open(path.name) as member:
            while part := member.read(CHUNK):
                digest.update(part)
                size += len(part)
    except (OSError, KeyError, zipfile.BadZipFile, EOFError):
        return None
    return size, digest.hexdigest()


def _member(path: Path) -> zipfile.ZipInfo | None:
    try:
        with zipfile.ZipFile(path.with_name(PACKED)) as archive:
            return archive.getinfo(path.name)
    except (OSError, KeyError, zipfile.BadZipFile):
        return None


def _ended(store: Store) -> Iterator[Path]:
    for row in store.replica_states():
        folder = store.replica_folder(row.key, row.protocol, row.replica)
        if row.status in ("done", "failed") and folder.is_dir():
            yield folder


def _noted(store: Store, what: str, counts: list[tuple[int, int]]) -> Repacked:
    changed = [(before, after) for before, after in counts if before != after]
    done = Repacked(len(changed), sum(before for before, _ in changed), sum(after for _, after in changed))
    if changed:
        seen = {"replicas": done.replicas, "files before": done.before, "files after": done.after}
        store.note(what, store.get("name", ""), seen, f"{what} the files of replicas", "asked for by a person")
    return done


def _pack(folder: Path) -> tuple[int, int]:
    """Pack the files of one replica; how many there were before and after."""
    remove_leftovers(folder)
    before = _files(folder)
    loose = [path for path in before if path.name not in (*LOOSE, PACKED)]
    target, part = folder / PACKED, place_beside(folder / PACKED)
    if not loose:
        return len(before), len(before)
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            if target.is_file():
                _copy_members(target, archive, but={path.name for path in loose})
            for path in loose:
                archive.write(path, path.name)
        sync(part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    sync(folder)  # before the originals go
    for path in loose:
        path.unlink()
    return len(before), len(_files(folder))


def _copy_members(source: Path, archive: zipfile.ZipFile, but: set[str]) -> None:
    with zipfile.ZipFile(source) as older:
        for member in older.infolist():
            if member.filename not in but:
                with older.open(member) as content, archive.open(member, "w") as copy:
                    shutil.copyfileobj(content, copy)


def _unpack(folder: Path) -> tuple[int, int]:
    before = _files(folder)
    if not (folder / PACKED).is_file():
        return len(before), len(before)
    with zipfile.ZipFile(folder / PACKED) as archive:
        for member in archive.infolist():
            path = folder / Path(member.filename).name
            part = place_beside(path)
            try:
                with archive.open(member) as content, open(part, "wb") as copy:
                    shutil.copyfileobj(content, copy)
                sync(part)
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
    sync(folder)
    (folder / PACKED).unlink()
    return len(before), len(_files(folder))


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file())
