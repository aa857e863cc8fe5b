"""The pilots of a campaign: as many in the batch system as are useful, with pauses after those that cannot be started.

The batch system is asked once in a while (`Visits`); what it says of pilots is judged by `PilotWatch`.
"""

import time

from autodisco.simulation.executors.cluster_settings import ClusterSettings
from autodisco.simulation.executors.executor import Note
from autodisco.simulation.executors.pilots import HELLO, PilotWatch
from autodisco.simulation.executors.queue_folder import PILOTS, Listing, QueueFolder
from autodisco.simulation.executors.scheduler import FAILED, Scheduler
from autodisco.simulation.executors.visits import Answer, Visits
from autodisco.text import counted, duration

PAUSES_S = (30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)
"""Pauses after submissions that were refused, and after jobs that ended before their pilots began."""
GONE_S = 60.0
"""How long `stop` waits for jobs to end."""


class Refusals:
    """Pilots that could not be started: reasons are journalled once, and pauses grow.

    `until` is when the next one may be submitted, by the monotonic clock (s).
    """

    def __init__(self, scheduler: str):
        self._scheduler = scheduler
        self._number, self.until, self._reason = 0, 0.0, ""
        self._pilots_before: set[str] = set()

    def add(self, event: str, reason: str, now: float, pilots: set[str]) -> list[Note]:
        """Take in a refusal; `pilots` are those that were known before it."""
        pause = PAUSES_S[min(self._number, len(PAUSES_S) - 1)]
        self._number += 1
        self.until = now + pause
        if reason == self._reason:
            return []
        self._reason, self._pilots_before = reason, pilots
        decided = f"try again in {duration(pause)}, later after longer pauses"
        return [Note(event, self._scheduler, {}, decided, reason, f"no pilot can be started: {reason}")]

    def end(self, speaking: set[str], enough: bool) -> list[Note]:
        """Take in which pilots speak, and whether there are as many as are wanted: then the reason has passed, or as
        soon as a new one speaks. Otherwise some run beside those that were refused."""
        if not self._reason or not speaking or not (enough or speaking - self._pilots_before):
            return []
        self._number, self._reason = 0, ""
        return [Note("pilots run", self._scheduler, {"pilots": len(speaking)}, "go on", "", trouble="")]


class Fleet:
    """Pilots for one queue folder."""

    def __init__(
        self, settings: ClusterSettings, queue: QueueFolder, scheduler: Scheduler, threads: int, stalled_s: float
    ):
        self._settings, self._queue, self._scheduler = settings, queue, scheduler
        self._visits = Visits(settings, queue, scheduler, threads, stalled_s)
        self._watch = PilotWatch(queue, scheduler)
        self._refusals = Refusals(settings.scheduler)
        self._visited = 0.0
        self._silent = False

    @property
    def nodes(self) -> dict[str, str]:
        """The nodes on which pilots are or were, by pilot."""
        return self._watch.nodes

    def tend(self, listing: Listing) -> list[Note]:
        """Look after the pilots; returns at once, with what is to be journalled."""
        now = time.monotonic()
        if self._visits.under_way:
            answer = self._visits.answer()
            return self._take_in(answer, listing, now) if answer else []
        if now - self._visited >= self._settings.look_seconds or not self._visited:
            self._visited = now
            self._visits.begin(self._wanted(listing) if now >= self._refusals.until else 0)
        return []

    def stop(self) -> list[Note]:
        """Cancel all jobs; returns when the batch system has none of them any more, or after a minute.

        Raises NoAnswer if it does not answer.
        """
        self._visits.answer(wait=True)
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
        why = f"they are needed no more{left}"
        return [Note("pilots cancelled", self._settings.scheduler, {"jobs": sorted(cancelled)}, "", why)]

    def _wanted(self, listing: Listing) -> int:
        """How many pilots the replicas fill that wait or run."""
        busy = len(listing.waiting) + len(listing.claimed)
        return 0 if self._queue.held else min(self._settings.pilots, -(-busy // self._settings.slots))

    def _take_in(self, answer: Answer, listing: Listing, now: float) -> list[Note]:
        if answer.jobs is None:
            return self._note_silence(answer.trouble)
        notes, what = [], self._settings.scheduler
        if self._silent:
            self._silent = False
            notes.append(Note("batch system answers", what, {"jobs": len(answer.jobs)}, "go on", "", trouble=""))
        for number in answer.released:
            notes.append(Note("job released", number, {}, "let it start", "it was held because its launch failed"))
        notes += self._watch.judge(answer.jobs, listing, now)
        notes += self._refusals.end(self._watch.speaking, self._wanted(listing) <= answer.alive)
        died = ""
        for number in self._queue.job_numbers():
            if not answer.lives(number) and number not in answer.submitted:
                self._queue.forget_job(number)
                died = died or self._failed_start(number, answer)
        if answer.submitted:
            notes.append(Note("pilots submitted", what, {"jobs": answer.submitted}, "", "replicas wait for them"))
        if answer.refused or died:
            event = "submission refused" if answer.refused else "pilot did not start"
            notes += self._refusals.add(event, answer.refused or died, now, set(self.nodes))
        return notes

    def _note_silence(self, why: str) -> list[Note]:
        """The batch system did not answer, which is journalled once."""
        if self._silent:
            return []
        self._silent = True
        decided, trouble = "wait; pilots count as running", f"the batch system is silent: {why}"
        return [Note("batch system silent", self._settings.scheduler, {}, decided, why, trouble)]

    def _failed_start(self, number: str, answer: Answer) -> str:
        """Why a job that has ended never became a pilot, by the last line that it printed; empty if it did."""
        log = self._queue.root / PILOTS / f"{number}.log"
        try:
            lines = log.read_text(errors="replace").split("\n")
        except OSError:
            lines = []
        said = [line.strip() for line in lines if line.strip()]
        if any(line.startswith(HELLO) for line in said):
            return ""
        if said:
            return f"job {number} ended before its pilot began: {said[-1]}"
        job = (answer.jobs or {}).get(number)  # without output it was cancelled while it waited, or could not write any
        if job is None or job.reason != FAILED:
            return ""
        return f"job {number} ended before its pilot began, and wrote nothing to {log}; does its node see that folder?"
