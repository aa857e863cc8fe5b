"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

FILE = Annotated[Path, typer.Argument(metavar="FILE", help="A campaign file (TOML), or the folder of a campaign.")]
NAME = Annotated[
    str | None,
    typer.Argument(metavar="NAME", help="Campaign: its name, folder or campaign file; default: the most recent."),
]
JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
FORCE_FIELD = "Force field: pcff+, or path/to/file.py:class."
"""Help text of ``--force-field``."""
ENGINE = (
    "Program that runs the dynamics: a name that `autodisco doctor` lists, or path/to/file.py:class; auto is one that "
    "finds a GPU, otherwise lammps."
)
"""Help text of ``--engine``."""
