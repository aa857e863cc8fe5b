"""Who owns a campaign: a process, told apart from a later one with the same number by its start time and boot.

It lives beside the store because whoever reads a campaign asks whether its owner is alive.
"""

import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOREIGN_STALE_S = 600.0
"""A process on another host cannot be looked at; it counts as dead after this long without a heartbeat (seconds)."""


@dataclass(frozen=True)
class Owner:
    """A process: host, boot of that host, process id and start time in clock ticks after the boot."""

    host: str
    boot: str
    pid: int
    start: int

    @classmethod
    def this_process(cls) -> "Owner":
        """The calling process."""
        return cls.process(os.getpid())

    @classmethod
    def process(cls, pid: int) -> "Owner":
        """A process of this host."""
        return cls(socket.gethostname(), _boot(), pid, start_time(pid) or 0)

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> "Owner":
        """Inverse of ``dataclasses.asdict``."""
        return cls(str(content["host"]), str(content["boot"]), int(content["pid"]), int(content["start"]))

    def is_alive(self, heartbeat: float) -> bool:
        """Whether the process runs; on another host, whether its `heartbeat` (unix seconds) is recent."""
        if self.host != socket.gethostname():
            return time.time() - heartbeat < FOREIGN_STALE_S
        if self.boot != _boot():
            return False
        return start_time(self.pid) == self.start

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


def start_time(pid: int) -> int | None:
    """Start of a process in clock ticks after boot; None where no such process runs (a zombie does not run)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except FileNotFoundError:
        return ""
