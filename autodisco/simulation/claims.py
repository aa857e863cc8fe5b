"""Runs of a replica: each is a claim with a folder of its own in the folder of the replica, its home.

A process that was given up, such as that of a lost node, may live on. It writes into the folder of its own claim, so
that it cannot disturb the run that took its place. A run begins from the furthest checkpoint of the earlier ones. The
result of the claim that is valid is moved into the home; results of other claims never count.
"""

import contextlib
import os
import secrets
import shutil
from dataclasses import asdict, replace
from pathlib import Path

from autodisco.files import read_json, sync, write_json
from autodisco.simulation import engines, progress
from autodisco.simulation.cache import (
    OUTCOME,
    RAN,
    TASK,
    finished_outcome,
    identity,
    is_run_of,
    lasting_outcome,
    place_reached,
)
from autodisco.simulation.spent import NOTHING, Spent, of_run
from autodisco.simulation.task import ReplicaOutcome, ReplicaTask
from autodisco.store import RUNS, run_folder

JOB, LOG, BEGUN = "job.json", "replica.log", "begun"
"""Files in the folder of a run: its task with its claim, the output of its process, and which process began it."""

OWN = frozenset({JOB, LOG, BEGUN, OUTCOME, TASK, progress.FILE})
"""Files of a run that another one does not take over. It writes its `TASK` when the copy is complete."""

LEFT = frozenset({BEGUN, RAN, progress.FILE})
"""Files of a run that are not moved with its result."""

COPIES = 5
"""Tries to copy the files of a run that is still being written."""


def new_claim() -> str:
    """A name for a run that no other one has."""
    return secrets.token_hex(4)


def begin(task: ReplicaTask, claim: str) -> ReplicaTask:
    """The task in the folder of a claim, where it goes on from the furthest checkpoint that earlier runs left.

    These may have run in the home itself, by an older version. Nothing is changed there: a process on another machine
    may still write. Without a checkpoint that can be read, the run begins anew.
    """
    mine = in_run(task, claim)
    mine.folder.mkdir(parents=True, exist_ok=True)
    others = [in_run(task, ""), *(in_run(task, run) for run in _claims(task.folder) if run != claim)]
    reached = [(place, other) for other in others if (place := place_reached(other))]
    for _, other in sorted(reached, key=lambda found: found[0], reverse=True):
        if _take_over(other, mine.folder):
            break
    return mine


def in_run(task: ReplicaTask, claim: str) -> ReplicaTask:
    """The task in the folder of one of its runs."""
    return replace(task, folder=run_folder(task.folder, claim))


def was_begun(task: ReplicaTask) -> bool:
    """Whether a run of this very task came as far as a checkpoint."""
    return any(place_reached(in_run(task, claim)) for claim in ("", *_claims(task.folder)))


def spent_before(task: ReplicaTask, claim: str) -> Spent:
    """What the other runs of this very task have spent."""
    others = [in_run(task, other) for other in _claims(task.folder) if other != claim]
    return sum((of_run(other.folder / progress.FILE) for other in others if is_run_of(other)), NOTHING)


def finished(task: ReplicaTask, claim: str) -> ReplicaOutcome | None:
    """The outcome of a claim, or None if it has none."""
    outcome = finished_outcome(in_run(task, claim))
    if outcome is None and _accepted(task.folder) == claim:
        return finished_outcome(task)
    return outcome


def leave(task: ReplicaTask, claim: str, outcome: ReplicaOutcome) -> None:
    """Leave an outcome in the folder of a claim whose process could not, unless there is one."""
    if finished(task, claim) is None:
        mine = in_run(task, claim)
        write_json(mine.folder / TASK, identity(task))
        write_json(mine.folder / OUTCOME, asdict(outcome))


def accept(task: ReplicaTask, claim: str) -> ReplicaOutcome | None:
    """Make the result of a claim, if it is `finished`, that of the replica; returns the outcome that counts then.

    The files of its run are moved into the home, the outcome last, and the folders of all runs are removed. After a
    kill at any moment it can be repeated. A value that the home got meanwhile from another process stays. After a loss
    of power the files may be in either place, until the home is synced.
    """
    home, run = task.folder, run_folder(task.folder, claim)
    if (outcome := finished(task, claim)) is None:
        return None
    if (run / OUTCOME).exists() and run != home:
        if _accepted(home) != claim:
            if (other := lasting_outcome(task)) is not None:
                clear(home)
                return other
            for file in (home / OUTCOME, *_files(home)):  # of earlier versions and attempts
                file.unlink(missing_ok=True)
            os.replace(run / JOB, home / JOB)  # from here on the files of the home are those of this claim
        for file in _files(run):
            if file.name not in (TASK, OUTCOME) and file.name not in LEFT:
                os.replace(file, home / file.name)
        _link(run / TASK, home / TASK)
        os.replace(run / OUTCOME, home / OUTCOME)
    clear(home)
    return outcome


def accepted_before(task: ReplicaTask) -> ReplicaOutcome | None:
    """The outcome of a task that need not run: it has one that lasts.

    One whose acceptance was interrupted, or that came when no process looked, is accepted now.
    """
    if (outcome := lasting_outcome(task)) is not None:
        clear(task.folder)
        return outcome
    for claim in _claims(task.folder):
        if lasting_outcome(in_run(task, claim)):
            outcome = accept(task, claim)
            sync(task.folder)
            return outcome
    return None


def clear(home: Path) -> None:
    """Remove the folders of all runs. What a process that still writes leaves there has no effect."""
    for claim in _claims(home):
        shutil.rmtree(run_folder(home, claim), ignore_errors=True)


def _claims(home: Path) -> list[str]:
    return sorted(run.name.partition("-")[2] for run in home.glob(RUNS))


def _accepted(home: Path) -> str | None:
    """The claim whose files the home has; empty where an older version ran the replica there."""
    try:
        return str(read_json(home / JOB).get("claim", ""))
    except (OSError, ValueError, AttributeError):
        return None


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.iterdir() if file.is_file()]


def _link(source: Path, target: Path) -> None:
    """A second name for a file, or a copy where the file system has no links."""
    try:
        target.unlink(missing_ok=True)
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _take_over(source: ReplicaTask, folder: Path) -> bool:
    """Copy what a run can go on from, checkpoints first; False where they keep changing or are gone meanwhile.

    All that a checkpoint needs was written before it, and stays until a later one is there.
    """
    pattern = engines.load(source.engine).checkpoints
    for _ in range(COPIES):
        with contextlib.suppress(FileNotFoundError):
            before = _states(source.folder, pattern)
            files = [file for file in _files(source.folder) if file.name not in OWN and file.name[0] != "."]
            for file in sorted(files, key=lambda file: file.name not in before):
                shutil.copyfile(file, folder / file.name)
                sync(folder / file.name)
            if before and before == _states(source.folder, pattern):
                shutil.copyfile(source.folder / TASK, folder / TASK)
                return True
        for file in _files(folder):
            if file.name not in OWN:
                file.unlink()
    return False


def _states(folder: Path, pattern: str) -> dict[str, tuple[int, int]]:
    """Size and time of the checkpoints in a folder; the end of the run is one."""
    files = [*folder.glob(pattern), *folder.glob(RAN)]
    return {file.name: (stat.st_size, stat.st_mtime_ns) for file in files for stat in (file.stat(),)}
