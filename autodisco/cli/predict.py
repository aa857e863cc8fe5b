"""predict: what is believed of the conductivity of any repeat unit, without a simulation."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autodisco.cli.options import JSON
from autodisco.cli.output import counting, message, one_line, print_json, print_table
from autodisco.errors import InputError, InvalidRepeatUnit
from autodisco.text import counted, shortened, significant

if TYPE_CHECKING:
    from autodisco.polymer import Material
    from autodisco.surrogate import ConductivityEstimate, FarOff

MOST_SHOWN, LONGEST_SHOWN = 50, 60
MOST_FAR_OFF = 10
FILES = (".csv", ".tsv", ".txt", ".smi", ".smiles")


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("predict")(predict)


def predict(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="SMILES...|FILE", help="Repeat units such as '*OCC*', or a CSV, TSV or SMI file of them."
        ),
    ],
    data: Annotated[
        list[Path] | None,
        typer.Option(metavar="TABLE", help="Values to learn from: a column conductivity in S/cm. Repeat for several."),
    ] = None,
    campaign: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Estimate by all that this campaign knows, simulations included."),
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(metavar="SMILES", help="The polymer to compare with; default: *OCC*, or the campaign's."),
    ] = None,
    column: Annotated[str | None, typer.Option(help="Column of FILE with the repeat units.")] = None,
    prior_mean: Annotated[
        bool,
        typer.Option(
            "--prior-mean/--no-prior-mean",
            help="Start from what HTP-MD's table says of structures; without it, the first TABLE is the target.",
        ),
    ] = True,
    as_json: JSON = False,
) -> None:
    """Estimate conductivities from the structure.

    Prints for every repeat unit the conductivity at 353 K (reference protocol) with its 90 % interval, the chance to be
    better than the reference, and what each source contributed. docs/surrogate.md says what these estimates are worth.
    """
    from autodisco.api.predict import predict as predicted

    if campaign and (data or not prior_mean):
        raise InputError("--campaign: its file says what it learns from; leave out --data and --no-prior-mean")
    texts = list(_texts(what, column))
    units = [unit for unit in (_said(text, where) for where, text in texts) if unit]
    with counting("reading structures", "polymers") as progress:
        found = predicted(
            units, data or (), campaign=campaign, reference=reference, prior_mean=prior_mean, progress=progress
        )
    if as_json:
        print_json(found.estimates)
    else:
        _print(found.estimates, found.reference, found.about)
    for path, rows in found.tables.items():
        message(f"{path}: {counted(len(rows), 'value')} of {counted(len({smiles for smiles, _ in rows}), 'polymer')}")
    _tell(found.far_off)
    if len(units) < len(texts):
        raise typer.Exit(InvalidRepeatUnit.exit_code)


def _tell(far: "Sequence[FarOff]") -> None:
    """A line on stderr for each value that does not fit to all others."""
    from autodisco.analysis.quantity import CONDUCTIVITY_SCALE

    for one in far[:MOST_FAR_OFF]:
        value, expected = (significant(CONDUCTIVITY_SCALE.value(place)) for place in (one.value, one.expected))
        message(f"warning: {one.source}: {one.smiles} has {value} S/cm; all other values say {expected} S/cm")
    if len(far) > MOST_FAR_OFF:
        message(f"warning: {len(far) - MOST_FAR_OFF} more values are as far off")


def _texts(what: Sequence[str], column: str | None) -> Iterator[tuple[str, str]]:
    """Where each repeat unit stands, and its text; files are read."""
    from autodisco.polymer.library_files import read_strings

    named = [text for text in what if Path(text).suffix.lower() in FILES or ("*" not in text and Path(text).is_file())]
    if column and not named:
        raise InputError("--column names a column of FILE; no file is given")
    for text in what:
        if text in named:
            yield from ((f"{text}, line {line}: ", unit) for line, unit in read_strings(Path(text), column))
        else:
            yield "", text


def _said(text: str, where: str) -> "Material | None":
    """The repeat unit of a text; a line on stderr where it is none."""
    from autodisco.api.predict import unit_of

    try:
        return unit_of(text)
    except InvalidRepeatUnit as error:
        message(f"error: {where}{one_line(str(error))} ({error.code})")
        return None


def _print(found: "Sequence[ConductivityEstimate]", reference: "ConductivityEstimate", about: str) -> None:
    """The estimates, best first."""
    from autodisco.analysis.quantities import quantity

    to_shown = quantity("conductivity_s_per_cm").factor
    best = sorted(found, key=lambda one: -one.value)
    sources = list(reference.contributions)[1:]
    rows = [
        (
            shortened(one.smiles, LONGEST_SHOWN),
            significant(one.value * to_shown),
            f"{significant(one.low * to_shown)} to {significant(one.high * to_shown)}",
            f"{one.p_better:.2f}",
            *(f"{one.contributions[name]:+.2f}" for name in sources),
        )
        for one in best[:MOST_SHOWN]
    ]
    columns = ["repeat unit", ">σ, mS/cm", ">90 % interval", f">chance above {reference.smiles}"]
    print_table([*columns, *(f">decades from {name}" for name in sources)], rows, about)
    if (more := len(best) - MOST_SHOWN) > 0:
        message(f"… and {counted(more, 'more polymer')}; --json prints all")
    interval = f"{significant(reference.low * to_shown)} to {significant(reference.high * to_shown)}"
    message(f"{reference.smiles}: {significant(reference.value * to_shown)} mS/cm ({interval})")
