"""Replicas as processes of this machine that end with the process that started them.

Linux ties the life of a child to the thread that started it: all calls come from one thread.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Collection

from autodisco.simulation.executors import job
from autodisco.simulation.executors.executor import Executor, Sighting
from autodisco.simulation.task import KILLED, ReplicaTask


class LocalExecutor(Executor):
    """One process for each replica; its handle is the process number."""

    def __init__(self, workers: int = 0, threads: int = 1):
        super().__init__(workers, threads)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def submit(self, task: ReplicaTask, claim: str) -> str:
        """Start the process of a replica, in a session of its own."""
        file = job.write_job(task, claim)
        with open(job.log_of(file), "wb") as log:
            process = subprocess.Popen(
                job.command(file, parent=os.getpid()),
                env={**os.environ, **job.environment(self.threads)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._processes[str(process.pid)] = process
        return str(process.pid)

    def poll(self, handles: Collection[str]) -> dict[str, Sighting]:
        """Whether the processes run, and how they ended."""
        return {handle: self._sighting(handle) for handle in handles}

    def _sighting(self, handle: str) -> Sighting:
        code = self._processes[handle].poll()
        if code is None:
            return Sighting("running")
        return Sighting("ended", how_it_ended(code), code in (-signal.SIGKILL, -signal.SIGTERM, KILLED))

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
