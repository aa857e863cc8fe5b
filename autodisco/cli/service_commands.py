"""Campaigns as services: service install, uninstall, status."""

import typer

from autodisco.api.locate import campaign_folder
from autodisco.cli.options import JSON, NAME
from autodisco.cli.output import message, print_json
from autodisco.files import argument

services = typer.Typer(help="Let a campaign start with the machine.", rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (install, uninstall, status):
        services.command(command.__name__)(command)
    app.add_typer(services, name="service")


def install(name: NAME = None) -> None:
    """Install a campaign as a service of this user.

    It starts with the machine, comes back when it is killed, and ends with the campaign. What a person paused or
    stopped stays so.
    """
    from autodisco.campaign import open_folder
    from autodisco.campaign import service as units
    from autodisco.store import Store

    folder = campaign_folder(name)
    open_folder(folder)
    with Store.open_readonly(folder) as store:
        if (state := store.get("state")) not in store.loop_states():
            message(
                f"{folder.name} is {state}: the service does not continue it before: "
                f"autodisco resume {argument(folder)}"
            )
    done = units.install(folder)
    if done.active is None:
        message(
            "no systemd runs for this user, so nothing was written or started; for cron, which has to run on this "
            "machine, add this line with crontab -e (its variables are those of this shell):"
        )
        print(units.crontab_line(folder))
        return
    message(f"unit: {done.file}")
    message(f"{done.unit} is {done.active}")
    if not done.lingers:
        message("it stops at logout and starts at login; to keep it running: loginctl enable-linger")


def uninstall(name: NAME = None) -> None:
    """Remove the service of a campaign; the campaign stays as it is."""
    from autodisco.campaign import service as units

    folder = campaign_folder(name)
    before = units.status(folder)
    if units.in_crontab(folder):
        message("its line in the crontab stays; remove it with crontab -e")
    if not before.installed:
        message(f"{folder.name} is not a service; nothing to do")
        return
    units.uninstall(folder)
    message(f"removed {before.file}; the campaign goes on with: autodisco resume {argument(folder)}")


def status(name: NAME = None, as_json: JSON = False) -> None:
    """Show whether a campaign is a service, and whether it runs."""
    from autodisco.campaign import service as units

    folder = campaign_folder(name)
    found, in_crontab = units.status(folder), units.in_crontab(folder)
    if as_json:
        print_json({**vars(found), "file": str(found.file), "in_crontab": in_crontab})
        return
    if in_crontab:
        print("cron: a line of the crontab of this user looks after it every ten minutes (crontab -l)")
    if not found.installed:
        if not in_crontab:
            here = "" if found.active else " or, without systemd as here, prints a line for cron"
            print(f"no service; autodisco service install makes it one{here}")
        return
    print(f"{found.unit}: {found.active or 'no systemd runs for this user'}")
    print(f"file {found.file}")
    if found.lingers is not None:
        print("outlives the login" if found.lingers else "ends with the login; to change that: loginctl enable-linger")
