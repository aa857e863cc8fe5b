"""The tiers of a campaign: protocols at which it simulates polymers, the cheapest first."""

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from autodisco.campaign.settings import Settings
from autodisco.decide.asking import ASK
from autodisco.errors import InputError
from autodisco.store import CampaignTier
from autodisco.text import joined

if TYPE_CHECKING:
    from autodisco.simulation.protocols import Protocol

OF_REFERENCE = 4
"""Builds of the reference for each build of another polymer at the first tier: every comparison shares its error."""


def tiers_of(settings: Settings) -> list[CampaignTier]:
    """What the store of a campaign holds of its tiers. Raises InputError for a protocol that does not exist."""
    loaded = _protocols(settings)
    return [
        CampaignTier(
            protocol=protocol.name,
            replicas=tier.replicas,
            reference_replicas=tier.reference_replicas or (1 if number else OF_REFERENCE) * tier.replicas,
            builds_below=tier.builds_below,
            work=protocol.work / loaded[0].work,
            content=protocol.content(),
            scatter=protocol.scatter.model_dump(),
            agreement=protocol.agreement.model_dump() if protocol.agreement else None,
        )
        for number, (tier, protocol) in enumerate(zip(settings.tiers, loaded, strict=True))
    ]


def timeout_s(settings: Settings, number: int) -> float:
    """Time limit of a replica of a tier (s)."""
    if minutes := settings.tiers[number].timeout_minutes:
        return 60.0 * minutes
    longer = 1.0 if number == 0 else max(1.0, tiers_of(settings)[number].work)
    return 60.0 * settings.simulation.timeout_minutes * longer


def check_tiers(settings: Settings) -> None:
    """Raise InputError for tiers whose values cannot be judged together, and for the dearer before the cheaper."""
    loaded = _protocols(settings)
    for number, (below, protocol) in enumerate(pairwise(loaded), 1):
        names = [one.name for one in loaded[:number]]
        if protocol.name in names:
            raise InputError(f"protocol {protocol.name} is given twice; leave one of them out")
        if protocol.system.salt != below.system.salt:
            raise InputError(
                f"protocol {protocol.name} has the salt {_salt(protocol)}, and {below.name} has {_salt(below)}; values "
                "of different salts cannot be compared"
            )
        if protocol.work < below.work:
            raise InputError(f"protocol {protocol.name} is cheaper than {below.name}; give the cheapest first")


def check_told(settings: Settings) -> None:
    """Raise InputError where values would be told under the name of a simulation, or a measured protocol simulated."""
    loaded, asks = _protocols(settings), settings.executor.kind == ASK
    for protocol in loaded:
        if asks and not protocol.measured:
            raise InputError(
                f"protocol {protocol.name} is one of simulations, and executor 'ask' is told values; allowed is "
                "experiment, experiment@333 (K), or a file with measured = true"
            )
        if protocol.measured and not asks:
            raise InputError(f"protocol {protocol.name} is of measured values; it needs executor.kind = 'ask'")
    if asks and len(loaded) > 1:
        raise InputError("executor 'ask' has one protocol; allowed is no table [[tier]], or a single one")


def check_engine(settings: Settings) -> None:
    """Raise InputError for an engine that lacks a kind of step of a protocol."""
    from autodisco.simulation import engines

    for protocol in _protocols(settings):
        engines.check_steps(settings.simulation.engine, protocol)


def check_given(settings: Settings) -> None:
    """Raise InputError for an objective of which no tier gives a value. A further objective and a constraint may also
    rest on measured values of the campaign file."""
    from autodisco.simulation.run_properties import lacking

    loaded = _protocols(settings)
    for number, one in enumerate(settings.wanted().every):
        for name in one.quantities:
            lacks = [lacking(protocol, name) for protocol in loaded]
            if None in lacks or (number and name in _measured(settings)):
                continue
            names = joined([protocol.name for protocol in loaded])
            measured = ", or a table of measured values with it in seeds.measured" if number else ""
            raise InputError(f"{one.name} needs {lacks[0]}, which {names} lacks; allowed is such a protocol{measured}")


def _measured(settings: Settings) -> set[str]:
    """Quantities of the tables of measured values."""
    from autodisco.campaign.measurements import seed_tables

    return {row.quantity for table in seed_tables(settings) for row in table.rows}


def _protocols(settings: Settings) -> list["Protocol"]:
    from autodisco.simulation import protocols

    return [protocols.load(tier.protocol) for tier in settings.tiers]


def _salt(protocol: "Protocol") -> Any:
    salt = protocol.system.salt
    return salt if isinstance(salt, str) else " + ".join(salt)
