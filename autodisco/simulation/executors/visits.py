"""Visits to the batch system, in a thread of their own because it may take its time: ask for the jobs of a campaign,
release held ones, submit pilots that are missing."""

import shlex
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from autodisco.simulation.executors.cluster_settings import ClusterSettings
from autodisco.simulation.executors.pilots import STARTED
from autodisco.simulation.executors.queue_folder import QueueFolder
from autodisco.simulation.executors.scheduler import BatchJob, NoAnswer, Scheduler

MOST_AT_ONCE = 10
"""Pilots that are submitted at one visit."""
MOST_RELEASES = 3


@dataclass
class Answer:
    """What came of one visit to the batch system. `jobs` is None where it did not answer."""

    jobs: dict[str, BatchJob] | None
    trouble: str = ""
    submitted: list[str] = field(default_factory=list)
    refused: str = ""
    released: list[str] = field(default_factory=list)

    def lives(self, number: str) -> bool:
        """Whether a job runs or will."""
        return self.jobs is not None and number in self.jobs and self.jobs[number].alive

    @property
    def alive(self) -> int:
        """How many jobs run or will."""
        return sum(job.alive for job in (self.jobs or {}).values())


class Visits:
    """Visits to the batch system for one queue folder, one at a time."""

    def __init__(
        self, settings: ClusterSettings, queue: QueueFolder, scheduler: Scheduler, threads: int, stalled_s: float
    ):
        self._settings, self._queue, self._scheduler = settings, queue, scheduler
        self._threads, self._stalled_s = threads, stalled_s
        self._visitor = ThreadPoolExecutor(1, "batch-system")
        self._visit: Future[Answer] | None = None
        self._releases: dict[str, int] = {}

    @property
    def under_way(self) -> bool:
        """Whether one began whose answer was not taken yet."""
        return self._visit is not None

    def begin(self, wanted: int) -> None:
        """Begin a visit at which as many pilots are submitted as are missing to those `wanted`."""
        self._visit = self._visitor.submit(self._go, wanted)

    def answer(self, wait: bool = False) -> Answer | None:
        """The answer of the visit that is under way; None as long as there is none. `wait` waits for it."""
        if self._visit is None or not (wait or self._visit.done()):
            return None
        visit, self._visit = self._visit, None
        return visit.result()

    def _go(self, wanted: int) -> Answer:
        try:
            jobs = self._scheduler.jobs(self._queue.job_numbers())
        except NoAnswer as error:
            return Answer(None, str(error))
        answer = Answer(jobs)
        try:
            for job in jobs.values():
                if job.state == "held" and self._releases.get(job.number, 0) < MOST_RELEASES:
                    self._scheduler.release(job.number)
                    self._releases[job.number] = self._releases.get(job.number, 0) + 1
                    answer.released.append(job.number)
                elif job.state == "held":
                    self._scheduler.cancel([job.number])
            without = self._queue.left_out()
            for _ in range(min(MOST_AT_ONCE, wanted - answer.alive)):
                number = self._scheduler.submit(self._script(), self._settings.slots * self._threads, without)
                self._queue.note_job(number)
                answer.submitted.append(number)
        except NoAnswer as error:
            answer.refused = str(error)
        return answer

    def _script(self) -> str:
        """What the job of a pilot runs."""
        given = self._settings
        words = [given.python or sys.executable, "-m", "autodisco.simulation.pilot", str(self._queue.root)]
        words += [f"--slots={given.slots}", f"--threads={self._threads}", f"--minutes={given.walltime_minutes}"]
        words += [f"--idle-s={60 * given.idle_minutes:g}", f"--warning-s={given.warning_seconds}"]
        words += [f"--stalled-s={self._stalled_s:g}", f"--runner={given.runner}"]
        command = " ".join(filter(None, (given.container, shlex.join(words))))
        started = f"export {STARTED}=$(date +%s)"
        return "\n".join([started, *given.environment, f"exec {command}"])
