"""Replicas as processes of this machine that end with the process that started them.

Linux ties the life of a child to the thread that started it: all calls come from one thread.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Collection
from pathlib import Path

from autodisco.simulation.executors import job
from autodisco.simulation.executors.executor import Executor, Sighting
from autodisco.simulation.task import KILLED, ReplicaTask

DEVICES = "CUDA_VISIBLE_DEVICES"
"""Variable with the GPUs that a process may use, which batch systems set."""


class LocalExecutor(Executor):
    """One process for each replica; its handle is the process number. Where the environment says which GPUs may be
    used, each replica gets one of them."""

    def __init__(self, workers: int = 0, threads: int = 1):
        super().__init__(workers, threads)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._devices: dict[str, str | None] = {}

    def submit(self, task: ReplicaTask, claim: str) -> str:
        """Start the process of a replica, in a session of its own."""
        file, device = job.write_job(task, claim), self._device()
        environment = {**os.environ, **job.environment(self.threads)}
        if device is not None:
            environment[DEVICES] = device
        with open(job.log_of(file), "wb") as log:
            process = subprocess.Popen(
                self.command(task, file),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        handle = str(process.pid)
        self._processes[handle], self._devices[handle] = process, device
        return handle

    def command(self, task: ReplicaTask, file: Path) -> list[str]:
        """The command that runs a task, whose job is in a file, and ends with this process."""
        return job.command(file, parent=os.getpid())

    def _device(self) -> str | None:
        """The GPU that fewest replicas use, of those that this process may use; None if nothing says which."""
        devices = [device for device in os.environ.get(DEVICES, "").split(",") if device]
        used = [self._devices[handle] for handle, process in self._processes.items() if process.returncode is None]
        return min(devices, key=used.count, default=None)

    def poll(self, handles: Collection[str]) -> dict[str, Sighting]:
        """Whether the processes run, and how they ended."""
        return {handle: self._sighting(handle) for handle in handles}

    def _sighting(self, handle: str) -> Sighting:
        code = self._processes[handle].poll()
        if code is None:
            return Sighting("running")
        return Sighting("ended", how_it_ended(code), code in (-signal.SIGKILL, -signal.SIGTERM, KILLED))

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


def how_it_ended(returncode: int) -> str:
    """In words: the exit code of a replica's process, or the signal that ended it."""
    if returncode >= 0:
        return f"the replica's process ended with exit code {returncode}"
    name = signal.Signals(-returncode).name
    memory = ", which the system sends when memory is short" if -returncode == signal.SIGKILL else ""
    return f"the replica's process was ended by {name}{memory}"
