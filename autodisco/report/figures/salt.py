"""The figure of the salt concentration: conductivities of scans against molality, with the fitted curve."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from autodisco.analysis.conditions import SIGMA, Condition, over_salt
from autodisco.analysis.means import mean
from autodisco.analysis.plots import COLOURS
from autodisco.analysis.quantities import quantity
from autodisco.decide import Ranked
from autodisco.errors import InputError
from autodisco.files import read_json
from autodisco.report.figures.source import Source
from autodisco.report.figures.style import COLUMN_CM, PrintFigure, label, legend, log_axis
from autodisco.simulation.scan_results import condition_of
from autodisco.store import SCAN_FILE
from autodisco.text import counted, joined

MARKERS = "osD^v<"


def salt(source: Source) -> PrintFigure | str:
    """Conductivity against molality of finalists of the campaign, and of polymers that `autodisco scan` simulated."""
    rows = {row.key: row for row in source.content.ranking}
    scans = [*source.content.scans, *map(_read, sorted(source.scans.glob(f"*/scan-*/**/{SCAN_FILE}")))]
    known = [(rows[scan["key"]], scan, _conditions(scan)) for scan in scans if scan.get("key") in rows]
    found = [one for one in known if len({condition.molality_mol_per_kg for condition in one[2]}) > 1]
    if not found:
        return (
            f"no scan of a polymer of the ranking over molality, in the campaign or in {source.scans}; make one with "
            "autodisco finalists or autodisco scan (--scans names the folder of the latter)"
        )
    found = sorted(found, key=lambda one: one[0].rank)[: len(COLOURS)]
    entry = quantity(SIGMA)
    kelvins = sorted({one.temperature_k for *_, several in found for one in several})
    several = joined([f"{kelvin:g}" for kelvin in kelvins])
    protocols = joined(sorted({f"{scan['protocol']}, force field {scan['force_field']}" for _, scan, _ in found}))
    still = any(value <= 0 for *_, several in found for one in several for value in one.conductivities)
    n = sum(len(one.conductivities) for *_, several in found for one in several)
    return PrintFigure(
        "Conductivity against salt concentration",
        f"{counted(len(found), 'polymer')}, {counted(n, 'build')} at {several} K; marks and bars: mean and standard "
        "error over independent builds, small dots: single builds. Lines: ln σ = c + a ln m + b m, where it could be "
        f"fitted (docs/conditions.md).{' Values of 0 are not drawn.' if still else ''} "
        f"{'Protocols' if ' and ' in protocols else 'Protocol'} {protocols}.",
        COLUMN_CM,
        7.0,
        lambda figure: _draw(figure, found, entry.factor, f"conductivity, {entry.shown_unit}"),
        [_row(*one, condition) for one in found for condition in one[2]],
    )


def _read(file: Path) -> dict[str, Any]:
    try:
        scan: dict[str, Any] = read_json(file)
    except (OSError, json.JSONDecodeError) as error:
        raise InputError(f"{file}: cannot be read: {error}") from None
    return scan


def _conditions(scan: Mapping[str, Any]) -> list[Condition]:
    return [condition_of(row) for row in scan["values"] if row["replicas_s_per_cm"]]


def _row(row: Ranked, scan: Mapping[str, Any], _: Sequence[Condition], condition: Condition) -> dict[str, Any]:
    told = {"key": row.key, "monomer_smiles": row.monomer_smiles, "protocol": scan["protocol"]}
    return told | condition.to_dict() | {"builds": ";".join(f"{value:g}" for value in condition.conductivities)}


def _draw(
    figure: Figure, found: Sequence[tuple[Ranked, Mapping[str, Any], list[Condition]]], factor: float, axis: str
) -> None:
    axes = figure.add_subplot()
    for colour, (row, _, conditions) in zip(COLOURS, found, strict=False):
        kelvins = sorted({one.temperature_k for one in conditions})
        curves = {fit.temperature_k: fit.curve for fit in over_salt(conditions)}
        for marker, kelvin in zip(MARKERS, kelvins, strict=False):
            here = [one for one in conditions if one.temperature_k == kelvin and any(one.conductivities)]
            for one in here:
                x = [one.in_box_mol_per_kg] * len(one.conductivities)
                axes.plot(x, factor * np.array(one.conductivities), ".", color=colour, alpha=0.35, ms=3, mew=0)
            values = [mean(one.conductivities) for one in here]
            axes.errorbar(
                [one.in_box_mol_per_kg for one in here], [factor * value for value, _ in values],
                yerr=[factor * (error or 0.0) for _, error in values], fmt=marker, color=colour, ms=4, elinewidth=0.7,
                label=f"{label(row, 18)}, {kelvin:g} K",
            )  # fmt: skip
            if curve := curves.get(kelvin):
                fine = np.linspace(curve.least, curve.most, 200)
                axes.plot(fine, factor * curve.at(fine), color=colour, lw=0.9)
    log_axis(axes.yaxis)
    axes.set(xlabel="salt, mol per kg of polymer", ylabel=axis)
    legend(figure, axes, 2)
