"""Commands about campaigns: run, start, status, monitor, log, explain, pause, resume, stop, report."""

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autodisco.cli.locate import campaign_folder, runs_folder
from autodisco.cli.options import FILE, JSON, NAME
from autodisco.cli.output import message, print_json, stderr_console, stdout_console
from autodisco.errors import InputError

if TYPE_CHECKING:
    from autodisco.campaign import Campaign
    from autodisco.decide import Objective
    from autodisco.store import Event

STATUS_COLUMNS = 119
"""Width of a status in a pipe: one column, because the monitor has two columns from the next width on."""

STATUS_LINES = 36


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (run, start, status, monitor, log, explain, pause, resume, stop, report):
        app.command(command.__name__)(command)


def run(file: FILE, as_json: JSON = False) -> None:
    """Run a campaign here, to its end.

    A campaign that has begun is continued. Ctrl-C interrupts it; the same command continues it later.
    Progress goes to stderr, the result to stdout.
    """
    from autodisco import campaign as campaigns

    campaign = _campaign(file)
    message(
        f"campaign {campaign.settings.name} in {campaign.folder}/ (Ctrl-C interrupts; the same command continues it)"
    )
    if sys.stderr.isatty():
        from autodisco.monitor import following

        with following(campaign.folder, stderr_console()) as say:
            code = campaigns.run(campaign, say)
    else:
        code = campaigns.run(campaign, message)
    _print_end(campaign.folder, as_json)
    raise typer.Exit(code)


def start(file: FILE) -> None:
    """Run a campaign in the background.

    It keeps running when the terminal is closed; its messages are in daemon.log of its folder. A campaign that has
    begun is continued.
    """
    from autodisco import campaign as campaigns

    campaign = _campaign(file)
    process = campaigns.start(campaign)
    name = _argument(campaign.folder)
    if process is None:
        message(f"{campaign.settings.name} has ended; its result: autodisco report {name}")
        return
    message(f"{campaign.settings.name}: process {process} works in {campaign.folder}/")
    if why := campaigns.full_runs(campaign):
        message(why)
    message(f"watch: autodisco monitor {name}   decisions: autodisco log {name}   end: autodisco stop {name}")


def status(
    name: NAME = None,
    why: Annotated[
        bool, typer.Option("--why", help="Explain in words: current work, next step, what is missing for the end.")
    ] = (False),
    as_json: JSON = False,
) -> None:
    """Show the state of a campaign."""
    from autodisco.decide import status as status_of
    from autodisco.store import Store

    if why:
        _print_why(campaign_folder(name), as_json)
        return
    with Store.open_readonly(campaign_folder(name)) as store:
        seen = status_of(store, whole=as_json)
    if as_json:
        print_json(seen)
        return
    from autodisco.monitor import frame

    console = stdout_console()
    console.width = min(console.width, STATUS_COLUMNS)
    console.print(frame(seen, console.width, STATUS_LINES))
    console.print(f"folder {seen.folder}" + (f"; {seen.process}" if seen.process else ""), soft_wrap=True)
    console.print(f"disk {seen.disk.words}", style=None if seen.disk.enough else "bold red", soft_wrap=True)


def monitor(
    name: NAME = None,
    once: Annotated[bool, typer.Option("--once", help="Print one frame and exit.")] = False,
    svg: Annotated[Path | None, typer.Option(help="Write one frame to this SVG file and exit.")] = None,
    width: Annotated[
        int, typer.Option(help="Columns of the frame with --once or --svg; 0: width of the terminal.")
    ] = 0,
    height: Annotated[
        int, typer.Option(help="Lines of the frame with --once or --svg; 0: height of the terminal.")
    ] = 0,
) -> None:
    """Watch a campaign live.

    Leaving the view with Ctrl-C does not touch the campaign.
    """
    from autodisco.files import write_atomic
    from autodisco.monitor import as_svg, picture, watch

    folder = campaign_folder(name)
    console = stdout_console()
    size = (width or min(console.width, 160), height or (console.height if console.is_terminal else 40))
    if svg:
        write_atomic(svg, as_svg(folder, width or 110, height or 30))
        message(f"wrote {svg}")
    elif once or not console.is_terminal:
        console.width = size[0]
        console.print(picture(folder, *size))
    else:
        watch(folder, console)


def log(
    name: NAME = None,
    number: Annotated[
        int, typer.Option("--number", "-n", min=0, help="Number of decisions, the most recent ones; 0 for all.")
    ] = 30,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep printing new decisions.")] = False,
    event: Annotated[list[str] | None, typer.Option(help="Only events of this name; may be repeated.")] = (None),
    about: Annotated[
        str, typer.Option(help="Only decisions about this subject or a part of it, such as a repeat unit.")
    ] = "",
    iteration: Annotated[int | None, typer.Option(min=0, help="Only decisions of this iteration.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Show the decisions of a campaign and their reasons."""
    import json

    from autodisco.decide import objective_of
    from autodisco.store import END_STATES, Store, live_owner

    with Store.open_readonly(campaign_folder(name)) as store:
        objective = objective_of(store)

        def is_asked(row: "Event") -> bool:
            return (
                (not event or row.event in event)
                and about in row.subject
                and (iteration is None or row.iteration == iteration)
            )

        filtered = event or about or iteration is not None
        new = store.journal(limit=0 if filtered else number)
        rows, last = [row for row in new if is_asked(row)][-number:], new[-1].id if new else 0
        if filtered and not rows:
            message(f"nothing matches; events here: {', '.join(sorted({row.event for row in new}))}")
        if follow and store.get("state") not in END_STATES and not live_owner(store.facts(), store.folder):
            message("no process runs this campaign; waiting for one")
        while True:
            for row in rows:
                print(json.dumps(row.to_dict()) if as_json else _decision(row, objective), flush=True)
            if not follow or (not new and store.get("state") in END_STATES):
                return
            time.sleep(1.0)
            new = store.journal(after=last)
            rows, last = [row for row in new if is_asked(row)], new[-1].id if new else last


def explain(
    polymer: Annotated[str, typer.Argument(metavar="POLYMER", help="A repeat unit in any notation, a key or a name.")],
    name: NAME = None,
    as_json: JSON = False,
) -> None:
    """Show everything that a campaign knows about one polymer.

    When it was drawn and by which model, every verdict, replica and decision, its value and its rank.
    """
    from autodisco.decide.life import explain as life_of
    from autodisco.decide.life import lines
    from autodisco.store import Store

    with Store.open_readonly(campaign_folder(name)) as store:
        life = life_of(store, polymer)
    if as_json:
        print_json(life)
        return
    for line in lines(life):
        print(line)


def pause(name: NAME = None) -> None:
    """Pause a campaign; resume continues it."""
    from autodisco import campaign as campaigns

    message(campaigns.pause(campaign_folder(name)))


def resume(name: NAME = None) -> None:
    """Continue a campaign in the background.

    It may be paused, stopped, killed or failed.
    """
    from autodisco import campaign as campaigns

    message(campaigns.resume(campaigns.open_folder(campaign_folder(name))))


def stop(name: NAME = None) -> None:
    """Stop a campaign; resume can still continue it."""
    from autodisco import campaign as campaigns

    message(campaigns.stop(campaign_folder(name)))


def report(
    name: NAME = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write to; default: report/ of the campaign.")] = None,
    as_json: JSON = False,
) -> None:
    """Write the report of a campaign.

    Writes an HTML page and the ranking as CSV and JSON, and prints a summary.
    """
    from autodisco.report import write_report
    from autodisco.store import Store

    folder = campaign_folder(name)
    with Store.open_readonly(folder) as store:
        page = write_report(store, out)
    _print_result(folder, page, as_json)


def _print_why(folder: Path, as_json: bool) -> None:
    from autodisco.report.situation import situation
    from autodisco.store import Store

    with Store.open_readonly(folder) as store:
        told = situation(store)
    if as_json:
        print_json(told)
        return
    for name, sentence in told.items():
        print(f"{name:<11} {sentence}")


def _campaign(file: Path) -> "Campaign":
    from autodisco import campaign as campaigns

    if file.is_dir():
        if not (file / "state.db").is_file():
            raise InputError(f"{file} is a folder without a campaign; give a campaign file (TOML)")
        return campaigns.open_folder(file)
    return campaigns.load(file)


def _print_end(folder: Path, as_json: bool) -> None:
    """Print the result of a campaign that has ended, otherwise its state."""
    from autodisco.decide import status as status_of
    from autodisco.report import write_report
    from autodisco.store import END_STATES, Store

    with Store.open_readonly(folder) as store:
        state = store.get("state")
        if state in END_STATES:
            page = write_report(store)
        elif as_json:
            print_json(status_of(store, whole=True))
    if state in END_STATES:
        _print_result(folder, page, as_json)
    else:
        message(f"left in state {state}; go on with: autodisco resume {_argument(folder)}")


def _print_result(folder: Path, page: Path, as_json: bool) -> None:
    from autodisco.decide import status as status_of
    from autodisco.report import summary
    from autodisco.store import Store

    with Store.open_readonly(folder) as store:
        if as_json:
            print_json({**status_of(store, whole=True).to_dict(), "report": str(page)})
            return
        for line in summary(store):
            print(line)
    print(f"report: {page}")


def _argument(folder: Path) -> str:
    """Name or path of a campaign for the next command."""
    return folder.name if folder.parent == runs_folder() else os.path.relpath(folder)


def _decision(row: "Event", objective: "Objective") -> str:
    from autodisco.decide.decisions import decided, seen

    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(row.time))
    text = f"{moment}  {row.iteration} {row.state:<8}  {row.event}"
    text += f" {row.subject}" if row.subject else ""
    text += f" [{what}]" if (what := seen(row, objective)) else ""
    text += f": {decided(row)}" if row.decided else ""
    return text + (f" ({row.why})" if row.why else "")
