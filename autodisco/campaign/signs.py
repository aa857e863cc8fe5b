"""Signs of life: the daemon tells systemd, and an address of the user's, that its loop turns.

They are given by the heartbeat and by nothing else, so that a loop that hangs gives none. An address that expects them,
such as a check of healthchecks.io, tells people when they stay away (a dead man's switch).
"""

import contextlib
import http.client
import os
import socket
import threading
import time
import urllib.request

from autodisco.store import Store

EVERY_S = 5.0
"""Between two signs for systemd (seconds)."""

PING_EVERY_S = 600.0
"""Between two requests of the address within a stage (seconds)."""

PATIENCE_S = 10.0


class SignsOfLife:
    """Gives a sign at each call, as often as `EVERY_S` and `PING_EVERY_S` say; it never waits for the address.

    Attributes
    ----------
    address : str
        Of a service that expects signs; empty for none.
    unheard : str
        Why the address could not be reached the last time; empty if it was.
    """

    def __init__(self, address: str = ""):
        self.unheard = ""
        self.address = address
        self._told = self._pinged = float("-inf")
        self._noted = False
        self._ping: threading.Thread | None = None

    def __call__(self, stage: str = "") -> None:
        """The loop turns; `stage` names one that begins, of which the address is told at once."""
        now = time.monotonic()
        if stage or now - self._told >= EVERY_S:
            self._told = now
            tell_systemd("WATCHDOG=1" + (f"\nSTATUS={stage}" if stage else ""))
        if self.address and (stage or now - self._pinged >= PING_EVERY_S):
            if self._ping and self._ping.is_alive():
                return  # it waits for an answer
            self._pinged = now
            self._ping = threading.Thread(target=self._request, daemon=True)
            self._ping.start()

    def journal(self, store: Store) -> None:
        """Note an address that cannot be reached, once until it can be again."""
        if self.unheard and not self._noted:
            store.note("not pinged", self.address, {}, "go on, and try again", self.unheard)
        self._noted = bool(self.unheard)

    def _request(self) -> None:
        self.unheard = ping(self.address)


def ping(address: str) -> str:
    """Request an address once; why it could not be reached, empty if it was."""
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE_S):
            return ""
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"{type(error).__name__}: {error}"


def tell_systemd(state: str) -> None:
    """Send a state to systemd, as sd_notify(3) does; without it, or if it does not listen, nothing happens."""
    if not (address := os.environ.get("NOTIFY_SOCKET")):
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        sender.sendto(state.encode(), f"\0{address[1:]}" if address.startswith("@") else address)
