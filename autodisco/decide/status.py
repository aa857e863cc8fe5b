"""What a reader of a campaign sees at a glance: its progress and the best of its ranking."""

from dataclasses import dataclass, fields
from typing import Any

from autodisco.decide.course import Course, course
from autodisco.decide.objective import Objective
from autodisco.decide.ranking import Ranked, with_properties
from autodisco.decide.standings import Standings
from autodisco.store import Progress, Store, at_one_moment, progress_fields


@dataclass(frozen=True)
class Status(Progress):
    """Progress of a campaign, its `objective`, its `reference`, and the `best` of its ranking.

    `n_ranked` polymers have a value; `n_better` and `n_tied` of the generated ones are better than the reference or
    tied with it. `judgement` says to what the posterior was fitted last; None without one. `course` is how the best
    polymer and the chance of a new one went over the iterations.
    """

    objective: Objective
    reference: Ranked | None
    best: list[Ranked]
    n_ranked: int
    n_better: int
    n_tied: int
    judgement: dict[str, Any] | None
    course: Course

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
            "course": self.course.to_dict(),
        }


@at_one_moment
def status(
    store: Store,
    journal_rows: int = 12,
    best: int = 10,
    standings: Standings | None = None,
    whole: bool = False,
    iterations: int | None = None,
) -> Status:
    """Status of a campaign with the last `journal_rows` events, the `best` polymers of its ranking and all iterations.

    `standings` are those of now, where they are known already. With `whole`, the rows of the ranking have every
    quantity of their polymers. `iterations` is how many of the last iterations are read, if not all of them.
    """
    standings = standings or Standings(store)
    shown = standings.rows(standings.keys[:best])
    reference = standings.rows([standings.reference]) if standings.reference else []
    if whole:
        shown, reference = with_properties(store, shown), with_properties(store, reference)
    generated = store.generated()
    found = [verdict for key, verdict in standings.verdicts.items() if key in generated]
    return Status(
        **progress_fields(store, journal_rows, iterations),
        objective=standings.objective,
        reference=next(iter(reference), None),
        best=shown,
        n_ranked=len(standings.keys),
        n_better=found.count("better"),
        n_tied=found.count("tie"),
        judgement=store.get("judgement"),
        course=course(store, standings, generated),
    )
