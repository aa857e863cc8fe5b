"""window: between which potentials against Li/Li+ a polymer is neither oxidised nor reduced."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from autodisco.cli.options import JSON
from autodisco.cli.output import message, one_line, print_json, print_table
from autodisco.errors import AutodiscoError, InputError, WindowFailure
from autodisco.text import counted, duration, joined

if TYPE_CHECKING:
    from autodisco.stability import Window
    from autodisco.stability.calibration import Side

DFT_PATIENCE = 20.0
"""How much longer than GFN2-xTB DFT may take."""

STATES: "tuple[Side, ...]" = ("oxidation", "reduction")
MARK = "†"
LEVELS = (
    "Read the order of polymers: oxidation potentials are about 1 V above the limits that are reported for batteries "
    "(docs/stability.md)."
)

SAID = {"none": "alone", "lithium": "with Li⁺", "anion": "with TFSI⁻"}


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("window")(window)


def window(
    smiles: Annotated[
        list[str],
        typer.Argument(
            metavar="SMILES...|FILE",
            help="Repeat units such as '*OCC*', molecules such as 'COCCOC', or a CSV, TSV or SMI file of them.",
        ),
    ],
    with_salt: Annotated[
        bool, typer.Option("--with-salt", help="Also at a lithium ion and beside TFSI; the narrowest limits count.")
    ] = False,
    dft: Annotated[
        bool, typer.Option("--dft", help="DFT at the structures of GFN2-xTB: minutes, without calibration.")
    ] = False,
    units: Annotated[
        int | None, typer.Option(min=1, max=4, help="Repeat units of the oligomer; default: 2, of large ones 1.")
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=1.0, help="Limit for one species, in seconds of processor time.")
    ] = 300.0,
    column: Annotated[str | None, typer.Option(help="Column of FILE with the repeat units.")] = None,
    as_json: JSON = False,
) -> None:
    """Electrochemical windows of polymers, in V against Li/Li+.

    Energies of a short oligomer, its cation and its anion by GFN2-xTB with an implicit solvent, converted to volts by a
    calibration on measured potentials. Results are kept in the cache of the user.
    """
    from autodisco.polymer.library_files import given_units
    from autodisco.stability import window as window_of
    from autodisco.stability.limits import calculated_molecule

    method, limit = ("DFT", timeout * DFT_PATIENCE) if dft else ("GFN2-xTB", timeout)
    found: list[tuple[str, Window]] = []
    failed: list[tuple[str, str, AutodiscoError]] = []
    named: list[tuple[str, str]] = []
    for file, text in given_units(smiles, column):
        try:
            calculated_molecule(text.text, units)
            named.append((text.name, text.text))
        except InputError as error:
            failed.append((f"{file}, line {text.line}: " if file else "", text.text, error))
            _say_failure(*failed[-1])
    n = counted(len(named), "window")
    for number, (name, smiles_of) in enumerate(named, 1):
        begun = time.monotonic()
        try:
            found.append((name, window_of(smiles_of, with_salt, method, units, timeout_s=limit)))
            message(f"{number} of {n}: {name or smiles_of}, {duration(time.monotonic() - begun)}")
        except (InputError, WindowFailure) as error:
            failed.append(("", smiles_of, error))
            _say_failure(*failed[-1])
    if as_json:
        windows = [{"name": name or None, **one.to_dict()} for name, one in found]
        told = [{"smiles": text, "error": one_line(str(error))} for _, text, error in failed]
        print_json({"windows": windows, "failed": told})
    elif found:
        _print(found)
    if failed:
        raise typer.Exit(max(error.exit_code for *_, error in failed))


def _say_failure(where: str, text: str, error: AutodiscoError) -> None:
    message(f"error: {where}{text}: {one_line(str(error))}")


def _print(named: "Sequence[tuple[str, Window]]") -> None:
    """A table of windows; what failed, what breaks, and what the values are worth, in lines below it."""
    from autodisco.names import short_name
    from autodisco.polymer import ELEMENTS, ORGANIC_ELEMENTS, parse

    found = [one for _, one in named]
    rows: list[tuple[str, ...]] = []
    first: dict[str, str] = {}
    for given, one in named:
        name = given or (short_name(parse(one.smiles, ORGANIC_ELEMENTS).key) if "*" in one.smiles else "")
        same = first.get(one.smiles, "")
        first.setdefault(one.smiles, name or one.given)
        remarks = ", ".join([*[f"= {same}"] * bool(same), *one.unknown_elements])
        rows.append((name, one.given, "", *(_marked(one, side) for side in STATES), _value(one.width), remarks))
        if len(one.limits) > 1:
            rows += [
                ("", "", SAID[at], _value(of.oxidation), _value(of.reduction), "", "") for at, of in one.limits.items()
            ]
    columns = ["name", "polymer", "limits", ">oxidation, V", ">reduction, V", ">window, V", "remarks"]
    kept = [k for k in range(len(columns)) if k in (1, 3, 4, 5) or any(row[k] for row in rows)]
    title = f"windows against Li/Li⁺ ({found[0].method}, {found[0].solvent})"
    print_table([columns[k] for k in kept], [[row[k] for k in kept] for row in rows], title)
    if unknown := sorted({symbol for one in found for symbol in one.unknown_elements}):
        print(f"{joined(unknown)}: in no molecule of the calibration (docs/stability.md)")
    if foreign := sorted(set(unknown) - ELEMENTS):
        print(f"{joined(foreign)}: cannot be simulated")
    if found[0].method != "DFT":
        print(LEVELS)
    for side in STATES:
        message(_error(side, found))
    for one in found:
        for at, of in one.limits.items():
            where = f"{one.given} {SAID[at]}" if len(one.limits) > 1 else one.given
            for side, why in of.failed.items():
                message(f"warning: {where}: no {side} potential: {why}")
            for side, bonds in of.breaks.items():
                message(f"{where}: {side} breaks {', '.join(bonds)}")
            if of.unrelaxed:
                message(f"warning: {where}: the relaxation ended before the minimum: {', '.join(of.unrelaxed)}")


def _error(side: "Side", found: "Sequence[Window]") -> str:
    """How far the potentials of one side may be off."""
    from autodisco.stability.calibration import line

    of = line(side, found[0].method)
    if of.mean_error is None or of.lowest is None or of.highest is None:
        return f"{side}: DFT is not calibrated; differences between polymers mean more than the values"
    outside = any(side in one.extrapolated for one in found)
    more = f"; {MARK} extrapolated, outside of {of.lowest:.2f} to {of.highest:.2f} V" if outside else ""
    return f"{side}: mean error {of.mean_error:.2f} V{more}"


def _marked(one: "Window", side: "Side") -> str:
    """A potential, with a mark where it is extrapolated."""
    return f"{_value(getattr(one, side))}{f' {MARK}' if side in one.extrapolated else ''}"


def _value(volts: float | None) -> str:
    return "" if volts is None else f"{volts:.2f}"
