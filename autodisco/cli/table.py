"""The command that puts results of several analyses into one table."""

import csv
import sys
from pathlib import Path
from typing import Annotated

import typer

from autodisco.cli.options import JSON
from autodisco.cli.output import print_json, print_table, stdout_console, tell_plots
from autodisco.errors import InputError


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("table")(table)


def table(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Outputs of analyze --json, with a + between systems.")
    ],
    quantity: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A quantity instead of those of rankings; once for each."),
    ] = None,
    system: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Name of a system, in their order; once for each. Default: of its files."),
    ] = None,
    plots: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write Arrhenius plots there, as PNG and PDF, and their points as CSV."),
    ] = None,
    as_json: JSON = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the table as CSV.")] = False,
) -> None:
    """Put results of analyze into one table.

    Conductivities of systems at one temperature are compared; over temperatures, Arrhenius and VTF laws are fitted.
    These are the cluster Nernst-Einstein conductivities, or those that --quantity names.
    """
    from autodisco.analysis import tabulated
    from autodisco.analysis.quantities import quantity as known

    if as_json and as_csv:
        raise InputError("--json and --csv exclude each other; leave one of them out")
    results, names = tabulated.read_results(files, system or ()), tabulated.columns(quantity or ())
    rows, remarks = tabulated.records(results, names), tabulated.remarks(results, names)
    of = tabulated.conductivities(quantity or ())
    fits = [fit for name in of for fit in tabulated.fits(results, name)]
    comparisons = [one for name in of for one in tabulated.comparisons(results, name)]
    if plots:
        from autodisco.analysis.arrhenius_plot import plot_arrhenius

        tell_plots(plot_arrhenius(results, of, plots))
    if as_json:
        print_json({"results": rows, "fits": fits, "comparisons": comparisons, "remarks": remarks})
    elif as_csv:
        writer = csv.DictWriter(sys.stdout, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    else:
        shown = [known(name) for name in names]
        print_table(
            ["name", ">T, K", ">runs", *(f">{entry.heading}" for entry in shown)],
            [
                (one.name, f"{one.temperature_k:g}", len(one.replicas), *(e.shown(one.properties) for e in shown))
                for one in results
            ],
        )
        explained = (f"{entry.symbol}: {entry.label}" for entry in shown if entry.symbol)
        stdout_console().print("; ".join(explained), style="dim")
        for line in (*fits, *comparisons):
            print(line["told"])
        for remark in remarks:
            print(remark)
