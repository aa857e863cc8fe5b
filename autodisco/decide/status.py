"""What a reader of a campaign sees at a glance: its progress and the best of its ranking."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from autodisco.decide.course import Course, Saturation, course, saturation
from autodisco.decide.front import Front, front_of
from autodisco.decide.objective import Objective
from autodisco.decide.ranking import Ranked, with_properties
from autodisco.decide.standings import LatestStandings, Standings
from autodisco.store import Progress, Store, at_one_moment, progress_fields, progress_of_replicas


@dataclass(frozen=True)
class Status(Progress):
    """Progress of a campaign, its `objective`, its `reference`, and the `best` of its ranking.

    `n_ranked` polymers have a value; `n_better` and `n_tied` of the generated ones are better than the reference or
    tied with it. `judgement` says to what the posterior was fitted last; None without one. `course` is how the best
    polymer and the chance of a new one went over the iterations, `front` the Pareto front of several objectives, None
    with one, `saturation` how far the end by saturation is.
    """

    objective: Objective
    reference: Ranked | None
    best: list[Ranked]
    n_ranked: int
    n_better: int
    n_tied: int
    judgement: dict[str, Any] | None
    course: Course
    front: Front | None
    saturation: Saturation | None

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
            "front": self.front.to_dict() if self.front else None,
            "saturation": self.saturation.to_dict() if self.saturation else None,
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
    seen = Standing(store, standings or Standings(store))
    shown, reference = seen.standings.rows(seen.standings.keys[:best]), seen.reference
    if whole:
        shown, reference = list(with_properties(store, shown)), list(with_properties(store, reference))
    return seen.status(shown, reference, journal_rows, iterations)


class Standing:
    """What follows from the values alone, and stays the same until another one comes."""

    def __init__(self, store: Store, standings: Standings):
        self._store, self.standings = store, standings
        self.generated, self.ended = store.generated(), store.iterations_ended()
        self.reference = standings.rows([standings.reference]) if standings.reference else []
        self._course = course(store, standings, self.generated)
        self._front = front_of(store, standings.wanted.aims)
        found = [verdict for key, verdict in standings.verdicts.items() if key in self.generated]
        self._n_better, self._n_tied = found.count("better"), found.count("tie")

    def status(
        self, best: list[Ranked], reference: Sequence[Ranked], journal_rows: int, iterations: int | None
    ) -> Status:
        """The status with the progress of now."""
        rule = (self._store.get("settings") or {}).get("saturation", {})
        # As many as may fulfil the rule in a row, and the one at work.
        read = None if iterations is None else max(iterations, rule.get("patience", 0) + 1)
        progress = progress_fields(self._store, journal_rows, read)
        judged = progress["iterations"]
        progress["iterations"] = judged[len(judged) - iterations :] if iterations is not None else judged
        return Status(
            **progress,
            objective=self.standings.objective,
            reference=next(iter(reference), None),
            best=best,
            n_ranked=len(self.standings.keys),
            n_better=self._n_better,
            n_tied=self._n_tied,
            judgement=self._store.get("judgement"),
            course=self._course,
            front=self._front,
            saturation=saturation(self._store, rule, judged),
        )


class Glances:
    """Status of an open store for a reader that looks often: what has not changed is not read again.

    While it is `held`, nothing is read but the rows that are asked for.
    """

    def __init__(self, store: Store, iterations: int, journal_rows: int):
        self._store, self._iterations, self._journal_rows = store, iterations, journal_rows
        self._latest = LatestStandings(store)
        self._standing: Standing | None = None
        self._version: int | None = None
        self._rows: tuple[tuple[str, ...], list[Ranked]] = ((), [])
        self._status: Status | None = None
        self.held = False

    def standing(self) -> Standing:
        """What follows from the values so far."""
        if self._standing is not None and self.held:
            return self._standing
        version = self._store.version()
        if self._standing is None or version != self._version:
            standings = self._latest()
            ended = self._store.iterations_ended()
            if self._standing is None or (standings, ended) != (self._standing.standings, self._standing.ended):
                self._standing, self._rows = Standing(self._store, standings), ((), [])
            self._version, self._status = version, None
        return self._standing

    def status(self, keys: Sequence[str]) -> Status:
        """The status of now, with these polymers in place of the best ones."""
        standing = self.standing()
        if self._rows[0] != tuple(keys):
            self._rows = tuple(keys), standing.standings.rows(keys)
        if self._status is None:
            rows = self._rows[1]
            self._status = standing.status(rows, standing.reference, self._journal_rows, self._iterations)
            return self._status
        changed = {} if self.held else progress_of_replicas(self._store)
        self._status = replace(self._status, best=self._rows[1], **changed)
        return self._status
