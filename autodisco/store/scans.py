"""The scans of the finalists of a campaign over molality and temperature, files beside its database."""

import contextlib
from pathlib import Path
from typing import Any

from autodisco.files import read_json

FINALISTS = "finalists"
"""Folder of the scans, in the folder of the campaign."""

SCAN_FILE = "scan.json"
"""The results of the scans of one polymer with the same settings."""


def scans_of(folder: Path) -> list[dict[str, Any]]:
    """Results for every finalist of the campaign in `folder`, as `autodisco scan` wrote them, in the order of files.

    Files that cannot be read are left out: the next scan refuses to replace them.
    """
    found = []
    for file in sorted((folder / FINALISTS).glob(f"*/scan-*/*/{SCAN_FILE}")):
        with contextlib.suppress(OSError, ValueError):
            found.append(read_json(file))
    return [one for one in found if isinstance(one, dict) and one.get("values")]
