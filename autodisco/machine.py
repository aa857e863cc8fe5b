"""What this process may use of its machine: the limits of its control group (Slurm, Docker) count as the machine's own.

`root` is the folder that holds ``proc`` and ``sys``; tests give another one.
"""

import os
from pathlib import Path

ROOT = Path("/")


def free_memory_bytes(root: Path = ROOT) -> int | None:
    """Memory that a new process can have, as Linux estimates it, within the limits of the control group; None
    elsewhere."""
    free = _meminfo(root, "MemAvailable:")
    if free is None:
        return None
    for folder in _groups(root):
        limit, used = _number(folder / "memory.max"), _number(folder / "memory.current")
        if limit is not None and used is not None:
            # what is cached of files is given back when memory is short
            cached = _stat(folder / "memory.stat", "inactive_file")
            free = min(free, max(0, limit - used + cached))
    return free


def memory_bytes(root: Path = ROOT) -> int | None:
    """Memory of the machine, or the limit of the control group where that is less; None elsewhere than on Linux."""
    known = [_meminfo(root, "MemTotal:"), *(_number(folder / "memory.max") for folder in _groups(root))]
    return min((value for value in known if value is not None), default=None)


def cores(root: Path = ROOT) -> int:
    """Cores that this process may use at a time."""
    allowed = len(os.sched_getaffinity(0))
    for folder in _groups(root):
        try:
            quota, period = (folder / "cpu.max").read_text().split()
            allowed = min(allowed, max(1, int(quota) // int(period)))
        except (OSError, ValueError):  # no such limit
            continue
    return allowed


def _groups(root: Path) -> list[Path]:
    """The control group (version 2) of this process and those that it is in, as folders."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    mounted = root / "sys/fs/cgroup"
    paths = [Path(line[3:].lstrip("/")) for line in lines if line.startswith("0::")]
    return [mounted / part for path in paths for part in (path, *path.parents)]


def _meminfo(root: Path, name: str) -> int | None:
    found = _stat(root / "proc/meminfo", name)
    return found * 1024 or None


def _stat(file: Path, name: str) -> int:
    """An entry of a file of names and numbers; 0 where there is none."""
    try:
        lines = [line.split() for line in file.read_text().splitlines()]
    except OSError:
        return 0
    return next((int(words[1]) for words in lines if words and words[0] == name), 0)


def _number(file: Path) -> int | None:
    """The number in a file; None for ``max`` or no file."""
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None
