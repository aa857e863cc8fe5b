"""Writing the settings of a campaign into its store and its folder, when it begins and at each later start."""

import time
from dataclasses import replace
from typing import Any

from autodisco.campaign.campaign import Campaign
from autodisco.campaign.campaign_folder import settings_of
from autodisco.campaign.copies import as_given, with_part_copies, with_protocol_copies, write_copies_of_files
from autodisco.campaign.running import engine_of, executor_of, queue_of
from autodisco.campaign.settings import Settings
from autodisco.campaign.settings_changes import REOPENING, expanded, tier_names
from autodisco.campaign.settings_file import write_settings
from autodisco.campaign.shared import mark_shared, take_shared, write_shared_copies
from autodisco.campaign.states import load_stages
from autodisco.campaign.tiers import tiers_of
from autodisco.decide import keep_at_hand
from autodisco.files import write_atomic
from autodisco.store import Store
from autodisco.text import joined


def set_up(campaign: Campaign, store: Store, why: str = "the campaign file was changed") -> bool:
    """Write the settings into the database, at first or because they changed; `write_copies` comes after the commit.

    `why` says for the journal why they changed.

    Returns whether a campaign that had ended may now go on: its budget or its saturation rule is another.
    """
    settings = campaign.settings
    with store.transaction():
        take_shared(store, settings, queue_of(settings, store.folder))
        if store.get("settings") is None:
            store.set(
                state="prepare", iteration=0, reason="", started=time.time(), ended=None, active_s=0.0, fanned_out=True,
            )  # fmt: skip
            store.note("begin", settings.name, {"seed": settings.seed}, "prepare", "a new campaign")
            if told := full_runs(campaign):
                store.note("no early stops", settings.name, {}, "run each production to its end", told)
        return store_settings(settings, store, why)


def store_settings(settings: Settings, store: Store, why: str) -> bool:
    """Write settings into the database, and into the journal what changed; returns the same as `set_up`."""
    before = store.get("settings")
    stored = as_given(store.folder, settings.model_dump(), before or {})
    facts = as_given(store.folder, facts_of(settings), stored)
    changed: dict[str, Any] = {}
    with store.transaction():
        if before is not None:
            names, now = tier_names(before.get("tier") or []), (settings_of(store), settings)
            old, new = (as_given(store.folder, expanded(one, names), before) for one in now)
            changed = {
                key: {"before": old[key], "now": value} for key, value in new.items() if value != old.get(key, value)
            }
        if changed:
            store.note("settings", settings.name, changed, "go on with these", why)
        if before is not None and store.get("engine") != facts["engine"]:
            engines = {"before": store.get("engine"), "now": facts["engine"]}
            store.note(
                "engine", settings.name, engines, "go on with it", "what this machine has; energies are the same"
            )
        store.set(**{**facts, "settings": stored})
        keep_at_hand(store)
    return any(key.startswith(REOPENING) for key in changed)


def write_campaign_file(store: Store) -> None:
    """Write ``campaign.toml``, the copy of the settings in the database, into the campaign folder."""
    write_atomic(store.folder / "campaign.toml", write_settings(store.get("settings")))


def write_copies(campaign: Campaign, store: Store) -> Campaign:
    """Write ``campaign.toml`` and the files that it names into the folder; returns the campaign that runs these copies.

    Each start does, so that the next one mends what a process left that was killed before.
    """
    mark_shared(store)
    write_campaign_file(store)
    write_copies_of_files(store, campaign.settings)
    write_shared_copies(store, campaign.settings)
    content = with_part_copies(campaign.folder, campaign.settings.model_dump())
    return replace(campaign, settings=with_protocol_copies(campaign.folder, Settings.model_validate(content)))


def full_runs(campaign: Campaign) -> str:
    """Why the early stops that the protocol asks for are off; empty if they are not."""
    from autodisco.simulation import protocols

    loaded = [protocols.load(tier.protocol) for tier in campaign.settings.tiers]
    names = [protocol.name for protocol in loaded if protocol.production.may_stop]
    if campaign.may_stop_early or not names:
        return ""
    asked = joined([one.name for one in campaign.wanted.every if not one.structure])
    return (
        f"early stops of protocol {joined(names)} are off: they are tested for a high conductivity alone, not for "
        f"{asked}"
    )


def facts_of(settings: Settings) -> dict[str, Any]:
    """What readers of the store want to know of the settings."""
    from autodisco.campaign.architecture import reference_of

    simulation, tiers, executor = settings.simulation, tiers_of(settings), executor_of(settings)
    stages = load_stages(settings.loop.stages)
    return {
        "loop": [{"name": stage.name, "part": part, "does": stage.does} for part, stage in stages.items()],
        "verdicts": {name: meaning for stage in stages.values() for name, meaning in stage.verdicts.items()},
        "name": settings.name,
        "seed": settings.seed,
        "protocol": tiers[0].protocol,
        "tiers": [tier.to_dict() for tier in tiers],
        "force_field": simulation.force_field,
        "engine": engine_of(settings, executor),
        "replicas": simulation.replicas,
        "workers": executor.workers,
        "batch_size": settings.generate.batch_size,
        "budget": settings.budget.model_dump(),
        "reference_key": reference_of(settings).key,
    }
