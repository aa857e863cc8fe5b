"""The commands that run a campaign: run, start."""

import sys
from typing import Annotated

import typer

from autodisco.cli.options import FILE, JSON
from autodisco.cli.output import message, print_json, stderr_console
from autodisco.files import argument

DRY_RUN = Annotated[
    bool,
    typer.Option("--dry-run", help="Only say what is missing and what an iteration will cost; nothing is written."),
]


def run(file: FILE, only_look: DRY_RUN = False, as_json: JSON = False) -> None:
    """Run a campaign here, to its end.

    A campaign that has begun is continued. Ctrl-C interrupts it; the same command continues it later.
    Progress goes to stderr, the result to stdout.
    """
    from autodisco import campaign as campaigns
    from autodisco.api.campaign import loaded
    from autodisco.cli.dry_run import dry_run
    from autodisco.cli.result import print_end

    if only_look:
        raise typer.Exit(dry_run(file, as_json))
    campaign = loaded(file)
    message(
        f"campaign {campaign.settings.name} in {campaign.folder}/ (Ctrl-C interrupts; the same command continues it)"
    )
    if sys.stderr.isatty():
        from autodisco.monitor import following

        with following(campaign.folder, stderr_console()) as say:
            code = campaigns.run(campaign, say)
    else:
        code = campaigns.run(campaign, message)
    print_end(campaign.folder, as_json)
    raise typer.Exit(code)


def start(file: FILE, only_look: DRY_RUN = False, as_json: JSON = False) -> None:
    """Run a campaign in the background.

    It keeps running when the terminal is closed; its messages are in daemon.log of its folder. A campaign that has
    begun is continued.
    """
    from autodisco import campaign as campaigns
    from autodisco.api.campaign import loaded
    from autodisco.campaign.preflight import warnings
    from autodisco.cli.dry_run import dry_run

    if only_look:
        raise typer.Exit(dry_run(file, as_json))
    campaign = loaded(file)
    for line in warnings(campaign):
        message(line)
    process = campaigns.start(campaign)
    name = argument(campaign.folder)
    if as_json:
        print_json({"name": campaign.settings.name, "folder": campaign.folder, "process": process})
    if process is None:
        message(f"{campaign.settings.name} has ended; its result: autodisco report {name}")
        return
    message(f"{campaign.settings.name}: process {process} works in {campaign.folder}/")
    if why := campaigns.full_runs(campaign):
        message(why)
    message(f"watch: autodisco monitor {name}   decisions: autodisco log {name}   end: autodisco stop {name}")
