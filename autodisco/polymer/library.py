"""Equal polymers in libraries of any size: read as a stream, told apart in parallel, grouped on disk."""

import heapq
import itertools
import json
import multiprocessing
import os
import signal
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from autodisco.errors import InvalidRepeatUnit
from autodisco.parts import in_parts
from autodisco.polymer.repeat_unit import MAX_CHARACTERS, ORGANIC_ELEMENTS, parse
from autodisco.process import die_with_parent

Row = tuple[int, str] | tuple[int, str, str]
"""Line, text and, where a table has it, name of a polymer."""
Given = TypeVar("Given", bound=tuple[Any, ...])
Result = TypeVar("Result")

CHUNK = 2000
"""Rows that one task reads; a file with fewer is read without further processes."""

BUCKETS = 128
"""Parts of a library, by key, of which one at a time is held in memory."""


@dataclass(frozen=True)
class Group:
    """Rows that are one polymer, in their order; the first stands for it.

    `members` holds line and text of each, `names` what each is called; an empty text where a row has no name.
    """

    key: str
    canonical: str
    members: tuple[tuple[int, str], ...]
    names: tuple[str, ...]

    @property
    def name(self) -> str:
        """The first name; empty without any."""
        return next(filter(None, self.names), "")

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it: texts as given, and their lines."""
        return {
            "key": self.key,
            "canonical": self.canonical,
            "name": self.name or None,
            "representative": self.members[0][1],
            "count": len(self.members),
            "members": [text for _, text in self.members],
            "lines": [line for line, _ in self.members],
        }


@dataclass(frozen=True)
class Refusal:
    """A row that is no repeat unit; `given` is cut where it is longer than any."""

    line: int
    given: str
    code: str
    reason: str


class Library:
    """Rows sorted by polymer, in a temporary folder that closing removes.

    Rows wait in `BUCKETS` files by key, of which one at a time is in memory, and groups are merged from these in the
    order of their first rows. What has to fit into memory is a part of that size, and all rows of any one polymer.

    Parameters
    ----------
    rows : line number, text and perhaps name of each, ascending
    workers : processes
    elements : allowed in a repeat unit
    progress : told the number of rows read

    Attributes
    ----------
    n_rows, n_groups, n_invalid : known from the start, when all rows have been read
    """

    def __init__(
        self,
        rows: Iterable[Row],
        workers: int = 1,
        elements: frozenset[str] = ORGANIC_ELEMENTS,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self.n_rows = self.n_groups = self.n_invalid = 0
        self._temporary = tempfile.TemporaryDirectory(prefix="autodisco-")
        self._folder = Path(self._temporary.name)
        try:
            self._sort(rows, workers, elements, progress)
            for number in range(BUCKETS):
                self._group(number)
        except BaseException:
            self._temporary.cleanup()
            raise

    def __enter__(self) -> "Library":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._temporary.cleanup()

    def groups(self) -> Iterator[Group]:
        """Every polymer, in the order of its first row."""
        parts = [_lines(self._folder / f"groups-{number}") for number in range(BUCKETS)]
        for _, key, canonical, members in heapq.merge(*parts, key=lambda group: group[0]):
            told = tuple((line, text) for line, text, _ in members)
            yield Group(key, canonical, told, tuple(name for *_, name in members))

    def refusals(self) -> Iterator[Refusal]:
        """Every row that is no repeat unit, in its order."""
        for line, text, code, reason in _lines(self._folder / "refused"):
            yield Refusal(line, text, code, reason)

    def _sort(
        self,
        rows: Iterable[Row],
        workers: int,
        elements: frozenset[str],
        progress: Callable[[int], None] | None,
    ) -> None:
        with ExitStack() as opened:
            *files, refused = (
                opened.enter_context(open(self._folder / name, "w"))
                for name in [*(f"rows-{number}" for number in range(BUCKETS)), "refused"]
            )
            for judged in worked_off(rows, workers, partial(_judged, elements=elements)):
                for bucket, record in judged:
                    (refused if bucket < 0 else files[bucket]).write(record)
                    self.n_invalid += bucket < 0
                self.n_rows += len(judged)
                if progress:
                    progress(self.n_rows)

    def _group(self, number: int) -> None:
        source = self._folder / f"rows-{number}"
        groups: dict[str, tuple[str, list[tuple[int, str, str]]]] = {}
        for key, canonical, line, text, name in _lines(source):
            groups.setdefault(key, (canonical, []))[1].append((line, text, name))
        with open(self._folder / f"groups-{number}", "w") as target:
            for key, (canonical, members) in groups.items():
                target.write(json.dumps((members[0][0], key, canonical, members)) + "\n")
        self.n_groups += len(groups)
        source.unlink()


def worked_off(rows: Iterable[Given], workers: int, work: Callable[[list[Given]], Result]) -> Iterator[Result]:
    """What a function of a module says of each chunk of rows, in their order; a few chunks are in memory at a time."""
    chunks = in_parts(rows, CHUNK)
    first = next(chunks, [])
    if workers == 1 or len(first) < CHUNK:
        for chunk in itertools.chain([first], chunks):
            yield work(chunk)
        return
    # Only so many chunks wait at a time: a pool's own map would read the whole file first.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(os.getpid(),)) as pool:
        waiting: deque[Future[Result]] = deque()
        for chunk in itertools.chain([first], chunks):
            waiting.append(pool.submit(work, chunk))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _begin(parent: int) -> None:
    """A worker leaves interruptions to its parent, and ends with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent(parent)


def _judged(chunk: list[Row], elements: frozenset[str]) -> list[tuple[int, str]]:
    """Bucket (-1 for what is no repeat unit) and record of every row."""
    judged = []
    for line, text, *names in chunk:
        try:
            unit = parse(text, elements)
        except InvalidRepeatUnit as error:
            judged.append((-1, json.dumps((line, text[:MAX_CHARACTERS], error.code, str(error))) + "\n"))
        else:
            record = json.dumps((unit.key, unit.smiles, line, text, "".join(names))) + "\n"
            judged.append((int(unit.key[:8], 16) % BUCKETS, record))
    return judged


def _lines(path: Path) -> Iterator[Any]:
    with open(path) as file:
        for line in file:
            yield json.loads(line)
