"""What may change in the settings of a campaign that has begun, and what its stored settings may lack."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pydantic

from autodisco.campaign.settings import Settings
from autodisco.campaign.settings_file import settings_error
from autodisco.campaign.simulation_settings import FROM_FIRST_TIER
from autodisco.errors import InputError

FREE_KEYS = (
    "budget.",
    "saturation.",
    "notify.",
    "backup.",
    "executor.",
    "loop.most_faults",
    "loop.keep_models",
    "simulation.keep",
    "simulation.workers",
    "simulation.threads",
    "simulation.folder",
    "simulation.timeout_minutes",
    "simulation.stalled_minutes",
    "simulation.least_free_disk_gb",
    "simulation.least_free_memory_gb",
    "simulation.most_failed",
)
"""What may change while a campaign is under way: when it ends, how fast it goes, who is told. Values stay comparable,
though not the same to the last digit with other threads."""

ADD_TIER = "tier+"
"""Key that adds a tier above the others, given its protocol."""

FREE_OF_TIERS = ("replicas", "reference_replicas", "builds_below", "timeout_minutes")
"""The same of a table [[tier]]. At the first tier, which every polymer goes through, only the time limit may change."""

AT_START = {
    "executor.": "the executor is made once by each process",
    "simulation.threads": "the executor is made once by each process",
    "simulation.folder": "the replicas have to be moved first",
}
"""What may change only while no process runs the campaign, and why."""

KEPT_KEYS = ("saturation.count", "surrogate.kind", "filter.selection", "acquire.labelling")
"""Keys whose default was another one in earlier versions: a campaign keeps what it was begun with, if its file does not
name another."""

BEFORE_POSTERIOR = {"surrogate": {"kind": "none"}}
"""What stored settings of a version without posterior lack."""

FILE_KEYS = ("seeds.file", "seeds.dataset", "seeds.measured")

REOPENING = ("budget.", "saturation.")
"""With other values of these, a campaign that has ended may go on."""


def expanded(settings: Settings, tiers: Sequence[str] = ()) -> dict[str, Any]:
    """All settings by dotted key. ``tier`` holds the protocols of the tiers; the other keys of a tier have keys of
    their own, such as ``tier.overnight.builds_below``, with the names in `tiers` for the first of them. Objectives are
    counted from 0: ``objective.0.name``."""
    found = settings.flat()
    tables = found.pop("tier")
    for number, one in enumerate(found.pop("objective")):
        found |= {f"objective.{number}.{key}": value for key, value in one.items()}
    found["tier"] = [table["protocol"] for table in tables]
    for name, table in zip([*tiers, *tier_names(tables)[len(tiers) :]], tables, strict=True):
        found |= {f"tier.{name}.{key}": value for key, value in table.items() if key != "protocol"}
    return found


def tier_names(tables: Iterable[Mapping[str, Any]]) -> list[str]:
    """The names of tiers in dotted keys: those of their protocols, without the path of a file."""
    names = [str(table["protocol"]) for table in tables]
    return [Path(name).stem if name.endswith(".toml") else name for name in names]


def is_free(key: str, tiers: Sequence[str]) -> bool:
    """Whether a setting may change in a campaign that has begun and has tiers of these names."""
    if not key.startswith("tier."):
        return key.startswith(FREE_KEYS)
    name, _, of_tier = key.removeprefix("tier.").rpartition(".")
    return name in tiers and of_tier in (FREE_OF_TIERS if tiers.index(name) else FREE_OF_TIERS[-1:])


def why_at_start(key: str) -> str:
    """Why a setting cannot change while a process runs the campaign; empty if it can."""
    return next((why for beginning, why in AT_START.items() if key.startswith(beginning)), "")


def differences(old: Settings, new: Settings) -> dict[str, tuple[Any, Any]]:
    """Keys whose change would mix two campaigns, with the old and the new value; files are compared elsewhere. Tiers
    that are added above the others mix nothing."""
    if new.tier and not old.tier:
        old = old.model_copy(update={"tier": list(old.tiers)})
    before, after, tiers = expanded(old), expanded(new), tier_names(new.model_dump()["tier"])
    known = len(old.tier)
    if after["tier"][:known] == before["tier"]:
        before["tier"] = after["tier"]
        added = tuple(f"tier.{name}." for name in tiers[known:])
    else:
        added = ()
    return {
        key: (before.get(key), after.get(key))
        for key in {**after, **before}
        if before.get(key) != after.get(key)
        and not is_free(key, tiers)
        and not key.startswith(added)
        and key not in FILE_KEYS
    }


def tiers_were_added(stored: Settings, given: Settings) -> bool:
    """Whether stored settings have the tiers that were given, and more above them."""
    names = [[tier.protocol for tier in one.tiers] for one in (stored, given)]
    return len(names[0]) > len(names[1]) and names[0][: len(names[1])] == names[1]


def with_changes(content: Mapping[str, Any], changed: Mapping[str, Any], tiers: Sequence[str] = ()) -> Settings:
    """Settings, given as plain values, with some of them changed, given by dotted key; `tiers` are the names of tiers.
    `ADD_TIER` adds one.

    Raises InputError, in one line with key, value and what is allowed, for a key that does not exist and for a value
    out of range.
    """
    made = dict(content)
    if ADD_TIER in changed:
        added = changed[ADD_TIER]
        if not isinstance(added, str) or not added:
            raise InputError(f"{ADD_TIER} = {added!r}: allowed is a protocol, such as overnight")
        made["tier"] = _with_tier(made, added)
        tiers = tier_names(made["tier"])
    for dotted, value in changed.items():
        if dotted == ADD_TIER:
            continue
        *tables, key = _path(dotted, tiers)
        table: Any = made
        for name in tables:
            table[name] = _copied(table[name] if isinstance(table, list) else table.get(name, {}))
            table = table[name]
            if not isinstance(table, dict | list) or (isinstance(table, list) and name != "tier"):
                raise InputError(f"{dotted}: {name} is no table of settings")
        if isinstance(table, list) and tables == ["tier"]:
            raise InputError(f"{dotted}: unknown key; tiers are named {', '.join(tiers) or 'nowhere in this campaign'}")
        table[key] = value
    try:
        return Settings.model_validate(made)
    except pydantic.ValidationError as error:
        sentence = settings_error(error)
        for number, name in enumerate(tiers):
            sentence = sentence.replace(f"tier.{number}.", f"tier.{name}.")
        raise InputError(sentence) from None


def _with_tier(content: Mapping[str, Any], protocol: Any) -> list[Any]:
    """The tables of tiers, with another one at their end."""
    simulation = content.get("simulation", {})
    first = {key: simulation[key] for key in FROM_FIRST_TIER if key in simulation}
    return [*(content.get("tier") or [first]), {"protocol": protocol}]


def _path(dotted: str, tiers: Sequence[str]) -> list[Any]:
    """The keys of nested tables; a tier is a number among the tables."""
    name, _, key = dotted.removeprefix("tier.").rpartition(".")
    if dotted.startswith("tier."):
        return ["tier", tiers.index(name), key] if name in tiers else ["tier", key]
    return dotted.split(".")


def _copied(table: Any) -> Any:
    return dict(table) if isinstance(table, dict) else list(table) if isinstance(table, list) else table
