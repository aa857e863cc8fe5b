"""Where the parts of a campaign lie on the disk."""

from pathlib import Path


def replica_folder(campaign_folder: Path, key: str, replica: int) -> Path:
    """Folder of a replica of a polymer."""
    return campaign_folder / "simulations" / key / str(replica)


def campaign_databases(runs: Path) -> list[Path]:
    """Databases of the campaigns below a folder. Folders whose name begins with a dot are unfinished copies."""
    return sorted(path for path in runs.glob("*/state.db") if not path.parent.name.startswith("."))
