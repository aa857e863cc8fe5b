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
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="Table of measured values (docs/measurements.md); literature: the program's own."
        ),
    ],
    source: Annotated[
        str | None,
        typer.Option(
            "--as", metavar="SOURCE", help="Name of the source: values under one name share an error. [experiment]"
        ),
    ] = None,
    name: Annotated[
        str,
        typer.Option(help="Name of the table, by default that of its file; the rows of a table of this name go."),
    ] = "",
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
    from autodisco.campaign.measurements import add_measurements, told_lines
    from autodisco.decide.measured_tables import SHIPPED
    from autodisco.store import EXPERIMENT, Store

    if file not in SHIPPED:
        existing_file(Path(file), "table of measured values")
    folder = campaign_folder(campaign)
    with Store.open(folder) as store:
        done = add_measurements(store, file, source or (file if file in SHIPPED else EXPERIMENT), name)
    if as_json:
        print_json({"folder": str(folder), "file": file, **done.to_dict()})
        return
    what = joined([f"{n} of {column}" for column, n in done.values.items()])
    message(
        f"{file}: {counted(done.rows, 'row')} ({what}) of {counted(done.polymers, 'material')}, source {done.source} "
        f"of {folder.name}"
    )
    for line in told_lines(done):
        message(line)
    if not done.new:
        message(f"{folder.name} has these already; nothing changes")
