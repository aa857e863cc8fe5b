"""Time that a replica takes: wall time, and CPU time of its process and of the engines that this started.

Each run writes its own into `progress.json`, so that those of a run that was killed are counted too.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

from autodisco.files import read_json


@dataclass(frozen=True)
class Spent:
    """Seconds of wall time and of CPU time."""

    wall_s: float = 0.0
    cpu_s: float = 0.0

    def __add__(self, other: Self) -> "Spent":
        return Spent(self.wall_s + other.wall_s, self.cpu_s + other.cpu_s)


NOTHING = Spent()


class Clock:
    """Counts what this process spends from now on."""

    def __init__(self) -> None:
        self._begun, self._cpu = time.monotonic(), _cpu_s()

    def spent(self) -> Spent:
        """Since the clock was made."""
        return Spent(time.monotonic() - self._begun, _cpu_s() - self._cpu)


def of_run(progress: Path) -> Spent:
    """What a run had spent when it last wrote its file of progress; nothing where that cannot be read."""
    try:
        told = read_json(progress)
        return Spent(float(told["wall_s"]), float(told["cpu_s"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Spent()


def _cpu_s() -> float:
    """CPU time of this process, of its children that ended and of those that run."""
    ended = os.times()
    running = 0.0
    for child in psutil.Process().children(recursive=True):
        try:
            times = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        running += times.user + times.system
    return time.process_time() + ended.children_user + ended.children_system + running
