"""SQLite's error codes, and what a person can do."""

import sqlite3

BUSY_S = 60.0
"""How long a connection waits for another process that holds the database (s)."""
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


DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
MENDED_BY = (
    "go on from a backup (autodisco restore) or an archive (autodisco export), or save what is left with: "
    "sqlite3 state.db .recover"
)
