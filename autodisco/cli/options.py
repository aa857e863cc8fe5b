"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

FILE = Annotated[Path, typer.Argument(metavar="FILE", help="A campaign file (TOML), or the folder of a campaign.")]
NAME = Annotated[
    str | None,
    typer.Argument(metavar="[NAME]", help="A campaign under runs/, or its folder; the most recent one if left out."),
]
JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
FORCE_FIELD = "Force field: pcff+, or path/to/file.py:class."
"""Help text of ``--force-field``."""
