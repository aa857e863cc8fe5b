"""The owner of a campaign: the process that runs it, identified by host, boot, number and start time.

A process number is unique within one boot of one kernel and one namespace of process numbers (a container has its own).
A process of the same host, boot and namespace is looked up; any other one is judged by its heartbeat alone. This module
belongs to the store because readers of a campaign ask whether its process is alive.
"""

import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autodisco.files import nearest_existing
from autodisco.text import duration

STALE_S = 600.0
"""A process that cannot be looked up counts as dead after this long without a heartbeat, and one that can as hung
(seconds)."""


@dataclass(frozen=True)
class Owner:
    """A process: host, boot of that host, process id, start time in clock ticks after the boot, and the namespace in
    which the id is counted (empty where it is unknown)."""

    host: str
    boot: str
    pid: int
    start: int
    namespace: str = ""

    @classmethod
    def this_process(cls) -> "Owner":
        """The calling process."""
        return cls.process(os.getpid())

    @classmethod
    def process(cls, pid: int) -> "Owner":
        """A process of this host and namespace."""
        return cls(socket.gethostname(), _boot(), pid, start_time(pid) or 0, _namespace())

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> "Owner":
        """Inverse of ``dataclasses.asdict``; an older program did not write the namespace, which then is this one."""
        namespace = str(content.get("namespace", _namespace()))
        return cls(str(content["host"]), str(content["boot"]), int(content["pid"]), int(content["start"]), namespace)

    def is_visible(self) -> bool:
        """Whether this process can look the owner up: same host, boot and namespace of process numbers, and /proc does
        not hide it."""
        here = (socket.gethostname(), _boot(), _namespace())
        same = all(here) and (self.host, self.boot, self.namespace) == here
        return same and not _is_hidden(self.pid)

    def is_alive(self, heartbeat: float) -> bool:
        """Whether the process runs; where it cannot be looked up, whether its `heartbeat` (unix seconds) is recent.

        A heartbeat from the future is no recent one: a clock was wrong. An owner on a host of this name with another
        boot is dead if it beat before this boot; else it is a namesake, such as a virtual machine made from one image.
        """
        if self.is_visible():
            return start_time(self.pid) == self.start
        if self.host == socket.gethostname() and self.boot != _boot() and heartbeat < _booted():
            return False
        return abs(time.time() - heartbeat) < STALE_S

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


def live_owner(facts: Mapping[str, Any], folder: Path) -> Owner | None:
    """The live process that holds the campaign in `folder`, from the facts of its store; None where there is none.

    The lock in a copy of a campaign folder names the process that runs the original: it is void.
    """
    owner = Owner.from_dict(facts["owner"]) if facts.get("owner") else None
    if owner is None or not owner.is_alive(facts.get("heartbeat", 0.0)):
        return None
    return None if owner.is_visible() and is_copied(facts, folder) else owner


def process_state(facts: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Whether a process runs the campaign (``alive``), the age of its heartbeat (``heartbeat_age_s``, None without
    one), and whether it is ``hung``: alive, with a heartbeat older than `STALE_S`. ``process`` says it in words, empty
    without a process."""
    owner = live_owner(facts, folder)
    age = time.time() - facts["heartbeat"] if facts.get("heartbeat") else None
    hung = owner is not None and age is not None and age > STALE_S
    words = f"{owner}, last heartbeat {duration(age)} ago" if owner else ""
    words += f", hung: more than {duration(STALE_S)} without one" if hung else ""
    return {"alive": owner is not None, "heartbeat_age_s": age, "hung": hung, "process": words}


def is_copied(facts: Mapping[str, Any], folder: Path) -> bool:
    """Whether the lock was taken in another database file than the one in `folder`.

    A snapshot of a file system has the same numbers of files; its own number is another, which means something to an
    owner on this machine only.
    """
    locked, device = facts.get("owner_inode"), facts.get("owner_device")
    if locked is not None and locked != database_inode(folder):
        return True
    owner = Owner.from_dict(facts["owner"]) if facts.get("owner") else None
    here = owner is not None and (owner.host, owner.boot) == (socket.gethostname(), _boot())
    return here and device is not None and device != database_device(folder)


def database_inode(folder: Path) -> int | None:
    """Number of the database file in its file system, which a renamed folder keeps and a copy does not; None if it is
    gone."""
    try:
        return (folder / "state.db").stat().st_ino
    except FileNotFoundError:
        return None


def database_device(folder: Path) -> int | None:
    """Number of the file system of the database on this machine, until the next boot; None if it is gone."""
    try:
        return (folder / "state.db").stat().st_dev
    except FileNotFoundError:
        return None


def device_of(folder: Path) -> int:
    """Number of the file system of a folder, or where it is missing of the nearest folder above it that is there."""
    return nearest_existing(folder).stat().st_dev


def start_time(pid: int) -> int | None:
    """Start of a process in clock ticks after boot; None if no such process runs (a zombie does not run).

    psutil gives a time of the wall clock, which changes when the clock is set: it would take a live owner for dead.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def _is_hidden(pid: int) -> bool:
    """Whether the process is another user's that /proc does not show (its mount option ``hidepid``)."""
    if Path(f"/proc/{pid}").exists():
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return False


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except FileNotFoundError:
        return ""


def _booted() -> float:
    """When this host was started, by its clock of now (unix seconds)."""
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


def _namespace() -> str:
    """Of process numbers, such as ``pid:[4026531836]``; empty where it is unknown or /proc shows another one's."""
    try:
        own = os.readlink("/proc/self") == str(os.getpid())
        return os.readlink("/proc/self/ns/pid") if own else ""
    except OSError:
        return ""
