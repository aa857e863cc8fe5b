"""Where the parts of a campaign lie on the disk."""

import hashlib
from pathlib import Path

from autodisco.registry import is_file

PARTS = "parts"
"""Folder, within a campaign folder, of the copies of files that the settings name as ``path/to/file.py:object``."""


SIMULATIONS = "simulations"
"""Folder of the replicas, within a campaign folder or one on a shared disk."""


def replica_folder(root: Path, key: str, replica: int, further: str, fanned_out: bool) -> Path:
    """Folder of a replica of a polymer; `further` is the protocol of a tier above the first.

    No folder has more than some thousand entries if they are `fanned_out` by the beginning of the key. Campaigns of
    older versions are not.
    """
    fan = key[:2] if fanned_out else ""
    return root / SIMULATIONS / fan / key / further / str(replica)


RUNS = "run-*"
"""Folders of the runs of a replica, within its folder, while none of them has been accepted."""


def run_folder(home: Path, claim: str) -> Path:
    """Folder of the run of a replica with this claim, within the folder of the replica.

    A run of an older version has an empty claim, and ran in the folder of the replica itself.
    """
    return home / RUNS.replace("*", claim) if claim else home


def campaign_databases(runs: Path) -> list[Path]:
    """Databases of the campaigns below a folder. Folders whose name begins with a dot are unfinished copies."""
    return sorted(path for path in runs.glob("*/state.db") if not path.parent.name.startswith("."))


def part_copy(campaign_folder: Path, path: Path) -> Path:
    """Where a campaign folder holds the copy of a file of parts; it has the name of that file."""
    return (campaign_folder / PARTS / _digest(path) / path.name).absolute()


def older_part_copy(campaign_folder: Path, path: Path) -> Path:
    """Where a program of an earlier version kept it."""
    return (campaign_folder / PARTS / f"{path.stem}-{_digest(path)}.py").absolute()


def _digest(path: Path) -> str:
    return hashlib.sha256(bytes(path)).hexdigest()[:8]


def copied_part(campaign_folder: Path, name: str) -> str:
    """The name of a part in its copy in the campaign folder, or as it is where there is none.

    A name may be that of the copy itself, in the folder where the campaign was before it was moved.
    """
    if not is_file(name):
        return name
    text, _, attribute = name.rpartition(":")
    path = Path(text)
    copies = [part_copy(campaign_folder, path), older_part_copy(campaign_folder, path)]
    if path.parent.parent.name == PARTS:
        copies.append((campaign_folder / PARTS / path.parent.name / path.name).absolute())
    if path.parent.name == PARTS:
        copies.append((campaign_folder / PARTS / path.name).absolute())
    return next((f"{copy}:{attribute}" for copy in copies if copy.is_file()), name)


def available_part(campaign_folder: Path, name: str) -> str:
    """The name of a part, with its copy in place of a file that is gone."""
    is_there = is_file(name) and Path(name.rpartition(":")[0]).is_file()
    return name if is_there else copied_part(campaign_folder, name)
