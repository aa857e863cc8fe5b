"""Writing the settings of a campaign into its store and its folder, when it begins and at each later start."""

import time
from pathlib import Path
from typing import Any

from autodisco.campaign.campaign import Campaign
from autodisco.campaign.campaign_folder import PROTOCOL_COPY, settings_of
from autodisco.campaign.parts import with_given_names, write_part_copies
from autodisco.campaign.running import executor_of
from autodisco.campaign.settings import Settings
from autodisco.campaign.settings_file import write_settings
from autodisco.campaign.states import load_stages
from autodisco.files import write_atomic
from autodisco.store import Store


def set_up(campaign: Campaign, store: Store) -> bool:
    """Write the settings into the database, at first or because they changed; `write_copies` comes after the commit.

    Returns whether a campaign that had ended may now go on: its budget or its saturation rule is another.
    """
    settings = campaign.settings
    before = store.get("settings")
    changed: dict[str, Any] = {}
    facts = facts_of(settings)
    with store.transaction():
        if before is None:
            store.set(state="prepare", iteration=0, reason="", started=time.time(), ended=None, active_s=0.0)
            store.note("begin", settings.name, {"seed": settings.seed}, "prepare", "a new campaign")
        else:
            old = settings_of(store).flat()
            changed = {key: value for key, value in settings.flat().items() if value != old.get(key)}
        if changed:
            store.note("settings", settings.name, changed, "go on with these", "the campaign file was changed")
        if before is not None and store.get("engine") != facts["engine"]:
            engines = {"before": store.get("engine"), "now": facts["engine"]}
            store.note(
                "engine", settings.name, engines, "go on with it", "what this machine has; energies are the same"
            )
        stored = with_given_names(store.folder, settings.model_dump(), before or {})
        store.set(**{**facts, "settings": stored, "force_field": stored["simulation"]["force_field"]})
    return any(key.startswith(("budget.", "saturation.")) for key in changed)


def write_copies(campaign: Campaign) -> None:
    """Write ``campaign.toml``, the protocol and the files of parts into the folder, copies of what the database says.

    Each start does, so that the next one mends what a process left that was killed before.
    """
    with Store.open_readonly(campaign.folder) as store:
        write_atomic(campaign.folder / "campaign.toml", write_settings(store.get("settings")))
    write_part_copies(campaign.folder, campaign.settings)
    protocol = Path(campaign.settings.simulation.protocol)
    if protocol.is_file() and protocol.absolute() != (campaign.folder / PROTOCOL_COPY).absolute():
        write_atomic(campaign.folder / PROTOCOL_COPY, protocol.read_bytes())


def facts_of(settings: Settings) -> dict[str, Any]:
    """What readers of the store want to know of the settings."""
    from autodisco.polymer import parse
    from autodisco.simulation import engines, protocols

    simulation = settings.simulation
    protocol = protocols.load(simulation.protocol)
    stages = load_stages(settings.loop.stages)
    return {
        "loop": [{"name": stage.name, "part": part, "does": stage.does} for part, stage in stages.items()],
        "verdicts": {name: meaning for stage in stages.values() for name, meaning in stage.verdicts.items()},
        "name": settings.name,
        "seed": settings.seed,
        "protocol": protocol.name,
        "protocol_content": protocol.content(),
        "build_scatter": protocol.scatter.model_dump(),
        "agreement": protocol.agreement.model_dump() if protocol.agreement else None,
        "force_field": simulation.force_field,
        "engine": engines.resolved(simulation.engine),
        "replicas": simulation.replicas,
        "workers": executor_of(settings).workers,
        "batch_size": settings.generate.batch_size,
        "budget": settings.budget.model_dump(),
        "reference_key": parse(settings.acquire.reference).key,
    }
