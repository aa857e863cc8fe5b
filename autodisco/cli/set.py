"""The command `set`: settings of a campaign that has begun, also while it runs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from autodisco.api.locate import campaign_folder
from autodisco.cli.options import JSON
from autodisco.cli.output import WIDE, message, print_json, print_table, stdout_console
from autodisco.errors import InputError
from autodisco.files import argument
from autodisco.text import counted


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("set")(set_)


def set_(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME] [KEY=VALUE]...",
            help="Campaign (default: the most recent), and settings, such as simulation.workers=4.",
        ),
    ] = None,
    as_json: JSON = False,
) -> None:
    """Change settings of a campaign that has begun.

    Workers, budgets, time limits, tiers, notifications and what is kept on the disk; a running campaign goes on with
    them within seconds, and nothing that runs is ended. Without KEY=VALUE: lists what can change. A change holds until
    the next one, or until the campaign file is run again, which has its own values. tier+=PROTOCOL adds a tier.
    """
    from autodisco.campaign.asked_settings import ask

    given = list(words or [])
    named = bool(given) and ("=" not in given[0] or Path(given[0]).is_dir())
    folder = campaign_folder(given.pop(0) if named else None)
    changes = settings_given(given)
    if not changes:
        _list(folder, as_json)
        return
    done = ask(folder, changes)
    if as_json:
        changed = {key: {"before": before, "now": now} for key, (before, now) in done.changed.items()}
        print_json({"folder": str(folder), "changed": changed, "taken": done.taken, "reopened": done.reopened})
        return
    for key, (before, now) in done.changed.items():
        print(f"{key} = {_toml(now)} (was {_toml(before)})")
    if not done.changed:
        message(f"{folder.name}: nothing changes, these are the present values")
    elif not done.taken:
        message(f"{folder.name}: asked {done.owner}, which is busy; it takes this as soon as it looks")
    elif done.owner:
        message(f"{folder.name}: {done.owner} goes on with this")
    elif done.reopened:
        message(f"{folder.name} has ended; go on with: autodisco resume {argument(folder)}")
    else:
        message(f"{folder.name}: stored; it holds from the next start on")


def settings_given(texts: Sequence[str], option: str = "") -> dict[str, Any]:
    """Settings by dotted key from texts KEY=VALUE. Raises InputError, which begins with `option`, for another text."""
    from autodisco.campaign.settings_file import parse_value

    found: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise InputError(f"{option}{text}: KEY=VALUE expected, such as budget.iterations=10")
        found[key.strip()] = parse_value(value.strip())
    return found


def _list(folder: Path, as_json: bool) -> None:
    from autodisco.campaign.asked_settings import changeable

    rows = changeable(folder)
    if as_json:
        print_json([vars(row) for row in rows])
        return
    wide = stdout_console().width >= WIDE
    cells = [(row.key, _toml(row.value), "stopped" if row.needs_start else "any time", row.about) for row in rows]
    columns = ["key", "value", "change it", ""]
    print_table(columns if wide else columns[:3], cells if wide else [row[:3] for row in cells])
    message(f"{counted(len(rows), 'setting')} can change; change with: autodisco set {folder.name} KEY=VALUE")


def _toml(value: Any) -> str:
    """A value as in a campaign file, on one line."""
    import tomli_w

    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return tomli_w.dumps({"x": value}).strip().removeprefix("x = ")
