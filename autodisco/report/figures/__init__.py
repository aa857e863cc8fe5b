"""Figures for print of what a campaign found: SVG, PDF and PNG, each with its numbers as CSV, and their captions.

They are of the kinds that Khajeh et al. (Digital Discovery 2025, 4, 11) discuss: what the generator draws, values of
each iteration, the best polymers and their structures, convergence, and the salt concentration.
"""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from autodisco.errors import InputError
from autodisco.files import write_atomic
from autodisco.report.content import caveat, gather
from autodisco.report.figures.convergence import convergence
from autodisco.report.figures.front import front
from autodisco.report.figures.generator import generator
from autodisco.report.figures.salt import salt
from autodisco.report.figures.source import Source
from autodisco.report.figures.structures import structures
from autodisco.report.figures.style import FORMATS, PrintFigure
from autodisco.report.figures.values import iterations, ranking
from autodisco.store import Store, at_one_moment
from autodisco.text import joined, without_formula

FIGURES: dict[str, Callable[[Source], PrintFigure | str]] = {
    "generator": generator,
    "iterations": iterations,
    "ranking": ranking,
    "structures": structures,
    "front": front,
    "convergence": convergence,
    "salt": salt,
}
"""What makes each figure, or says why it cannot be made; in the order of the captions."""

CAPTIONS = "captions.md"


@dataclass(frozen=True)
class Written:
    """The files that were written, and by name of the figure why it was left out."""

    files: list[Path]
    left_out: dict[str, str]


def check_asked(only: Sequence[str], formats: Sequence[str]) -> None:
    """Raise InputError for the name of a figure or format that does not exist."""
    for flag, given, allowed in (("--only", only, list(FIGURES)), ("--format", formats, list(FORMATS))):
        if unknown := [name for name in given if name not in allowed]:
            raise InputError(f"{flag} {unknown[0]}: allowed is {joined(allowed)}, several with commas")


@at_one_moment
def write_figures(
    store: Store,
    folder: Path,
    formats: Sequence[str] = FORMATS,
    only: Sequence[str] = (),
    scans: Path = Path("simulations"),
    progress: Callable[[int], None] | None = None,
) -> Written:
    """Write the figures of an open campaign: a file for each format, ``<figure>.csv``, and `CAPTIONS` of all of them.

    The same campaign gives the same files. `scans` is the folder of `autodisco scan`; `progress` is told how many
    figures are made. Raises InputError as `check_asked`.
    """
    check_asked(only, formats)
    source = Source(store, gather(store), scans)
    files: list[Path] = []
    told, left_out = [], {}
    for number, name in enumerate(only or FIGURES):
        if progress:
            progress(number)
        made = FIGURES[name](source)
        if isinstance(made, str):
            left_out[name] = made
            continue
        for kind, content in made.rendered(formats).items():
            files.append(folder / f"{name}.{kind}")
            write_atomic(files[-1], content)
        files.append(folder / f"{name}.csv")
        write_atomic(files[-1], _table(made))
        told.append(f"## {name}\n\n**{made.title[:1].upper()}{made.title[1:]}.** {made.caption}\n")
    files.append(folder / CAPTIONS)
    write_atomic(
        files[-1], "\n".join([f"# Figures of {source.content.status.name}\n", *told, caveat(source.content), ""])
    )
    return Written(files, left_out)


def _table(made: PrintFigure) -> str:
    columns = dict.fromkeys(column for row in made.rows for column in row)
    out = io.StringIO()
    table = csv.DictWriter(out, list(columns), lineterminator="\n")
    table.writeheader()
    table.writerows({column: without_formula(cell) for column, cell in row.items()} for row in made.rows)
    return out.getvalue()
