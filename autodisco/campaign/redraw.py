"""The report of a running campaign is written again as it goes, by a process of its own beside the work.

It is written at most once a minute, and at most a twentieth of the time is spent on it, however long the campaign is.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from autodisco.store import Store

EVERY_S = 60.0
WAIT_FOR = 20.0
"""The next report waits this many times as long as the last one took."""

REPORT = (sys.executable, "-m", "autodisco.report")


class Redraw:
    """Asks `interrupted` as a stage does, and starts a new report where one is due and something has changed."""

    def __init__(self, store: Store, interrupted: Callable[[], str]):
        self._store, self._interrupted = store, interrupted
        self._process: subprocess.Popen[bytes] | None = None
        self._begun, self._due = 0.0, time.monotonic() + EVERY_S
        self._seen: tuple[Any, ...] = ()

    def __call__(self) -> str:
        """Why to leave the work; empty to go on."""
        if self._process is not None and self._process.poll() is not None:
            self._process, took = None, time.monotonic() - self._begun
            self._due = self._begun + max(EVERY_S, WAIT_FOR * took)
        if self._process is None and time.monotonic() >= self._due:
            self._start()
        return self._interrupted()

    def _start(self) -> None:
        self._begun, self._due = time.monotonic(), time.monotonic() + EVERY_S
        seen = (*self._store.values_seen(), self._store.get("iteration"), self._store.get("state"))
        if seen == self._seen or self._store.get("short_of_room"):
            return
        self._seen = seen
        with contextlib.suppress(OSError):  # no memory for another process now
            self._process = subprocess.Popen(
                [*REPORT, str(self._store.folder), str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

    def end(self) -> None:
        """Leave a report that is being written, because the campaign writes a newer one."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
