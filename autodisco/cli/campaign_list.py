"""The command `list`: the campaigns below a folder."""

import time
from typing import TYPE_CHECKING

import typer

from autodisco.cli.locate import runs_folder
from autodisco.cli.options import JSON
from autodisco.cli.output import message, print_json, print_table
from autodisco.text import duration, size

if TYPE_CHECKING:
    from autodisco.store import CampaignEntry


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("list")(list_)


def list_(as_json: JSON = False) -> None:
    """List the campaigns under runs/."""
    from autodisco.store import list_campaigns

    rows = list_campaigns(runs_folder())
    if as_json:
        print_json(rows)
        return
    if not rows:
        message(f"no campaign in {runs_folder()}/")
        return
    print_table(
        ["name", "state", ">iteration", "process", "started", ">size", "reason"],
        [
            (row.name, row.state, row.iteration, _process(row), _date(row.started),
             None if row.bytes is None else size(row.bytes), row.reason)
            for row in rows
        ],
    )  # fmt: skip


def _process(row: "CampaignEntry") -> str:
    """State of the process of a campaign: ``alive``, ``hung`` (no heartbeat), each with the age of the heartbeat,
    ``gone``; empty if none is expected."""
    from autodisco.store import END_STATES

    if row.alive:
        return f"{'hung' if row.hung else 'alive'}, {duration(row.heartbeat_age_s)} ago"
    return "" if row.state in {*END_STATES, "paused", "unreadable"} else "gone"


def _date(seconds: float | None) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds)) if seconds else ""
