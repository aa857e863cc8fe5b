"""Values that others measure or compute: each replica is a question, and ends when its answer is told.

No process runs. Questions and answers are files (`asked_folder`), so that campaign, `autodisco ask` and `autodisco
tell` may each be killed at any moment.
"""

import time
from collections.abc import Collection
from pathlib import Path

from autodisco.errors import InputError
from autodisco.simulation import claims
from autodisco.simulation.executors.executor import Executor, Note, Sighting
from autodisco.simulation.executors.job import write_job
from autodisco.simulation.task import ReplicaOutcome, ReplicaTask
from autodisco.store.asked_folder import ASKED, AskedFolder, Question, Told
from autodisco.text import counted

AT_ONCE = 1000
"""Questions that are open at a time, unless `simulation.workers` says otherwise."""
NOT_MEASURED = "not-measured"
"""Failure code of a question whose answer is that there is no value."""


class AskExecutor(Executor):
    """The handle of a replica is the id of its question: key of the polymer, replica and attempt."""

    survives = True
    here = False
    watches = True
    pauses = True
    poll_s = 1.0

    def __init__(self, workers: int = 0, threads: int = 1):
        super().__init__(workers or AT_ONCE, threads)
        self._folder: AskedFolder | None = None
        self._campaign, self._new, self._open = "", 0, 0

    def serve(self, campaign: str, folder: Path, stalled_s: float = 0.0) -> None:
        """Take the folder of questions of a campaign."""
        self._campaign, self._folder = campaign, AskedFolder(folder.absolute() / ASKED)

    @property
    def folder(self) -> AskedFolder:
        """The folder of questions. Raises InputError outside of a campaign."""
        if self._folder is None:
            raise InputError("executor ask: only a campaign can ask; allowed here is local, or path/to/file.py:NAME")
        return self._folder

    @property
    def beats(self) -> Path:
        """Folder of the marks of questions that were given out."""
        return self.folder.beats

    def submit(self, task: ReplicaTask, claim: str) -> str:
        """Ask for the value of a replica."""
        id_ = f"{task.key}-{task.replica}-{task.attempt}"
        write_job(task, claim)
        self.folder.put(Question(id_, claim, task.to_dict(), time.time()))
        self._new += 1
        return id_

    def poll(self, handles: Collection[str]) -> dict[str, Sighting]:
        """Take what was told; questions that belong to no replica, because it ended, are withdrawn."""
        folder = self.folder
        asked, told, given = folder.ids(), folder.told(), folder.given()
        for id_ in asked - set(handles):
            folder.withdraw(id_)
        found = {}
        for handle in handles:
            answer = told.get(handle)
            if handle not in asked:
                found[handle] = Sighting("ended", "its question is gone", killed=True)
            elif answer and (question := folder.question(handle)):
                _leave(question, answer)
                found[handle] = Sighting("ended", f"told by {answer.source}", claim=question.claim)
            else:
                found[handle] = Sighting("running" if handle in given else "waiting")
        self._open = sum(one.state != "ended" for one in found.values())
        return found

    def cancel(self, handle: str) -> None:
        """Withdraw a question."""
        self.folder.withdraw(handle)

    @property
    def activity(self) -> str:
        """What the campaign waits for, in words; empty without an open question."""
        if not self._open:
            return ""
        return f"waits for answers to {counted(self._open, 'question')}: autodisco ask {self._campaign}"

    def notes(self) -> list[Note]:
        """Questions that were asked since the last call."""
        new, self._new = self._new, 0
        if not new:
            return []
        why = f"autodisco ask {self._campaign} prints them, autodisco tell {self._campaign} FILE answers them"
        return [Note("waits for answers", self._campaign, {"new questions": new}, "wait", why)]


def _leave(question: Question, answer: Told) -> None:
    """Leave an answer where the result of a run is looked for."""
    task = ReplicaTask.from_dict(question.task)
    if claims.finished(task, question.claim) is None:
        write_job(task, question.claim)
        claims.leave(task, question.claim, outcome(question, answer))


def outcome(question: Question, answer: Told) -> ReplicaOutcome:
    """What an answer is as the outcome of a replica; its wall time is that between question and answer."""
    wall_s = max(0.0, answer.at - question.asked)
    if answer.properties is None:
        return ReplicaOutcome.failed(NOT_MEASURED, f"{answer.source}: {answer.failed}", wall_s)
    return ReplicaOutcome(True, answer.properties, None, f"told by {answer.source}", wall_s, 0.0)
