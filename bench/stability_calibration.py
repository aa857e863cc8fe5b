"""Fit the lines that turn energies of GFN2-xTB into volts, and compare energies with experiment and with DFT.

    python bench/stability_calibration.py                 # fit, errors by leaving out one molecule, the table
    python bench/stability_calibration.py --write         # also writes autodisco/stability/data/calibration.json
    python bench/stability_calibration.py --plot FILE     # also plots measured against calculated potentials
    python bench/stability_calibration.py --gas [--dft N] # ionisation energies and electron affinities in the gas phase
    python bench/stability_calibration.py --polymers      # oligomers of two, three and four units

Results come from the cache of `autodisco window`; without it the fit takes three minutes on one core, `--polymers` six.
"""

import argparse
import csv
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from autodisco.arrays import Floats
from autodisco.errors import WindowFailure
from autodisco.files import write_json
from autodisco.stability import window
from autodisco.stability.calibration import DATA, Line, Reference, references
from autodisco.stability.energies import Energies, energies
from autodisco.stability.limits import SURROUNDINGS
from autodisco.stability.species import molecule

POLYMERS = {"PPO": "*OCC(C)*", "PEO": "*OCC*", "PTMC": "*OCCCOC(=O)*", "PAN": "*CC(C#N)*", "PVDF": "*CC(F)(F)*"}


def main() -> None:
    """Do what the options ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--gas", action="store_true")
    parser.add_argument("--dft", type=int, default=0, help="molecules of the gas-phase table that DFT calculates, too")
    parser.add_argument("--polymers", action="store_true")
    given = parser.parse_args()
    if given.gas:
        gas_phase(given.dft)
    elif given.polymers:
        polymers()
    else:
        calibrate(given.write, given.plot)


def energy(one: Reference, vertical: bool = False) -> float:
    """Ionisation energy or electron affinity in the solvent (eV)."""
    found = energies(SURROUNDINGS[one.surroundings](molecule(one.smiles)))
    value = found.ionisation(vertical) if one.side == "oxidation" else found.affinity(vertical)
    if value is None:
        raise WindowFailure(f"{one.name}: {found.failed}")
    return value


def left_out(x: Floats, y: Floats) -> Floats:
    """Measured less predicted potential of each molecule, from a line through all others."""
    errors = []
    for k in range(len(x)):
        slope, intercept = np.polyfit(np.delete(x, k), np.delete(y, k), 1)
        errors.append(y[k] - intercept - slope * x[k])
    return np.array(errors)


def calibrate(write: bool, plot: Path | None) -> None:
    """Fit both lines and print every molecule."""
    lines, rows = {}, list(references())
    for side in ("oxidation", "reduction"):
        fitted = [one for one in rows if one.side == side and one.use == "fit"]
        y = np.array([one.volts for one in fitted])
        for vertical in (True, False):
            x = np.array([energy(one, vertical) for one in fitted])
            errors = left_out(x, y)
            kind = "vertical" if vertical else "relaxed"
            print(f"{side}, {kind}: mean error {np.abs(errors).mean():.2f} V, rms {np.sqrt((errors**2).mean()):.2f} V, "
                  f"r = {np.corrcoef(x, y)[0, 1]:.2f}, {len(x)} molecules")  # fmt: skip
        slope, intercept = np.polyfit(x, y, 1)
        lines[side] = Line(
            round(float(slope), 4), round(float(intercept), 4), len(x), round(float(np.abs(errors).mean()), 2),
            round(float(np.sqrt((errors**2).mean())), 2), round(float(y.min()), 2), round(float(y.max()), 2),
        )  # fmt: skip
        print(f"| {side} of | measured, V | calculated, V | difference | use |\n|---|--:|--:|--:|---|")
        for one, error in zip(fitted, errors, strict=True):
            print(f"| {one.name} | {one.volts:.2f} | {one.volts - error:.2f} | {-error:+.2f} | {one.use} |")
        for one in rows:
            if one.side == side and one.use != "fit":
                value = lines[side].volts(energy(one))
                print(f"| {one.name} | {one.volts:.2f} | {value:.2f} | {value - one.volts:+.2f} | {one.use} |")
    if write:
        write_json(DATA / "calibration.json", {side: vars(found) for side, found in lines.items()})
    if plot:
        draw(rows, lines, plot)


def draw(rows: Sequence[Reference], lines: dict[str, Line], path: Path) -> None:
    """Measured against calculated potentials."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 4.4), layout="constrained")
    marks = {
        "fit": ("o", "C0", "in the fit"),
        "check": ("s", "C2", "not in the fit"),
        "film": ("x", "C3", "film on the electrode"),
    }
    for axis, (side, found) in zip(axes, lines.items(), strict=True):
        for use, (mark, colour, label) in marks.items():
            points = [(one.volts, found.volts(energy(one))) for one in rows if one.side == side and one.use == use]
            if points:
                axis.plot(*np.array(points).T, mark, color=colour, label=label)
        ends = np.array(axis.axis()).reshape(2, 2)
        low, high = ends[:, 0].min(), ends[:, 1].max()
        axis.plot([low, high], [low, high], color="0.6", lw=1, zorder=0)
        axis.set(
            xlabel=f"measured {side} potential, V against Li/Li⁺",
            ylabel="calculated, V",
            xlim=(low, high),
            ylim=(low, high),
        )
        axis.set_aspect("equal")
        axis.legend(frameon=False, fontsize=9, loc="upper left")
    figure.savefig(path, dpi=130)


def gas_phase(by_dft: int) -> None:
    """Energies of GFN2-xTB in vacuum against experiment, and of DFT for the first molecules."""
    with Path(__file__).with_name("ionisation_energies.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))

    def value(found: Energies, quantity: str) -> float:
        of = found.ionisation() if quantity == "ionisation" else found.affinity()
        return np.nan if of is None else of

    for quantity in ("ionisation", "affinity"):
        print(f"| {quantity} of | experiment, eV | GFN2-xTB, eV | shifted | DFT, eV |\n|---|--:|--:|--:|--:|")
        chosen = [row for row in rows if row["quantity"] == quantity]
        species = [SURROUNDINGS["none"](molecule(row["smiles"])) for row in chosen]
        measured = np.array([float(row["value"]) for row in chosen])
        xtb = np.array([value(energies(one, solvent=None), quantity) for one in species])
        shift = (xtb - measured).mean()
        for k, row in enumerate(chosen):
            dft = ""
            if k < by_dft:
                dft = f"{value(energies(species[k], solvent=None, method='DFT', timeout_s=3600), quantity):.2f}"
            print(f"| {row['name']} | {measured[k]:.2f} | {xtb[k]:.2f} | {xtb[k] - shift:.2f} | {dft} |", flush=True)
        off = np.abs(xtb - shift - measured)
        print(f"{quantity}: shift {shift:.2f} eV; mean error after it {off.mean():.2f} eV; "
              f"r = {np.corrcoef(measured, xtb)[0, 1]:.2f}")  # fmt: skip


def polymers() -> None:
    """Windows of five polymers from oligomers of two, three and four units."""
    print("| polymer | units | oxidation, V | reduction, V | s |\n|---|--:|--:|--:|--:|")
    for name, smiles in POLYMERS.items():
        for units in (2, 3, 4):
            began = time.monotonic()
            found = window(smiles, units=units)
            took = time.monotonic() - began
            print(f"| {name} | {units} | {found.oxidation:.2f} | {found.reduction:.2f} | {took:.1f} |", flush=True)


if __name__ == "__main__":
    main()
