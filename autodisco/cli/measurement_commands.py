"""The command `data add`: measured values become a source of a campaign's posterior."""

from pathlib import Path
from typing import Annotated

import typer

from autodisco.api.locate import campaign_folder
from autodisco.cli.model_commands import data
from autodisco.cli.options import JSON
from autodisco.cli.output import existing_file, message, print_json
from autodisco.text import counted, joined


def register(app: typer.Typer) -> None:
    """Add the command of this module to those about data sets."""
    data.command("add")(add)


def add(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Table of measured values (docs/measurements.md).")],
    source: Annotated[
        str, typer.Option("--as", metavar="SOURCE", help="Name of the source: values under one name share an error.")
    ] = "experiment",
    campaign: Annotated[
        str | None, typer.Option(metavar="NAME", help="Campaign: name, folder or file; default: the most recent.")
    ] = None,
    as_json: JSON = False,
) -> None:
    """Add measured values to a campaign.

    Conductivities, transference numbers and glass transitions at stated conditions. They become a source of its
    posterior, with an offset and a noise of their own. The same file added again takes the place of what it gave
    before; a row that cannot be used refuses the whole file.
    """
    from autodisco.campaign.measurements import add_measurements
    from autodisco.store import Store

    existing_file(file, "table of measured values")
    folder = campaign_folder(campaign)
    with Store.open(folder) as store:
        done = add_measurements(store, file, source)
    if as_json:
        print_json({"folder": str(folder), "file": file, **done.to_dict()})
        return
    what = joined([f"{counted(n, 'value')} of {column}" for column, n in done.values.items()])
    message(f"{file}: {what}, {counted(done.polymers, 'polymer')}, source {done.source} of {folder.name}")
    if not done.new:
        message(f"{folder.name} has these already; nothing changes")
    elif done.used:
        message(f"{counted(done.used, 'value')} of what the campaign is about; they count from its next batch on")
    else:
        message("none of these is what the campaign is about; they are kept and do not count")
