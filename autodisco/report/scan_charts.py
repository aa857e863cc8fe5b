"""Charts and table of the page about finalists that were simulated at several molalities and temperatures."""

from collections.abc import Callable, Sequence
from typing import Any

from matplotlib.axes import Axes

from autodisco.analysis.plots import COLOURS
from autodisco.analysis.quantities import quantity
from autodisco.decide.objective import CONDUCTIVITY
from autodisco.report.figure import Drawing, Mark, set_scale
from autodisco.report.tables import Table
from autodisco.text import shortened

MOST_PANELS = 3
"""Temperatures, or molalities, that have a panel of their own; the others are in the table."""

LONGEST = 40
SIGMA = quantity("conductivity_s_per_cm")

Row = dict[str, Any]
Scan = dict[str, Any]


def scan_charts(scans: Sequence[Scan]) -> list[tuple[str, str]]:
    """Conductivity against molality and against temperature, as far as there are several, with captions."""
    rows = [row for scan in scans for row in scan["values"] if row[SIGMA.name]]
    molalities = sorted({row["molality_mol_per_kg"] for row in rows})
    kelvins = sorted({row["temperature_k"] for row in rows})
    told = "Mean and standard error over builds (bar); the line joins the conditions."
    found = []
    if len(molalities) > 1:
        svg = _chart("molality", scans, kelvins, "temperature_k", "K", ("molality_in_box_mol_per_kg", _as_it_is))
        found.append((svg, f"Conductivity of the finalists against the molality of the boxes. {told}"))
    if len(kelvins) > 1:
        svg = _chart("temperature", scans, molalities, "molality_mol_per_kg", "mol/kg", ("temperature_k", _inverse))
        found.append((svg, f"Conductivity of the finalists against temperature. {told}"))
    return found


def scan_table(scans: Sequence[Scan]) -> Table:
    """A row for each finalist and condition."""
    headings = ("polymer", "protocol", ">salt, mol/kg", ">in the box", ">T, K", f">{SIGMA.heading}", ">builds")
    rows = [
        (
            scan["monomer_smiles"],
            scan["protocol"],
            f"{row['molality_mol_per_kg']:g}",
            f"{row['molality_in_box_mol_per_kg']:.2f}",
            f"{row['temperature_k']:g}",
            SIGMA.shown(row),
            row["n_replicas"],
        )
        for scan in scans
        for row in scan["values"]
    ]
    return Table(headings, rows)


def _chart(
    name: str,
    scans: Sequence[Scan],
    panels: Sequence[float],
    panel_of: str,
    unit: str,
    along: tuple[str, Callable[[float], float]],
) -> str:
    """A panel for each temperature or molality, with a colour for each polymer."""
    step = max(1, -(-(len(panels) - 1) // (MOST_PANELS - 1)))
    shown = [*panels[:-1:step], panels[-1]]
    with Drawing(0.4 + 2.6 * len(shown)) as drawing:
        for number, panel in enumerate(shown):
            axes = drawing.figure.add_subplot(len(shown), 1, number + 1)
            axes.tick_params(length=3, width=0.6)
            for place, scan in enumerate(scans):
                rows = [row for row in scan["values"] if row[panel_of] == panel and row[SIGMA.name]]
                _draw(drawing, axes, scan, rows, along, COLOURS[place % len(COLOURS)])
            set_scale(axes.yaxis, axes.set_yscale, CONDUCTIVITY)
            axes.set(ylabel=f"{SIGMA.symbol} ({SIGMA.shown_unit})", title=f"{panel:g} {unit}")
        axes.set_xlabel("salt (mol per kg)" if name == "molality" else "1000 / T (1/K)")
        drawing.figure.legend(
            *drawing.figure.axes[0].get_legend_handles_labels(), loc="outside lower center", frameon=False
        )
        return drawing.svg(f"scan-{name}", f"Conductivity against {name}")


def _draw(
    drawing: Drawing,
    axes: Axes,
    scan: Scan,
    rows: Sequence[Row],
    along: tuple[str, Callable[[float], float]],
    colour: str,
) -> None:
    column, place_of = along
    points = sorted(rows, key=lambda row: place_of(row[column]))
    x, y = [place_of(row[column]) for row in points], [SIGMA.factor * row[SIGMA.name] for row in points]
    name = shortened(scan["monomer_smiles"], LONGEST)
    axes.plot(x, y, color=colour, lw=0.9, alpha=0.7, label=name)
    errors = [SIGMA.factor * (row[f"{SIGMA.name}_sem"] or 0.0) for row in points]
    axes.errorbar(x, y, yerr=errors, fmt="none", ecolor=colour, capsize=3, lw=0.9)
    marks = axes.scatter(x, y, color=colour, s=20, linewidths=0, zorder=4)
    drawing.mark(marks, [Mark(f"{name}: {SIGMA.shown(row)} {SIGMA.shown_unit}") for row in points], inside=False)


def _as_it_is(value: float) -> float:
    return value


def _inverse(kelvin: float) -> float:
    return 1000.0 / kelvin
