"""Commands about the machine: doctor."""

from pathlib import Path
from typing import Annotated

import typer

from autodisco.cli.options import JSON
from autodisco.cli.output import print_json, print_table, stderr_console
from autodisco.files import runs_folder


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("doctor")(doctor)


def doctor(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Campaign file to check as well; default: only the machine.")
    ] = None,
    as_json: JSON = False,
) -> None:
    """Check this machine, and a campaign file."""
    from autodisco.campaign.doctor import examine

    with stderr_console().status("looking at this machine") as status:
        findings = examine(runs_folder(), lambda what: status.update(f"looking at this machine: {what}"), file)
    if as_json:
        print_json(findings)
    else:
        print_table(
            ["", "what", "found"], [("ok" if row["ok"] else "FAIL", row["what"], row["found"]) for row in findings]
        )
    if not all(row["ok"] for row in findings):
        raise typer.Exit(1)
