"""Progress of a replica: `progress.json`, written by the replica and read by the process that waits for it."""

import os
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from autodisco.errors import EngineKilled
from autodisco.files import read_json, write_json
from autodisco.process import check_asked
from autodisco.simulation.protocols import Protocol
from autodisco.simulation.spent import Clock

FILE = "progress.json"
WRITE_S = 1.0
EVERY_S = "AUTODISCO_PROGRESS_S"
"""Variable with the time between two writes (s), if it is not `WRITE_S`."""

OnProgress = Callable[[str, float, int], None]
"""Told the kind of the step, the fraction of the protocol done, and a count of anything that grows while the step gets
on: steps of a minimisation and of an analysis do not move the fraction."""


class Progress:
    """Writes `progress.json`, by default about once a second: the step, the fraction done, what grows, the speed since
    this process began to run, and what it has spent.

    Raises EngineKilled if the process was asked to end, or its folder is gone.
    """

    def __init__(self, folder: Path, protocol: Protocol, clock: Clock | None = None):
        self._folder, self._clock = folder, clock or Clock()
        self._total_ns = sum(getattr(step, "duration_ps", 0.0) for step in protocol.steps) / 1000
        self._begun: tuple[float, float] | None = None
        self._written = 0.0
        self._every_s = float(os.environ.get(EVERY_S) or WRITE_S)

    def __call__(self, step: str, fraction: float, grown: int = 0) -> None:
        check_asked()
        now = time.monotonic()
        if now - self._written < self._every_s:
            return
        self._written = now
        check_folder(self._folder)
        speed = None
        if fraction > 0:
            begun, first = self._begun = self._begun or (now, fraction)
            if fraction > first:
                speed = (fraction - first) * self._total_ns / ((now - begun) / 86_400)
        told = {"step_name": step, "fraction": fraction, "grown": grown, "updated": time.time(), "ns_per_day": speed}
        told |= asdict(self._clock.spent())
        write_json(self._folder / FILE, told)


def check_folder(folder: Path) -> None:
    """Raises EngineKilled if the folder of a run is gone: the result of another run of the replica was accepted."""
    if not folder.is_dir():
        raise EngineKilled(f"{folder} is gone: the replica has the result of another run")


def seen(folder: Path) -> tuple[Any, ...] | None:
    """What changes in `folder` whenever its replica gets on; None where nothing can be read."""
    try:
        told = read_json(folder / FILE)
        return told["step_name"], told["fraction"], told.get("grown")
    except (OSError, ValueError, KeyError, TypeError):
        return None
