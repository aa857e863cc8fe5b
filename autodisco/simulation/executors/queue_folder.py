"""The queue folder: replicas that wait, run or have ended, on a disk that the daemon and all pilots see.

    queue/<id>.<losses>.json                              a task that waits
    claimed/<id>.<losses>.<claim>.<pilot>.json            a task that a pilot runs
    done/<id>.<losses>.<claim>.<pilot>.<how>.json         a task that has ended
    beats/<pilot>.json                                    what a pilot says of itself, every half minute
    pilots/                                               scripts, job numbers and output of the batch jobs
    hold                                                  while it exists, pilots take nothing more
    left-out.json                                         nodes whose pilots leave

A task is one file. Whoever renames it has it, because a rename succeeds for one of many. No part of a name holds a dot.
A claim is valid while its file is in ``claimed`` or ``done``.

The disk may be away for a while. A file is taken for missing only where its folder is there; otherwise an OSError says
that nothing is known.
"""

import contextlib
import functools
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from autodisco.files import read_json

WAITING, CLAIMED, DONE = "queue", "claimed", "done"
BEATS, PILOTS, HOLD, LEFT_OUT, NAME = "beats", "pilots", "hold", "left-out.json", "name"
TRIES = 3


@dataclass(frozen=True)
class Entry:
    """A task in the folder, as its file name says.

    Attributes
    ----------
    id
        The handle of the replica.
    losses
        Pilots that were lost while they ran it.
    claim, pilot
        Of the run, if it is claimed or done.
    how
        Of a task that has ended: ``ok``, a failure code, or ``killed``.
    """

    id: str
    losses: int = 0
    claim: str | None = None
    pilot: str | None = None
    how: str | None = None

    @property
    def place(self) -> str:
        """Folder and name of its file."""
        folder = DONE if self.how else CLAIMED if self.claim else WAITING
        parts = (self.id, str(self.losses), self.claim, self.pilot, self.how, "json")
        return f"{folder}/{'.'.join(part for part in parts if part)}"

    @staticmethod
    @functools.lru_cache(maxsize=100_000)
    def read(name: str) -> "Entry | None":
        """The entry of a file name; None for a file that is not a task."""
        parts = name.split(".")
        if len(parts) not in (3, 5, 6) or parts[-1] != "json" or not parts[0] or not parts[1].isdigit():
            return None
        return Entry(parts[0], int(parts[1]), *parts[2:-1])


@dataclass
class Listing:
    """All tasks by id, as seen in one pass."""

    waiting: dict[str, Entry] = field(default_factory=dict)
    claimed: dict[str, Entry] = field(default_factory=dict)
    done: dict[str, Entry] = field(default_factory=dict)

    def get(self, id_: str) -> Entry | None:
        """The task, where it has come the furthest."""
        return self.done.get(id_) or self.claimed.get(id_) or self.waiting.get(id_)


class QueueFolder:
    """The folder at `root`; every change is one rename, which several processes may try at once."""

    def __init__(self, root: Path):
        self.root = root
        self._offered: list[Entry] = []

    def create(self) -> None:
        """Make the folders that are not there. Raises FileNotFoundError if that in which they lie is not there: its
        disk may not be mounted."""
        for name in ("", WAITING, CLAIMED, DONE, BEATS, PILOTS):
            (self.root / name).mkdir(exist_ok=True)

    def name(self) -> str:
        """Eight characters by which the jobs of this folder are known, chosen once."""
        with contextlib.suppress(FileExistsError), open(self.root / NAME, "x") as file:
            file.write(secrets.token_hex(4))
        return (self.root / NAME).read_text()

    def put(self, id_: str, task: dict[str, Any]) -> None:
        """Let a task wait."""
        self._write(self.root / Entry(id_).place, task)

    def listing(self) -> Listing:
        """All tasks. A task that moves on meanwhile is seen where it was or where it comes; one that is given back
        meanwhile may not be seen at all."""
        found = Listing()
        for folder, entries in ((WAITING, found.waiting), (CLAIMED, found.claimed), (DONE, found.done)):
            for name in os.listdir(self.root / folder):
                if entry := Entry.read(name):
                    entries[entry.id] = entry
        return found

    def read(self, entry: Entry) -> Any:
        """The task of an entry, or None if its file is gone or is no JSON."""
        with contextlib.suppress(ValueError):
            if self.has(entry):
                return read_json(self.root / entry.place)
        return None

    def has(self, entry: Entry) -> bool:
        """Whether the file of an entry is there."""
        return self._did(os.stat, entry)

    def check(self) -> None:
        """Raise OSError if the folder is not there."""
        with self._opened(WAITING):
            return

    def take(self, claim: str, pilot: str) -> Entry | None:
        """Claim the task that has waited longest; None if nothing waits."""
        for _ in range(TRIES):
            while self._offered:
                waiting = self._offered.pop()
                if claimed := self.move(waiting, claim=claim, pilot=pilot):
                    return claimed
            names = os.listdir(self.root / WAITING)
            self._offered = sorted(filter(None, map(Entry.read, names)), key=lambda entry: entry.id, reverse=True)
            if not self._offered:
                return None
        return None

    def move(self, entry: Entry, **changes: Any) -> Entry | None:
        """Rename the file of an entry to that of the changed one, and return this; None if the file is not there any
        more, because somebody else has moved it."""
        moved = replace(entry, **changes)
        (folder, _, name), (other_folder, _, other_name) = (one.place.partition("/") for one in (entry, moved))
        with self._opened(folder) as source, self._opened(other_folder) as target:
            try:
                os.rename(name, other_name, src_dir_fd=source, dst_dir_fd=target)
            except FileNotFoundError:
                # A network file system may repeat a rename whose answer was lost, and then says this.
                return moved if self.has(moved) else None
        return moved

    def give_back(self, entry: Entry, lost: bool = False) -> Entry | None:
        """Let a claimed task wait again; `lost` counts one more lost pilot."""
        return self.move(entry, claim=None, pilot=None, losses=entry.losses + lost)

    def remove(self, entry: Entry) -> bool:
        """Remove a task; whether it was there. The pilot that runs it notices, and ends the run."""
        return self._did(os.unlink, entry)

    def _did(self, call: Callable[..., object], entry: Entry) -> bool:
        """Call a function of `os` for the file of an entry; False if the file is not there."""
        folder, _, name = entry.place.partition("/")
        with self._opened(folder) as place, contextlib.suppress(FileNotFoundError):
            call(name, dir_fd=place)
            return True
        return False

    @property
    def held(self) -> bool:
        """Whether pilots take nothing more."""
        return (self.root / HOLD).exists()

    def hold(self, held: bool) -> None:
        """Let pilots take nothing more, or let them go on."""
        if held:
            (self.root / HOLD).touch()
        else:
            (self.root / HOLD).unlink(missing_ok=True)

    def left_out(self) -> list[str]:
        """Names of the nodes whose pilots leave."""
        with contextlib.suppress(OSError, ValueError):
            return [str(node) for node in read_json(self.root / LEFT_OUT)]
        return []

    def leave_out(self, nodes: list[str]) -> None:
        """Have the pilots of these nodes leave."""
        self._write(self.root / LEFT_OUT, sorted(nodes))

    def beat(self, pilot: str, content: dict[str, Any]) -> None:
        """Write what a pilot says of itself."""
        self._write(self.root / BEATS / f"{pilot}.json", content)

    def end_beat(self, pilot: str) -> None:
        """Remove what a pilot said of itself, because it has ended."""
        (self.root / BEATS / f"{pilot}.json").unlink(missing_ok=True)

    def beats(self) -> dict[str, dict[str, Any]]:
        """What each pilot said last, by its name."""
        found = {}
        for name in os.listdir(self.root / BEATS):
            pilot, dot, _ = name.partition(".json")
            if dot and pilot and not name.startswith("."):
                with contextlib.suppress(OSError, ValueError):
                    found[pilot] = read_json(self.root / BEATS / name)
        return found

    def give_up(self, pilot: str) -> None:
        """Note that a pilot is lost: if it lives on, it takes nothing more."""
        (self.root / PILOTS / f"{pilot}.lost").touch()

    def given_up(self, pilot: str) -> bool:
        """Whether the campaign has noted that a pilot is lost."""
        return (self.root / PILOTS / f"{pilot}.lost").exists()

    def job_numbers(self) -> list[str]:
        """Numbers of the batch jobs that were noted."""
        return [name.removesuffix(".job") for name in os.listdir(self.root / PILOTS) if name.endswith(".job")]

    def note_job(self, number: str) -> None:
        """Note the number of a batch job, so that a later process finds it."""
        (self.root / PILOTS / f"{number}.job").touch()

    def forget_job(self, number: str) -> None:
        """Remove the number of a job that has ended; its output stays."""
        (self.root / PILOTS / f"{number}.job").unlink(missing_ok=True)

    @contextlib.contextmanager
    def _opened(self, name: str) -> Iterator[int]:
        """A folder in which files are looked for; raises OSError if it is not there."""
        descriptor = os.open(self.root / name, os.O_RDONLY | os.O_DIRECTORY)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _write(self, path: Path, content: Any) -> None:
        """Write a file whole, without waiting for the disk: what a loss of power takes is submitted again."""
        beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        beside.write_text(json.dumps(content, allow_nan=False))
        os.replace(beside, path)


def as_part(text: str) -> str:
    """`text` as a part of a file name here: other characters than letters, digits, ``_`` and ``-`` become ``-``."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", text)
