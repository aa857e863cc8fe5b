"""Transient errors: a stage that fails with one is run again, after growing pauses.

Transient are errors of the operating system (a disk, a network file system, a full process table), a database that
another program holds, and a lack of memory. Any other error, such as a reference polymer without a value, needs a
person.
"""

import contextlib
import time
from collections.abc import Callable, Iterator

from autodisco.campaign.campaign import Campaign
from autodisco.errors import AutodiscoError, DiskAbsent, OwnedError, StorageError
from autodisco.store import Store
from autodisco.text import duration

PAUSES_S = (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 3600.0, 3600.0)
"""Before each new try; after the last one, some four hours later, the campaign fails, unless it waits for a disk that
machines share."""

STEADY_S = 600.0
"""A stage that worked for so long (seconds) begins with the first pause again."""

LOOK_S = 0.5


def is_transient(error: BaseException) -> bool:
    """Whether an error may pass by itself."""
    if isinstance(error, OSError | StorageError | MemoryError):
        return True
    # torch has an error of its own for its devices, and none for a CPU without memory
    return type(error).__name__ == "OutOfMemoryError" or "can't allocate memory" in str(error)


class Retries:
    """Waits before a stage is run again. The heartbeat goes on and requests are obeyed; the pauses are counted.

    Parameters
    ----------
    keep
        Writes the heartbeat without counting the time as work.
    wanted
        Whether a request or a signal has come, so that the wait ends at once.
    """

    def __init__(self, campaign: Campaign, store: Store, keep: Callable[[], None], wanted: Callable[[], object]):
        self._campaign, self._store, self._keep, self._wanted = campaign, store, keep, wanted
        self._waited = 0
        self._begun = time.monotonic()

    def begin(self) -> None:
        """A stage begins."""
        self._begun = time.monotonic()

    def over(self) -> None:
        """A stage has done its work: the error, if there was one, has passed."""
        if self._waited:
            self._waited = 0
            self._store.set(trouble="")

    def wait(self, state: str, error: Exception) -> bool:
        """Whether the stage may be tried again, after a pause; False for a fault that does not pass.

        Raises OwnedError where another process took the campaign over meanwhile.
        """
        if time.monotonic() - self._begun > STEADY_S:
            self._waited = 0
        lasts = isinstance(error, DiskAbsent)  # as long as it takes
        if not is_transient(error) or (self._waited == len(PAUSES_S) and not lasts):
            return False
        pause = PAUSES_S[min(self._waited, len(PAUSES_S) - 1)]
        self._waited = min(self._waited + 1, len(PAUSES_S))
        what = str(error) or type(error).__name__
        decided = f"try again in {duration(pause)}" + ("" if lasts else f", {self._waited} of {len(PAUSES_S)}")
        self._campaign.say(f"{state}: {what}; {decided}")
        told = self._tell(state, error, decided, what)
        until = time.monotonic() + pause
        while time.monotonic() < until and not self._asked():
            told = told or self._tell(state, error, decided, what)
            time.sleep(min(LOOK_S, pause))
        return True

    def _tell(self, state: str, error: Exception, decided: str, why: str) -> bool:
        """Journal the pause; False where the database is what cannot be written."""
        with _where_it_can():
            seen = {"error": type(error).__name__}
            with self._store.transaction():
                self._store.note("retry stage", state, seen, decided, why)
                self._store.set(trouble=f"{why}; it will {decided}")
            return True
        return False

    def _asked(self) -> bool:
        with _where_it_can():
            self._keep()
            return bool(self._wanted())
        return False


@contextlib.contextmanager
def _where_it_can() -> Iterator[None]:
    """Ignore errors that the transient error itself causes."""
    try:
        yield
    except OwnedError:
        raise
    except (OSError, AutodiscoError, MemoryError):
        pass
