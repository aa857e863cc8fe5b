"""Whether the machine has room for another replica: disk and memory, asked while one waits."""

import shutil
from pathlib import Path

from autodisco.campaign.campaign import Campaign

MEMINFO = Path("/proc/meminfo")
GB = 1e9


def lack_of_room(campaign: Campaign) -> str:
    """What is short, as a sentence; empty where there is enough."""
    settings, folder = campaign.settings.simulation, campaign.folder
    disk = shutil.disk_usage(folder).free / GB
    if disk < settings.least_free_disk_gb:
        return (
            f"{folder}: {disk:.2f} GB of disk are free and simulation.least_free_disk_gb asks for "
            f"{settings.least_free_disk_gb:g}; it goes on when there is room"
        )
    memory = free_memory_gb()
    if memory is not None and memory < settings.least_free_memory_gb:
        return (
            f"{memory:.2f} GB of memory are free and simulation.least_free_memory_gb asks for "
            f"{settings.least_free_memory_gb:g}; it goes on when there is room"
        )
    return ""


def free_memory_gb() -> float | None:
    """Memory that a new process can have, as Linux estimates it; None elsewhere."""
    try:
        lines = MEMINFO.read_text().splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(found[0]) * 1024 / GB if found else None
