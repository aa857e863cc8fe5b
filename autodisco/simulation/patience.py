"""Waiting for a disk that machines share, which may be away for a while: a network file system, a mount that failed."""

import math
import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")
Other = TypeVar("Other")

PAUSES_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Pauses between tries; the last one is repeated. After so long without an error they begin with the first one."""
LOOK_S = 0.25
"""How often it is looked during a pause whether to give up."""


class Patience:
    """Repeats what an error of the operating system stopped, until it works or there is a reason to give up.

    Parameters
    ----------
    gives_up
        Whether to wait no longer.
    say
        Takes a line at the first error of a series.
    """

    def __init__(self, gives_up: Callable[[], object], say: Callable[[str], None]):
        self._gives_up, self._say = gives_up, say
        self._tries, self._last = 0, -math.inf

    def __call__(self, work: Callable[[], Result], otherwise: Other) -> Result | Other:
        """What `work` returns, or `otherwise` if it was given up."""
        while True:
            try:
                return work()
            except OSError as error:
                self.wait(error)
                if self._gives_up():
                    return otherwise

    def wait(self, error: OSError) -> None:
        """Pause after an error; each pause of a series is longer than the one before."""
        if not self.waited_since(time.monotonic() - PAUSES_S[-1]):
            self._tries = 0
            self._say(f"waits for its disk: {error}")
        until = time.monotonic() + PAUSES_S[min(self._tries, len(PAUSES_S) - 1)]
        self._tries += 1
        while time.monotonic() < until and not self._gives_up():
            time.sleep(LOOK_S)
        self._last = time.monotonic()

    def waited_since(self, moment: float) -> bool:
        """Whether there was an error after a moment of the monotonic clock (s)."""
        return self._last >= moment
