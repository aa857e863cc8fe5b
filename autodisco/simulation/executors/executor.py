"""Where replicas run: the interface that `Pool` and the campaign use."""

from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from autodisco.machine import cores
from autodisco.simulation.task import ReplicaTask


@dataclass(frozen=True)
class Sighting:
    """What an executor says about a replica.

    Attributes
    ----------
    state
        ``waiting`` (in a queue; no time limit runs), ``running`` or ``ended``.
    how
        How its process ended, in words.
    killed
        Whether something outside ended its process. Without an outcome, such a replica is started again as it was.
    claim
        The claim of a later run, if the executor itself started the replica again; its result counts.
    code
        Failure code of a replica that ended without an outcome.
    """

    state: Literal["waiting", "running", "ended"]
    how: str = ""
    killed: bool = False
    claim: str | None = None
    code: str = "unknown"


@dataclass(frozen=True)
class Note:
    """Something that an executor did by itself, for the journal: what was seen, what was decided, why.

    `trouble` says in a sentence for what replicas wait from then on; empty that they wait for nothing, None that this
    did not change.
    """

    event: str
    subject: str
    seen: dict[str, Any]
    decided: str
    why: str
    trouble: str | None = None


class Executor(ABC):
    """Runs replicas. A run of a replica is a process that runs the command of `job.command` and has a folder of its own
    on a disk that this machine shares; its outcome is in that folder.

    Parameters
    ----------
    workers
        Replicas at a time; 0 for as many as fill the cores of this machine.
    threads
        Cores of one replica.

    A subclass can take further keyword arguments, which a campaign file gives in ``[executor.options]``. It checks
    them, and raises InputError.
    """

    survives: ClassVar[bool] = False
    """Whether replicas go on when the process that submitted them ends. The next process finds them by handle."""
    watches: ClassVar[bool] = False
    """Whether the executor itself applies time limits, ends replicas without progress and starts killed ones again."""
    pauses: ClassVar[bool] = False
    """Whether it can `hold` replicas that wait while those that run go on to their end."""
    here: ClassVar[bool] = True
    """Whether replicas use the memory of this machine."""
    poll_s: ClassVar[float] = 0.2
    """Pause between two calls of `poll` (s)."""

    def __init__(self, workers: int = 0, threads: int = 1):
        self.workers = workers or filling_workers(threads)
        self.threads = threads

    def resize(self, workers: int) -> None:
        """Run so many replicas at a time from now on; those that run go on."""
        self.workers = workers

    @abstractmethod
    def submit(self, task: ReplicaTask, claim: str) -> str:
        """Start a run of a replica, or queue it. The handle that it returns is stored, and known in a later process.

        The claim names the run, and the folder in which it works (`job.write_job`). It is run once.
        """

    @abstractmethod
    def poll(self, handles: Collection[str]) -> dict[str, Sighting]:
        """What became of replicas, by handle. A handle that is not known has ended."""

    @abstractmethod
    def cancel(self, handle: str) -> None:
        """End a replica and the engine that it started; returns when both have ended. No error if they had already."""

    def cancel_all(self, handles: Collection[str]) -> dict[str, Exception]:
        """End several replicas, the last one first; returns the errors, by the handles of those that may still run."""
        errors: dict[str, Exception] = {}
        for handle in reversed(list(handles)):
            try:
                self.cancel(handle)
            except Exception as error:  # of a plug-in, too: each one is tried
                errors[handle] = error
        return errors

    @property
    def beats(self) -> Path | None:
        """Folder in which each pilot says in a file, once in a while, how far its replicas are."""
        return None

    @property
    def place(self) -> Path | None:
        """Folder in which replicas wait, if they wait in one; it belongs to one campaign."""
        return None

    def serve(self, campaign: str, folder: Path, stalled_s: float = 0.0) -> None:
        """Take the name of the campaign that it works for, the folder of its replicas, and the time after which an
        executor that `watches` ends replicas without progress (s; 0 for never). A campaign calls this first."""
        return

    def share(self, number: int = 0) -> None:
        """From now on, replicas that run here wait until other campaigns leave cores of this machine free; `number` is
        how many cores all of them have together, 0 for all."""
        return

    def reserve(self) -> bool:
        """Whether a replica may be submitted next; what it needs of the machine is kept for it."""
        return True

    def occupy(self, threads: int) -> None:
        """This process itself computes with so many threads from now on, or with none; called again and again."""
        return

    @property
    def waits_for(self) -> str:
        """Which other campaigns use what the next replica waits for, as a sentence; empty where it does not wait."""
        return ""

    @property
    def activity(self) -> str:
        """What is waited for while replicas run, for people; empty where nothing is to be said."""
        return ""

    def leave(self) -> None:
        """No replica is started for now: others need not reckon with them."""
        return

    def hold(self, held: bool) -> None:
        """Start none of the replicas that wait, or go on with them; of an executor that `pauses`."""
        return

    def warn(self, handles: Collection[str]) -> None:
        """Tell replicas that they will be ended soon, so that they write a checkpoint and end by themselves."""
        return

    def stop(self) -> None:
        """End what it has beside replicas, such as jobs in a queue, because the campaign is left for longer.

        Raises AutodiscoError if it cannot.
        """
        return

    def notes(self) -> list[Note]:
        """What it did by itself since the last call."""
        return []


def filling_workers(threads: int) -> int:
    """How many replicas of so many threads each fill the available cores."""
    return max(1, cores() // threads)
