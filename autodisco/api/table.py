"""Tables as the calls of Python give them: rows that pandas takes as they are, with the unit of each column."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, Protocol

from autodisco.analysis.combination import AT_LEAST
from autodisco.analysis.quantities import base_name, numbers, quantity, unit_of
from autodisco.errors import InputError

if TYPE_CHECKING:
    import pandas

MOST_SHOWN = 60
"""Rows that a notebook shows."""

ENDINGS = {
    "_s_per_cm": "S/cm", "_cm2_per_s": "cm²/s", "_g_per_cm3": "g/cm³", "_g_per_mol": "g/mol", "_mol_per_kg": "mol/kg",
    "_kj_per_mol": "kJ/mol", "_mpa_sqrt": "MPa^½", "_mpa": "MPa", "_gpa": "GPa", "_angstrom": "Å", "_molal": "mol/kg",
    "_ev": "eV", "_ps": "ps", "_ns": "ns", "_k": "K", "_s": "s", "_v": "V",
}  # fmt: skip
"""What the names of columns say of their units."""

UNIT = re.compile(rf"({'|'.join(ENDINGS)})(_sem|_error|_at_least|_expected|_expected_low|_expected_high)?$")
TIMES = {"started", "ended", "time"}
"""Columns that hold a moment."""


class Recorded(Protocol):
    """A result with a form for JSON."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values by name."""
        ...


class Table(list[dict[str, Any]]):
    """Rows by column name. ``pandas.DataFrame(table)`` takes it, and Jupyter shows it as a table.

    Parameters
    ----------
    rows : mappings, or results such as those of `autodisco.check`; entries of nested mappings are columns with a dot
        in the name (``scores.sa_score``)
    columns : names of columns that come first, also without any row
    units : of columns whose name does not tell it

    Attributes
    ----------
    columns : names of all columns, (n,)

    Examples
    --------
    >>> table = Table([{"monomer_smiles": "*OCC*", "temperature_k": 353.0}])
    >>> table.units
    {'monomer_smiles': '', 'temperature_k': 'K'}
    >>> table.column("temperature_k")
    [353.0]
    """

    def __init__(
        self,
        rows: Iterable[Mapping[str, Any] | Recorded] = (),
        columns: Sequence[str] = (),
        units: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(dict(_flat(row if isinstance(row, Mapping) else row.to_dict())) for row in rows)
        self.columns = tuple(dict.fromkeys([*columns, *(name for row in self for name in row)]))
        self._units = dict(units or {})

    @classmethod
    def of_properties(cls, properties: Mapping[str, Any]) -> "Table":
        """The numbers of a record of properties, such as those of `autodisco.analyze`, a row each: ``name``,
        ``quantity`` in words, ``value``, ``standard_error``, ``unit``, and ``at_least`` of a value of which only a
        lower bound is known."""
        names = ("name", "quantity", "value", "standard_error", "unit")
        rows = []
        for name, value, error in numbers(properties):
            if base_name(name) == name:
                row = dict(zip(names, (name, quantity(name).label, value, error, unit_of(name)), strict=True))
                bound = properties.get(f"{name}{AT_LEAST}")
                rows.append(row if bound is None else {**row, "at_least": bound})
        return cls(rows, names)

    @property
    def units(self) -> dict[str, str]:
        """Unit by column; empty for pure numbers and for text, ``unix s`` for moments."""
        return {name: self._units.get(name) or unit_of_column(name) for name in self.columns}

    def column(self, name: str) -> list[Any]:
        """The cells of a column; None where a row lacks it. Raises InputError for a name that is no column."""
        if name not in self.columns:
            raise InputError(f"no column {name!r}; there are: {', '.join(self.columns)}")
        return [row.get(name) for row in self]

    def to_pandas(self) -> "pandas.DataFrame":
        """A data frame with all columns, also without rows; its ``attrs["units"]`` holds the units.

        Raises InputError where pandas is not installed.
        """
        try:
            import pandas
        except ImportError:
            raise InputError("to_pandas needs a package: pip install 'autodisco[notebook]'") from None
        frame = pandas.DataFrame(list(self), columns=list(self.columns))
        frame.attrs["units"] = self.units
        return frame

    def __repr__(self) -> str:
        return f"<Table of {len(self)} rows: {', '.join(self.columns)}>"

    def _repr_html_(self) -> str:
        units = self.units
        heads = (f"<th>{escape(name)}<br><small>{escape(units[name])}</small></th>" for name in self.columns)
        rows = (
            f"<tr>{''.join(f'<td>{escape(_shown(row.get(name)))}</td>' for name in self.columns)}</tr>"
            for row in self[:MOST_SHOWN]
        )
        more = f"<p>… and {len(self) - MOST_SHOWN} more rows</p>" if len(self) > MOST_SHOWN else ""
        return f"<table><thead><tr>{''.join(heads)}</tr></thead><tbody>{''.join(rows)}</tbody></table>{more}"


def unit_of_column(name: str) -> str:
    """The unit of a column by the table of quantities, otherwise by what its name ends in."""
    last = name.rpartition(".")[2]
    if last in TIMES:
        return "unix s"
    if unit := unit_of(last):
        return unit
    found = UNIT.search(last)
    return ENDINGS[found.group(1)] if found else ""


def _flat(row: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
