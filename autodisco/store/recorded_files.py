"""Files of a campaign that are not to change any more, with their hashes."""

import time
from pathlib import Path

from autodisco.files import sha256
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

    def files(self) -> list[RecordedFile]:
        """Recorded files by path."""
        return self._selected(RecordedFile, "files", "path")
