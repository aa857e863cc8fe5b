"""Scores of polymers by name: values that the structure alone decides, with those that are still unknown."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from autodisco.store.experiments import Experiments
from autodisco.store.records import Polymer


class Scores(Experiments):
    """The part of the store that concerns scores."""

    def scores(self, name: str) -> dict[str, float | None]:
        """A score of the polymers of which it was asked, by the canonical text; None where it is unknown."""
        sql = "SELECT smiles, json_extract(scores, ?1) FROM polymers WHERE json_type(scores, ?1) IS NOT NULL"
        return dict(self.tuples(sql, _path(name)))

    def lacking_scores(self, names: Iterable[str]) -> list[Polymer]:
        """Polymers with scores of which at least one of these is unknown, by key."""
        sql = (
            "SELECT * FROM polymers WHERE scores != '{}' AND EXISTS "
            "(SELECT 1 FROM json_each(?) WHERE json_extract(scores, value) IS NULL) ORDER BY key"
        )
        return self._records(Polymer, sql, json.dumps([_path(name) for name in names]))

    def set_scores(self, key: str, scores: Mapping[str, Any]) -> None:
        """Replace the scores of a polymer."""
        self.write("UPDATE polymers SET scores = ? WHERE key = ?", json.dumps(dict(scores)), key)


def _path(name: str) -> str:
    return f'$."{name}"'
