"""window: between which potentials against Li/Li+ a polymer is neither oxidised nor reduced."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from autodisco.cli.options import JSON
from autodisco.cli.output import counting, message, one_line, print_json, print_table
from autodisco.errors import InputError, WindowFailure
from autodisco.text import counted

if TYPE_CHECKING:
    from autodisco.stability import Window
    from autodisco.stability.calibration import Side

DFT_PATIENCE = 20.0
"""How much longer than GFN2-xTB DFT may take."""

SAID = {"none": "alone", "lithium": "with Li⁺", "anion": "with TFSI⁻"}


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("window")(window)


def window(
    smiles: Annotated[
        list[str],
        typer.Argument(metavar="SMILES...", help="Repeat units such as '*OCC*', or molecules such as 'COCCOC'."),
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
    as_json: JSON = False,
) -> None:
    """Electrochemical windows of polymers, in V against Li/Li+.

    Energies of a short oligomer, its cation and its anion by GFN2-xTB with an implicit solvent, converted to volts by a
    calibration on measured potentials. Results are kept in the cache of the user.
    """
    from autodisco.stability import window as window_of

    method, limit = ("DFT", timeout * DFT_PATIENCE) if dft else ("GFN2-xTB", timeout)
    found: list[Window] = []
    failed: list[dict[str, str]] = []
    code = 0
    with counting("calculating: finished", f"of {counted(len(smiles), 'window')}") as progress:
        for number, text in enumerate(smiles):
            if progress:
                progress(number)
            try:
                found.append(window_of(text, with_salt, method, units, timeout_s=limit))
            except (InputError, WindowFailure) as error:
                failed.append({"smiles": text, "error": one_line(str(error))})
                code = max(code, error.exit_code)
    if as_json:
        print_json({"windows": found, "failed": failed})
    elif found:
        _print(found)
    for one in failed:
        message(f"error: {one['smiles']}: {one['error']}")
    if code:
        raise typer.Exit(code)


def _print(found: "Sequence[Window]") -> None:
    """A table of windows; what failed, and what breaks, in lines below it."""
    rows: list[tuple[str, ...]] = []
    for one in found:
        rows.append((one.given, "", _value(one.oxidation), _value(one.reduction), _value(one.width)))
        if len(one.limits) > 1:
            rows += [
                ("", SAID[name], _value(of.oxidation), _value(of.reduction), "") for name, of in one.limits.items()
            ]
    salted = any(len(one.limits) > 1 for one in found)
    columns = ["polymer", "limits", ">oxidation, V", ">reduction, V", ">window, V"]
    kept = [k for k in range(len(columns)) if k != 1 or salted]
    title = f"windows against Li/Li⁺ ({found[0].method}, {found[0].solvent})"
    print_table([columns[k] for k in kept], [[row[k] for k in kept] for row in rows], title)
    for side in ("oxidation", "reduction"):
        message(_error(side, found))
    for one in found:
        for name, of in one.limits.items():
            where = f"{one.given} {SAID[name]}" if len(one.limits) > 1 else one.given
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
    values = [value for one in found if (value := getattr(one, side)) is not None]
    outside = any(not of.lowest <= value <= of.highest for value in values)
    more = f"; values outside of {of.lowest:.2f} to {of.highest:.2f} V are extrapolated" if outside else ""
    return f"{side}: mean error {of.mean_error:.2f} V{more}"


def _value(volts: float | None) -> str:
    return "" if volts is None else f"{volts:.2f}"
