"""The ranking: polymers with a value, by what is believed of them when all are compared."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autodisco.analysis import BETTER_PROBABILITY, Belief, beliefs, combine
from autodisco.analysis.shrinkage import Z_90
from autodisco.decide.measured import Measured, compared, constraints_of, measured_values, objective_of, with_values
from autodisco.decide.objective import Objective
from autodisco.store import Estimate, Flag, Properties, Store

AT_ONCE = 500
"""Polymers whose properties are read at a time."""


@dataclass(frozen=True)
class Valued(Measured):
    """A polymer with a value, before it is compared with others; as a `Measured`, at the highest tier that gave one.

    Attributes
    ----------
    force_field_flags : weak groups of the force field that a simulated polymer holds
    violated : constraints of the campaign that the polymer violates, in words
    tiers : what it was measured to have at each tier, the cheapest first
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
    violated: list[str]
    tiers: tuple[Measured, ...]


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
        names = ("protocol", "value", "sem", "n_replicas", "n_failed", "origin")
        row["tiers"] = [{columns.get(name, name): getattr(one, name) for name in names} for one in self.tiers]
        return {"rank": self.rank, **row}

    @property
    def tier_columns(self) -> dict[str, Any]:
        """Measured value, its error and the number of builds of each tier below that of `value`, by column."""
        columns = self.objective.columns
        return {
            f"{one.protocol}_{columns.get(name, name)}": getattr(one, name)
            for one in self.tiers[:-1]
            for name in ("value", "sem", "n_replicas")
        }

    def at(self, protocol: str) -> "Ranked | None":
        """The same with what was measured at one protocol; None if nothing was."""
        found = next((one for one in self.tiers if one.protocol == protocol), None)
        return replace(self, **vars(found)) if found else None

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

    def measured(self, several: bool) -> str:
        """Measured value with its unit; of a campaign with `several` tiers at each of them, the highest first."""
        if not several:
            return self.shown
        show = self.objective.shown
        return ", ".join(f"{show(one.value, one.sem)} ({one.protocol})" for one in reversed(self.tiers))

    @property
    def interval(self) -> str:
        """Expected value with its interval of 90 %, without the unit."""
        middle, low, high = map(self.objective.brief, (self.expected, self.expected_low, self.expected_high))
        return f"{middle} ({low}–{high})"


def ranking(store: Store) -> list[Ranked]:
    """Polymers with a value, by what is believed of them, best first.

    The posterior says it as of its last fit. Before the first one, and in a campaign without, the builds do.
    """
    objective = objective_of(store)
    measured = measured_values(store, objective)
    rows = _valued(store, objective, measured)
    reference = store.get("reference_key", "")
    settings = (store.get("settings") or {}).get("acquire", {})
    threshold = settings.get("better_probability", BETTER_PROBABILITY)
    said = store.estimates()
    judgement = store.get("judgement") or {}
    source = judgement["words"] if said else f"builds of all polymers, protocol {store.get('protocol')}"
    believed = _posterior(objective, said) if said else _beliefs(store, objective, measured, reference)
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


def with_properties(store: Store, rows: Sequence[Ranked]) -> Iterator[Ranked]:
    """The same rows one by one with every quantity of their replicas among their properties: about 10 kB each."""
    for first in range(0, len(rows), AT_ONCE):
        part = rows[first : first + AT_ONCE]
        found: dict[tuple[str, str], list[Properties]] = {}
        for key, protocol, properties in store.properties(row.key for row in part):
            found.setdefault((key, protocol), []).append(properties)
        for row in part:
            valued = with_values(row.objective, found.get((row.key, row.protocol), []))
            yield replace(row, properties=combine(valued)) if row.origin == "simulated" else row


def best_found(ranked: list[Ranked]) -> Ranked | None:
    """The best polymer that the campaign itself found; None before there is one."""
    return next((row for row in ranked if row.source == "generated" and row.verdict != "excluded"), None)


class Ranking:
    """`ranking` of an open store, computed again only after its input has changed: for readers that look often."""

    def __init__(self, store: Store):
        self._store = store
        self._seen: tuple[Any, ...] | None = None
        self._rows: list[Ranked] = []

    def __call__(self) -> list[Ranked]:
        """Its rows as of now."""
        seen = self._store.values_seen()
        names = ("tiers", "force_field", "reference_key", "settings", "judgement")
        if (seen := (*seen, *map(self._store.get, names))) != self._seen:
            self._rows, self._seen = ranking(self._store), seen
        return self._rows


def _posterior(objective: Objective, said: Mapping[str, Estimate]) -> dict[str, Belief]:
    """What the posterior said last, in the unit of the objective."""
    mean, sd = (np.array([getattr(row, name) for row in said.values()]) for name in ("mean", "sd"))
    low, median, high = (objective.scale.values(mean + z * sd).tolist() for z in (-Z_90, 0.0, Z_90))
    return {key: Belief(median[n], low[n], high[n], row.p_better) for n, (key, row) in enumerate(said.items())}


def _beliefs(
    store: Store, objective: Objective, measured: Mapping[str, Mapping[str, Measured]], reference: str
) -> Mapping[str, Belief]:
    """What the builds of all polymers at the first tier say together."""
    comparison = compared(store, objective, measured, store.tiers()[0].protocol)
    return beliefs(comparison, reference, objective.spread, lower_is_better=objective.lower_is_better)


def _verdict(p_better: float | None, threshold: float) -> str | None:
    if p_better is None:
        return None
    return "better" if p_better >= threshold else "worse" if p_better <= 1 - threshold else "tie"


def _valued(store: Store, objective: Objective, measured: Mapping[str, Mapping[str, Measured]]) -> dict[str, Valued]:
    """Polymers with a value by key."""
    order, constraints = [tier.protocol for tier in store.tiers()], constraints_of(store)
    rows, polymers = {}, store.polymers_by_key(measured)
    for key, found in measured.items():
        polymer = polymers[key]
        tiers = tuple(found[protocol] for protocol in order if protocol in found)
        highest = tiers[-1]
        rows[key] = Valued(
            **vars(highest),
            objective=objective,
            key=key,
            name=polymer.name,
            monomer_smiles=polymer.given,
            source=polymer.source,
            iteration=polymer.iteration,
            flags=polymer.flags,
            scores=polymer.scores,
            force_field_flags=highest.properties.get("force_field_flags") or [],
            violated=[one.bounds for one in constraints if one.excludes(highest.properties)],
            tiers=tiers,
        )
    return rows
