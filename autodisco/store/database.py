"""The connection to a campaign's database: transactions, small facts (`meta`), the journal, and requests.

One writer, many readers (WAL). Every change of the loop's state is one transaction, so that a process killed at any
moment leaves the state before or after, never between.
"""

import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Self

from autodisco.errors import AutodiscoError, InputError, StorageError
from autodisco.store.connection import (
    CANNOT_BE_READ,
    CANNOT_BE_WRITTEN,
    DAMAGED,
    MENDED_BY,
    close,
    code_of,
    connect,
    require,
)
from autodisco.store.events import copy_journal, mend_copy
from autodisco.store.owner import database_device
from autodisco.store.records import Event

_LEAVES_NOTHING = ContextVar("leaves nothing", default=False)


@contextmanager
def leaving_nothing() -> Iterator[None]:
    """Within the block, databases that no process has open are read without making files beside them. What another
    process writes meanwhile is not seen."""
    token = _LEAVES_NOTHING.set(True)
    try:
        yield
    finally:
        _LEAVES_NOTHING.reset(token)


class Database:
    """An open campaign folder. Use as a context manager, or call `close`.

    Attributes
    ----------
    folder : Path
        The campaign folder, which holds ``state.db`` and ``events.jsonl``.
    device : int | None
        Number of the file system in which the database was opened.
    """

    def __init__(self, folder: Path, connection: sqlite3.Connection):
        self.folder = folder
        self._opened: sqlite3.Connection | None = connection
        self.device = database_device(folder)
        self._depth = 0
        self._journalled = False

    @classmethod
    def create(cls, folder: Path) -> Self:
        """Open the campaign in `folder`, making folder and database where they are missing."""
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder, connect(folder, "rwc"))

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open an existing campaign for writing.

        Raises NoCampaign, InputError for a newer version, OwnedError for an older version that a live process runs, and
        AutodiscoError if the folder cannot be written.
        """
        require(folder)
        return cls(folder, connect(folder, "rw"))

    @classmethod
    def open_readonly(cls, folder: Path) -> Self:
        """Open an existing campaign for reading, also beside its daemon or on a read-only disk.

        An older version is read as a copy in memory. Raises InputError as `open` does.
        """
        require(folder)
        log = folder / "state.db-wal"
        all_written = not (log.is_file() and log.stat().st_size)
        if _LEAVES_NOTHING.get() and all_written:
            return cls(folder, connect(folder, "ro&immutable=1"))
        try:
            return cls(folder, connect(folder, "ro"))
        except InputError:
            if os.access(folder, os.W_OK):
                raise
            if not all_written:  # it would be left out, and an old state shown
                raise InputError(
                    f"{folder}: cannot be read as it is now: its last changes are in state.db-wal, which needs the "
                    "right to write in the folder; copy the folder and read the copy"
                ) from None
            return cls(folder, connect(folder, "ro&immutable=1"))  # without the shared memory that needs writing

    def close(self) -> None:
        """Close the connection."""
        close(self._opened)

    def let_go(self) -> None:
        """Close the connection because its disk fails or is away; the next use opens another one for writing.

        A connection to a disk that was away fails for ever, and keeps that from being unmounted.
        """
        close(self._opened)
        self._opened = None

    @property
    def _connection(self) -> sqlite3.Connection:
        """The open connection. Raises StorageError where it cannot be opened again now."""
        if self._opened is None:
            try:
                require(self.folder)
                self._opened = connect(self.folder, "rw")
            except AutodiscoError as error:
                raise StorageError(str(error)) from error
            self.device = database_device(self.folder)
        return self._opened

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes inside happen together or not at all; nested uses join the outer one.

        Raises StorageError if the disk is full, fails or cannot be written, and if another process holds the database
        for `connection.BUSY_S` seconds.
        """
        if self._depth:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
            return
        self._depth = 1
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            self._connection.execute("COMMIT")
        except BaseException as error:
            self._journalled = False
            if self._opened and self._opened.in_transaction:  # SQLite itself rolls back where the disk is full
                with contextlib.suppress(sqlite3.DatabaseError):  # the disk is away
                    self._opened.execute("ROLLBACK")
            code = code_of(error)
            if code in DAMAGED:
                raise self._damaged(error) from error
            if code in CANNOT_BE_WRITTEN:
                raise StorageError(
                    f"{self.folder / 'state.db'}: cannot be written ({error}); {CANNOT_BE_WRITTEN[code]}"
                ) from error
            raise
        finally:
            self._depth = 0
        if self._journalled:
            self._journalled = False
            # The commit stands even if its copy cannot be written now; the next copy includes it.
            with contextlib.suppress(OSError):
                self.copy_events()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Reads inside see the database as it was at the first of them, whatever a daemon writes meanwhile.

        Within another snapshot or a transaction, they are part of that one.
        """
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            if self._connection.in_transaction:  # SQLite itself ends it where the disk fails
                self._connection.execute("COMMIT")

    def copy_events(self) -> None:
        """Append new journal rows to ``events.jsonl``; called after each commit that wrote to the journal."""
        copy_journal(self._connection, self.folder / "events.jsonl")

    def mend_events(self) -> None:
        """Repair ``events.jsonl``, whatever happened to it; called once by each daemon."""
        mend_copy(self._connection, self.folder / "events.jsonl")

    def backup(self, path: Path) -> None:
        """Copy the whole database into a new file, in one piece."""
        path.unlink(missing_ok=True)
        copy = sqlite3.connect(path)
        try:
            self._connection.backup(copy)
        finally:
            copy.close()

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """Result of a query, one dict for each row; for this package only. Raises as `each` does."""
        return list(self.each(sql, *values))

    def each(self, sql: str, *values: Any) -> Iterator[dict[str, Any]]:
        """The rows of a query one by one, for results that are large; for this package only. Raises like `tuples`."""
        return map(dict, self.tuples(sql, *values))

    def tuples(self, sql: str, *values: Any) -> Iterator[Any]:
        """The same as tuples, which take less time. Raises StorageError if the database cannot be read now,
        AutodiscoError if it is damaged."""
        try:
            yield from self._connection.execute(sql, values)
        except sqlite3.DatabaseError as error:
            if code_of(error) in DAMAGED:
                raise self._damaged(error) from error
            if code_of(error) in CANNOT_BE_READ:
                raise StorageError(f"{self.folder / 'state.db'}: cannot be read ({error})") from error
            raise

    def _damaged(self, error: BaseException) -> AutodiscoError:
        """What a report of damage means: a connection whose disk was away gives one too, while the file is whole."""
        path = self.folder / "state.db"
        try:
            with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as fresh:
                (found,) = fresh.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.DatabaseError as now:
            found = "ok" if code_of(now) in CANNOT_BE_READ else str(now)
        if found == "ok":
            return StorageError(f"{path}: cannot be read ({error}); its disk was away or fails")
        return AutodiscoError(f"{path}: damaged ({error}); {MENDED_BY}")

    def columns(self, table: str) -> list[str]:
        """Names of the columns of a table, in order."""
        return [row["name"] for row in self.rows("SELECT name FROM pragma_table_info(?)", table)]

    def write(self, sql: str, *values: Any) -> int:
        """One statement that changes the database; the number of rows changed. For this package only."""
        with self.transaction():
            return self._connection.execute(sql, values).rowcount

    def write_many(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """One statement for many rows, in one transaction. For this package only."""
        with self.transaction():
            self._connection.executemany(sql, rows)

    def get(self, key: str, default: Any = None) -> Any:
        """A fact of the campaign, such as ``state`` or ``iteration``."""
        found = self.rows("SELECT value FROM meta WHERE key = ?", key)
        return json.loads(found[0]["value"]) if found else default

    def set(self, **facts: Any) -> None:
        """Write facts; values are anything JSON holds."""
        rows = [(key, json.dumps(value)) for key, value in facts.items()]
        self.write_many("INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", rows)

    def facts(self) -> dict[str, Any]:
        """All facts at once."""
        return {row["key"]: json.loads(row["value"]) for row in self.rows("SELECT key, value FROM meta")}

    def note(
        self, event: str, subject: str = "", seen: dict[str, Any] | None = None, decided: str = "", why: str = ""
    ) -> None:
        """Add a decision to the journal: what was seen, what was decided, and why, with time, iteration and state."""
        with self.transaction():
            self.write(
                "INSERT INTO journal VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)",
                time.time(),
                self.get("iteration", 0),
                self.get("state", ""),
                event,
                subject,
                json.dumps(seen or {}),
                decided,
                why,
            )
            self._journalled = True

    def journal(self, limit: int = 0, after: int = 0) -> list[Event]:
        """Journal rows in order, those with an id above `after`; the last `limit` of them unless that is 0."""
        return list(self.each_event(limit, after))

    def each_event(self, limit: int = 0, after: int = 0) -> Iterator[Event]:
        """The same one by one."""
        rows = self.each(
            "SELECT * FROM (SELECT * FROM journal WHERE id > ? ORDER BY id DESC LIMIT ?) ORDER BY id",
            after,
            limit or -1,
        )
        for row in rows:
            yield Event(**{**row, "seen": json.loads(row["seen"])})

    def request(self, what: str) -> None:
        """Ask the daemon to ``pause``, ``resume`` or ``stop``; the last request counts."""
        self.write("INSERT INTO requests (time, what) VALUES (?, ?)", time.time(), what)

    def requested(self) -> str | None:
        """The last request that is still open."""
        found = self.rows("SELECT what FROM requests ORDER BY id DESC LIMIT 1")
        return found[0]["what"] if found else None

    def clear_requests(self) -> None:
        """Remove all requests, because they were obeyed or are obsolete."""
        self.write("DELETE FROM requests")
