"""The plot of docs/validation.md: simulated against measured values, a panel for each table in docs/ that is there.

    python bench/validation_plot.py [--out docs/images/validation.png]

The tables of liquids, melts and glass transitions are files in docs/ that the benches write; that of dipoles stands in
docs/validation.md itself.
"""

import argparse
import csv
from pathlib import Path
from typing import NamedTuple

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

DOCS = Path(__file__).parents[1] / "docs"


class Panel(NamedTuple):
    """A table and its columns; `share` is the aim as a share of the measured value, `least` in the unit.

    `shift` names the columns of the smallest and largest expected difference from the measured value, where another
    condition than that of the measurement explains one; it takes the place of the aim.
    """

    file: str
    title: str
    unit: str
    measured: str
    here: str
    sem: str
    name: str
    share: float
    least: float
    shift: tuple[str, str] | None = None


PANELS = (
    Panel("validation.md", "Dipole moments", "D", "measured", "here", "", "compound", 0.15, 0.5),
    Panel("liquids.csv", "Liquids: density", "g/cm³", "density_g_per_cm3", "density_g_per_cm3_here",
          "density_g_per_cm3_here_sem", "name", 0.05, 0.0),
    Panel("liquids.csv", "Liquids: heat of vaporisation", "kJ/mol", "vaporisation_kj_per_mol",
          "vaporisation_kj_per_mol_here", "vaporisation_kj_per_mol_here_sem", "name", 0.15, 0.0),
    Panel("polymer-densities.csv", "Polymer melts: density", "g/cm³", "density_g_per_cm3", "density_g_per_cm3_here",
          "density_g_per_cm3_here_sem", "name", 0.05, 0.0),
    Panel("glass-transitions.csv", "Glass transitions: best bend", "K", "measured_k", "best_bend_k", "best_bend_k_sem",
          "name", 0.0, 0.0, ("shift_least_k", "shift_most_k")),
)  # fmt: skip


def main() -> None:
    """Draw the panels whose tables are there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=DOCS / "images" / "validation.png")
    given = parser.parse_args()
    panels = [panel for panel in PANELS if points(panel)]
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(5.4 * columns, 5.0 * rows), squeeze=False)
    for place, panel in zip(axes.flat, panels, strict=False):
        draw(place, panel)
    for empty in axes.flat[len(panels) :]:
        empty.set_axis_off()
    figure.tight_layout()
    figure.savefig(given.out, dpi=130)


def points(panel: Panel) -> list[dict[str, str]]:
    """Rows of a panel with both values; none where its table is not there."""
    path = DOCS / panel.file
    return [row for row in rows_of(path) if row[panel.here] and row[panel.measured]] if path.exists() else []


def rows_of(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file, or of the table of compounds of a page."""
    text = path.read_text()
    if path.suffix == ".csv":
        return list(csv.DictReader(text.splitlines()))
    header, lines = text.partition("| group | compound |")[1:]
    table = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in (header + lines).split("\n\n")[0].split("\n")
    ]
    return [dict(zip(table[0], row, strict=True)) for row in table[2:]]


def band(panel: Panel, row: dict[str, str], measured: np.ndarray) -> tuple[np.ndarray, np.ndarray, str]:
    """Smallest and largest difference from the measured value that the panel counts as inside, and its label."""
    if panel.shift:
        smallest, largest = (float(row[column]) for column in panel.shift)
        told = f"expected: {smallest:.0f} to {largest:.0f} {panel.unit} higher"
        return np.full(len(measured), smallest), np.full(len(measured), largest), told
    aim = np.maximum(panel.share * np.abs(measured), panel.least)
    told = " or ".join(
        [f"{panel.share:.0%}"] * (panel.share > 0) + [f"{panel.least:g} {panel.unit}"] * (panel.least > 0)
    )
    return -aim, aim, f"aim: within {told}"


def draw(axes: plt.Axes, panel: Panel) -> None:
    """Points with errors, the line of equality with the aim about it, and the names of points outside of it."""
    table = points(panel)
    measured = np.array([float(row[panel.measured]) for row in table])
    here = np.array([float(row[panel.here]) for row in table])
    errors = np.array([float(row[panel.sem] or 0.0) if panel.sem else 0.0 for row in table])
    low, high = min(measured.min(), here.min()), max(measured.max(), here.max())
    if panel.shift:  # the whole band is shown at the measured value
        high = max(high, measured.max() + float(table[0][panel.shift[1]]))
    line = np.linspace(low - 0.06 * (high - low), high + 0.06 * (high - low), 50)
    smallest, largest, told = band(panel, table[0], line)
    axes.fill_between(line, line + smallest, line + largest, color="0.9", label=told)
    axes.plot(line, line, color="0.5", lw=1)
    smallest, largest, _ = band(panel, table[0], measured)
    outside = (here < measured + smallest) | (here > measured + largest)
    for chosen, colour, label in ((~outside, "tab:blue", "within"), (outside, "tab:red", "outside")):
        if chosen.any():
            axes.errorbar(measured[chosen], here[chosen], errors[chosen], fmt="o", ms=4, color=colour, label=label)
    names = [row[panel.name] for row, far in zip(table, outside, strict=True) if far]
    name_points(axes, names, measured[outside], here[outside], line[0], line[-1])
    axes.set(xlabel=f"measured, {panel.unit}", ylabel=f"simulated, {panel.unit}", title=panel.title)
    axes.set_xlim(line[0], line[-1])
    axes.set_ylim(line[0], line[-1])
    axes.set_aspect("equal")
    axes.legend(loc="lower right" if panel.shift else "upper left", fontsize=8, frameon=False)


def name_points(axes: plt.Axes, names: list[str], x: np.ndarray, y: np.ndarray, low: float, high: float) -> None:
    """Write names beside points, those above the line of equality to the left, apart from each other."""
    span = high - low
    left = (y > x) | (x > low + 0.7 * span)  # where its name would leave the panel
    for side in (True, False):
        free = -np.inf
        for n in sorted(np.flatnonzero(left == side), key=lambda n: y[n]):
            free = max(y[n], free + 0.03 * span)
            near = side and x[n] < low + 0.35 * span  # little room to the left
            at = low + 0.015 * span if near else x[n] + (-0.015 if side else 0.015) * span
            aligned = "right" if side and not near else "left"
            axes.annotate(
                names[n], (x[n], y[n]), (at, free), fontsize=7, va="center", ha=aligned,
                arrowprops={"arrowstyle": "-", "lw": 0.4, "color": "0.5", "shrinkA": 1, "shrinkB": 2},
            )  # fmt: skip


if __name__ == "__main__":
    main()
