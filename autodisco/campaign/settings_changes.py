"""What may change in the settings of a campaign that has begun, and what its stored settings may lack."""

from typing import Any

from autodisco.campaign.settings import Settings

FREE_KEYS = (
    "budget.",
    "saturation.",
    "notify.",
    "backup.",
    "executor.",
    "loop.most_faults",
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

KEPT_KEYS = ("saturation.count", "surrogate.kind", "filter.selection", "acquire.labelling")
"""Keys whose default was another one in earlier versions: a campaign keeps what it was begun with, if its file does not
name another."""

BEFORE_POSTERIOR = {"surrogate": {"kind": "none"}}
"""What stored settings of a version without posterior lack."""

FILE_KEYS = ("seeds.file", "seeds.dataset")


def differences(old: Settings, new: Settings) -> dict[str, tuple[Any, Any]]:
    """Keys whose change would mix two campaigns, with the old and the new value; files are compared elsewhere."""
    before, after = old.flat(), new.flat()
    return {
        key: (before.get(key), after.get(key))
        for key in {**after, **before}
        if before.get(key) != after.get(key) and not key.startswith(FREE_KEYS) and key not in FILE_KEYS
    }
