"""What a reader of a campaign sees at a glance: its progress and the best of its ranking."""

from dataclasses import dataclass, fields
from typing import Any

from autodisco.decide.measured import objective_of
from autodisco.decide.objective import Objective
from autodisco.decide.ranking import Ranked, ranking, with_properties
from autodisco.store import Progress, Store, at_one_moment, progress_fields


@dataclass(frozen=True)
class Status(Progress):
    """Progress of a campaign, its `objective`, its `reference`, and the `best` of its ranking.

    `n_ranked` polymers have a value; `n_better` and `n_tied` of the generated ones are better than the reference or
    tied with it. `judgement` says to what the posterior was fitted last; None without one.
    """

    objective: Objective
    reference: Ranked | None
    best: list[Ranked]
    n_ranked: int
    n_better: int
    n_tied: int
    judgement: dict[str, Any] | None

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON can hold it."""
        base = {field.name: getattr(self, field.name) for field in fields(Progress)}
        return {
            **Progress(**base).to_dict(),
            "objective": {name: getattr(self.objective, name) for name in ("name", "label", "column", "unit")},
            "reference": self.reference.to_dict() if self.reference else None,
            "best": [row.to_dict() for row in self.best],
            "n_ranked": self.n_ranked,
            "n_better": self.n_better,
            "n_tied": self.n_tied,
            "judgement": self.judgement,
        }


@at_one_moment
def status(
    store: Store, journal_rows: int = 12, best: int = 10, ranked: list[Ranked] | None = None, whole: bool = False
) -> Status:
    """Status of a campaign with the last `journal_rows` events and the `best` polymers of its ranking.

    `ranked` are the rows of `ranking`, where they are known already. With `whole`, the rows that it holds have every
    quantity of their polymers.
    """
    ranked = ranking(store) if ranked is None else ranked
    shown, reference = ranked[:best], [row for row in ranked if row.verdict == "reference"]
    if whole:
        shown, reference = list(with_properties(store, shown)), list(with_properties(store, reference))
    found = [row.verdict for row in ranked if row.source == "generated"]
    return Status(
        **progress_fields(store, journal_rows),
        objective=objective_of(store),
        reference=next(iter(reference), None),
        best=shown,
        n_ranked=len(ranked),
        n_better=found.count("better"),
        n_tied=found.count("tie"),
        judgement=store.get("judgement"),
    )
