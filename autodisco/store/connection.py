"""Opening the database of a campaign, and what SQLite's errors mean to the user."""

import json
import os
import sqlite3
from pathlib import Path

from autodisco.errors import AutodiscoError, InputError, NoCampaign, OwnedError, StorageError
from autodisco.store.owner import live_owner
from autodisco.store.schema import VERSION, migrate, version_of

BUSY_S = 60.0
CANNOT_BE_WRITTEN = {
    sqlite3.SQLITE_FULL: "nothing is lost: make room and go on",
    sqlite3.SQLITE_IOERR: "nothing is lost: make room and go on",
    sqlite3.SQLITE_CANTOPEN: "nothing is lost: its disk has to be there",
    sqlite3.SQLITE_PROTOCOL: "nothing is lost: its disk has to be there",
    sqlite3.SQLITE_READONLY: "nothing is changed: the user who runs this needs the right to write there",
    sqlite3.SQLITE_BUSY: f"nothing is changed: another process has held it for {BUSY_S:g} s; end that one and go on",
}
"""What the user can do, by SQLite's error code."""

CANNOT_BE_READ = (
    sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL,
)  # fmt: skip
"""Error codes that may pass."""

PASSING = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_NOMEM)
"""Those of them that a database which can only be read does not give."""


DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
MENDED_BY = (
    "go on from a backup (autodisco restore) or an archive (autodisco export), or save what is left with: "
    "sqlite3 state.db .recover"
)


def code_of(error: BaseException | None) -> int | None:
    """SQLite's primary error code; None for an error of something else."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else int(code) & 0xFF


def require(folder: Path) -> None:
    """Raise NoCampaign for a folder without a database."""
    if not (folder / "state.db").is_file():
        raise NoCampaign(f"{folder}: no campaign here (state.db is missing); begin one with: autodisco run FILE")


def _require_unowned(connection: sqlite3.Connection, folder: Path) -> None:
    """Raise OwnedError if a live process of an older program runs the campaign, which could not go on afterwards."""
    found = connection.execute("SELECT key, value FROM meta WHERE key IN ('owner', 'heartbeat', 'owner_inode')")
    if owner := live_owner({key: json.loads(value) for key, value in found.fetchall()}, folder):
        raise OwnedError(f"{folder}: run by {owner}, of an older autodisco; end that one first (kill {owner.pid})")


def _converted(older: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    """A migrated copy in memory of a database of an older version.

    Readers change nothing, so that a daemon of that version can continue, and a read-only archive can be read.
    """
    copy = sqlite3.connect(":memory:", isolation_level=None)
    older.backup(copy)
    older.close()
    copy.row_factory = sqlite3.Row
    migrate(copy, path)
    copy.execute("PRAGMA query_only = ON")
    return copy


def connect(folder: Path, mode: str) -> sqlite3.Connection:
    """Open the database of a campaign folder in a mode of SQLite's URIs, with the tables of this version.

    Raises NoCampaign, InputError, OwnedError and StorageError as `Database.open` and `Database.open_readonly` do.
    """
    path = folder / "state.db"
    connection = None
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=BUSY_S, isolation_level=None
        )
        return _prepared(connection, folder, mode)
    except sqlite3.DatabaseError as error:
        close(connection)
        raise _explained(error, path, mode) from error
    except BaseException:
        close(connection)
        raise


def _prepared(connection: sqlite3.Connection, folder: Path, mode: str) -> sqlite3.Connection:
    """The connection, or one to a copy in memory, with the tables of this version."""
    path = folder / "state.db"
    connection.row_factory = sqlite3.Row
    version = version_of(connection, path)
    if version == 0 and mode != "rwc":  # killed before its first transaction
        raise NoCampaign(f"{folder}: no campaign here (state.db is empty)")
    if mode.startswith("ro"):
        if version == VERSION:
            return connection
        return _converted(connection, path)
    if 0 < version < VERSION:
        _require_unowned(connection, folder)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    migrate(connection, path)
    return connection


def close(connection: sqlite3.Connection | None) -> None:
    """Close a connection, if there is one."""
    if connection is not None:
        connection.close()


def _explained(error: sqlite3.DatabaseError, path: Path, mode: str) -> AutodiscoError:
    """The error message for a database that SQLite cannot open."""
    code = code_of(error)
    if mode.startswith("ro"):
        if code in PASSING:
            return StorageError(f"{path}: cannot be read now ({error})")
        code = None
    if code == sqlite3.SQLITE_CANTOPEN and not os.access(path.parent, os.W_OK):
        return AutodiscoError(
            f"{path.parent}: cannot be written, nothing is changed: its disk has to be mounted for writing, and "
            "the user who runs this needs the right to write there"
        )
    if code in CANNOT_BE_WRITTEN:
        return StorageError(f"{path}: cannot be written ({error}); {CANNOT_BE_WRITTEN[code]}")
    mended = f"; {MENDED_BY}" if code_of(error) in DAMAGED else ""
    return InputError(f"{path}: cannot be used as a campaign database ({error}){mended}")
