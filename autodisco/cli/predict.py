"""predict: what is believed of the conductivity of any repeat unit, without a simulation."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autodisco.cli.options import JSON, UNITS
from autodisco.cli.output import counting, message, one_line, print_json, print_table
from autodisco.errors import InputError, InvalidRepeatUnit
from autodisco.files import write_atomic
from autodisco.text import counted, joined, shortened, significant

if TYPE_CHECKING:
    from autodisco.api.predict import Predictions
    from autodisco.polymer import Material
    from autodisco.polymer.library_files import UnitText
    from autodisco.surrogate import ConductivityEstimate, FarOff

MOST_SHOWN, LONGEST_SHOWN = 50, 60
MOST_FAR_OFF, MOST_FROM_OWN = 10, 5


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("predict")(predict)


def predict(
    what: UNITS,
    data: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TABLE",
            help="Values to learn from: conductivity in S/cm, or docs/measurements.md. Repeat for several.",
        ),
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
    out: Annotated[Path | None, typer.Option(metavar="CSV", help="Write the ranking to this file.")] = None,
    png: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the best polymers into this file.")] = None,
    as_json: JSON = False,
) -> None:
    """Estimate conductivities from the structure.

    Prints for every repeat unit the conductivity at 353 K (reference protocol) with its 90 % interval, the chance to be
    better than the reference, the ratio to it, and what each source contributed. Polymers for which estimates are known
    to be off are marked. docs/surrogate.md says what these estimates are worth; autodisco scan gives other conditions.
    """
    from autodisco.api.predict import predict as predicted
    from autodisco.polymer.library_files import given_units
    from autodisco.surrogate.figure import ranking_png

    if campaign and (data or not prior_mean):
        raise InputError("--campaign: its file says what it learns from; leave out --data and --no-prior-mean")
    texts = list(given_units(what, column))
    read = [(unit, text.name) for file, text in texts if (unit := _said(file, text))]
    units, names = [unit for unit, _ in read], [name for _, name in read]
    with counting("reading structures", "polymers") as progress:
        found = predicted(
            units, data or (), names=names, campaign=campaign, reference=reference, prior_mean=prior_mean,
            progress=progress,
        )  # fmt: skip
    if as_json:
        print_json(found.rows)
    else:
        _print(found)
        if found.learnt:
            _print_learnt(found)
    for path, rows in found.tables.items():
        message(f"{path}: {counted(len(rows), 'value')} of {counted(len({smiles for smiles, _ in rows}), 'polymer')}")
    for line in found.warnings:
        message(line)
    _tell(found.far_off, found.far_from_own)
    if out:
        write_atomic(out, found.as_csv())
        message(f"ranking: {out}")
    if png:
        write_atomic(png, ranking_png(found.estimates, found.reference, found.about, found.measured_of))
        message(f"figure: {png}")
    if len(units) < len(texts):
        raise typer.Exit(InvalidRepeatUnit.exit_code)


def _tell(far: "Sequence[FarOff]", from_own: Sequence[str]) -> None:
    """A line on stderr for each value that does not fit to all others, or not to what is expected of its polymer."""
    from autodisco.analysis.quantity import CONDUCTIVITY_SCALE

    for one in far[:MOST_FAR_OFF]:
        value, expected = (significant(CONDUCTIVITY_SCALE.value(place)) for place in (one.value, one.expected))
        message(f"warning: {one.source}: {one.smiles} has {value} S/cm; all other values say {expected} S/cm")
    if len(far) > MOST_FAR_OFF:
        message(f"warning: {len(far) - MOST_FAR_OFF} more values are as far off")
    for line in from_own[:MOST_FROM_OWN]:
        message(f"warning: {line}")
    if len(from_own) > MOST_FROM_OWN:
        message(f"warning: {len(from_own) - MOST_FROM_OWN} more values are far from their own predictions")
    if from_own:
        message("the fit takes most of such a difference for an error of the value: check unit, salt content, crystals")


def _said(file: str, text: "UnitText") -> "Material | None":
    """The repeat unit of a text; a line on stderr where it is none."""
    from autodisco.api.predict import unit_of

    try:
        return unit_of(text.text)
    except InvalidRepeatUnit as error:
        where = f"{file}, line {text.line}: " if file else ""
        message(f"error: {where}{one_line(text.refusal(error.code, str(error)))} ({error.code})")
        return None


def _print(found: "Predictions") -> None:
    """The estimates, best first, and what has to be known of them."""
    best, reference = found.ranked, found.reference
    sources = list(reference.contributions)[1:]
    shown = best[:MOST_SHOWN]
    named, marked = any(one.name for one in shown), any(_remarks(one) for one in shown)
    rows = [
        (
            *[shortened(one.name, LONGEST_SHOWN)] * named,
            shortened(one.smiles, LONGEST_SHOWN),
            _shown(one.value),
            f"{_shown(one.low)} to {_shown(one.high)}",
            f"{one.p_better:.2f}",
            _against(one) if one.key != reference.key else "",
            *(f"{one.contributions[name]:+.2f}" for name in sources),
            *[_remarks(one)] * marked,
        )
        for one in shown
    ]
    columns = [*["name"] * named, "repeat unit", ">σ, mS/cm", ">90 % interval", f">chance above {reference.called}"]
    times, of_sources = f">times {reference.called}", [f">decades from {name}" for name in sources]
    heads = [*columns, times, *of_sources, *["remarks"] * marked]
    if left_out := print_table(heads, rows, found.about, [*of_sources[::-1], times]):
        message(f"too narrow for the columns {joined(left_out)}; --json has all values")
    for name, reason in {caveat.name: caveat.reason for one in shown for caveat in one.caveats}.items():
        print(f"{name}: {reason}")
    for note in found.notes:
        print(note)
    if (more := len(best) - MOST_SHOWN) > 0:
        message(f"… and {counted(more, 'more polymer')}; --out FILE or --json gives all")
    interval = f"{_shown(reference.low)} to {_shown(reference.high)}"
    text = f" {reference.smiles}" if reference.name else ""
    message(f"{reference.called}{text}: {_shown(reference.value)} mS/cm ({interval})")


def _against(one: "ConductivityEstimate") -> str:
    """Ratio to the reference with its interval."""
    ratio, low, high = map(significant, one.against_reference)
    return f"{ratio} ({low} to {high})"


def _remarks(one: "ConductivityEstimate") -> str:
    """Marks of a row: an earlier row that is the same polymer, and what is known against the value."""
    return ", ".join([*[f"= {one.same_as}"] * bool(one.same_as), *(caveat.name for caveat in one.caveats)])


def _print_learnt(found: "Predictions") -> None:
    """Measured values beside predictions without them and with them, and what the sources have in common."""
    from autodisco.api.predict_tables import LEVEL_SENTENCE, MOVED_SENTENCE

    named, both = any(one.name for one in found.learnt), any(one.before is not None for one in found.learnt)
    moved, offset = any(one.is_moved for one in found.learnt), bool(found.offsets)
    stated = any(one.stated for one in found.learnt)
    rows = [
        (
            *[one.name] * named,
            shortened(one.given, LONGEST_SHOWN),
            one.typed,
            *[one.conditions] * stated,
            *[f"{_shown(one.measured)} at {one.stated.temperature_k:g} K" if one.stated else ""] * moved,
            *[_shown(one.before or 0.0)] * both,
            _shown(one.after.value),
            *[_shown(one.at_source)] * offset,
            one.source.rpartition("/")[2],
        )
        for one in found.learnt[:MOST_SHOWN]
    ]
    columns = [*["name"] * named, "repeat unit", ">in the table", *["measured at"] * stated, *[">brought to"] * moved]
    columns += [*[">predicted before"] * both, ">with the table", *[">at the table's level"] * offset]
    spare = [*["repeat unit"] * all(one.name for one in found.learnt), "source"]
    if left_out := print_table([*columns, "source"], rows, "values of the tables, mS/cm", spare):
        message(f"too narrow for all columns; --json has {joined(left_out)} too")
    if moved:
        print(MOVED_SENTENCE)
    for name, decades in found.offsets.items():
        print(f"{name}: offset of {decades:+.2f} decades from the simulated level (factor {significant(10**decades)})")
    if both:
        print(LEVEL_SENTENCE)


def _shown(value: float) -> str:
    """A conductivity (S/cm) in the unit of tables, without it."""
    from autodisco.analysis.quantities import quantity

    return significant(value * quantity("conductivity_s_per_cm").factor)
