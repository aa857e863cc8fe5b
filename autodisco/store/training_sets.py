"""Training sets and models of a campaign, and the reading of rows as records.

A training set differs little from the one before it. The table holds an entry once, with the first and the last model
that learnt it.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from autodisco.store.ahead import Ahead
from autodisco.store.records import Model, TrainingEntry, TrainingSpan

AMONG = "IN (SELECT value FROM json_each(?))"
"""Condition in SQL that a column is among the values of a list as JSON."""

JSON_COLUMNS = ("flags", "scores", "properties", "metrics", "counts", "saturation")

Row = TypeVar("Row")


class TrainingSets(Ahead):
    """The part of the store that concerns training sets and models."""

    def write_training(self, iteration: int, rows: list[TrainingEntry]) -> None:
        """Replace the training set of model `iteration`, one entry for a key.

        Rows that are the same as in the set before share its entry in the table, so that only differences take room.
        """
        with self.transaction():
            self.write(
                "INSERT INTO training SELECT key, ?1 + 1, last, smiles, label, weight, why FROM training "
                "WHERE first <= ?1 AND last > ?1",
                iteration,
            )
            self.write("DELETE FROM training WHERE first = ?", iteration)
            self.write("UPDATE training SET last = ?1 - 1 WHERE first < ?1 AND last >= ?1", iteration)
            before = {row.key: row for row in self.training(iteration - 1)}
            stays = {row.key for row in rows if before.get(row.key) == row}
            self.write_many(
                "UPDATE training SET last = ?1 WHERE key = ?2 AND last = ?1 - 1",
                [(iteration, key) for key in stays],
            )
            self.write_many(
                "INSERT INTO training VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (row.key, iteration, iteration, row.smiles, row.label, row.weight, row.why)
                    for row in rows
                    if row.key not in stays
                ],
            )

    def training(self, iteration: int) -> list[TrainingEntry]:
        """The training set of model `iteration`, by key."""
        return self._records(
            TrainingEntry,
            "SELECT smiles, key, label, weight, why FROM training WHERE ? BETWEEN first AND last ORDER BY key",
            iteration,
        )

    def training_of(self, keys: Iterable[str]) -> list[TrainingSpan]:
        """What the models learnt about some polymers, in order."""
        sql = f"SELECT * FROM training WHERE key {AMONG} ORDER BY key, first"
        return self._records(TrainingSpan, sql, json.dumps(list(keys)))

    def add_model(self, iteration: int, path: str, metrics: dict[str, Any], seconds: float) -> None:
        """Remember model `iteration`; `path` is relative to the campaign folder."""
        self.write("INSERT OR REPLACE INTO models VALUES (?, ?, ?, ?)", iteration, path, json.dumps(metrics), seconds)

    def forget_model(self, iteration: int) -> None:
        """Model `iteration` has to be trained again."""
        self.write("DELETE FROM models WHERE iteration = ?", iteration)

    def models(self) -> list[Model]:
        """Models, first to last."""
        return self._selected(Model, "models", "iteration")

    def last_model(self) -> Model | None:
        """The newest model."""
        found = self._records(Model, "SELECT * FROM models ORDER BY iteration DESC LIMIT 1")
        return found[0] if found else None

    def _selected(self, kind: type[Row], table: str, order: str, **columns: Any) -> list[Row]:
        """Rows in which the columns that are not None have these values."""
        given = {name: value for name, value in columns.items() if value is not None}
        where = " AND ".join(f"{name} = ?" for name in given) or "true"
        return self._records(kind, f"SELECT * FROM {table} WHERE {where} ORDER BY {order}", *given.values())

    def _records(self, kind: type[Row], sql: str, *values: Any) -> list[Row]:
        """Rows of a query as records, columns that hold JSON decoded."""
        return list(self._each_record(kind, sql, *values))

    def _each_record(self, kind: type[Row], sql: str, *values: Any) -> Iterator[Row]:
        """The same one by one, because a list of thousands may not fit into memory."""
        for row in self.each(sql, *values):
            for column in JSON_COLUMNS:
                if isinstance(row.get(column), str):
                    row[column] = json.loads(row[column])
            yield kind(**row)
