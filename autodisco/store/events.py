"""events.jsonl: the journal once more, one JSON object a line, for programs that follow a campaign.

The database is the truth. Rows are copied after their commit; what a crash left out or cut short is made good by
the next copy, and any other damage when a daemon starts, so the file always becomes the journal, each row once and in
order.
"""

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

TAIL_BYTES = 1 << 20


def copy_journal(connection: sqlite3.Connection, path: Path) -> None:
    """Append to `path` the journal rows that it does not hold yet; a damaged end is cut off first."""
    with _locked(path) as handle:
        handle.write(_lines(connection, after=_last_id(handle.fileno())))


def mend_copy(connection: sqlite3.Connection, path: Path) -> None:
    """Make `path` the journal: what is missing at its end is appended, and one that differs is written again."""
    with _locked(path) as handle:
        journal = _lines(connection, after=0)
        handle.seek(0)
        held = handle.read()
        if not journal.startswith(held):
            os.ftruncate(handle.fileno(), 0)
            held = b""
        handle.write(journal[len(held) :])


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    """The file, to be read and appended to by one process at a time."""
    with open(path, "ab+") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
        handle.flush()


def _lines(connection: sqlite3.Connection, after: int) -> bytes:
    """The rows of the journal with an id above `after`, as they stand in the file."""
    lines = []
    for row in connection.execute("SELECT * FROM journal WHERE id > ? ORDER BY id", (after,)):
        lines.append(json.dumps(dict(row) | {"seen": json.loads(row["seen"])}) + "\n")
    return "".join(lines).encode()


def _last_id(handle: int) -> int:
    """The id of the last row held, 0 for none. An unfinished last line is cut off; where the line before it is no row
    of a journal, all of the file is."""
    size = os.fstat(handle).st_size
    start = max(0, size - TAIL_BYTES)
    tail = os.pread(handle, size - start, start)
    end = tail.rfind(b"\n") + 1
    try:
        last = int(json.loads(tail[:end].split(b"\n")[-2])["id"])
    except (IndexError, KeyError, TypeError, ValueError):
        start = end = last = 0
    if start + end < size:
        os.ftruncate(handle, start + end)
    return last
