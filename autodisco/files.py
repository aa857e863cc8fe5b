"""Files are written whole or not at all: beside the target, synced, then renamed over it."""

import errno
import hashlib
import json
import math
import os
import shlex
import shutil
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any, TextIO

from autodisco.errors import InputError

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
"""Error numbers of a disk, or a person's share of it, that has no room left."""

DISK_FAULTS = (errno.EIO, errno.ESTALE, errno.EROFS, errno.ENOTCONN, errno.ENODEV, errno.ENXIO, errno.EHOSTDOWN)
"""Error numbers of a disk that fails, is mounted read-only, or is not there now."""

SYNCS = 32
"""How many files are synced at the same time."""


PACKED = "files.zip"
"""The archive of the files of a replica, in its folder."""


def tells_of_full_disk(text: str) -> bool:
    """Whether a program said in its message that the disk is full."""
    return any(os.strerror(number) in text for number in DISK_FULL)


def tells_of_disk_fault(text: str) -> bool:
    """Whether a program said in its message that the disk fails or is not there."""
    return any(os.strerror(number) in text for number in DISK_FAULTS)


def nearest_existing(path: Path) -> Path:
    """A file or folder, or where it is missing the nearest folder above it that is there; absolute."""
    return next(place for place in (path.absolute(), *path.absolute().parents) if place.exists())


def place_beside(path: Path) -> Path:
    """Where this process writes a file before it takes the place of `path`; see `remove_leftovers`."""
    return path.with_name(f".{path.name}.{_host()}.{os.getpid()}.tmp")


@cache
def _host() -> str:
    """This host, and its namespace of process numbers, as a part of a file name."""
    try:
        namespace = os.readlink("/proc/self/ns/pid").strip("pid:[]")
    except OSError:
        namespace = ""
    return f"@{socket.gethostname().replace('.', '-')}-{namespace}"


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write `content` to `path` so that a reader or a crash sees the old file or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = place_beside(path)
    data = content.encode() if isinstance(content, str) else content
    try:
        with open(beside, "wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(beside, path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from None
    sync(path.parent)


def cache_of_user(name: str) -> Path:
    """A folder for what can be computed again: ``$XDG_CACHE_HOME/autodisco/NAME``, or below ``~/.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "autodisco" / name


def remove_leftovers(folder: Path, but: str = "") -> None:
    """Remove below `folder` the unfinished files and folders of processes of this host that no longer exist.

    The folder named `but` is left out. Names of older versions hold no host; these ran on one.
    """
    for place, folders, names in os.walk(folder):
        for name in [name for name in folders if _was_left(name)]:
            shutil.rmtree(Path(place, name), ignore_errors=True)
            folders.remove(name)
        folders[:] = [name for name in folders if name != but]
        for name in names:
            if _was_left(name):
                Path(place, name).unlink(missing_ok=True)


def leftovers(folder: Path) -> list[Path]:
    """What `remove_leftovers` would remove in `folder` itself, of this version: a folder of the user's may hold files
    of other programs that are named like those of older versions."""
    return [path for path in folder.glob(".*.tmp") if _was_left(path.name) and f".{_host()}." in path.name]


def _was_left(name: str) -> bool:
    """Whether this is the name of an unfinished file of a process of this host that no longer exists."""
    import psutil

    if not fnmatch(name, ".*.tmp"):
        return False
    *_, host, pid, _ = name.split(".")
    elsewhere = host.startswith("@") and host != _host()
    return pid.isdigit() and not elsewhere and not psutil.pid_exists(int(pid))


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, would survive a loss of power."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_all(paths: Sequence[Path]) -> None:
    """`sync` of many files or folders at the same time, so that the disk writes once for several."""
    from concurrent.futures import ThreadPoolExecutor  # here, because readers of a campaign do without

    with ThreadPoolExecutor(min(SYNCS, max(1, len(paths)))) as threads:
        list(threads.map(sync, paths))


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path to write to, whose file takes the place of `path` when all of it is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = place_beside(path)
    try:
        yield beside
        sync(beside)
        os.replace(beside, path)
        sync(path.parent)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def open_atomic(path: Path) -> Iterator[TextIO]:
    """A text file to be written as a stream, which takes the place of `path` when all of it is there."""
    with replacing(path) as beside, open(beside, "w", encoding="utf-8", newline="") as handle:
        yield handle


def write_json(path: Path, content: Any) -> None:
    """`write_atomic` of indented JSON; NaN is refused because other programs cannot read it."""
    write_atomic(path, json.dumps(content, indent=1, allow_nan=False) + "\n")


@contextmanager
def json_rows(path: Path, content: dict[str, Any], name: str) -> Iterator[Callable[[Any], None]]:
    """`write_json` of `content` with a list of rows as its last entry `name`; gives a function that writes one row."""
    between = "\n  "

    def write(row: Any) -> None:
        nonlocal between
        handle.write(between + json.dumps(row, indent=1, allow_nan=False).replace("\n", "\n  "))
        between = ",\n  "

    with open_atomic(path) as handle:
        handle.write(json.dumps({**content, name: []}, indent=1, allow_nan=False).removesuffix("]\n}"))
        yield write
        handle.write("\n ]\n}\n" if between.startswith(",") else "]\n}\n")


def plain(value: Any) -> Any:
    """`value` in types of JSON: paths become text, NaN and infinities null, tuples lists, records objects."""
    if hasattr(value, "to_dict"):
        value = value.to_dict()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if hasattr(value, "item") and not isinstance(value, (str, bytes)):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    return str(value)


def read_json(path: Path) -> Any:
    """The content of a JSON file."""
    return json.loads(path.read_text())


def sha256(path: Path) -> str:
    """Hash of a file of any size."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def read_text(path: Path) -> str:
    """A text file for people, in UTF-8. Raises InputError where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: cannot be read: it is not UTF-8 text") from None


def runs_folder() -> Path:
    """Folder that holds the campaigns: `AUTODISCO_RUNS`, else ``runs`` in the working directory."""
    return Path(os.environ.get("AUTODISCO_RUNS", "runs"))


def argument(folder: Path) -> str:
    """Name or path of a campaign for the next command, as it is typed in a shell."""
    here = folder.absolute().parent == runs_folder().absolute()
    return shlex.quote(folder.name if here else os.path.relpath(folder))
