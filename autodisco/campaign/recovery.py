"""What an error in a stage costs: a pause, the iteration, or the campaign.

- An error that may pass: of the operating system (a disk, a network file system, a full process table), a database that
  another program holds, no memory, an engine or a package that is not there; any error while the disk of the campaign
  fails or is away. The stage is run again, after growing pauses, as often as it takes; people are told once.
- An error of the program costs the iteration (`faults`).
- Any other error, such as a reference polymer without a value, has to be mended by a person.
"""

import contextlib
import itertools
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from autodisco.campaign.campaign import Campaign
from autodisco.campaign.notify import tell
from autodisco.errors import AutodiscoError, EngineAbsent, OwnedError, StorageError, TrainingDiverged
from autodisco.store import Store
from autodisco.text import duration

PAUSES_S = (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 7200.0, 14_400.0, 28_800.0, 57_600.0, 86_400.0)
"""Before each new try; the last pause is repeated."""

STEADY_S = 600.0
"""A stage that worked for so long (seconds) begins with the first pause again."""

LOOK_S = 0.5

PASSING = ("can't allocate memory", "can't start new thread")
"""Parts of the messages of errors of torch and Python that have no class of their own."""


def may_pass(error: BaseException) -> bool:
    """Whether an error may pass by itself."""
    if isinstance(error, OSError | StorageError | MemoryError | EngineAbsent | ImportError):
        return True
    # torch has an error of its own for its devices, and none for a CPU without memory
    return type(error).__name__ == "OutOfMemoryError" or any(text in str(error) for text in PASSING)


def disk_fault(folder: Path) -> str:
    """Why a campaign folder cannot be written now, as a sentence; empty where it can."""
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(4096))
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        return f"{folder}: {error.strerror}"
    return ""


def is_of_program(error: BaseException) -> bool:
    """Whether an error is one of the program, in its code or its numerics, which other input may not meet."""
    return isinstance(error, TrainingDiverged) or not (may_pass(error) or isinstance(error, AutodiscoError))


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
        self._unnoted: list[tuple[str, dict[str, Any], str, str]] = []
        self._begun = time.monotonic()

    def begin(self) -> None:
        """A stage begins."""
        self._begun = time.monotonic()

    def over(self) -> None:
        """A stage has done its work: the error, if there was one, has passed."""
        if self._waited:
            with self._store.transaction():
                self._write_notes()
                self._store.set(trouble="")
            self._unnoted, self._waited = [], 0

    def wait(self, state: str, error: Exception) -> bool:
        """Wait before the stage is tried again; False, at once, for an error that does not pass.

        Raises OwnedError where another process took the campaign over meanwhile.
        """
        if not may_pass(error) and not disk_fault(self._campaign.folder):
            return False
        self._store.let_go()
        if time.monotonic() - self._begun > STEADY_S:
            self._waited = 0
        pause = PAUSES_S[min(self._waited, len(PAUSES_S) - 1)]
        self._waited += 1
        what = str(error) or type(error).__name__
        decided = f"try again in {duration(pause)}"
        self._campaign.say(f"{state}: {what}; {decided}")
        seen = {"error": type(error).__name__, "try": self._waited}
        self._unnoted.append((state, seen, decided, what))
        self._note()
        until = time.monotonic() + pause
        while time.monotonic() < until and not self._asked():
            self._note()
            time.sleep(min(LOOK_S, pause))
        return True

    def _note(self) -> None:
        """Journal the pauses that are not yet, unless the database is what cannot be written."""
        if not self._unnoted:
            return
        with self._where_it_can():
            *_, decided, why = self._unnoted[-1]
            with self._store.transaction():
                self._write_notes()
                self._store.set(trouble=f"{why}; it will {decided}")
            self._unnoted = []
            tell(self._campaign, self._store)

    def _write_notes(self) -> None:
        for state, seen, decided, why in self._unnoted:
            self._store.note("retry stage", state, seen, decided, why)

    def insist(self, write: Callable[[], None], signalled: Callable[[], bool]) -> None:
        """Write what a process cannot leave without, such as why it failed, as soon as the machine lets it.

        Raises the error where that does not pass, or a signal ends the wait.
        """
        for pause in itertools.chain(PAUSES_S, itertools.repeat(PAUSES_S[-1])):
            try:
                write()
                break
            except Exception as error:
                until = time.monotonic() + pause
                passes = may_pass(error) or disk_fault(self._campaign.folder)
                while passes and not signalled() and time.monotonic() < until:
                    with self._where_it_can():
                        self._keep()
                    time.sleep(min(LOOK_S, pause))
                if signalled() or not passes:
                    raise

    def _asked(self) -> bool:
        with self._where_it_can():
            self._keep()
        with self._where_it_can():
            return bool(self._wanted())  # also a signal that comes while the disk is away
        return False

    @contextlib.contextmanager
    def _where_it_can(self) -> Iterator[None]:
        """Ignore errors that the transient error itself causes, and let go of the disk, which may be mounted again."""
        try:
            yield
        except OwnedError:
            raise
        except (OSError, AutodiscoError, MemoryError):
            self._store.let_go()
