"""The command novelty."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autodisco.api.locate import campaign_folder
from autodisco.cli.options import JSON
from autodisco.cli.output import counting, existing_file, message, print_json, print_table
from autodisco.errors import InputError, InvalidRepeatUnit
from autodisco.files import write_atomic
from autodisco.tables import csv_text
from autodisco.text import counted

if TYPE_CHECKING:
    from autodisco.api.novelty import Known
    from autodisco.report.novelty import Novelty

MOST_SHOWN = 40


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("novelty")(novelty)


def novelty(
    name: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME|FILE...", help="Campaign (default: the most recent), or CSV, TSV or SMI files of units."
        ),
    ] = None,
    against: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="A list of known polymers, such as PI1M; once for each."),
    ] = None,
    column: Annotated[str | None, typer.Option(help="Column of these files with the repeat units.")] = None,
    identifier: Annotated[
        str | None, typer.Option(help="Column of these files with an identifier; default: id, pid, name or the like.")
    ] = None,
    best: Annotated[int, typer.Option(min=0, help="Polymers of the ranking, the best ones; 0 for all.")] = 0,
    out: Annotated[Path | None, typer.Option(metavar="CSV", help="Write all polymers and lists to this file.")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes that read; 0 for one per core.")] = 0,
    as_json: JSON = False,
) -> None:
    """Compare a campaign's polymers with known ones.

    Each polymer of the ranking, or of files, is looked up in lists, by the infinite chain and not by its text: where
    it is found, and otherwise the most similar row. Common names, the shipped seeds, and the seeds and data set of the
    campaign are looked at in any case. A file of any length is read as a stream once; its index is kept in
    ~/.cache/autodisco.
    """
    from autodisco.api.novelty import Known, compared
    from autodisco.polymer.library_files import files_among

    files = [existing_file(path, "list of known polymers") for path in against or ()]
    with counting("reading lists", "rows") as progress:
        known_ones = Known(files, column, identifier, workers, progress)
        names = name or []
        if len(units := files_among(names)) < len(names) and len(names) > 1:
            raise InputError(f"{' '.join(names)}: allowed is one campaign, or files of repeat units")
        if units:
            found = _of_files(units, known_ones)[: best or None]
        else:
            found = compared(campaign_folder(names[0] if names else None), known_ones, best)
    if out:
        _write(found, out)
    if as_json:
        print_json([one.to_dict() for one in found])
    else:
        _print(found[:MOST_SHOWN])
        if (more := len(found) - MOST_SHOWN) > 0:
            message(f"… and {more} more; --out FILE or --json has all of them")
    if not found:
        message("no polymer has a value yet, so that there is none to look up")
        return
    known = sum(one.known_as is not None for one in found)
    told = ", ".join(one.source for one in found[0].listed)
    message(f"{counted(len(found), 'polymer')}, {known} known; the others are in none of these lists: {told}")


def _of_files(files: Sequence[str], known: "Known") -> "list[Novelty]":
    """The repeat units of files against each list; rows that are none are left out with a line."""
    from autodisco.api.novelty import compared_units
    from autodisco.polymer import ORGANIC_ELEMENTS, parse
    from autodisco.polymer.library_files import given_units

    units = []
    for file, text in given_units(files, None):
        try:
            units.append((parse(text.text, ORGANIC_ELEMENTS), text.name))
        except InvalidRepeatUnit as error:
            message(f"left out: {file}, line {text.line}: {text.refusal(error.code, str(error))}")
    return compared_units(units, known)


def _write(found: "Sequence[Novelty]", path: Path) -> None:
    write_atomic(path, csv_text([one.columns() for one in found], ["rank"]))
    message(f"table: {path}")


def _print(found: "Sequence[Novelty]") -> None:
    rows = []
    for one in found:
        row, shown = one.row, one.known_as or one.nearest
        told = "new" if one.known_as is None else "known"
        where = "" if shown is None else f"{shown.source}: {shown.row}"
        rows.append((row.rank, row.monomer_smiles, row.name, told, f"{shown.similarity:.2f}" if shown else "", where))
    print_table([">rank", "polymer", "name", "", ">similarity", "same or nearest"], rows)
