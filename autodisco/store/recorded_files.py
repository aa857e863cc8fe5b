"""Files of a campaign that are not to change any more, with their hashes."""

import json
import time
from collections.abc import Iterable
from pathlib import Path

from autodisco.files import sha256
from autodisco.store.folders import SIMULATIONS
from autodisco.store.records import RecordedFile
from autodisco.store.replicas import Replicas


class RecordedFiles(Replicas):
    """The part of the store that concerns files."""

    def record_file(self, path: Path, digest: str | None = None) -> None:
        """Remember size and hash of a file of the campaign, which is not to change any more.

        `digest` is its SHA-256 if the process that wrote it computed that.
        """
        size, written = path.stat().st_size, digest or sha256(path)
        self.write("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", self.place(path), size, written, time.time())

    def forget_file(self, path: Path) -> None:
        """A file was removed on purpose."""
        self.write("DELETE FROM files WHERE path = ?", self.place(path))

    def recorded_file(self, path: Path) -> RecordedFile | None:
        """What is recorded of a file, or None."""
        found = self._selected(RecordedFile, "files", "path", path=self.place(path))
        return found[0] if found else None

    def recorded_named(self, name: str, limit: int, but: Iterable[str] = ()) -> list[Path]:
        """Recorded files of replicas with this name, the oldest first, at most `limit`; those in the folders `but`, as
        `place` names them, are left out."""
        rows = self.rows(
            "SELECT path FROM files WHERE path GLOB ? AND path NOT IN (SELECT value || ? FROM json_each(?)) "
            "ORDER BY recorded, path LIMIT ?",
            f"{SIMULATIONS}/*/{name}",
            f"/{name}",
            json.dumps(list(but)),
            limit,
        )
        return [self.located(row["path"]) for row in rows]

    def replicas_on_disk(self) -> dict[str, int]:
        """How many replicas have ended and were counted (``replicas``), and the ``bytes`` that they take now.

        Earlier versions did not count; then these are the recorded files of replicas with a value.
        """
        if counted := self.get("disk"):
            return {name: int(counted[name]) for name in ("replicas", "bytes")}
        (row,) = self.rows(
            "SELECT count(*) FILTER (WHERE path GLOB '*/outcome.json') AS replicas, total(bytes) AS bytes FROM files "
            "WHERE path GLOB ?",
            f"{SIMULATIONS}/*",
        )
        return {"replicas": int(row["replicas"]), "bytes": int(row["bytes"])}

    def count_on_disk(self, replicas: int, size: int) -> None:
        """Count replicas that have ended, and bytes that came with them or, below zero, were given back."""
        with self.transaction():
            known = self.replicas_on_disk()
            self.set(disk={"replicas": known["replicas"] + replicas, "bytes": max(0, known["bytes"] + size)})

    def files(self) -> list[RecordedFile]:
        """Recorded files by path."""
        return self._selected(RecordedFile, "files", "path")
