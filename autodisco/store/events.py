"""events.jsonl: the journal once more, one JSON object a line, for programs that follow a campaign.

The database is the truth. Rows are copied after their commit; what a crash left out or cut short is made good by
the next copy, so the file always becomes the journal, each row once and in order.
"""

import fcntl
import json
import os
import sqlite3
from pathlib import Path

TAIL_BYTES = 1 << 20


def copy_journal(connection: sqlite3.Connection, path: Path) -> None:
    """Append to `path` the journal rows that it does not hold yet; a torn last line is cut off first."""
    with open(path, "ab+") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        last = _repair(handle.fileno())
        rows = connection.execute(
            "SELECT * FROM journal WHERE id > ? ORDER BY id",
            (last,),
        ).fetchall()
        for row in rows:
            line = dict(row)
            line["seen"] = json.loads(line["seen"])
            handle.write(json.dumps(line).encode() + b"\n")
        handle.flush()


def _repair(handle: int) -> int:
    """Cut an unfinished last line; return the id of the last row held, 0 for none."""
    size = os.fstat(handle).st_size
    start = max(0, size - TAIL_BYTES)
    tail = os.pread(handle, size - start, start)
    end = tail.rfind(b"\n") + 1
    if end < len(tail):
        os.ftruncate(handle, start + end)
    lines = tail[:end].splitlines()
    return int(json.loads(lines[-1])["id"]) if lines else 0
