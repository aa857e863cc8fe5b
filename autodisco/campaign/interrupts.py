"""What interrupts the work of a campaign: a signal, a request, or the end of its budget of hours."""

import contextlib
import math
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from autodisco.campaign.lock import keep
from autodisco.campaign.shared import Heartbeat
from autodisco.errors import StorageError
from autodisco.store import Owner, Store

POLL_S = 0.5
HEARTBEAT_S = 5.0
RESUMABLE = 75
"""Exit code of a process that left a campaign which can go on."""


class Interrupts:
    """Says, looking at most every `POLL_S`, why the running stage has to be left, and writes the heartbeat.

    `sign` is called with each heartbeat, also where it cannot be written, and `chores` after one was; `look` is called
    with each look. ``why`` is ``signal``, ``pause``, ``stop``, ``hours`` or empty. Raises OwnedError if another process
    took over.

    Attributes
    ----------
    hours : the budget of time at work; 0 for none
    """

    def __init__(
        self,
        store: Store,
        owner: Owner,
        hours: float,
        sign: Callable[[], None] = lambda: None,
        chores: Callable[[], None] = lambda: None,
        look: Callable[[], None] = lambda: None,
    ):
        self.why = ""
        self._sign, self._chores, self._look = sign, chores, look
        self._resumed = 0
        self.signalled = False
        self._store = store
        self._owner = owner
        self.hours = hours
        self._shared = Heartbeat(store, owner)
        self._looked = -math.inf  # requests made before are obeyed at once
        self._beat = time.monotonic()

    def __call__(self) -> str:
        """Why to leave the work; empty to go on."""
        now = time.monotonic()
        if self.signalled:
            self.why = "signal"
        if self.why or now - self._looked < POLL_S:
            return self.why
        self._looked = now
        self.beat(now)
        self._look()
        request = self._store.requested()
        if request == "resume":
            request = take_request(self._store, request)
            self._resumed += 1
        if request in ("pause", "stop"):
            self.why = request
        elif self.hours and self._store.get("active_s", 0.0) + now - self._beat >= 3600.0 * self.hours:
            self.why = "hours"
        return self.why

    def wanted(self) -> bool:
        """Whether a person or a signal asked for something: also to ``resume``, which interrupts no work."""
        before = self._resumed
        return bool(self()) or self._resumed > before

    def leaves(self) -> bool:
        """Whether a process whose campaign has ended is told to leave: by a signal, or a stop."""
        return self.signalled or self._store.requested() == "stop"

    def beat(self, now: float, always: bool = False) -> None:
        """Write the heartbeat and the time at work, at most every `HEARTBEAT_S`."""
        if now - self._beat >= HEARTBEAT_S or always:
            self._sign()
            worked = 0.0 if self._waits_for_room() else now - self._beat
            keep(self._store, self._owner, active_s=self._store.get("active_s", 0.0) + worked)
            self._beat = now
            self._shared()
            self._chores()

    def skip(self) -> None:
        """Keep the heartbeat without counting the time as work (while paused)."""
        self._sign()
        self._beat = time.monotonic()
        keep(self._store, self._owner)
        self._shared()
        self._chores()
        self._look()

    def end(self) -> None:
        """The process leaves the campaign."""
        with contextlib.suppress(StorageError):  # the disk is away
            self._shared.end()

    def _waits_for_room(self) -> bool:
        """Whether nothing is computed because disk or memory is short, or other campaigns use the cores."""
        waits = self._store.get("short_of_room") or self._store.get("waits_for_cores")
        replicas = self._store.open_replicas() if waits else []
        return bool(replicas) and all(row.status != "running" for row in replicas)


def take_request(store: Store, seen: str) -> str:
    """The last request, which may have come after the one that was `seen`; none is left then."""
    with store.transaction():
        request = store.requested() or seen
        store.clear_requests()
    return request


def show_cursor() -> None:
    """Show the terminal's cursor again, which a live picture on stderr hides and this process has no time to end."""
    if os.isatty(2):
        os.write(2, b"\x1b[?25h\n")


@contextmanager
def signals(interrupts: Interrupts) -> Iterator[None]:
    """SIGTERM and SIGINT interrupt the work within the block; a second one ends the process at once.

    So does SIGHUP, of a terminal that was closed, but for a second one: a terminal and its shell send one each. It is
    ignored where it was before (nohup).
    """

    def first_then_now(number: int, _: FrameType | None) -> None:
        if interrupts.signalled and number != signal.SIGHUP:
            show_cursor()
            os._exit(RESUMABLE)
        interrupts.signalled = True

    heard = [signal.SIGTERM, signal.SIGINT]
    heard += [signal.SIGHUP] * (signal.getsignal(signal.SIGHUP) != signal.SIG_IGN)
    before = {number: signal.signal(number, first_then_now) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
