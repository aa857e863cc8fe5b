"""Output of the commands: JSON and tables on stdout, messages on stderr.

rich is imported only where something is drawn. Colour follows NO_COLOR and whether the stream is a terminal, which
rich decides by itself.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autodisco.files import plain

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


WIDE = 110
"""Width of a terminal from which tables of properties have a column of names."""


def message(text: str) -> None:
    """Print a line on stderr, if the terminal is still there."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def one_line(text: str) -> str:
    """`text` with line breaks and runs of blanks replaced by one blank, and control characters escaped."""
    shown = " ".join(text.split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown)


def print_json(value: Any) -> None:
    """Print `value` as indented JSON on stdout."""
    print(json.dumps(plain(value), indent=1, allow_nan=False))


def stdout_console() -> "Console":
    """A rich console for data. In a pipe it is as wide as the content, so that no column is cut."""
    from rich.console import Console

    return Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=200)


def stderr_console() -> "Console":
    """A rich console for messages and progress."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


@contextmanager
def counting(text: str, unit: str) -> Iterator[Callable[[int], None] | None]:
    """A spinner with a number on a terminal, otherwise nothing. Call the yielded function to set the number."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed:,} " + unit))
    with Progress(*columns, TimeElapsedColumn(), console=stderr_console(), transient=True) as progress:
        bar = progress.add_task(text, total=None)
        yield lambda number: progress.update(bar, completed=number)


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], title: str | None = None, spare: Sequence[str] = ()
) -> list[str]:
    """Print rows as an aligned table on stdout; columns whose name starts with ``>`` are right-aligned.

    Where the terminal is too narrow for texts in one piece, `spare` columns are left out, the first of them first;
    their names are returned.
    """
    console, table_rows, left_out = stdout_console(), list(rows), list[str]()
    endless = console.options.update(width=sys.maxsize)
    table = _table(columns, table_rows, title, left_out)
    for name in spare:
        if console.measure(table, options=endless).maximum <= console.width:
            break
        left_out.append(name)
        table = _table(columns, table_rows, title, left_out)
    console.print(table)
    return [name.removeprefix(">") for name in left_out]


def _table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], title: str | None, left_out: Sequence[str]
) -> "Table":
    """A table of the columns that are not left out."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
    kept = [place for place, name in enumerate(columns) if name not in left_out]
    for name in (columns[place] for place in kept):
        table.add_column(name.removeprefix(">"), justify="right" if name.startswith(">") else "left", overflow="fold")
    for row in rows:
        cells = ["" if row[k] is None else row[k] for k in kept]
        table.add_row(*(cell if isinstance(cell, Text) else Text(str(cell)) for cell in cells))
    return table


def print_properties(properties: dict[str, Any], title: str) -> None:
    """Print the numbers of a record of properties with their errors (``_sem``) and units as a table.

    Undefined ones are named below it. A value of which only a lower bound is known is shown as ``> 12``. The column of
    names, which JSON and CSV use, is left out where the terminal is too narrow for it.
    """
    from autodisco.analysis.combination import AT_LEAST, KNOWN, SEM
    from autodisco.analysis.quantities import base_name, numbers, quantity

    rows, undefined, unsure = [], [], []
    for name, value, sem in numbers(properties):
        if base_name(name) != name:
            continue
        bound, known = properties.get(f"{name}{AT_LEAST}"), properties.get(f"{name}{KNOWN}")
        entry = quantity(name)
        if value is None and bound is None:
            undefined.append(entry.label)
            continue
        if sem is None and bound is None and entry.has_error and f"{name}{SEM}" in properties:
            unsure.append(entry.label)
        shown = number(value) if bound is None else f"> {number(bound)}"
        of = "" if known is None else f"{known} of {properties['n_replicas']}"
        rows.append((entry.label, shown, number(sem), entry.unit, of, name))
    columns = ["quantity", ">value", ">± error", "unit", "known in", "name"]
    wide = stdout_console().width >= WIDE
    kept = [k for k in range(len(columns)) if (k != 4 or any(row[4] for row in rows)) and (k != 5 or wide)]
    print_table([columns[k] for k in kept], [[row[k] for k in kept] for row in rows], title)
    _print_species(properties)
    print_windows(properties)
    if unsure:
        why = (
            "equal in all runs, or known in one" if "n_replicas" in properties else "fewer than ten independent values"
        )
        stdout_console().print(f"no error ({why}): {', '.join(unsure)}", style="dim")
    if undefined:
        stdout_console().print(f"undefined or not measurable here: {', '.join(undefined)}", style="dim")


def print_windows(properties: dict[str, Any], run: str = "") -> None:
    """Print the lags over which the displacement of each species was fitted, on one line, with the name of the run."""
    ends, rules = properties.get("fit_to_ps") or {}, properties.get("fit_window") or {}
    windows = [
        f"{kind} {start:.7g} to {ends[kind]:.7g} ps ({rules[kind]})"
        for kind, start in (properties.get("fit_from_ps") or {}).items()
    ]
    if windows:
        stdout_console().print(f"fitted lags{run and f' of {run}'}: {'; '.join(windows)}")


def _print_species(properties: dict[str, Any]) -> None:
    """Print a row for each species of a mixture; for one polymer with one salt, the table of properties is enough."""
    from autodisco.analysis.combination import SEM
    from autodisco.analysis.quantities import quantity

    charges, name = properties.get("species_charge") or {}, "species_diffusivity_cm2_per_s"
    diffusivities, errors = properties.get(name) or {}, properties.get(f"{name}{SEM}") or {}
    of_sign = [sum((charge > 0) - (charge < 0) == sign for charge in charges.values()) for sign in (-1, 0, 1)]
    if not diffusivities or (max(of_sign) == 1 and of_sign[0]):
        return
    rows = [
        (
            kind,
            f"{properties['species_count'][kind]:g}",
            f"{charges[kind]:+g}" if charges[kind] else "0",
            number(value),
            number(errors.get(kind)),
        )
        for kind, value in diffusivities.items()
    ]
    print_table(["species", ">number", ">charge, e", f">{quantity(name).heading}", ">± error"], rows, "")


def tell_plots(pictures: Sequence[Path]) -> None:
    """Print the names of plots, and of the files with their numbers."""
    if pictures:
        message(f"plots: {', '.join(map(str, pictures))}")
        tables = [path.with_suffix(".csv") for path in pictures]
        message(f"curves: {', '.join(str(path) for path in tables if path.exists())}")


def number(value: float | None) -> str:
    """A formatted number; empty for None."""
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.4g}"


def existing_file(path: Path, what: str) -> Path:
    """`path` if it is a readable file. Raises InputError otherwise."""
    from autodisco.errors import InputError

    if not path.is_file():
        raise InputError(f"{what} not found: {path}")
    return path
