"""Pilots as a campaign sees them: their names, and which of them are lost, by their heartbeats and the batch system.

A batch system that is silent says nothing about pilots: only an answer without its job makes a pilot lost, and only
the second such answer.
"""

import os

from autodisco.errors import AutodiscoError
from autodisco.simulation.executors.executor import Note
from autodisco.simulation.executors.queue_folder import Entry, Listing, QueueFolder, as_part
from autodisco.simulation.executors.scheduler import BatchJob, Scheduler
from autodisco.text import counted, duration

LOST_PILOT = "lost-pilot"
MOST_LOSSES = 3
"""A replica that so many lost pilots ran fails with the code `LOST_PILOT`."""
SILENT_S = 1200.0
"""The job of a pilot without a new heartbeat for so long is cancelled."""
HELLO = "pilot"
"""First word that a pilot prints."""
STARTED = "AUTODISCO_JOB_STARTED"
"""Variable with the time at which a job began, in seconds since 1970."""

Beats = dict[str, dict[str, object]]
"""What each pilot said last, by its name."""


def pilot_name() -> tuple[str, str]:
    """Name of the pilot that this process is, and number of its job: of the job, and how often it was started again."""
    names = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID")
    number = next((os.environ[name] for name in names if os.environ.get(name)), "")
    again = os.environ.get("SLURM_RESTART_COUNT", "0")
    return f"{as_part(number or f'process{os.getpid()}')}_{again}", number


def job_of(pilot: str, beats: Beats) -> str:
    """Number of the job of a pilot; from its name where it said nothing."""
    return str(beats.get(pilot, {}).get("job") or pilot.rpartition("_")[0])


def is_gone(pilot: str, beats: Beats, jobs: dict[str, BatchJob]) -> bool:
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


def _by_hand(pilot: str, beats: Beats) -> bool:
    """Whether a person started a pilot, so that the batch system does not know it."""
    return beats.get(pilot, {}).get("job") == ""


class PilotWatch:
    """Finds pilots that are lost, and takes their claims back.

    `nodes` are the nodes on which pilots are or were, by pilot; `speaking` are those that were alive at the last look.
    """

    def __init__(self, queue: QueueFolder, scheduler: Scheduler):
        self._queue, self._scheduler = queue, scheduler
        self._suspects: set[str] = set()
        self._beats: dict[str, tuple[object, float]] = {}
        self.nodes: dict[str, str] = {}
        self.speaking: set[str] = set()

    def judge(self, jobs: dict[str, BatchJob], listing: Listing, now: float) -> list[Note]:
        """Look at heartbeats and an answer of the batch system; `now` is the monotonic clock (s)."""
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
        self.speaking = beats.keys() - suspects
        notes = []
        for pilot in sorted(lost):
            self._queue.end_beat(pilot)
            if self._queue.given_up(pilot):  # it lives on, and took these before it knew
                for entry in by_pilot[pilot]:
                    self._queue.give_back(entry)
                continue
            self._queue.give_up(pilot)
            if by_pilot[pilot]:
                notes.append(self._lose(pilot, by_pilot[pilot], jobs.get(job_of(pilot, beats))))
        for pilot in self.speaking:
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
        seen = {"replicas": len(entries), "job": job.told if job else "not in the queue"}
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
