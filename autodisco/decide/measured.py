"""What the polymers of a campaign were measured to have at each protocol, and how they compare by that alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autodisco.analysis import UNKNOWN_SCATTER, combine
from autodisco.analysis.combination import AT_LEAST, SEM, Censored, RatioOfMeans
from autodisco.analysis.quantities import quantity
from autodisco.decide.objective import Objective
from autodisco.decide.stand_ins import stand_ins
from autodisco.decide.wanted import Wanted, wanted
from autodisco.store import Label, Measurements, Properties, Store, copied_part
from autodisco.text import joined

if TYPE_CHECKING:
    from autodisco.analysis import Comparison

TOLD_BY = "told_by"
"""Property of a value that was told: the name of who measured or computed it."""


@dataclass(frozen=True)
class Measured:
    """What a polymer was measured to have at one protocol.

    Attributes
    ----------
    protocol
    origin : ``simulated``, the file a label came from, or who told the values
    values : value of each replica; `stand_ins` for a label from a file
    properties : means and ``_sem`` over replicas, by quantity: those that the ranking needs
        (`quantities_at_hand`); `autodisco.decide.with_properties` adds the others
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
class Found:
    """The values of a polymer at one protocol before they are combined, which takes most of the time of a ranking.

    `replicas` are the quantities of the builds with a value; those of a label, which has none, are combined already.
    """

    objective: Objective
    protocol: str
    n_replicas: int
    n_failed: int
    origin: str
    values: list[float]
    replicas: list[Properties]
    combined: Properties | None = None

    def measured(self) -> Measured:
        """Their means and errors."""
        properties = self.combined or combine(with_values(self.objective, self.replicas))
        return Measured(
            protocol=self.protocol,
            n_replicas=self.n_replicas,
            n_failed=self.n_failed,
            origin=self.origin,
            values=self.values,
            properties=properties,
            value=properties[self.objective.column],
            sem=properties.get(self.objective.sem_column),
        )


def wanted_of(store: Store) -> Wanted:
    """What a campaign wants. Raises InputError if the file of an objective is gone."""
    given = (store.get("settings") or {}).get("objective")
    return wanted(given, lambda name: copied_part(store.folder, name))


def surrogate_of(store: Store) -> Mapping[str, Any] | None:
    """Settings of the posterior; None for a campaign without one."""
    settings: Mapping[str, Any] = (store.get("settings") or {}).get("surrogate", {})
    return None if settings.get("kind", "none") == "none" else settings


def objective_of(store: Store) -> Objective:
    """The objective by which a campaign ranks. Raises InputError if its file is gone."""
    return wanted_of(store).objective


def value_of(store: Store, key: str, protocol: str) -> float | None:
    """Measured value of a polymer at a tier, found without the others'; None where it has none."""
    found = values_found(store, objective_of(store), key).get(key, {}).get(protocol)
    return found.measured().value if found else None


def comparison(store: Store, protocol: str) -> "Comparison":
    """Comparison of all polymers with a value at a tier, by key."""
    objective = objective_of(store)
    return compared(store, objective, values_found(store, objective), protocol)


def compared(
    store: Store, objective: Objective, found: Mapping[str, Mapping[str, Found]], protocol: str
) -> "Comparison":
    """Comparison of polymers by their values at a tier, by key."""
    # Loaded here, because a campaign with a posterior does without it.
    from autodisco.analysis.comparison import compare

    tier = store.tier(protocol)
    of_protocol = tier.known_scatter if tier else UNKNOWN_SCATTER
    values = {key: at[protocol].values for key, at in found.items() if protocol in at}
    return compare(values, objective.scatter or of_protocol, objective.scale)


def values_found(store: Store, objective: Objective, key: str | None = None) -> dict[str, dict[str, Found]]:
    """The values of polymers, by key and protocol of the tier: of all polymers, or one."""
    protocols, force_field = {tier.protocol for tier in store.tiers()}, store.get("force_field")
    found: dict[str, dict[str, Found]] = {}
    for row in store.measured(quantities_at_hand(store, objective), key):
        if row.protocol in protocols and (one := _simulated(objective, row)):
            found.setdefault(row.key, {})[row.protocol] = one
    for label in store.labels(objective.column):
        comparable = label.protocol in protocols and label.force_field == force_field
        wanted = key in (None, label.key) and label.protocol not in found.get(label.key, {})
        if comparable and wanted and label.value is not None:
            found.setdefault(label.key, {})[label.protocol] = _labelled(objective, label, label.value)
    return found


def quantities_at_hand(store: Store, objective: Objective | None = None) -> set[str]:
    """Names of the quantities that the ranking and the judge of a campaign need of a replica, for an `objective` or for
    all that the campaign wants."""
    every = wanted_of(store)
    names = {"censored", "production_share", "force_field_flags"}
    told = any(tier.is_measured for tier in store.tiers())
    names |= {TOLD_BY} if told else set()
    for one in (objective, *every.constraints) if objective else every.every:
        names |= {one.column, *one.quantities}
        names |= {f"{name}{SEM}" for name in one.quantities} if told else set()
    for name in sorted(names):
        rule = quantity(name).combination
        names |= {f"{name}{AT_LEAST}"} if isinstance(rule, Censored) else set()
        names |= {rule.below, *rule.above} if isinstance(rule, RatioOfMeans) else set()
    return names


def keep_at_hand(store: Store) -> None:
    """Let the store keep what the ranking and the judge need; called when a campaign starts and when it is forked."""
    store.keep_at_hand(quantities_at_hand(store))


def _simulated(objective: Objective, row: Measurements) -> Found | None:
    """What replicas of a polymer at one protocol gave; None without a value."""
    pairs = [(value, one) for one in row.done if (value := objective.value(one)) is not None]
    if not pairs:
        return None
    values = [value for value, _ in pairs]
    replicas = [{name: value for name, value in one.items() if name != TOLD_BY} for _, one in pairs]
    told_by = joined(sorted({str(one[TOLD_BY]) for _, one in pairs if TOLD_BY in one}))
    return Found(objective, row.protocol, len(pairs), row.failed, told_by or "simulated", values, replicas)


def with_values(objective: Objective, replicas: Sequence[Properties]) -> list[Properties]:
    """The properties of those replicas that have a value of the objective, this value among them."""
    return [{**one, objective.column: value} for one in replicas if (value := objective.value(one)) is not None]


def _labelled(objective: Objective, label: Label, mean: float) -> Found:
    n = label.n_replicas or 1
    values = stand_ins(mean, label.sem, n, objective.scale)
    properties = {objective.column: mean, objective.sem_column: label.sem}
    return Found(objective, label.protocol, n, 0, label.origin, values, [], properties)
