"""Estimates by the posterior of a campaign, and the values that came afterwards."""

import json
from collections.abc import Iterable

from autodisco.store.records import Believed, Estimate, Forecast
from autodisco.store.scores import Scores
from autodisco.store.training_sets import AMONG


class Estimates(Scores):
    """The part of the store that concerns the posterior."""

    def write_estimates(self, rows: Iterable[Estimate]) -> None:
        """Write what is said now; polymers that are not among `rows` are no longer judged."""
        with self.transaction():
            self.write("DELETE FROM estimates")
            self.write_many(
                "INSERT INTO estimates VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        r.key,
                        r.iteration,
                        r.mean,
                        r.sd,
                        r.p_better,
                        r.p_best,
                        json.dumps(r.moved),
                        json.dumps(r.said),
                        r.difference_sd,
                    )
                    for r in rows
                ],
            )

    def estimates(self) -> dict[str, Estimate]:
        """What was said last, by key."""
        rows = self.rows("SELECT * FROM estimates ORDER BY key")
        return {row["key"]: Estimate(**{**row, **_decoded(row["moved"], row["said"])}) for row in rows}

    def beliefs(self) -> dict[str, Believed]:
        """The numbers among what was said last, by key."""
        sql = "SELECT key, mean, sd, p_better, p_best, difference_sd FROM estimates ORDER BY key"
        return {key: Believed(*numbers) for key, *numbers in self.tuples(sql)}

    def moved(self, keys: Iterable[str]) -> dict[str, dict[str, float]]:
        """What moved the means of some polymers, by key and name (see `Estimate`)."""
        sql = f"SELECT key, moved FROM estimates WHERE key {AMONG}"
        return {row["key"]: json.loads(row["moved"]) for row in self.each(sql, json.dumps(list(keys)))}

    def add_forecasts(self, rows: Iterable[Forecast]) -> None:
        """Add comparisons; the first one of a polymer and a source stays."""
        self.write_many(
            "INSERT OR IGNORE INTO forecasts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(r.key, r.source, r.iteration, r.said, r.sd, r.noise, r.widened, r.came, r.builds) for r in rows],
        )

    def forecasts(self) -> list[Forecast]:
        """Values that came beside what had been said, in the order of iterations."""
        return self._selected(Forecast, "forecasts", "iteration, key, source")


def _decoded(moved: str, said: str) -> dict[str, object]:
    return {"moved": json.loads(moved), "said": {name: tuple(value) for name, value in json.loads(said).items()}}
