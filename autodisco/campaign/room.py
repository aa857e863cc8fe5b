"""Whether the machine has disk space and memory for another replica, and which other campaigns use its cores."""

import shutil
from pathlib import Path

from autodisco.campaign.campaign import Campaign
from autodisco.campaign.running import executor_of
from autodisco.campaign.shared import absence, shared_folder
from autodisco.machine import free_memory_bytes
from autodisco.store import list_campaigns
from autodisco.text import joined

GB = 1e9


def neighbours(campaign: Campaign) -> str:
    """Which campaigns run beside this one that does not share the cores with them, as a sentence; empty for none, and
    where the replicas of this one do not run here."""
    settings = campaign.settings
    if settings.executor.share or settings.simulation.workers or not executor_of(settings).here:
        return ""
    here = campaign.folder.resolve()
    alive = [row for row in list_campaigns(here.parent) if row.alive and Path(row.folder).resolve() != here]
    if not alive:
        return ""
    names = joined([row.name for row in alive])
    runs = "runs" if len(alive) == 1 else "run"
    return f"{names} {runs} beside it; each takes all cores unless simulation.workers says how many, or executor.share"


def lack_of_room(campaign: Campaign, here: bool = True) -> str:
    """What is short, as a sentence; empty where there is enough: disk of the campaign folder, and of the one on
    the shared disk. Memory counts if replicas run `here`."""
    settings, shared = campaign.settings.simulation, shared_folder(campaign.settings)
    if shared and (reason := absence(shared)):
        return reason
    for folder in (campaign.folder, *([shared] if shared else [])):
        disk = shutil.disk_usage(folder).free / GB
        if disk < settings.least_free_disk_gb:
            return (
                f"{folder}: {disk:.2f} GB of disk are free and simulation.least_free_disk_gb asks for "
                f"{settings.least_free_disk_gb:g}; it goes on when there is room"
            )
    memory = free_memory_bytes()
    if here and memory / GB < settings.least_free_memory_gb:
        return (
            f"{memory / GB:.2f} GB of memory are free and simulation.least_free_memory_gb asks for "
            f"{settings.least_free_memory_gb:g}; it goes on when there is room"
        )
    return ""
