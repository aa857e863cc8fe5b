"""What the polymers of a campaign were measured to have at each protocol, and how they compare by that alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autodisco.analysis import UNKNOWN_SCATTER, Comparison, combine, compare
from autodisco.decide.objective import CONDUCTIVITY, Objective, objective_named
from autodisco.decide.stand_ins import stand_ins
from autodisco.store import Label, Properties, Replica, Store, copied_part


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


def value_of(store: Store, key: str, protocol: str) -> float | None:
    """Measured value of a polymer at a tier, found without the others'; None where it has none."""
    found = measured_values(store, objective_of(store), key).get(key, {}).get(protocol)
    return found.value if found else None


def comparison(store: Store, protocol: str) -> Comparison:
    """Comparison of all polymers with a value at a tier, by key."""
    objective = objective_of(store)
    return compared(store, objective, measured_values(store, objective), protocol)


def compared(
    store: Store, objective: Objective, measured: Mapping[str, Mapping[str, Measured]], protocol: str
) -> Comparison:
    tier = store.tier(protocol)
    of_protocol = tier.known_scatter if tier else UNKNOWN_SCATTER
    values = {key: found[protocol].values for key, found in measured.items() if protocol in found}
    return compare(values, objective.scatter or of_protocol, objective.scale)


def measured_values(store: Store, objective: Objective, key: str | None = None) -> dict[str, dict[str, Measured]]:
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
