"""Finds the campaign of a name: one in the runs folder, a path, a campaign file, or the most recent campaign."""

import os
from pathlib import Path

from autodisco.errors import InputError
from autodisco.files import runs_folder

DATABASE = "state.db"


def campaign_folder(name: str | os.PathLike[str] | None) -> Path:
    """The folder of the campaign with this name, path or campaign file. Raises InputError if there is no such campaign.

    Without a name: the running campaign, otherwise the one that ended or began last.
    """
    if name is None:
        return _latest()
    if (file := Path(name)).is_file():
        return _of_file(file)
    for folder in (Path(name), runs_folder() / name):
        if (folder / DATABASE).is_file():
            return folder
    from autodisco.store import campaign_databases

    known = ", ".join(path.parent.name for path in campaign_databases(runs_folder())) or "none"
    raise InputError(f"no campaign '{name}'; campaigns in {_place()}: {known}")


def _of_file(file: Path) -> Path:
    from autodisco.campaign.settings_file import read_settings

    campaign = read_settings(file).name
    if not ((folder := runs_folder() / campaign) / DATABASE).is_file():
        raise InputError(
            f"{file}: its campaign '{campaign}' has not begun in {runs_folder().absolute()}: autodisco start {file}"
        )
    return folder


def _place() -> str:
    """The runs folder, and how another one is named."""
    return f"{runs_folder().absolute()} (AUTODISCO_RUNS names another folder)"


def _latest() -> Path:
    from autodisco.store import list_campaigns

    campaigns = list_campaigns(runs_folder())
    if not campaigns:
        raise InputError(f"no campaign in {_place()}; start one with: autodisco run FILE")
    last = max(campaigns, key=lambda row: (row.alive, row.ended or row.started or 0.0))
    return Path(last.folder)
