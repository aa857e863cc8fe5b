"""The pilots of a campaign: as many in the batch system as are useful, and what is done about those that are lost.

The batch system is asked in a thread of its own, once in a while; everything else is done by the thread that calls
`tend`. A batch system that is silent says nothing about pilots: only an answer without its job makes a pilot lost, and
only the second such answer.
"""

import os
import shlex
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from autodisco.errors import AutodiscoError
from autodisco.simulation.executors.cluster_settings import ClusterSettings
from autodisco.simulation.executors.executor import Note
from autodisco.simulation.executors.queue_folder import PILOTS, Entry, Listing, QueueFolder, as_part
from autodisco.simulation.executors.scheduler import BatchJob, NoAnswer, Scheduler
from autodisco.text import counted, duration

LOST_PILOT = "lost-pilot"
MOST_LOSSES = 3
"""A replica that so many lost pilots ran fails with the code `LOST_PILOT`."""
MOST_AT_ONCE = 10
"""Pilots that are submitted after one question."""
PAUSES_S = (30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)
"""Pauses after submissions that were refused."""
SILENT_S = 1200.0
"""The job of a pilot without a new heartbeat for so long is cancelled."""
MOST_RELEASES = 3
HELLO = "pilot"
"""First word that a pilot prints."""
STARTED = "AUTODISCO_JOB_STARTED"
"""Variable with the time at which a job began, in seconds since 1970."""
GONE_S = 60.0
"""How long `stop` waits for jobs to end."""


@dataclass
class Answer:
    """What came of one visit to the batch system. `jobs` is None where it did not answer."""

    jobs: dict[str, BatchJob] | None
    trouble: str = ""
    submitted: list[str] = field(default_factory=list)
    refused: str = ""
    released: list[str] = field(default_factory=list)


class Fleet:
    """Pilots for one queue folder.

    `nodes` are the nodes on which pilots are or were, by pilot.
    """

    def __init__(
        self, settings: ClusterSettings, queue: QueueFolder, scheduler: Scheduler, threads: int, stalled_s: float
    ):
        self._settings, self._queue, self._scheduler = settings, queue, scheduler
        self._threads, self._stalled_s = threads, stalled_s
        self._visitor = ThreadPoolExecutor(1, "batch-system")
        self._visit: Future[Answer] | None = None
        self._visited = 0.0
        self._suspects: set[str] = set()
        self._beats: dict[str, tuple[object, float]] = {}
        self._refusals, self._submits_from, self._refused = 0, 0.0, ""
        self._before_refusal: set[str] = set()
        self._releases: dict[str, int] = {}
        self._silent = False
        self.nodes: dict[str, str] = {}

    def tend(self, listing: Listing) -> list[Note]:
        """Look after the pilots; returns at once, with what is to be journalled."""
        now = time.monotonic()
        if self._visit is not None:
            if not self._visit.done():
                return []
            answer, self._visit = self._visit.result(), None
            return self._take_in(answer, listing, now)
        if now - self._visited >= self._settings.look_seconds or not self._visited:
            self._visited = now
            self._visit = self._visitor.submit(self._go, self._wanted(listing) if now >= self._submits_from else 0)
        return []

    def _wanted(self, listing: Listing) -> int:
        """How many pilots the replicas fill that wait or run."""
        busy = len(listing.waiting) + len(listing.claimed)
        return 0 if self._queue.held else min(self._settings.pilots, -(-busy // self._settings.slots))

    def stop(self) -> list[Note]:
        """Cancel all jobs; returns when the batch system has none of them any more, or after a minute.

        Raises NoAnswer if it does not answer.
        """
        if self._visit is not None:
            self._visit.result()
            self._visit = None
        end = time.monotonic() + GONE_S
        cancelled: set[str] = set()
        while True:
            jobs = self._scheduler.jobs(self._queue.job_numbers())
            alive = [job.number for job in jobs.values() if job.alive]
            self._scheduler.cancel([number for number in alive if number not in cancelled])
            cancelled |= set(alive)
            if not alive or time.monotonic() > end:
                break
            time.sleep(0.5)
        for number in self._queue.job_numbers():
            if number not in alive:
                self._queue.forget_job(number)
        if not cancelled:
            return []
        left = f"; {counted(len(alive), 'job')} still there after {GONE_S:.0f} s" if alive else ""
        return [
            Note(
                "pilots cancelled",
                self._settings.scheduler,
                {"jobs": sorted(cancelled)},
                "",
                f"they are needed no more{left}",
            )
        ]

    def _go(self, wanted: int) -> Answer:
        """Ask for the jobs, release held ones, and submit as many pilots as are missing to those `wanted`."""
        try:
            jobs = self._scheduler.jobs(self._queue.job_numbers())
        except NoAnswer as error:
            return Answer(None, str(error))
        answer = Answer(jobs)
        try:
            for job in jobs.values():
                if job.state == "held" and self._releases.get(job.number, 0) < MOST_RELEASES:
                    self._scheduler.release(job.number)
                    answer.released.append(job.number)
                elif job.state == "held":
                    self._scheduler.cancel([job.number])
            alive = sum(job.alive for job in jobs.values())
            without = self._queue.left_out()
            for _ in range(min(MOST_AT_ONCE, wanted - alive)):
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

    def _take_in(self, answer: Answer, listing: Listing, now: float) -> list[Note]:
        notes = []
        what = self._settings.scheduler
        if answer.jobs is None:
            if not self._silent:
                self._silent = True
                trouble = f"the batch system is silent: {answer.trouble}"
                decided = "wait; pilots count as running"
                notes.append(Note("batch system silent", what, {}, decided, answer.trouble, trouble))
            return notes
        if self._silent:
            self._silent = False
            notes.append(Note("batch system answers", what, {"jobs": len(answer.jobs)}, "go on", "", trouble=""))
        for number in answer.released:
            self._releases[number] = self._releases.get(number, 0) + 1
            notes.append(Note("job released", number, {}, "let it start", "it was held because its launch failed"))
        notes += self._judge(answer.jobs, listing, now)
        ended = [number for number in self._queue.job_numbers() if not _alive(answer.jobs, number)]
        for number in ended:
            if number not in answer.submitted:
                self._queue.forget_job(number)
                answer.refused = answer.refused or self._failed_start(number)
        return [*notes, *self._note_submissions(answer, now)]

    def _failed_start(self, number: str) -> str:
        """Why a job that has ended never became a pilot, by the last line that it printed; empty if it did."""
        try:
            lines = (self._queue.root / PILOTS / f"{number}.log").read_text(errors="replace").splitlines()
        except OSError:  # it never ran
            return ""
        if not lines or any(line.startswith(HELLO) for line in lines):
            return ""
        return f"a job ended before its pilot began: {lines[-1]}"

    def _note_submissions(self, answer: Answer, now: float) -> list[Note]:
        if answer.refused:
            pause = PAUSES_S[min(self._refusals, len(PAUSES_S) - 1)]
            self._refusals += 1
            self._submits_from = now + pause
            if answer.refused == self._refused:
                return []
            self._refused, self._before_refusal = answer.refused, set(self.nodes)
            decided = f"try again in {duration(pause)}, later after longer pauses"
            trouble = f"no pilot can be started: {answer.refused}"
            return [Note("submission refused", self._settings.scheduler, {}, decided, answer.refused, trouble)]
        if not answer.submitted:
            return []
        seen = {"jobs": answer.submitted}
        return [Note("pilots submitted", self._settings.scheduler, seen, "", "replicas wait for them")]

    def _judge(self, jobs: dict[str, BatchJob], listing: Listing, now: float) -> list[Note]:
        """Take the claims of lost pilots back."""
        beats = self._queue.beats()
        self.nodes |= {pilot: str(said.get("node", "")) for pilot, said in beats.items()}
        by_pilot: dict[str, list[Entry]] = {pilot: [] for pilot in beats}
        for entry in listing.claimed.values():
            by_pilot.setdefault(entry.pilot or "", []).append(entry)
        silent = {pilot: self._silence_s(pilot, said.get("time"), now) for pilot, said in beats.items()}
        suspects = {
            pilot
            for pilot in by_pilot
            if is_gone(pilot, beats, jobs) or (_by_hand(pilot, beats) and silent[pilot] > SILENT_S)
        }
        lost, self._suspects = suspects & self._suspects, suspects
        notes = []
        speak = beats.keys() - suspects
        enough = self._wanted(listing) <= sum(job.alive for job in jobs.values())
        if self._refused and speak and (enough or speak - self._before_refusal):  # else some run beside refused ones
            self._refusals, self._refused = 0, ""
            notes.append(Note("pilots run", self._settings.scheduler, {"pilots": len(beats)}, "go on", "", trouble=""))
        for pilot in sorted(lost):
            self._queue.end_beat(pilot)
            if self._queue.given_up(pilot):  # it lives on, and took these before it knew
                for entry in by_pilot[pilot]:
                    self._queue.give_back(entry)
                continue
            self._queue.give_up(pilot)
            if by_pilot[pilot]:
                notes.append(self._lose(pilot, by_pilot[pilot], jobs.get(job_of(pilot, beats))))
        for pilot in speak:
            if silent[pilot] > SILENT_S:
                notes += self._end_silent(pilot, job_of(pilot, beats), silent[pilot])
        return notes

    def _silence_s(self, pilot: str, beat: object, now: float) -> float:
        """Time since the heartbeat of a pilot changed."""
        before, changed = self._beats.get(pilot, (None, now))
        if beat != before:
            self._beats[pilot] = (beat, now)
            return 0.0
        return now - changed

    def _lose(self, pilot: str, entries: list[Entry], job: BatchJob | None) -> Note:
        given_up = 0
        for entry in entries:
            if entry.losses + 1 >= MOST_LOSSES:
                given_up += self._queue.move(entry, losses=entry.losses + 1, how=LOST_PILOT) is not None
            else:
                self._queue.give_back(entry, lost=True)
        seen = {"replicas": len(entries), "job": f"{job.state} {job.reason}".strip() if job else "not in the queue"}
        decided = f"{counted(len(entries) - given_up, 'replica')} wait again"
        if given_up:
            decided += f"; {counted(given_up, 'replica')} given up after {MOST_LOSSES} lost pilots"
        return Note("lost pilot", pilot, seen, decided, "its job ended and it did not give its replicas back")

    def _end_silent(self, pilot: str, number: str, silent_s: float) -> list[Note]:
        """Cancel the job of a pilot that says nothing any more."""
        self._beats.pop(pilot)
        try:
            self._scheduler.cancel([number])
        except AutodiscoError:
            return []
        return [Note("silent pilot", pilot, {}, f"cancel job {number}", f"no heartbeat for {duration(silent_s)}")]


def job_of(pilot: str, beats: dict[str, dict[str, object]]) -> str:
    """Number of the job of a pilot; from its name where it said nothing."""
    return str(beats.get(pilot, {}).get("job") or pilot.rpartition("_")[0])


def is_gone(pilot: str, beats: dict[str, dict[str, object]], jobs: dict[str, BatchJob]) -> bool:
    """Whether a pilot runs no more, by an answer of the batch system.

    Its job has ended; or waits to be started again; or was started again, and another pilot speaks for it.
    """
    if _by_hand(pilot, beats):
        return False
    number = job_of(pilot, beats)
    job = jobs.get(number)
    if job is None or job.state != "running":
        return True
    start = int(pilot.rpartition("_")[2])
    return any(
        job_of(other, beats) == number and int(other.rpartition("_")[2]) > start for other in beats if other != pilot
    )


def _by_hand(pilot: str, beats: dict[str, dict[str, object]]) -> bool:
    """Whether a person started a pilot, so that the batch system does not know it."""
    return beats.get(pilot, {}).get("job") == ""


def pilot_name() -> tuple[str, str]:
    """Name of the pilot that this process is, and number of its job: of the job, and how often it was started again."""
    names = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID")
    number = next((os.environ[name] for name in names if os.environ.get(name)), "")
    again = os.environ.get("SLURM_RESTART_COUNT", "0")
    return f"{as_part(number or f'process{os.getpid()}')}_{again}", number


def _alive(jobs: dict[str, BatchJob], number: str) -> bool:
    return number in jobs and jobs[number].alive
