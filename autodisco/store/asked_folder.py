"""The folder of questions of a campaign whose values are told: what is asked, to whom it was given, what was told.

    questions/<id>.json     a replica that awaits a value: its task, its claim, and since when
    beats/given.json        which questions were given to whom, until when
    told/<time>-<hash>.json the answers of one file, all of them or none
    lock                    held (flock) while questions are given out or answers are checked and written

Every file is written whole. A process that is killed at any moment leaves what was before or what is after; a lock ends
with the process that holds it.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autodisco.files import read_json, write_json

ASKED = "asked"
"""Name of the folder, in that of the campaign."""


@dataclass(frozen=True)
class Question:
    """A replica that awaits a value: its task as a dict, its claim, and since when (unix seconds)."""

    id: str
    claim: str
    task: dict[str, Any]
    asked: float

    @property
    def key(self) -> str:
        """Key of the polymer."""
        return str(self.task["key"])


@dataclass(frozen=True)
class Told:
    """What was told: properties by name or why there is none, the name of who measured, and when (unix seconds)."""

    properties: dict[str, Any] | None
    failed: str
    source: str
    at: float


class AskedFolder:
    """The folder at `root`; answers that were read once are kept in memory, because they do not change."""

    def __init__(self, root: Path):
        self.root = root
        self._told: dict[str, Told] = {}
        self._read: set[str] = set()

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Within the block, no other process gives questions out or takes answers."""
        self.root.mkdir(parents=True, exist_ok=True)
        with open(self.root / "lock", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def put(self, question: Question) -> None:
        """Ask; a question of the same id is replaced."""
        content = {"claim": question.claim, "asked": question.asked, "task": question.task}
        write_json(self.root / "questions" / f"{question.id}.json", content)

    def withdraw(self, id_: str) -> None:
        """Ask no more. No error if it was not asked."""
        (self.root / "questions" / f"{id_}.json").unlink(missing_ok=True)

    def ids(self) -> set[str]:
        """Questions that are asked, answered or not."""
        return {name.removesuffix(".json") for name in _names(self.root / "questions")}

    def question(self, id_: str) -> Question | None:
        """One question; None if it is not asked any more."""
        try:
            content = read_json(self.root / "questions" / f"{id_}.json")
        except FileNotFoundError:
            return None
        return Question(id_, content["claim"], content["task"], content["asked"])

    def open_questions(self) -> list[Question]:
        """Questions without an answer, the oldest first."""
        told = self.told()
        found = [question for id_ in self.ids() - told.keys() if (question := self.question(id_))]
        return sorted(found, key=lambda question: (question.asked, question.id))

    def told(self) -> dict[str, Told]:
        """Everything that was ever told, by the id of the question."""
        for name in sorted(set(_names(self.root / "told")) - self._read):
            content = read_json(self.root / "told" / name)
            for id_, answer in content["answers"].items():
                self._told.setdefault(id_, Told(**answer, at=content["told"]))
            self._read.add(name)
        return self._told

    def tell(self, answers: dict[str, Told], file: str) -> None:
        """Write the answers of a file, all of them at once; call it while the folder is `locked`."""
        now = time.time()
        content = {"file": file, "told": now, "answers": {id_: _plain(one) for id_, one in answers.items()}}
        digest = hashlib.sha256(json.dumps(content["answers"], sort_keys=True).encode()).hexdigest()[:12]
        write_json(self.root / "told" / f"{int(1000 * now):013d}-{digest}.json", content)

    def given(self) -> dict[str, dict[str, Any]]:
        """To whom (``to``) which questions were given, at which time (``at``) and until when (``until``), by id."""
        with contextlib.suppress(FileNotFoundError):
            return dict(read_json(self.beats / "given.json")["given"])
        return {}

    def give(self, marks: dict[str, dict[str, Any]]) -> None:
        """Write the marks of all questions that are given out; call it while the folder is `locked`."""
        now = time.time()
        running = {
            id_: {"step_name": f"given to {mark['to']}", "fraction": 0.0, "elapsed_s": now - mark["at"]}
            for id_, mark in marks.items()
        }
        write_json(self.beats / "given.json", {"time": now, "given": marks, "running": running})

    @property
    def beats(self) -> Path:
        """Folder of the marks, which the status of a campaign reads as it reads heartbeats of pilots."""
        return self.root / "beats"


def _plain(told: Told) -> dict[str, Any]:
    return {"properties": told.properties, "failed": told.failed, "source": told.source}


def _names(folder: Path) -> list[str]:
    with contextlib.suppress(FileNotFoundError):
        return [name for name in os.listdir(folder) if name.endswith(".json") and not name.startswith(".")]
    return []
