"""Where the parts of a campaign lie on the disk."""

import hashlib
from pathlib import Path

from autodisco.registry import is_file

PARTS = "parts"
"""Folder, within a campaign folder, of the copies of files that the settings name as ``path/to/file.py:object``."""


def replica_folder(campaign_folder: Path, key: str, replica: int) -> Path:
    """Folder of a replica of a polymer."""
    return campaign_folder / "simulations" / key / str(replica)


def campaign_databases(runs: Path) -> list[Path]:
    """Databases of the campaigns below a folder. Folders whose name begins with a dot are unfinished copies."""
    return sorted(path for path in runs.glob("*/state.db") if not path.parent.name.startswith("."))


def part_copy(campaign_folder: Path, path: Path) -> Path:
    """Where a campaign folder holds the copy of a file of parts."""
    digest = hashlib.sha256(bytes(path)).hexdigest()[:8]
    return (campaign_folder / PARTS / f"{path.stem}-{digest}.py").absolute()


def available_part(campaign_folder: Path, name: str) -> str:
    """The name of a part, with the copy in the campaign folder in place of a file that is gone.

    A name may be that of the copy itself, in the folder where the campaign was before it was moved.
    """
    path, _, attribute = name.rpartition(":")
    if not is_file(name) or Path(path).is_file():
        return name
    copies = [part_copy(campaign_folder, Path(path))]
    if Path(path).parent.name == PARTS:
        copies.append((campaign_folder / PARTS / Path(path).name).absolute())
    return next((f"{copy}:{attribute}" for copy in copies if copy.is_file()), name)
