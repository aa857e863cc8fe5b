"""An executor whose replicas survive the campaign's process: each is a process in a session of its own."""

import contextlib
import os
import signal
import subprocess
import time

from autodisco.simulation.executors import Executor, Sighting, job
from autodisco.store.owner import start_time


class Detached(Executor):
    """Processes of this machine; a handle is the process number and the start time, which tells it from a later one."""

    survives = True

    def submit(self, task, claim):
        file = job.write_job(task, claim)
        environment = {**os.environ, **job.environment(self.threads)}
        with open(job.log_of(file), "wb") as log:
            process = subprocess.Popen(
                job.command(file), env=environment, stdout=log, stderr=log, start_new_session=True
            )
        return f"{process.pid} {start_time(process.pid)}"

    def poll(self, handles):
        gone = Sighting("ended", "its process is gone", killed=True)
        return {handle: Sighting("running") if runs(handle) else gone for handle in handles}

    def cancel(self, handle):
        while runs(handle):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(int(handle.split()[0]), signal.SIGKILL)
            time.sleep(0.05)


def runs(handle):
    """Whether the process of a handle runs; one that ended and was not waited for does not."""
    pid, start = map(int, handle.split())
    return start_time(pid) == start
