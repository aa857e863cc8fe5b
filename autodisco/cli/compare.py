"""The command compare."""

from typing import Annotated

import typer

from autodisco.api.locate import campaign_folder
from autodisco.cli.options import JSON
from autodisco.cli.output import print_json, print_table


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("compare")(compare)


def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="A campaign under runs/, or its folder.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another one.")],
    as_json: JSON = False,
) -> None:
    """Compare two campaigns.

    Settings that differ, what each found, what it took, and polymers that both measured, side by side.
    """
    from autodisco.report.comparison import compare as compared
    from autodisco.report.comparison import tables
    from autodisco.store import Store

    with Store.open_readonly(campaign_folder(first)) as a, Store.open_readonly(campaign_folder(second)) as b:
        found = compared(a, b)
    if as_json:
        print_json(found)
        return
    from rich.text import Text

    rows: list[tuple[object, ...]] = []
    for title, lines in tables(found):
        rows += [("", "", ""), (Text(title, style="bold"), "", "")] if rows else [(Text(title, style="bold"), "", "")]
        rows += [(f"  {line.what}", *line.words) for line in lines]
    print_table(["", *found.names], rows)
    if found.caveat:
        print(found.caveat)
