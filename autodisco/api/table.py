"""Tables as the calls of Python give them: rows that pandas takes as they are, with the unit of each column."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, Protocol

from autodisco.analysis.column_units import MOMENTS, unit_of_column
from autodisco.analysis.combination import AT_LEAST
from autodisco.analysis.quantities import base_name, numbers, quantity, unit_of
from autodisco.errors import InputError

if TYPE_CHECKING:
    import pandas

MOST_SHOWN = 60
"""Rows that a notebook shows."""


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
        return {name: self._units.get(name) or _unit(name) for name in self.columns}

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


def _unit(name: str) -> str:
    """The unit that the name of a column tells."""
    last = name.rpartition(".")[2]
    return "unix s" if last in MOMENTS else unit_of_column(last)


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
