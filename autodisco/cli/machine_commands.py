"""Commands about the machine: doctor."""

import typer

from autodisco.cli.locate import runs_folder
from autodisco.cli.options import JSON
from autodisco.cli.output import print_json, print_table, stderr_console


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("doctor")(doctor)


def doctor(as_json: JSON = False) -> None:
    """Check that this machine has what campaigns need."""
    from autodisco.campaign.doctor import examine

    with stderr_console().status("looking at this machine") as status:
        findings = examine(runs_folder(), lambda what: status.update(f"looking at this machine: {what}"))
    if as_json:
        print_json(findings)
    else:
        print_table(
            ["", "what", "found"], [("ok" if row["ok"] else "FAIL", row["what"], row["found"]) for row in findings]
        )
    if not all(row["ok"] for row in findings):
        raise typer.Exit(1)
