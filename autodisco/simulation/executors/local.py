"""Replicas as processes of this machine that end with the process that started them.

Linux ties the life of a child to the thread that started it: all calls come from one thread.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Collection, Sequence
from pathlib import Path

from autodisco.errors import InputError
from autodisco.simulation.executors import job
from autodisco.simulation.executors.cards import Cards, visible
from autodisco.simulation.executors.cluster_settings import OPTIONS
from autodisco.simulation.executors.executor import Executor, Note, Sighting
from autodisco.simulation.executors.part import Part
from autodisco.simulation.task import KILLED, ReplicaTask


class LocalExecutor(Executor):
    """One process for each replica; its handle is the process number.

    Parameters
    ----------
    gpus
        The GPUs that replicas use, one each, by number or name (`nvidia-smi -L`); an empty list for none. Where more
        replicas than GPUs run at a time, NVIDIA's MPS is used if it is installed. Without this list, replicas get those
        that `CUDA_VISIBLE_DEVICES` allows.
    replicas_per_gpu
        Replicas at a time on a GPU of the list, if `workers` is 0.
    """

    def __init__(
        self,
        workers: int = 0,
        threads: int = 1,
        gpus: Sequence[int | str] | None = None,
        replicas_per_gpu: int = 1,
    ):
        _check(gpus, replicas_per_gpu)
        super().__init__(workers or len(gpus or ()) * replicas_per_gpu, threads)
        self._given = gpus is not None
        self._cards = Cards(visible() or [] if gpus is None else list(map(str, gpus)), False)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        each = max(replicas_per_gpu, -(-self.workers // len(gpus))) if gpus else 0
        self._part = Part(threads, self._cards.names if gpus else [], each)
        self._campaign = ""
        self.resize(self.workers)

    def resize(self, workers: int) -> None:
        """Run so many replicas at a time from now on; those that start share GPUs where there are fewer, and places on
        each GPU stay as many as there were."""
        super().resize(workers)
        self._cards.shared = self._given and workers > len(self._cards.names)

    def serve(self, campaign: str, folder: Path, stalled_s: float = 0.0) -> None:
        """Take the name of the campaign, by which others on this machine know it."""
        self._campaign = campaign

    def share(self, number: int = 0) -> None:
        """From now on, a replica starts when cores and cards of this machine are free for it (`slots`)."""
        self._part.share(self._campaign, number)

    def reserve(self) -> bool:
        """Whether a replica may start; what it needs is kept until the next call of `submit`, `poll` or this one."""
        return self._part.reserve()

    def occupy(self, threads: int) -> None:
        """Hold cores for this process as they become free."""
        self._part.occupy(threads)

    @property
    def waits_for(self) -> str:
        """Campaigns of this machine that use what the next replica waits for."""
        return self._part.waits_for

    def leave(self) -> None:
        """Leave its part of the machine to others."""
        self._part.leave()

    def notes(self) -> list[Note]:
        """Which campaigns replicas wait for, each once, and why the machine is not shared."""
        return self._part.notes()

    def submit(self, task: ReplicaTask, claim: str) -> str:
        """Start the process of a replica, in a session of its own."""
        file = job.write_job(task, claim)
        held = self._part.taken()
        card, of_card = self._cards.environment(self._part.card(held))
        with open(job.log_of(file), "wb") as log:
            process = subprocess.Popen(
                self.command(task, file),
                env={**os.environ, **job.environment(self.threads), **of_card},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=held.handles,  # it holds them as long as it lives, also without this process
            )
        handle = str(process.pid)
        self._processes[handle] = process
        self._part.give(handle, held)
        self._cards.take(handle, card)
        return handle

    def command(self, task: ReplicaTask, file: Path) -> list[str]:
        """The command that runs a task, whose job is in a file, and ends with this process."""
        return job.command(file, parent=os.getpid())

    def poll(self, handles: Collection[str]) -> dict[str, Sighting]:
        """Whether the processes run, and how they ended."""
        self._part.drop()
        return {handle: self._sighting(handle) for handle in handles}

    def _sighting(self, handle: str) -> Sighting:
        code = self._processes[handle].poll()
        if code is None:
            return Sighting("running")
        killed = code in (-signal.SIGKILL, -signal.SIGTERM, KILLED)
        self._cards.give_back(handle)
        self._part.give_back(handle, keep=killed)
        return Sighting("ended", how_it_ended(code), killed)

    def warn(self, handles: Collection[str]) -> None:
        """Send SIGTERM to the processes of replicas."""
        for handle in handles:
            self._processes[handle].terminate()

    def cancel(self, handle: str) -> None:
        """Kill the process of a replica and its engine, which share a session."""
        process = self._processes[handle]
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self._cards.give_back(handle)
        self._part.give_back(handle)


def _check(gpus: Sequence[int | str] | None, replicas_per_gpu: int) -> None:
    """Raises InputError for options that cannot be used."""
    names = gpus if isinstance(gpus, list | tuple) else () if gpus is None else None
    if names is None or any(isinstance(name, bool) or not isinstance(name, int | str) for name in names):
        raise _refused("gpus", gpus, "allowed is a list of numbers or names of GPUs, such as [0, 1]")
    if len(set(map(str, names))) < len(names):
        raise _refused("gpus", gpus, "a GPU is named twice; replicas_per_gpu says how many replicas share one")
    if isinstance(replicas_per_gpu, bool) or not isinstance(replicas_per_gpu, int) or replicas_per_gpu < 1:
        raise _refused("replicas_per_gpu", replicas_per_gpu, "allowed is a whole number from 1 on")


def _refused(option: str, value: object, why: str) -> InputError:
    return InputError(f"{OPTIONS}.{option} = {value!r}: {why}", f"{OPTIONS}.{option}")


def how_it_ended(returncode: int) -> str:
    """In words: the exit code of a replica's process, or the signal that ended it."""
    if returncode >= 0:
        return f"the replica's process ended with exit code {returncode}"
    name = signal.Signals(-returncode).name
    memory = ", which the system sends when memory is short" if -returncode == signal.SIGKILL else ""
    return f"the replica's process was ended by {name}{memory}"
