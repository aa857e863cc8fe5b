"""What a build costs on this machine, from what builds have cost so far.

The rate of a protocol is that of the campaign's own builds, else of other campaigns with the same engine and force
field, else of builds with another protocol times the ratio of the work, else of a short run of the engine.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from autodisco.campaign.campaign import Campaign
from autodisco.campaign.running import engine_of, executor_of
from autodisco.errors import AutodiscoError, InputError
from autodisco.simulation import protocols
from autodisco.simulation.protocols import Protocol
from autodisco.store import Rate, Record, Store, campaign_databases, rates, training_s
from autodisco.text import counted

if TYPE_CHECKING:
    from autodisco.simulation.engines.engine import Speed

GRAMS_PER_ATOM = 6.3
"""Mass of a mole of atoms of poly(ethylene oxide)."""
ATOMS_PER_PAIR = 16
"""Of LiTFSI."""
BYTES_PER_ATOM = 12
"""In a frame of a DCD file."""


@dataclass(frozen=True)
class BuildCost(Record):
    """CPU time and wall time (s) and disk (bytes) of a build of a protocol, each None where it is not known, and where
    they come from; `is_alone` if they are those of one build without others beside it."""

    protocol: str
    cpu_s: float | None
    wall_s: float | None
    n_bytes: float | None
    source: str
    is_alone: bool = False


@dataclass(frozen=True)
class Experience:
    """Rates of the builds of a campaign, and the time (s) of its trainings where its generator is the same; `name` is
    empty for the campaign that is asked about."""

    name: str
    rates: list[Rate]
    training_s: float | None


def experience(campaign: Campaign) -> list[Experience]:
    """What is known from campaigns in the same folder with the same engine and force field: this one first, then those
    with the most builds."""
    settings = campaign.settings
    wanted = settings.simulation.force_field, engine_of(settings, executor_of(settings))
    found = []
    for database in campaign_databases(campaign.folder.parent):
        own = database.parent.resolve() == campaign.folder.resolve()
        try:
            with Store.open_readonly(database.parent) as store:
                facts = store.facts()
                if (facts.get("force_field"), facts.get("engine")) == wanted:
                    same = (facts.get("settings") or {}).get("generator") == settings.model_dump()["generator"]
                    took = training_s(store) if same else None
                    found.append(Experience("" if own else database.parent.name, rates(store), took))
        except AutodiscoError:  # it cannot be read
            continue
    return sorted(found, key=lambda one: (one.name != "", -sum(rate.n for rate in one.rates)))


def build_costs(campaign: Campaign, wanted: Sequence[Protocol], known: Sequence[Experience]) -> list[BuildCost]:
    """What builds of these protocols cost."""
    found = [_from_builds(protocol, known) for protocol in wanted]
    speed, source = (None, "") if None not in found else _measured_speed(campaign)
    return [one or _from_speed(protocol, speed, source) for protocol, one in zip(wanted, found, strict=True)]


def _from_builds(protocol: Protocol, known: Sequence[Experience]) -> BuildCost | None:
    every = [(one.name, rate) for one in known for rate in one.rates]
    for name, rate in every:
        if rate.protocol == protocol.name:
            n_bytes = rate.n_bytes or _trajectory(protocol)
            return BuildCost(protocol.name, rate.cpu_s, rate.wall_s, n_bytes, _of(name, rate))
    for name, rate in every:
        try:
            factor = protocol.work / protocols.load(rate.protocol).work
        except InputError:  # the file of another campaign's protocol
            continue
        source = f"{_of(name, rate)}, with the ratio of the work of the protocols"
        return BuildCost(protocol.name, factor * rate.cpu_s, factor * rate.wall_s, _trajectory(protocol), source)
    return None


def _of(name: str, rate: Rate) -> str:
    whose = f"campaign {name}" if name else "this campaign"
    return f"{counted(rate.n, 'build')} of {rate.protocol} in {whose}"


def _measured_speed(campaign: Campaign) -> "tuple[Speed | None, str]":
    """The speed in two seconds of the engine, and how it was measured, or why there is none."""
    from autodisco.simulation.speed import MEASURED, busy, speeds

    executor = executor_of(campaign.settings)
    engine = engine_of(campaign.settings, executor)
    if not executor.here:
        return None, "not known: no build so far"
    try:
        speed = speeds([engine])[0].get(engine)
    except AutodiscoError as error:
        return None, f"not known: {error}"
    if not speed:
        return None, f"not known: no build so far, and {engine} has no test of its speed"
    source = f"two seconds of {engine} with the box of {MEASURED}, and the ratio of the work of the protocols"
    return speed, "; ".join(filter(None, (source, busy())))


def _from_speed(protocol: Protocol, speed: "Speed | None", source: str) -> BuildCost:
    from autodisco.simulation.speed import build_s

    took = build_s(speed, protocol) if speed else None
    used = took * speed.cpu_per_wall if speed and took else None
    return BuildCost(protocol.name, used, took, _trajectory(protocol), source, is_alone=True)


def _trajectory(protocol: Protocol) -> float:
    """Estimate of the bytes of the trajectory of a build, for poly(ethylene oxide) with LiTFSI."""
    atoms = protocol.system.polymer_mass / GRAMS_PER_ATOM + ATOMS_PER_PAIR * protocol.system.ion_pairs
    frames = protocol.production.duration_ps / protocol.production.frame_interval_ps
    return BYTES_PER_ATOM * atoms * frames
