"""The tables [backup] and [notify] of a campaign file."""

import re
import shlex
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator

from autodisco.section import Count, Positive, Section


class Backup(Section):
    """Backups of the database."""

    every: Count = 1
    """Iterations between two backups of `state.db` in the folder `backups`; 0 for none."""
    keep: Positive = 3
    """Number of backups that are kept."""


def _web_address(text: str) -> str:
    if text and not re.match(r"https?://[^/\s]+", text):
        raise ValueError("an address that begins with http:// or https:// is expected; leave it out for none")
    return text


class Notify(Section):
    """Notifications of events, and signs of life."""

    digest: bool = False
    """Send a summary once a day, whatever `events` says."""
    ping: Annotated[str, AfterValidator(_web_address)] = ""
    """Address (http or https) that is requested when a stage begins, and every ten minutes, for a service that alerts
    people when the requests stay away; empty for none."""

    command: str = ""
    """Program, with arguments, that gets each event as a JSON object on its standard input; empty for none. A program
    with a slash (`./notify.sh`), and arguments that are names of files, are relative to the campaign file."""
    apprise: str = ""
    """Configuration file of [Apprise](https://github.com/caronc/apprise) (mail, chat, push services), relative to the
    campaign file; empty for none. Needs `pip install 'autodisco[notify]'`."""
    events: list[
        Literal["saturated", "settled", "exhausted", "stopped", "failed", "new best", "short of room", "trouble"]
    ] = ["saturated", "settled", "exhausted", "failed", "new best", "short of room", "trouble"]
    """Events that trigger a notification; also `stopped`. `trouble`: a stage waits for a fault to pass, or an iteration
    was given up."""


def absolute_command(command: str, folder: Path) -> str:
    """A command with a program and files that are relative to `folder` made absolute, as it will run elsewhere.

    A program without a slash is one of the PATH. Text that is no command stays as it is.
    """
    try:
        words = shlex.split(command)
    except ValueError:
        return command
    found = [
        str((folder / word).resolve()) if ("/" in word if number == 0 else (folder / word).is_file()) else word
        for number, word in enumerate(words)
    ]
    return command if found == words else shlex.join(found)
