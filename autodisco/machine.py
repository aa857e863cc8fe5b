"""What this process may use of its machine.

psutil knows the machine. It does not know the limits of a control group (Slurm, Docker), which are read here from the
folder of the control groups; tests give another root folder.
"""

import os
import socket
from collections.abc import Iterable
from pathlib import Path

ROOT = Path("/")


def free_memory_bytes(root: Path = ROOT) -> int:
    """Memory that a new process can have without swapping, within the limits of its control group."""
    import psutil  # here and below, because most readers of a campaign do without

    free = int(psutil.virtual_memory().available)
    for folder in _groups(root):
        limit, used = _number(folder / "memory.max"), _number(folder / "memory.current")
        if limit is not None and used is not None:
            # The file cache is given back when memory is short.
            free = min(free, max(0, limit - used + _inactive_file_bytes(folder)))
    return free


def memory_bytes(root: Path = ROOT) -> int:
    """Memory of the machine, or the limit of the control group if that is less."""
    import psutil

    limits = [_number(folder / "memory.max") for folder in _groups(root)]
    return min([int(psutil.virtual_memory().total), *(limit for limit in limits if limit is not None)])


def cores(root: Path = ROOT) -> int:
    """Cores that this process may use at the same time."""
    allowed = len(os.sched_getaffinity(0))
    for folder in _groups(root):
        try:
            quota, period = (folder / "cpu.max").read_text().split()
            allowed = min(allowed, max(1, int(quota) // int(period)))
        except (OSError, ValueError):  # no such limit
            continue
    return allowed


def file_system(path: Path, mounted: Iterable[tuple[str, str]] | None = None) -> str:
    """Kind of the file system on which a path lies, such as ``ext4`` or ``nfs4``; empty if it is not known.

    `mounted` are the places of all file systems with their kinds, in the order in which they were mounted.
    """
    if mounted is None:
        import psutil

        mounted = [(part.mountpoint, part.fstype) for part in psutil.disk_partitions(all=True)]
    here = path.resolve()
    around = [(len(Path(place).parts), kind) for place, kind in mounted if here.is_relative_to(place)]
    return max(reversed(around), key=lambda found: found[0], default=(0, ""))[1]  # of two at one place the later one


def _groups(root: Path) -> list[Path]:
    """Folders of the control group (version 2) of this process and of the groups around it."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    mounted = root / "sys/fs/cgroup"
    paths = [Path(line[3:].lstrip("/")) for line in lines if line.startswith("0::")]
    return [mounted / part for path in paths for part in (path, *path.parents)]


def _inactive_file_bytes(folder: Path) -> int:
    """File cache of a control group that is not in use; 0 if it is unknown."""
    try:
        lines = [line.split() for line in (folder / "memory.stat").read_text().splitlines()]
    except OSError:
        return 0
    return next((int(words[1]) for words in lines if words and words[0] == "inactive_file"), 0)


def _number(file: Path) -> int | None:
    """The number in a file; None for ``max`` and for a missing file."""
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None


def person() -> str:
    """Who runs this program, and where, in words."""
    import getpass

    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container may have no name for its user
        name = f"user {os.getuid()}"
    return f"{name} on {socket.gethostname()}"
