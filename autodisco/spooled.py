"""Rows that wait on disk, in a module of their own: most commands start without what they need."""

import pickle
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import Generic, Self, TypeVar

Row = TypeVar("Row")


class Spooled(Generic[Row]):
    """Rows that are made once and read several times, in order; they lie in a nameless file in `folder`, because all of
    them may not fit into memory."""

    def __init__(self, rows: Iterable[Row], folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self._file = TemporaryFile(dir=folder)  # noqa: SIM115 (closed by __exit__)
        self._n = 0
        for self._n, row in enumerate(rows, 1):
            pickle.dump(row, self._file, pickle.HIGHEST_PROTOCOL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[Row]:
        self._file.seek(0)
        for _ in range(self._n):
            yield pickle.load(self._file)
