"""What the posterior of a campaign is fitted to: labels and their sources, read from the store.

Sources are the protocols of the simulations, labels of files by protocol and force field, measured values
(`experiments`), and imported data sets. Values are on the scale of the objective; a polymer has one label for each
source.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from autodisco.analysis import UNKNOWN_SCATTER, Scatter, compare
from autodisco.decide.conditions import Conditions
from autodisco.decide.experiments import measured_sources
from autodisco.decide.measured import quantities_at_hand, with_values
from autodisco.decide.objective import CONDUCTIVITY, Objective
from autodisco.decide.stand_ins import stand_ins
from autodisco.store import DATASET, EXPERIMENT, CampaignTier, Store
from autodisco.surrogate import Kind, Label, Normal, Priors, Source
from autodisco.surrogate.sources import OF_KIND, TARGET

REFERENCE = "htp-md"
"""The reference protocol: that of the published tables (Khajeh et al. 2025), with the force field `FORCE_FIELD`."""

FORCE_FIELD = "pcff+"
SALT = "LiTFSI"
REFERENCE_CONDITIONS = Conditions(353.0, SALT, 1.5)
MOST_OF_DATASET = 2000
"""Values of a data set that are used, at random where there are more: the time of a fit grows with their cube."""

Builds = dict[str, list[float]]
"""Values of the builds of each polymer, by its key."""

Errors = dict[str, list[float | None]]
"""Standard errors that were told with values, in the same order."""


@dataclass(frozen=True)
class Collected:
    """What the store holds for a posterior.

    Attributes
    ----------
    labels, sources : those of short protocols last; sources by name
    target : name of the source that the posterior speaks about
    conditions : those of the target
    prior_mean : whether it begins with the prior mean of the program
    """

    labels: list[Label]
    sources: dict[str, Source]
    target: str
    conditions: Conditions
    prior_mean: bool


def collect(store: Store, objective: Objective, prior_mean: bool) -> Collected:
    """What is known of the objective, and what it is about.

    The target is the reference protocol if the objective is the conductivity, the campaign's boxes hold the salt of
    this protocol, and something speaks of it: a data set, values of the protocol itself, or the prior mean if
    `prior_mean` allows it. Otherwise, and where values are told and not simulated, it is the protocol of the campaign's
    highest tier.
    """
    tiers = {tier.protocol: tier for tier in store.tiers()}
    own = list(tiers)[-1]
    builds, errors = _of_protocols(store, objective)
    for name in tiers:
        builds.setdefault(name, {})
    single = _of_files(store, objective)
    told = tiers[own].is_measured
    comparable = objective.column == CONDUCTIVITY.column and _salt(store) == SALT and not told
    published = any(kind == DATASET for kind, _ in single.values())
    target = REFERENCE if comparable and (published or builds.get(REFERENCE) or prior_mean) else own
    if target == REFERENCE:
        builds.setdefault(REFERENCE, {})
    smiles = store.units()
    labels: list[Label] = []
    sources: dict[str, Source] = {}
    for name, values in builds.items():
        known = _scatter(tiers.get(name), objective, name)
        if name in tiers and tiers[name].is_measured:
            found, scatter = _told_labels(name, values, errors.get(name, {}), known, objective, smiles)
        else:
            found, scatter = _labels(name, values, known, objective, smiles)
        priors = TARGET if name == target else _priors(store, objective, tiers.get(name), target)
        kind: Kind = "experiment" if told and name == own else "protocol"
        sources[name] = Source(name, kind, name == target, replace(priors, scatter=scatter))
        labels += found
    of_files = _of_single(store, single, {label.smiles for label in labels}, objective, target)
    conditions = REFERENCE_CONDITIONS if target == REFERENCE else Conditions.of(tiers[own].content or {})
    priors = _scaled(OF_KIND["experiment"], objective)
    further = [*of_files, *measured_sources(store, objective, conditions, priors)]
    sources |= {source.name: source for source, _ in further}
    labels = [*(label for _, found in further for label in found), *labels]
    order = {name: source.kind == "protocol" and not source.reference for name, source in sources.items()}
    return Collected(
        labels=sorted(labels, key=lambda label: order[label.source]),
        sources={name: sources[name] for name in sorted(sources, key=order.__getitem__)},
        target=target,
        conditions=conditions,
        prior_mean=prior_mean and target == REFERENCE,
    )


def _of_protocols(store: Store, objective: Objective) -> tuple[dict[str, Builds], dict[str, Errors]]:
    """Values of builds by protocol: of simulations, and of labels of files where a polymer has no simulation. With
    them the errors of those that a replica has, which were told."""
    found: dict[str, Builds] = {}
    errors: dict[str, Errors] = {}
    for row in store.measured(quantities_at_hand(store, objective)):
        if valued := with_values(objective, row.done):
            found.setdefault(row.protocol, {})[row.key] = [one[objective.column] for one in valued]
            errors.setdefault(row.protocol, {})[row.key] = [objective.error(one) for one in valued]
    simulated = {name: set(builds) for name, builds in found.items()}
    here = store.get("force_field")
    for label in store.labels(objective.column):
        if label.value is None or label.protocol in (DATASET, EXPERIMENT):
            continue
        is_own = label.force_field == (FORCE_FIELD if label.protocol == REFERENCE else here)
        name = label.protocol if is_own else f"{label.protocol}, {label.force_field}"
        if label.key not in simulated.get(name, ()):
            values = stand_ins(label.value, label.sem, label.n_replicas or 1, objective.scale)
            found.setdefault(name, {})[label.key] = values
    return found, errors


def _of_files(store: Store, objective: Objective) -> dict[str, tuple[str, dict[str, tuple[float, float | None]]]]:
    """Single values with their errors by key, of data sets and experiments: by name of the file, with the kind."""
    found: dict[str, tuple[str, dict[str, tuple[float, float | None]]]] = {}
    for label in store.labels(objective.column):
        if label.value is not None and label.protocol in (DATASET, EXPERIMENT):
            name = EXPERIMENT if label.protocol == EXPERIMENT else label.origin
            found.setdefault(name, (label.protocol, {}))[1][label.key] = (label.value, label.sem)
    return found


def _of_single(
    store: Store,
    single: Mapping[str, tuple[str, dict[str, tuple[float, float | None]]]],
    linked: set[str],
    objective: Objective,
    target: str,
) -> list[tuple[Source, list[Label]]]:
    """Sources of such values with their labels; `linked` are polymers that simulations know."""
    rng, smiles, found = np.random.default_rng(store.get("seed") or 0), store.units(), []
    for name, (kind, rows) in single.items():
        known = {smiles[key]: value for key, value in rows.items()}
        if kind == DATASET:
            known = _chosen(known, linked, rng)
        like: Kind = "experiment" if kind == EXPERIMENT else "data-set"
        of_kind = OF_KIND["protocol" if like == "data-set" and target != REFERENCE else like]
        every = [value for value, _ in known.values()]
        labels = [_single(like, name, unit, value, sem, objective, every) for unit, (value, sem) in known.items()]
        found.append((Source(name, like, False, _scaled(of_kind, objective)), labels))
    return found


def _chosen(
    known: dict[str, tuple[float, float | None]], linked: set[str], rng: np.random.Generator
) -> dict[str, tuple[float, float | None]]:
    """At most `MOST_OF_DATASET` values: those of polymers that another source knows, and others at random."""
    if len(known) <= MOST_OF_DATASET:
        return known
    both, others = [unit for unit in known if unit in linked], [unit for unit in known if unit not in linked]
    some = rng.permutation(len(others))[: max(0, MOST_OF_DATASET - len(both))]
    return {unit: known[unit] for unit in [*both, *(others[place] for place in sorted(some.tolist()))]}


def _labels(
    name: str, values: Builds, scatter: Scatter, objective: Objective, smiles: Mapping[str, str]
) -> tuple[list[Label], Scatter]:
    """A label for each polymer, placed as the mean of builds without number, and the scatter of builds, pooled.

    A polymer whose builds are all at the floor of a logarithmic scale lies at or below the smallest other value of the
    source: less was not resolved.
    """
    compared, floor = compare(values, scatter, objective.scale), objective.scale.floor
    places, errors = compared.places()
    resolved = [value for builds in values.values() for value in builds if floor is not None and value > floor]
    bound = objective.scale.place(min(resolved, default=0.0))
    labels = []
    for key, place, error in zip(compared.keys, places.tolist(), errors.tolist(), strict=True):
        builds = values[key]
        zero = floor is not None and max(builds) <= floor
        mixed = floor is not None and min(builds) <= floor < max(builds)
        labels.append(
            Label(smiles[key], name, bound if zero else place, len(builds), error if mixed else None, censored=zero)
        )
    return labels, Scatter(compared.replica_sd, compared.degrees)


def _told_labels(
    name: str, values: Builds, errors: Errors, known: Scatter, objective: Objective, smiles: Mapping[str, str]
) -> tuple[list[Label], Scatter]:
    """The same of told values, which are measured numbers however small they are: only zero is a bound.

    The error of a label follows from those that were told with its values; a value without one has the scatter of all.
    """
    compared = compare(values, known, objective.scale)
    resolved = [value for told in values.values() for value in told if value > 0]
    bound = objective.scale.place(min(resolved, default=0.0))
    labels = []
    for key, told in values.items():
        place, sems = objective.scale.place(sum(told) / len(told)), errors.get(key, [])
        zero = objective.scale.floor is not None and max(told) <= 0
        own = [objective.error_on_scale(value, sem) for value, sem in zip(told, sems, strict=False)]
        sem = None
        if any(one is not None for one in own):
            sem = float(np.sqrt(sum((compared.replica_sd if one is None else one) ** 2 for one in own))) / len(own)
        labels.append(
            Label(smiles[key], name, bound if zero else place, len(told), None if zero else sem, censored=zero)
        )
    return labels, Scatter(compared.replica_sd, compared.degrees)


def _single(
    like: Kind, name: str, unit: str, value: float, sem: float | None, objective: Objective, known: Sequence[float]
) -> Label:
    """The label of a value that is no mean of builds. Zero is at or below the smallest of the `known` ones; less than
    the floor of the scale is zero in a data set, and a number in an experiment."""
    floor = objective.scale.floor
    least = 0.0 if like == "experiment" else floor
    if floor is not None and least is not None and value <= least:
        bound = min((one for one in known if one > least), default=0.0)
        return Label(unit, name, objective.scale.place(bound), censored=True)
    return Label(unit, name, objective.scale.place(value), sem=objective.error_on_scale(value, sem))


def _scatter(tier: CampaignTier | None, objective: Objective, name: str) -> Scatter:
    """Scatter of builds that is known before the campaign has any."""
    if objective.scatter:
        return objective.scatter
    if tier:
        return tier.known_scatter
    return TARGET.scatter if name == REFERENCE else UNKNOWN_SCATTER


def _priors(store: Store, objective: Objective, tier: CampaignTier | None, target: str) -> Priors:
    """What is known of a protocol that is not the target: from its file, where that says so."""
    known = tier.agreement if tier else None
    if not known or target != REFERENCE or store.get("force_field") != FORCE_FIELD:
        return _scaled(OF_KIND["protocol"], objective)
    return Priors(
        Normal(known["offset"], known["offset_sd"]),
        Normal(known["slope"], known["slope_sd"]),
        known["systematic"],
        OF_KIND["protocol"].scatter,
    )


def _scaled(priors: Priors, objective: Objective) -> Priors:
    """Priors in decades on the scale of the objective."""
    by = objective.relative_spread
    return Priors(
        Normal(by * priors.offset.mean, by * priors.offset.sd),
        priors.slope,
        by * priors.systematic,
        Scatter(by * priors.scatter.sd, priors.scatter.degrees),
    )


def _salt(store: Store) -> str:
    """The salt of the boxes; of several, their names."""
    salt = (store.tiers()[0].content or {}).get("system", {}).get("salt", SALT)
    return salt if isinstance(salt, str) else " + ".join(salt)
