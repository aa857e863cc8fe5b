"""Values that were measured in a laboratory, in words: value, error, conditions and where the row stands."""

from collections.abc import Iterable

from autodisco.analysis.quantities import quantity
from autodisco.decide.measured_units import NAMES
from autodisco.decide.objective import of_quantity
from autodisco.store import Experiment

ZERO_CELSIUS_K = 273.15

MEASURED = "measured"
"""Column of exported tables with the measured values of a polymer."""


def by_key(rows: Iterable[Experiment]) -> dict[str, list[Experiment]]:
    """Measured values by key of the polymer."""
    found: dict[str, list[Experiment]] = {}
    for row in rows:
        found.setdefault(row.key, []).append(row)
    return found


def stated(row: Experiment) -> str:
    """A value with its error and conditions: ``0.00130 ± 0.00030 mS/cm at 70 °C (343.15 K), LiTFSI 1.49 mol/kg``."""
    found = of_quantity(quantity(row.quantity).label, row.quantity)
    at = ""
    if row.temperature_k is not None:
        at = f" at {row.temperature_k - ZERO_CELSIUS_K:.4g} °C ({row.temperature_k:g} K)"
    return f"{found.shown(row.value, row.sem)}{at}{f', {salt_of(row)}' if row.salt else ''}"


def salt_of(row: Experiment) -> str:
    """The salt and its content, such as ``LiTFSI 1.49 mol/kg``; empty without salt."""
    content = "" if row.molality_mol_per_kg is None else f" {row.molality_mol_per_kg:.3g} mol/kg"
    return f"{row.salt}{content}" if row.salt else ""


def stated_with_place(row: Experiment) -> str:
    """The same with its quantity, the source of the posterior, and the line of the table."""
    reference = f", {row.reference}" if row.reference else ""
    named = {column: name.replace("_", " ") for name, column in NAMES.items()}  # the labels are those of simulations
    what = named.get(row.quantity) or quantity(row.quantity).label
    return f"{what} {stated(row)} (source {row.source}, {row.origin} line {row.line}{reference})"


def stated_together(rows: Iterable[Experiment]) -> str:
    """All measured values of a polymer in one cell of a table."""
    return "; ".join(map(stated_with_place, rows))
