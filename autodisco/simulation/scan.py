"""One polymer or formulation at every combination of several molalities and temperatures.

The builds are those of `simulate_batch`, in the folders of `autodisco simulate --molality`. Finished builds are not run
again, and a scan that was cut off goes on.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from autodisco.analysis.conditions import SIGMA, Condition
from autodisco.errors import InputError
from autodisco.simulation import protocols
from autodisco.simulation.batch import Subject, values
from autodisco.simulation.contents import composition
from autodisco.simulation.formulation import Formulation, of
from autodisco.simulation.task import ReplicaOutcome
from autodisco.text import counted


def own_molality(subject: Subject, protocol: str) -> float:
    """Molality of a subject in the boxes of a protocol. Raises InputError where there is no salt."""
    mixture = of(subject)
    molality = mixture.molality or protocols.load(protocol).system.molality
    if mixture.salts == () or molality is None:
        raise InputError(
            f"{mixture.title} holds no salt with protocol {protocol}, so that it has no conductivity to scan"
        )
    return molality


def with_molality(subject: Subject, molality: float) -> Formulation:
    """The same content with another amount of salt. Raises InputError for a formulation without salt."""
    mixture = of(subject)
    if mixture.salts == ():
        raise InputError(f"{mixture.title} holds no salt, whose amount could be scanned; name one with --salt")
    fields = {name: getattr(mixture, name) for name in Formulation.model_fields}
    return Formulation(**fields | {"molality": molality})


def at_molalities(subject: Subject, molalities: Sequence[float], protocol: str) -> dict[float, Subject]:
    """The subject at each molality, or at its own one where none is named. Raises InputError without salt."""
    if not molalities:
        return {own_molality(subject, protocol): subject}
    return {molality: with_molality(subject, molality) for molality in molalities}


def base_of(protocol: str) -> str:
    """The protocol without the temperature that ``protocol@T`` names."""
    return protocol.partition("@")[0]


def protocol_at(protocol: str, temperature_k: float) -> str:
    """The protocol at a temperature: its own name at its own temperature, otherwise ``protocol@T``."""
    base = base_of(protocol)
    return base if temperature_k == protocols.load(base).temperature_k else f"{base}@{temperature_k:g}"


def ion_pairs(subject: Subject, protocol: str) -> int:
    """Formula units of salt in a box. Raises InputError as `composition` does."""
    return sum(n for _, n in composition(subject, protocols.load(protocol).system).salts)


def condition(molality: float, temperature_k: float, pairs: int, outcomes: Mapping[int, ReplicaOutcome]) -> Condition:
    """What the replicas of one condition tell."""
    properties = values(outcomes)
    sigmas = tuple(row[SIGMA] for row in properties if row[SIGMA] is not None)
    actual = [row["concentration_actual_molal"] for row in properties]
    return Condition(molality, temperature_k, pairs, sigmas, sum(actual) / len(actual) if actual else molality)


LEAST_PAIRS = 2
"""Ion pairs in a box below which ions meet none of another pair."""

NOT_RESOLVED = "not resolved"
"""What stands for a conductivity of zero: no ion moved far enough in any build."""


def warnings_of(rows: Sequence[Mapping[str, Any]], protocol: str) -> list[str]:
    """What has to be known of the rows of a scan: few ions, conditions that are not resolved, and what the builds say,
    each once with its conditions."""
    places: dict[str, list[str]] = {}
    for row in rows:
        place = f"{row['molality_mol_per_kg']:g} mol/kg {row['temperature_k']:g} K"
        for text in row["warnings"]:
            places.setdefault(text, []).append(place)
        if row["resolved"] is False:
            places.setdefault(f"{NOT_RESOLVED}: no ion moved far enough; 0 is no value", []).append(place)
    few = few_pairs([_salt_content(row) for row in rows], protocol)
    return [*few, *(f"{', '.join(dict.fromkeys(where))}: {text}" for text, where in places.items())]


def _salt_content(row: Mapping[str, Any]) -> tuple[float, int]:
    return row["molality_mol_per_kg"], row["ion_pairs"]


def few_pairs(contents: Sequence[tuple[float, int]], protocol: str) -> list[str]:
    """A warning for each molality whose boxes hold few ion pairs, of molalities (mol/kg) and ion pairs: less than
    `LEAST_PAIRS`, or than half of the protocol's own.
    """
    own = protocols.load(protocol).system.ion_pairs
    found = {molality: pairs for molality, pairs in contents if pairs < LEAST_PAIRS or 2 * pairs < own}
    return [
        f"{m:g} mol/kg: {counted(pairs, 'ion pair')} in a box, {own} at the molality of protocol {protocol}; so few "
        "ions meet too few others, and their conductivity scatters: take a protocol with larger boxes"
        for m, pairs in found.items()
    ]
