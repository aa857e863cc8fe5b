"""The ranking: polymers with a value, by what is believed of them when all are compared."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autodisco.analysis import (
    BETTER_PROBABILITY,
    UNKNOWN_SCATTER,
    Belief,
    Comparison,
    Scatter,
    beliefs,
    combine,
    compare,
)
from autodisco.analysis.shrinkage import Z_90
from autodisco.decide.objective import CONDUCTIVITY, Objective, objective_named
from autodisco.decide.stand_ins import stand_ins
from autodisco.store import Estimate, Flag, Label, Properties, Replica, Store, copied_part


@dataclass(frozen=True)
class Valued:
    """A polymer with a value, before it is compared with others.

    Attributes
    ----------
    force_field_flags : weak groups of the force field that a simulated polymer holds
    origin : ``simulated``, or the file a label came from
    values : value of each replica; `stand_ins` for a label from a file
    properties : means and ``_sem`` over replicas, by quantity
    value, sem : mean and standard error of the objective over replicas
    violated : constraints of the campaign that the polymer violates, in words
    """

    objective: Objective
    key: str
    name: str
    monomer_smiles: str
    source: str
    iteration: int
    flags: list[Flag]
    scores: dict[str, Any]
    force_field_flags: list[str]
    n_replicas: int
    n_failed: int
    origin: str
    values: list[float]
    properties: Properties
    value: float
    sem: float | None
    violated: list[str]


@dataclass(frozen=True)
class Ranked(Valued):
    """A polymer of the ranking: beside its measured value what is believed of it.

    Attributes
    ----------
    expected, expected_low, expected_high : median and interval of 90 %: of the posterior in its target
        (`autodisco.decide.judge`), or from the builds of all polymers in the protocol of the campaign
        (`autodisco.analysis.shrinkage`)
    p_better : probability that it is better than the reference; None for the reference, and without one
    verdict : ``reference``; ``excluded`` if it violates a constraint; ``better`` or ``worse`` where this probability
        is at least `acquire.better_probability` of the campaign, else ``tie``; None while the reference has no value
    expected_from : what the expected value and its interval are, in words
    p_best : chance to be among the best of all polymers that are judged, the pool included; None without a posterior
    moved : how far the prior mean and each source moved the posterior mean, on the scale; empty without a posterior
    """

    rank: int
    expected: float
    expected_low: float
    expected_high: float
    p_better: float | None
    verdict: str | None
    expected_from: str
    p_best: float | None
    moved: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """The row by column of tables and JSON."""
        columns = self.objective.columns
        row = {columns.get(name, name): value for name, value in vars(self).items() if name != "objective"}
        return {"rank": self.rank, **row}

    @property
    def judged(self) -> bool:
        """Whether the posterior says what is expected."""
        return self.p_best is not None

    @property
    def shown(self) -> str:
        """Measured value with its standard error and its unit."""
        return self.objective.shown(self.value, self.sem)

    @property
    def number(self) -> str:
        """Measured value with its standard error, without the unit."""
        return self.objective.number(self.value, self.sem)

    @property
    def interval(self) -> str:
        """Expected value with its interval of 90 %, without the unit."""
        middle, low, high = map(self.objective.brief, (self.expected, self.expected_low, self.expected_high))
        return f"{middle} ({low}–{high})"


def objective_of(store: Store) -> Objective:
    """The objective of a campaign. Raises InputError if its file is gone."""
    settings = (store.get("settings") or {}).get("objective", {})
    return objective_named(copied_part(store.folder, settings.get("name", CONDUCTIVITY.name)))


def constraints_of(store: Store) -> list[Objective]:
    """The constraints of a campaign. Raises InputError if the file of one is gone."""
    return _objectives(store, "constraints")


def further_objectives_of(store: Store) -> list[Objective]:
    """What a campaign wants beside its objective. Raises InputError if the file of one is gone."""
    return _objectives(store, "further")


def _objectives(store: Store, key: str) -> list[Objective]:
    settings = (store.get("settings") or {}).get("objective", {})
    return [objective_named(copied_part(store.folder, name)) for name in settings.get(key, [])]


def ranking(store: Store) -> list[Ranked]:
    """Polymers with a value, by what is believed of them, best first.

    The posterior says it as of its last fit. Before the first one, and in a campaign without, the builds do.
    """
    objective = objective_of(store)
    rows = _with_value(store, objective)
    reference = store.get("reference_key", "")
    settings = (store.get("settings") or {}).get("acquire", {})
    threshold = settings.get("better_probability", BETTER_PROBABILITY)
    said = store.estimates()
    judgement = store.get("judgement") or {}
    source = judgement["words"] if said else f"builds of all polymers, protocol {store.get('protocol')}"
    believed = _posterior(objective, said) if said else _beliefs(store, objective, rows, reference)
    order = sorted(
        (row for row in rows.values() if row.key in believed),
        key=lambda row: (
            bool(row.violated),
            -objective.worth(believed[row.key].median),
            -objective.worth(row.value),
            row.key,
        ),
    )
    ranked = []
    for rank, row in enumerate(order, 1):
        belief = believed[row.key]
        verdict = _verdict(belief.p_better, threshold)
        if row.violated:
            verdict = "excluded"
        if row.key == reference:
            verdict = "reference"
        estimate = said.get(row.key)
        ranked.append(
            Ranked(
                **vars(row),
                rank=rank,
                expected=belief.median,
                expected_low=belief.low,
                expected_high=belief.high,
                p_better=belief.p_better,
                verdict=verdict,
                expected_from=source,
                p_best=estimate.p_best if estimate else None,
                moved=estimate.moved if estimate else {},
            )
        )
    return ranked


def best_found(ranked: list[Ranked]) -> Ranked | None:
    """The best polymer that the campaign itself found; None before there is one."""
    return next((row for row in ranked if row.source == "generated" and row.verdict != "excluded"), None)


def value_of(store: Store, key: str) -> float | None:
    """Value that the ranking holds for a polymer, found without the others'; None where it has none."""
    row = _with_value(store, objective_of(store), key).get(key)
    return row.value if row else None


def comparison(store: Store) -> Comparison:
    """The comparison behind the ranking, of all polymers with a value, by key."""
    objective = objective_of(store)
    return _compared(store, objective, _with_value(store, objective))


class Ranking:
    """`ranking` of an open store, computed again only after its input has changed: for readers that look often."""

    def __init__(self, store: Store):
        self._store = store
        self._seen: tuple[Any, ...] | None = None
        self._rows: list[Ranked] = []

    def __call__(self) -> list[Ranked]:
        """Its rows as of now."""
        seen = self._store.values_seen()
        names = ("protocol", "force_field", "reference_key", "build_scatter", "settings", "judgement")
        if (seen := (*seen, *map(self._store.get, names))) != self._seen:
            self._rows, self._seen = ranking(self._store), seen
        return self._rows


def _posterior(objective: Objective, said: Mapping[str, Estimate]) -> dict[str, Belief]:
    """What the posterior said last, in the unit of the objective."""
    mean, sd = (np.array([getattr(row, name) for row in said.values()]) for name in ("mean", "sd"))
    low, median, high = (objective.scale.values(mean + z * sd).tolist() for z in (-Z_90, 0.0, Z_90))
    return {key: Belief(median[n], low[n], high[n], row.p_better) for n, (key, row) in enumerate(said.items())}


def _beliefs(store: Store, objective: Objective, rows: dict[str, Valued], reference: str) -> Mapping[str, Belief]:
    """What the builds of all polymers say together."""
    compared = _compared(store, objective, rows)
    return beliefs(compared, reference, objective.spread, lower_is_better=objective.lower_is_better)


def _compared(store: Store, objective: Objective, rows: dict[str, Valued]) -> Comparison:
    known = store.get("build_scatter")  # of the protocol
    of_protocol = Scatter(known["decades"], known["degrees"]) if known else UNKNOWN_SCATTER
    return compare({key: row.values for key, row in rows.items()}, objective.scatter or of_protocol, objective.scale)


def _verdict(p_better: float | None, threshold: float) -> str | None:
    if p_better is None:
        return None
    return "better" if p_better >= threshold else "worse" if p_better <= 1 - threshold else "tie"


def _with_value(store: Store, objective: Objective, key: str | None = None) -> dict[str, Valued]:
    """Polymers with a value by key: all, or one."""
    rows = {row.key: row for row in _simulated(store, objective, key)}
    here = store.get("protocol"), store.get("force_field")
    for label in store.labels(objective.column):
        comparable = (label.protocol, label.force_field) == here
        wanted = key in (None, label.key) and label.key not in rows
        if comparable and wanted and label.value is not None:
            rows[label.key] = _labelled(store, objective, label, label.value)
    if not (constraints := constraints_of(store)):
        return rows
    return {
        key: replace(row, violated=[one.bounds for one in constraints if one.excludes(row.properties)])
        for key, row in rows.items()
    }


def _simulated(store: Store, objective: Objective, key: str | None) -> list[Valued]:
    replicas: dict[str, list[Replica]] = {}
    for replica in store.replicas(key=key):
        replicas.setdefault(replica.key, []).append(replica)
    rows = []
    for simulated, group in replicas.items():
        done = [row.properties for row in group if row.status == "done" and row.properties is not None]
        valued = [(value, one) for one in done if (value := objective.value(one)) is not None]
        if not valued:
            continue
        failed = sum(replica.status == "failed" for replica in group)
        properties = combine([{**one, objective.column: value} for value, one in valued])
        values = [value for value, _ in valued]
        rows.append(_row(store, objective, simulated, len(valued), failed, "simulated", values, properties))
    return rows


def _labelled(store: Store, objective: Objective, label: Label, mean: float) -> Valued:
    n = label.n_replicas or 1
    values = stand_ins(mean, label.sem, n, objective.scale)
    properties = {objective.column: mean, objective.sem_column: label.sem}
    return _row(store, objective, label.key, n, 0, label.origin, values, properties)


def _row(
    store: Store,
    objective: Objective,
    key: str,
    n: int,
    failed: int,
    origin: str,
    values: list[float],
    properties: Properties,
) -> Valued:
    polymer = store.polymer(key)
    assert polymer is not None, "a polymer with a value is known"
    return Valued(
        objective=objective,
        key=key,
        name=polymer.name,
        monomer_smiles=polymer.given,
        source=polymer.source,
        iteration=polymer.iteration,
        flags=polymer.flags,
        scores=polymer.scores,
        force_field_flags=properties.get("force_field_flags") or [],
        n_replicas=n,
        n_failed=failed,
        origin=origin,
        values=values,
        properties=properties,
        value=properties[objective.column],
        sem=properties.get(objective.sem_column),
        violated=[],
    )
