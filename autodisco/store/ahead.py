"""The iteration after the present one, whose batch a campaign may choose ahead (`loop.overlap`)."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from autodisco.store.database import Database

OF_AN_ITERATION = ("state", "iteration")


class Ahead(Database):
    """The part of the store that concerns two iterations at a time.

    Attributes
    ----------
    is_ahead : whether the facts ``state`` and ``iteration`` are those of the iteration ahead at the moment
    hidden : keys of polymers whose simulated values do not count at the moment
    """

    is_ahead: bool = False
    hidden: frozenset[str] = frozenset()

    @contextmanager
    def ahead(self) -> Iterator[None]:
        """Inside, the facts ``state`` and ``iteration`` are those of the iteration ahead, which the fact ``ahead``
        holds; stages thus work for it as they do for the present one."""
        self.is_ahead = True
        try:
            yield
        finally:
            self.is_ahead = False

    @contextmanager
    def present(self) -> Iterator[None]:
        """Inside, neither of the two holds: for work on replicas beside that of a stage."""
        before = self.is_ahead, self.hidden
        self.is_ahead, self.hidden = False, frozenset()
        try:
            yield
        finally:
            self.is_ahead, self.hidden = before

    @contextmanager
    def hiding(self, keys: Iterable[str]) -> Iterator[None]:
        """Inside, the simulated values of some polymers do not count, so that a decision does not depend on which of
        them are there already."""
        before, self.hidden = self.hidden, frozenset(keys)
        try:
            yield
        finally:
            self.hidden = before

    def get(self, key: str, default: Any = None) -> Any:
        """A fact of the campaign, such as ``state`` or ``iteration``."""
        if self.is_ahead and key in OF_AN_ITERATION:
            return super().get("ahead")[key]
        return super().get(key, default)

    def model_of(self, iteration: int) -> int:
        """Number of the model from which an iteration is drawn: the one before it, or, where batches overlap, the one
        before that."""
        loop = (self.get("settings") or {}).get("loop", {})
        return max(0, iteration - (2 if loop.get("overlap") else 1))

    def later_keys(self) -> frozenset[str]:
        """Keys of the polymers of iterations after the present one."""
        return self.keys_after(self.get("iteration", 0))

    def keys_after(self, iteration: int) -> frozenset[str]:
        """Keys of the polymers that later iterations found."""
        sql = "SELECT key FROM polymers WHERE iteration > ? AND source = 'generated'"
        return frozenset(row["key"] for row in self.rows(sql, iteration))

    def _hidden(self) -> str:
        """The same as `hidden`, for SQL."""
        return json.dumps(sorted(self.hidden))
