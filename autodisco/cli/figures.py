"""The command figures."""

from pathlib import Path
from typing import Annotated

import typer

from autodisco.cli.options import NAME
from autodisco.cli.output import counting, message


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("figures")(figures)


def figures(
    name: NAME = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write to; default: figures/ of the campaign.")] = None,
    formats: Annotated[
        str, typer.Option("--format", metavar="LIST", help="Formats, with commas: svg, pdf, png.")
    ] = "svg,pdf",
    only: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Figures, with commas: generator, iterations, ranking, structures, front, convergence, salt.",
        ),
    ] = None,
    scans: Annotated[Path, typer.Option(help="Folder in which scan wrote, for the figure salt.")] = Path("simulations"),
) -> None:
    """Write the figures of a campaign for print.

    Each as SVG and PDF with its numbers as CSV, and captions.md for all of them. A figure that the campaign has no data
    for is left out, with the reason.
    """
    from autodisco.api.campaign import Campaign

    with counting("drawing", "figures") as progress:
        written = Campaign.open(name).figures(out, _words(formats), _words(only or ""), scans, progress)
    for path in written.files:
        print(path)
    for left, reason in written.left_out.items():
        message(f"{left}: left out: {reason}")


def _words(text: str) -> list[str]:
    """The words of a list with commas, each once."""
    return list(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
