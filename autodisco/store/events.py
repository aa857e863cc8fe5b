"""events.jsonl: a copy of the journal for other programs, one JSON object for each line.

The database is authoritative. Rows are copied after their commit. The next copy completes what a crash left out or cut
short; a daemon repairs any other damage when it starts. The file thus always ends up with each row once and in order.
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
    """Append the missing journal rows to `path`, after cutting off a damaged end."""
    with _locked(path) as handle:
        handle.write(_lines(connection, after=_last_id(handle.fileno())))


def mend_copy(connection: sqlite3.Connection, path: Path) -> None:
    """Append the missing rows to `path`, or write it anew if it differs from the journal."""
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
    """The file under a lock, for reading and appending."""
    with open(path, "ab+") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
        handle.flush()


def _lines(connection: sqlite3.Connection, after: int) -> bytes:
    """Lines of the file for the journal rows with an id above `after`."""
    lines = []
    for row in connection.execute("SELECT * FROM journal WHERE id > ? ORDER BY id", (after,)):
        lines.append(json.dumps(dict(row) | {"seen": json.loads(row["seen"])}) + "\n")
    return "".join(lines).encode()


def _last_id(handle: int) -> int:
    """The id of the last row in the file, 0 for none. Cuts off an unfinished last line, or the whole file if the line
    before it is no row of a journal."""
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
