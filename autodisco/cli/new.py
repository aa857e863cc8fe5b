"""The command `new`: a campaign file to begin with."""

from pathlib import Path
from typing import Annotated

import typer

from autodisco.cli.output import message


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("new")(new)


def new(
    name: Annotated[str, typer.Argument(help="Name of the campaign; its file is NAME.toml.")],
    source: Annotated[
        str,
        typer.Option(
            "--from",
            help="quickstart: 20 minutes on two cores; smoke: a few minutes for trying things, its values mean "
            "nothing; two-objectives: the quickstart with a Pareto front; overnight: short and long simulations, ten "
            "hours, or a month with budget.hours = 720; htp-md: the published data set, after autodisco data import.",
        ),
    ] = "quickstart",
) -> None:
    """Write a campaign file to begin with.

    It is commented, and named NAME.toml; the known polymers that it reads are written beside it, into seeds/.
    """
    from autodisco.campaign.new import write_new

    for path in write_new(name, source, Path.cwd()):
        print(path.relative_to(Path.cwd()))
    message(f"edit {name}.toml, then: autodisco run {name}.toml (--dry-run says what it will cost)")
