"""Commands about campaigns: run, start, list, status, monitor, log, explain, pause, resume, stop, report."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autodisco.api.locate import campaign_folder
from autodisco.cli.options import JSON, NAME
from autodisco.cli.output import existing_file, message, print_json, print_table, stdout_console
from autodisco.cli.running import run, start
from autodisco.files import runs_folder
from autodisco.text import duration, size

if TYPE_CHECKING:
    from autodisco.decide import Objective
    from autodisco.store import CampaignEntry, Event

STATUS_COLUMNS = 119
"""Width of a status in a pipe: one column, because the monitor has two columns from the next width on."""

STATUS_LINES = 36


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (run, start, list_, status, monitor, log, explain, pause, resume, stop, report):
        app.command(command.__name__.rstrip("_"))(command)


def list_(as_json: JSON = False) -> None:
    """List the campaigns under runs/."""
    from autodisco.store import list_campaigns

    rows = list_campaigns(runs_folder())
    if as_json:
        print_json(rows)
        return
    if not rows:
        message(f"no campaign in {runs_folder()}/; begin one with: autodisco new NAME, then autodisco run NAME.toml")
        return
    print_table(
        ["name", "state", ">iteration", "process", "started", ">size", "reason"],
        [
            (row.name, row.state, row.iteration, _process(row), _date(row.started),
             None if row.bytes is None else size(row.bytes), row.reason)
            for row in rows
        ],
    )  # fmt: skip


def status(
    name: NAME = None,
    why: Annotated[
        bool, typer.Option("--why", help="Explain in words: current work, next step, what is missing for the end.")
    ] = (False),
    as_json: JSON = False,
) -> None:
    """Show the state of a campaign."""
    from autodisco.decide import status as status_of
    from autodisco.store import FINALISTS, Store, scans_of

    if why:
        _print_why(campaign_folder(name), as_json)
        return
    from autodisco.monitor import ITERATIONS, frame

    with Store.open_readonly(campaign_folder(name)) as store:
        seen = status_of(store, whole=as_json, iterations=None if as_json else ITERATIONS)
    if as_json:
        print_json({**seen.to_dict(), FINALISTS: scans_of(Path(seen.folder))})
        return

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

    The view ends with the campaign; its last picture stays. Leaving it with q or Ctrl-C does not touch the campaign.
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
    from autodisco.api.campaign import Campaign
    from autodisco.decide.life import lines

    campaign = Campaign.open(name)
    life = campaign.explain(polymer)
    if as_json:
        print_json(life)
        return
    for line in lines(life):
        print(line)
    if (page := campaign.folder / "report" / "index.html").is_file():
        print(f"  drawing: {page.resolve().as_uri()}#{life.key}")


def pause(name: NAME = None) -> None:
    """Pause a campaign; resume continues it."""
    from autodisco.api.campaign import Campaign

    message(Campaign.open(name).pause())


def resume(name: NAME = None) -> None:
    """Continue a campaign in the background.

    It may be paused, stopped, killed or failed.
    """
    from autodisco import campaign as campaigns
    from autodisco.campaign.preflight import warnings

    campaign = campaigns.open_folder(campaign_folder(name))
    for line in warnings(campaign):
        message(line)
    message(campaigns.resume(campaign))


def stop(name: NAME = None) -> None:
    """Stop a campaign; resume can still continue it."""
    from autodisco.api.campaign import Campaign

    message(Campaign.open(name).stop())


def report(
    name: NAME = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write to; default: report/ of the campaign.")] = None,
    against: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="A list of known polymers, such as PI1M, for the page; once for each."),
    ] = None,
    as_json: JSON = False,
) -> None:
    """Write the report of a campaign.

    Writes an HTML page and the ranking as CSV and JSON, and prints a summary. With lists of known polymers, the page
    says which polymers are new, as autodisco novelty does. docs/surrogate.md says how Excel opens the CSV.
    """
    from autodisco.api.campaign import Campaign
    from autodisco.cli.result import print_result

    campaign = Campaign.open(name)
    files = [existing_file(path, "list of known polymers") for path in against or ()]
    print_result(campaign.folder, campaign.report(out, files), as_json)


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


def _process(row: "CampaignEntry") -> str:
    """State of the process of a campaign: ``alive``, ``hung`` (no heartbeat), each with the age of the heartbeat,
    ``gone``; empty if none is expected."""
    from autodisco.store import END_STATES

    if row.alive:
        return f"{'hung' if row.hung else 'alive'}, {duration(row.heartbeat_age_s)} ago"
    return "" if row.state in {*END_STATES, "paused", "unreadable"} else "gone"


def _date(seconds: float | None) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds)) if seconds else ""


def _decision(row: "Event", objective: "Objective") -> str:
    from autodisco.decide.decisions import decided, seen

    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(row.time))
    text = f"{moment}  {row.iteration} {row.state:<8}  {row.event}"
    text += f" {row.subject}" if row.subject else ""
    text += f" [{what}]" if (what := seen(row, objective)) else ""
    text += f": {decided(row)}" if row.decided else ""
    return text + (f" ({row.why})" if row.why else "")
