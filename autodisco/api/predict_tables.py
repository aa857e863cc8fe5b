"""Values from which predictions learn: a column of conductivities, or a table of measured values with conditions."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autodisco.errors import InputError
from autodisco.tables import SMILES_COLUMNS, open_table
from autodisco.text import counted, joined, significant

if TYPE_CHECKING:
    from autodisco.decide.experiments import Stated
    from autodisco.polymer import Material
    from autodisco.surrogate import ConductivityEstimate, Label, Posterior, Source

Values = list[tuple[str, float]]
"""Repeat units in canonical form and conductivities (S/cm)."""

MOST_LEARNT = 200
"""Values that are put beside the predictions of their polymers."""

LEVEL_SENTENCE = (
    "A table has an offset of its own: it tells which polymers are better than others, and little about the level. "
    "The prediction stays that of a simulation; at the table's level is what the table would say of the polymer by it "
    "(docs/surrogate.md)."
)


MOVED_SENTENCE = (
    "Values were brought to the temperature of their source: between measured temperatures, or with 44 kJ/mol "
    "(docs/measurements.md, Conditions)."
)


@dataclass(frozen=True)
class ValueTable:
    """A file of values.

    Attributes
    ----------
    values : at the temperature of the target where the file states temperatures
    names, texts : of polymers, and how the file writes them, by canonical repeat unit
    unread : columns that are not read
    sources : of a table of measured values with conditions, with their labels; None for a column of conductivities
    stated : the rows behind the values of these sources, by name of the source and polymer
    """

    values: Values
    names: Mapping[str, str]
    texts: Mapping[str, str]
    unread: tuple[str, ...]
    sources: list[tuple[Source, list[Label]]] | None = None
    stated: Mapping[tuple[str, str], Stated] = field(default_factory=dict)

    @property
    def by_source(self) -> list[tuple[str, str, float]]:
        """Name of the source (empty for the file), canonical repeat unit and conductivity (S/cm) of each value."""
        from autodisco.analysis.quantity import CONDUCTIVITY_SCALE

        if self.sources is None:
            return [("", smiles, value) for smiles, value in self.values]
        return [
            (source.name, label.smiles, CONDUCTIVITY_SCALE.value(label.value))
            for source, labels in self.sources
            for label in labels
        ]


FAR_DECADES = 0.2
"""A value is far from the prediction of its own polymer if it lies so far beyond the interval: a factor of 1.6."""


@dataclass(frozen=True)
class Learnt:
    """A value of a table beside what is expected of its polymer.

    Attributes
    ----------
    source, name, smiles, given, key : where it stands, and its polymer in canonical form and as the table writes it
    measured : S/cm, brought to the temperature of the source where the table states temperatures
    before : prediction without the tables, S/cm; None where there is none
    after : prediction with the tables
    at_source : what the source would say of the polymer by this prediction, S/cm: its offset and slope are in it
    stated : the rows behind the value; None for a table without conditions
    """

    source: str
    name: str
    smiles: str
    given: str
    key: str
    measured: float
    before: float | None
    after: ConductivityEstimate
    at_source: float
    stated: Stated | None = None

    @property
    def typed(self) -> str:
        """The value as the table states it, in mS/cm, with its error; of several rows their number."""
        if self.stated is None:
            return significant(1e3 * self.measured)
        if len(self.stated.rows) > 1:
            return f"{len(self.stated.rows)} rows"
        (row,) = self.stated.rows
        error = "" if row.sem is None else f" ± {1e3 * row.sem:.2g}"
        return f"{1e3 * row.value:.4g}{error}"

    @property
    def error(self) -> float | None:
        """Standard error of `measured`, S/cm; None for a value without one, and for one made of several rows."""
        if self.stated is None or len(self.stated.rows) > 1 or self.stated.rows[0].sem is None:
            return None
        return self.measured * self.stated.rows[0].sem / self.stated.rows[0].value

    @property
    def conditions(self) -> str:
        """The temperatures, salts and salt contents at which it was measured."""
        from autodisco.decide.stated import ZERO_CELSIUS_K, salt_of

        if self.stated is None:
            return ""
        celsius = sorted(
            {round(row.temperature_k - ZERO_CELSIUS_K, 2) for row in self.stated.rows if row.temperature_k}
        )
        span = f"{celsius[0]:g} °C" if len(celsius) == 1 else f"{celsius[0]:g} to {celsius[-1]:g} °C"
        return ", ".join([span, *sorted(filter(None, {salt_of(row) for row in self.stated.rows}))])

    @property
    def is_moved(self) -> bool:
        """Whether it is the value at another temperature than the measured one."""
        if self.stated is None:
            return False
        return {row.temperature_k for row in self.stated.rows} != {self.stated.temperature_k}

    def decades_off(self, offset: float) -> float:
        """By how many decades it lies beyond the interval of the prediction, without the offset of its source."""
        from autodisco.analysis.quantity import CONDUCTIVITY_SCALE

        low, measured, high = map(CONDUCTIVITY_SCALE.place, (self.after.low, self.measured, self.after.high))
        return max(low - measured + offset, measured - offset - high, 0.0)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        rows = self.stated.rows if self.stated else ()
        return {
            "source": self.source,
            "value_s_per_cm": self.measured,
            "temperature_k": self.stated.temperature_k if self.stated else None,
            "stated": [
                {"line": row.line, "value_s_per_cm": row.value, "error_s_per_cm": row.sem, "salt": row.salt,
                 "temperature_k": row.temperature_k, "molality_mol_per_kg": row.molality_mol_per_kg}
                for row in rows
            ],
            "predicted_before_s_per_cm": self.before,
            "predicted_at_source_s_per_cm": self.at_source,
        }  # fmt: skip


def read_values(file: str) -> ValueTable:
    """The conductivities of a file in either form, or of a table that comes with the program (``literature``).

    Raises InputError where it has none, or a row cannot be used.
    """
    from autodisco.decide.measured_tables import table_of

    path = table_of(file)
    names = open_table(path).names or []
    if {"quantity", "value"} <= set(names):
        return _measured(file, path)
    from autodisco.generator import read_dataset
    from autodisco.generator.dataset import QUANTITY, reason_without_values

    rows = read_dataset(path)
    known = [(row.smiles, row.value) for row in rows if row.value is not None]
    if not known:
        classes = any(row.label for row in rows)
        why = "0 and 1 alone are read as classes" if classes else reason_without_values(path)
        raise InputError(
            f"{path}: no row has a conductivity in S/cm; {why}; a table with units and temperatures names quantity and "
            "value (docs/measurements.md)"
        )
    read = {"conductivity", QUANTITY, "name", *SMILES_COLUMNS}
    unread = tuple(name for name in names if name and name not in read)
    units = [row.smiles for row in rows]
    return ValueTable(known, _cells(path, ("name",), units), _cells(path, SMILES_COLUMNS, units), unread)


def warnings_of(path: str, table: ValueTable) -> list[str]:
    """Lines about values that are probably in another unit, and about columns that are not read."""
    from autodisco.polymer.caveats import BEST_DRY_S_PER_CM, PLAUSIBLE_S_PER_CM, SOURCE

    found = []
    high = [(smiles, value) for smiles, value in table.values if value > PLAUSIBLE_S_PER_CM]
    if high:
        smiles, value = high[0]
        best = f"the best dry polymer electrolyte at 353 K has {significant(1e3 * BEST_DRY_S_PER_CM)} mS/cm ({SOURCE})"
        found.append(
            f"warning: {path}: {counted(len(high), 'value')} above {1e3 * PLAUSIBLE_S_PER_CM:g} mS/cm, such as "
            f"{smiles} with {significant(1e3 * value)} mS/cm; {best}: is the column in mS/cm? It is read in S/cm"
        )
    if table.unread:
        word = "column" if len(table.unread) == 1 else "columns"
        found.append(f"{path}: {word} {joined(table.unread)} not read")
    return found


def learnt(
    tables: Mapping[str, ValueTable], before: Posterior | None, after: Posterior, compared: Material
) -> list[Learnt]:
    """Values beside predictions, at most `MOST_LEARNT`."""
    from autodisco.polymer import ORGANIC_ELEMENTS, read_material
    from autodisco.surrogate import estimates

    rows = [
        (source or path, smiles, value, table)
        for path, table in tables.items()
        for source, smiles, value in table.by_source
    ][:MOST_LEARNT]
    units = [read_material(smiles, ORGANIC_ELEMENTS) for _, smiles, *_ in rows]
    last = estimates(after, units, compared)
    first = [one.value for one in estimates(before, units, compared)] if before else [None] * len(units)
    return [
        Learnt(
            source,
            table.names.get(smiles, ""),
            smiles,
            table.texts.get(smiles, smiles),
            new.key,
            value,
            old,
            new,
            _at_source(after, smiles, source),
            table.stated.get((source, smiles)),
        )
        for (source, smiles, value, table), old, new in zip(rows, first, last, strict=True)
    ]


def _at_source(posterior: Posterior, smiles: str, source: str) -> float:
    """What a source would say of a polymer, S/cm."""
    from autodisco.analysis.quantity import CONDUCTIVITY_SCALE

    (place,), _ = posterior.values([smiles], source)
    return CONDUCTIVITY_SCALE.value(float(place))


def far_from_own(rows: Sequence[Learnt], offsets: Mapping[str, float]) -> list[str]:
    """A line for each value that lies far beyond the interval of its own polymer, the farthest first."""
    off = {number: row.decades_off(offsets.get(row.source, 0.0)) for number, row in enumerate(rows)}
    far = sorted((number for number, decades in off.items() if decades > FAR_DECADES), key=lambda number: -off[number])
    return [_far(rows[number], offsets.get(rows[number].source, 0.0)) for number in far]


def _far(row: Learnt, offset: float) -> str:
    at_level = f" ({significant(1e3 * row.measured / 10**offset)} without the offset of the table)" if offset else ""
    interval = f"{significant(1e3 * row.after.low)} to {significant(1e3 * row.after.high)} mS/cm"
    return (
        f"{row.source}: {row.name or row.given} has {significant(1e3 * row.measured)} mS/cm{at_level}, and its own "
        f"prediction with the table is {interval}"
    )


def offsets(tables: Mapping[str, ValueTable], posterior: Posterior) -> dict[str, float]:
    """The offset of each source from the target, in decades; that of the target is left out."""
    names = [source or path for path, table in tables.items() for source, _, _ in table.by_source]
    return {name: posterior.offset(name) for name in dict.fromkeys(names) if name != posterior.target}


def _measured(file: str, path: Path) -> ValueTable:
    """A table of measured values (docs/measurements.md), brought to the conditions of the target."""
    from autodisco.analysis.quantity import CONDUCTIVITY_SCALE
    from autodisco.campaign.measurements import read_table
    from autodisco.decide.experiments import measured_sources, stated_rows
    from autodisco.decide.measurements import read_measurements
    from autodisco.decide.objective import CONDUCTIVITY
    from autodisco.decide.sources import REFERENCE_CONDITIONS
    from autodisco.store import Store
    from autodisco.surrogate.sources import OF_KIND

    rows = [row for row in read_table(file, file).rows if row.quantity == CONDUCTIVITY.column]
    if not rows:
        raise InputError(f"{path}: no row has the quantity conductivity; predict learns from no other quantity")
    with tempfile.TemporaryDirectory(prefix="autodisco-") as folder, Store.create(Path(folder) / "values") as store:
        store.set_experiments(path.name, rows)
        sources = measured_sources(store, CONDUCTIVITY, REFERENCE_CONDITIONS, OF_KIND["experiment"])
        stated = stated_rows(store, CONDUCTIVITY, REFERENCE_CONDITIONS)
    values = [(label.smiles, CONDUCTIVITY_SCALE.value(label.value)) for _, labels in sources for label in labels]
    read = read_measurements(path)
    names = {row.unit.smiles: row.name for row in read if row.name}
    return ValueTable(values, names, {row.unit.smiles: row.unit.given for row in read}, (), sources, stated)


def _cells(path: Path, columns: Sequence[str], units: Sequence[str]) -> dict[str, str]:
    """What the first of these columns says of polymers, by canonical repeat unit; the first row of each counts."""
    table = open_table(path)
    place = table.column(columns)
    if place is None:
        return {}
    cells = [row.cells[place].strip() for row in table.rows]
    return {unit: cell for unit, cell in reversed([*zip(units, cells, strict=True)]) if cell}
