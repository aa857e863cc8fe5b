"""The ranking: polymers with a value, by what is believed of them when all are compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autodisco.analysis import (
    BETTER_PROBABILITY,
    UNKNOWN_SCATTER,
    Belief,
    Comparison,
    beliefs,
    combine,
    compare,
)
from autodisco.analysis.shrinkage import Z_90
from autodisco.decide.objective import CONDUCTIVITY, Objective, objective_named
from autodisco.decide.stand_ins import stand_ins
from autodisco.store import Estimate, Flag, Label, Properties, Replica, Store, copied_part


@dataclass(frozen=True)
class Measured:
    """What a polymer was measured to have at one protocol.

    Attributes
    ----------
    protocol
    origin : ``simulated``, or the file a label came from
    values : value of each replica; `stand_ins` for a label from a file
    properties : means and ``_sem`` over replicas, by quantity
    value, sem : mean and standard error of the objective over replicas
    """

    protocol: str
    n_replicas: int
    n_failed: int
    origin: str
    values: list[float]
    properties: Properties
    value: float
    sem: float | None


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
    measured = _measured(store, objective)
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


def best_found(ranked: list[Ranked]) -> Ranked | None:
    """The best polymer that the campaign itself found; None before there is one."""
    return next((row for row in ranked if row.source == "generated" and row.verdict != "excluded"), None)


def value_of(store: Store, key: str, protocol: str) -> float | None:
    """Measured value of a polymer at a tier, found without the others'; None where it has none."""
    found = _measured(store, objective_of(store), key).get(key, {}).get(protocol)
    return found.value if found else None


def comparison(store: Store, protocol: str) -> Comparison:
    """Comparison of all polymers with a value at a tier, by key."""
    objective = objective_of(store)
    return _compared(store, objective, _measured(store, objective), protocol)


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
    compared = _compared(store, objective, measured, store.tiers()[0].protocol)
    return beliefs(compared, reference, objective.spread, lower_is_better=objective.lower_is_better)


def _compared(
    store: Store, objective: Objective, measured: Mapping[str, Mapping[str, Measured]], protocol: str
) -> Comparison:
    tier = store.tier(protocol)
    of_protocol = tier.known_scatter if tier else UNKNOWN_SCATTER
    values = {key: found[protocol].values for key, found in measured.items() if protocol in found}
    return compare(values, objective.scatter or of_protocol, objective.scale)


def _verdict(p_better: float | None, threshold: float) -> str | None:
    if p_better is None:
        return None
    return "better" if p_better >= threshold else "worse" if p_better <= 1 - threshold else "tie"


def _valued(store: Store, objective: Objective, measured: Mapping[str, Mapping[str, Measured]]) -> dict[str, Valued]:
    """Polymers with a value by key."""
    order, constraints = [tier.protocol for tier in store.tiers()], constraints_of(store)
    rows = {}
    for key, found in measured.items():
        polymer = store.polymer(key)
        assert polymer is not None, "a polymer with a value is known"
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


def _measured(store: Store, objective: Objective, key: str | None = None) -> dict[str, dict[str, Measured]]:
    """What polymers were measured to have, by key and protocol of the tier: all polymers, or one."""
    protocols, force_field = {tier.protocol for tier in store.tiers()}, store.get("force_field")
    replicas: dict[tuple[str, str], list[Replica]] = {}
    for replica in store.replicas(key=key):
        replicas.setdefault((replica.key, replica.protocol), []).append(replica)
    found: dict[str, dict[str, Measured]] = {}
    for (simulated, protocol), group in replicas.items():
        if protocol in protocols and (one := _simulated(objective, protocol, group)):
            found.setdefault(simulated, {})[protocol] = one
    for label in store.labels(objective.column):
        comparable = label.protocol in protocols and label.force_field == force_field
        wanted = key in (None, label.key) and label.protocol not in found.get(label.key, {})
        if comparable and wanted and label.value is not None:
            found.setdefault(label.key, {})[label.protocol] = _labelled(objective, label, label.value)
    return found


def _simulated(objective: Objective, protocol: str, group: Sequence[Replica]) -> Measured | None:
    """What replicas of a polymer at one protocol gave; None without a value."""
    done = [row.properties for row in group if row.status == "done" and row.properties is not None]
    valued = [(value, one) for one in done if (value := objective.value(one)) is not None]
    if not valued:
        return None
    failed = sum(replica.status == "failed" for replica in group)
    properties = combine([{**one, objective.column: value} for value, one in valued])
    return _mean(objective, protocol, len(valued), failed, "simulated", [value for value, _ in valued], properties)


def _labelled(objective: Objective, label: Label, mean: float) -> Measured:
    n = label.n_replicas or 1
    values = stand_ins(mean, label.sem, n, objective.scale)
    properties = {objective.column: mean, objective.sem_column: label.sem}
    return _mean(objective, label.protocol, n, 0, label.origin, values, properties)


def _mean(
    objective: Objective, protocol: str, n: int, failed: int, origin: str, values: list[float], properties: Properties
) -> Measured:
    return Measured(
        protocol=protocol,
        n_replicas=n,
        n_failed=failed,
        origin=origin,
        values=values,
        properties=properties,
        value=properties[objective.column],
        sem=properties.get(objective.sem_column),
    )
