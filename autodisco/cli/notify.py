"""The command `notify`: a test message to whom a campaign notifies."""

from pathlib import Path

import typer

from autodisco.api.locate import campaign_folder
from autodisco.cli.options import NAME
from autodisco.cli.output import message
from autodisco.errors import AutodiscoError, InputError
from autodisco.files import runs_folder
from autodisco.text import joined


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("notify")(notify)


def notify(name: NAME = None) -> None:
    """Send a test message the way a campaign notifies.

    Over each channel of [notify]: command, apprise, ping. A campaign file need not have begun. Exit code 1 if one
    channel fails.
    """
    from autodisco.campaign import open_folder
    from autodisco.campaign.notify import check_notify, send_test
    from autodisco.campaign.settings_file import read_settings

    if name and (file := Path(name)).is_file():
        settings = read_settings(file)
        folder = runs_folder() / settings.name
    else:
        folder = campaign_folder(name)
        settings = open_folder(folder).settings
    check_notify(name or settings.name, settings.notify.command, settings.notify.apprise)
    found = send_test(settings.notify, settings.name, str(folder.absolute()))
    if not found:
        raise InputError(f"{name or settings.name}: nobody is notified: [notify] has no command, apprise or ping")
    for channel, problem in found.items():
        message(f"{channel}: {problem or 'sent'}")
    if failed := [channel for channel, problem in found.items() if problem]:
        raise AutodiscoError(f"not delivered by {joined(failed)}")
