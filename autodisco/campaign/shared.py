"""Where the replicas of a campaign lie: in its folder, or in one that other machines see (`simulation.folder`).

The database stays in the campaign folder, on a disk of this machine: SQLite needs locks and shared memory that network
file systems do not have. A file marks the shared folder as that of one campaign. If it is missing although it was
written, the disk is not mounted, and nothing is started there until it is.
"""

import contextlib
import os
import shutil
import socket
import uuid
from pathlib import Path

from autodisco.campaign.settings import Settings
from autodisco.errors import AutodiscoError, InputError
from autodisco.files import read_json, write_atomic, write_json
from autodisco.machine import file_system
from autodisco.store import PARTS, Store

MARKER = "campaign.json"

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
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if (kind := file_system(existing)).startswith(NETWORKED):
        raise InputError(
            f"{folder}: on a {kind} file system, where SQLite databases break; keep campaigns on a disk of this "
            "machine (AUTODISCO_RUNS), and their replicas on the shared one with simulation.folder"
        )


def take_shared(store: Store, settings: Settings, new: bool = False) -> None:
    """Make the shared folder of a campaign, or find it again; part of every start, and of a fork as a `new` campaign.

    Raises InputError if the folder belongs to another campaign, or to none although this one has replicas elsewhere.
    """
    if new:
        store.set(shared_folder="", identity=None)
    folder, before = shared_folder(settings), store.get("shared_folder") or ""
    if folder is None:
        if before:
            raise InputError(_keep(settings, before))
        return
    where, owner = f"simulation.folder = {settings.simulation.folder!r}", _owner(folder)
    home = f"{socket.gethostname()}:{store.folder.absolute().with_name(settings.name)}"
    if owner and _is_ours(owner, store.get("identity"), home):
        if owner["campaign"] != home:  # the campaign folder was moved
            write_json(folder / MARKER, {**owner, "campaign": home})
        store.set(shared_folder=str(folder), identity=owner["identity"])
        return
    if owner:
        raise InputError(f"{where}: {folder} has the replicas of the campaign in {owner['campaign']}; take another one")
    if before == str(folder):
        return  # not mounted now: whoever starts replicas waits
    if store.get("loaded") and not new:
        raise InputError(_keep(settings, before or str(store.folder)))
    if not folder.parent.is_dir():
        raise InputError(f"{where}: there is no such folder; make it, or mount its disk")
    identity = uuid.uuid4().hex
    _make(folder, {"identity": identity, "campaign": home})
    store.set(shared_folder=str(folder), identity=identity)


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
        owner = _owner(store.shared) if store.shared != folder else None
        if owner and owner["identity"] == store.get("identity"):
            shutil.rmtree(store.shared)


def absence(folder: Path) -> str:
    """Why nothing may be started in a shared folder, as a sentence; empty if it is there."""
    if (folder / MARKER).is_file():
        return ""
    return f"{folder}: not there, or without its {MARKER}; is its disk mounted? It goes on when it is"


def _owner(folder: Path) -> dict[str, str] | None:
    try:
        found: dict[str, str] = read_json(folder / MARKER)
    except (OSError, ValueError):
        return None
    return found


def _is_ours(owner: dict[str, str], identity: str | None, home: str) -> bool:
    """Whether a shared folder belongs to the campaign in `home`, which may have been moved, and is not a copy."""
    if owner["campaign"] == home:
        return identity in (None, owner["identity"])  # none: killed before the identity was stored
    host, _, place = owner["campaign"].partition(":")
    is_there = host == socket.gethostname() and (Path(place) / "state.db").is_file()
    return owner["identity"] == identity and not is_there


def _make(folder: Path, owner: dict[str, str]) -> None:
    """Make the folder with its marker. Raises InputError if another process just did, or it holds something else."""
    folder.mkdir(exist_ok=True)
    if any(folder.iterdir()):
        raise InputError(f"{folder}: holds files already, and no campaign; take another simulation.folder or name")
    beside = folder.with_name(f".{folder.name}.{owner['identity']}")
    write_json(beside, owner)
    try:
        os.link(beside, folder / MARKER)  # one of two campaigns
    except FileExistsError:
        raise InputError(f"{folder}: another campaign began there just now; take another simulation.folder") from None
    finally:
        beside.unlink()


def _keep(settings: Settings, before: str) -> str:
    return (
        f"simulation.folder = {settings.simulation.folder!r}: the replicas of {settings.name} lie in {before}; keep "
        f"the value, or move that folder with its {MARKER} to the new place first"
    )
