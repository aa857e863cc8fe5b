"""Measured values that were added to a campaign, and the tables that they came from."""

from collections.abc import Iterable
from dataclasses import astuple

from autodisco.store.records import Experiment
from autodisco.store.training_sets import TrainingSets


class Experiments(TrainingSets):
    """The part of the store that concerns measured values."""

    def set_experiments(self, origin: str, rows: Iterable[Experiment]) -> bool:
        """Take the rows of a table in place of those that one of this name gave before; False if they are the same."""
        new = sorted(rows, key=lambda row: row.line)
        with self.transaction():
            before = self.experiments(origin=origin)
            if [astuple(row)[:-1] for row in before] == [astuple(row)[:-1] for row in new]:
                return False
            self.write("DELETE FROM experiments WHERE origin = ?", origin)
            places = ", ".join("?" * len(self.columns("experiments")))
            self.write_many(f"INSERT INTO experiments VALUES ({places})", map(astuple, new))
        return True

    def experiments(self, quantity: str | None = None, origin: str | None = None) -> list[Experiment]:
        """Measured values by file and line, all or those of a quantity or file."""
        return self._selected(Experiment, "experiments", "origin, line", quantity=quantity, origin=origin)
