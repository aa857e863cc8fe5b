"""Training rows (repeat units with a class and a weight) and the data sets that they come from.

Files are read strictly: a row that cannot be used is an error, never skipped.
"""

import csv
import io
import itertools
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from autodisco.errors import InputError, InvalidRepeatUnit
from autodisco.files import write_atomic
from autodisco.tables import SMILES_COLUMNS, number, open_table, units_column

Class = Literal["high", "low", "unlabelled"]

#: Most classes that a property can be cut into (`classify`).
MOST_CLASSES = 10

QUANTITY = "conductivity_s_per_cm"
"""The quantity of a data set's values."""

FAR_APART = 10.0
"""Values of one polymer that differ by a larger factor belong to different conditions, or one of them is wrong."""

_VALUE_COLUMNS = ("conductivity", QUANTITY)


@dataclass(frozen=True)
class TrainingRow:
    """One repeat unit of a training set: its string, its class, and its weight in copies of a row of weight 1.

    The label is a class (`high`, `low`, `unlabelled`, `q0` to `q9`), or one class for each of several properties,
    separated by blanks.
    """

    smiles: str
    label: str
    weight: float = 1.0


@dataclass(frozen=True)
class DatasetRow:
    """One repeat unit of a data set, in canonical form, with its conductivity (S/cm) or class if the file has one.

    `properties` holds the requested columns by name.
    """

    smiles: str
    value: float | None = None
    label: Class | None = None
    properties: Mapping[str, float | None] = field(default_factory=dict)


def read_dataset(path: Path, properties: Sequence[str] = ()) -> list[DatasetRow]:
    """Read repeat units from a table with a header line, such as the published HTP-MD set, or from a list of them.

    The strings are in a column `monomer_smiles` (or `mol_smiles`, `smiles`, `psmiles`, `repeat_unit`). Their ends are
    `*` or `[Cu]`/`[Au]`; they are rewritten in canonical form. A column `conductivity` (or `conductivity_s_per_cm`) may
    hold S/cm, or a class: if every cell is 0 or 1, these mean `low` and `high`. An empty cell means unknown.

    The columns named in `properties` are read as well; two names with `*` between them mean the product.

    Raises
    ------
    InputError
        The file cannot be read, a column is missing, or a row cannot be used (its line number is named).
    """
    table = open_table(Path(path))
    path = table.path
    if table.names is None:
        first = next(table.rows, None)
        if first is None:
            raise InputError(f"{path}: the file is empty; repeat units are expected, one a row")
        if len(first.cells) > 1:
            raise InputError(
                f"{table.where(first)}: there is no header, as {first.cells[0]!r} is in the first line; name the "
                f"columns there, such as {SMILES_COLUMNS[0]} and {_VALUE_COLUMNS[0]}"
            )
        table.rows, table.names = itertools.chain([first], table.rows), [SMILES_COLUMNS[0]]
    header = table.names
    smiles_at, value_at = units_column(table), table.column(_VALUE_COLUMNS)
    factors = {name: [factor.strip().lower() for factor in name.split("*")] for name in properties}
    for name in sorted({factor for several in factors.values() for factor in several} - set(header)):
        there = ", ".join(filter(None, header))
        raise InputError(f"{path}, line {table.header_line}: there is no column {name!r}; there are {there}")

    used = {factor for several in factors.values() for factor in several}
    unread = [name for name in header if "conductiv" in name and name not in used]
    if value_at is None and unread:
        raise InputError(
            f"{path}, line {table.header_line}: column {unread[0]!r} is not read: its unit is not known; name it "
            f"{_VALUE_COLUMNS[0]} and write S/cm, or remove it"
        )
    found: list[tuple[str, float | None, dict[str, float | None]]] = []
    for row in table.rows:
        where, cells = table.where(row), row.cells
        value = None if value_at is None else _number(cells[value_at], header[value_at], where)
        numbers = {
            name: _product([_signed(cells[header.index(factor)], factor, where) for factor in several])
            for name, several in factors.items()
        }
        found.append((_canonical(cells[smiles_at].strip(), where), value, numbers))
    if not found:
        raise InputError(f"{path}: no rows below the header; write a repeat unit in each row")

    known = {value for _, value, _ in found if value is not None}
    if known and known <= {0.0, 1.0}:
        classes: dict[float | None, Class] = {0.0: "low", 1.0: "high"}
        return [DatasetRow(smiles, label=classes.get(value), properties=more) for smiles, value, more in found]
    return [DatasetRow(smiles, value=value, properties=more) for smiles, value, more in found]


def reason_without_values(path: Path) -> str:
    """Why no row of a data set has a value: the columns that the file has, and those from which values are read."""
    table = open_table(Path(path))
    if table.names is None:
        return "the file is a list of repeat units, without columns"
    read = table.column(_VALUE_COLUMNS)
    if read is None:
        there = ", ".join(filter(None, table.header))
        return f"no column is named {' or '.join(_VALUE_COLUMNS)} (columns: {there})"
    return f"all cells of column {table.header[read]} are empty"


def label_rows(rows: Sequence[DatasetRow], top_fraction: float) -> list[TrainingRow]:
    """Training rows of weight 1: the best `top_fraction` of the known conductivities are `high`, the others `low`.

    The border is the quantile 1 − `top_fraction` of the values, itself `high` (0.05 is the paper's: 1.25e-4 S/cm on the
    HTP-MD set). A class from the file stands; a row with neither value nor class is `unlabelled`.

    Raises
    ------
    InputError
        `top_fraction` is not between 0 and 1.
    """
    if not 0 < top_fraction < 1:
        raise InputError(f"top_fraction is {top_fraction}; it must lie between 0 and 1")
    values = [row.value for row in rows if row.value is not None]
    border = float(np.quantile(values, 1 - top_fraction)) if values else math.inf
    labelled = []
    for row in rows:
        label: Class = row.label or "unlabelled"
        if row.label is None and row.value is not None:
            label = "high" if row.value >= border else "low"
        labelled.append(TrainingRow(row.smiles, label))
    return labelled


def classify(rows: Sequence[DatasetRow], classes: Mapping[str, int]) -> list[TrainingRow]:
    """Training rows of weight 1 with a class by quantile for every property, in the order of `classes`.

    Parameters
    ----------
    rows
        Rows that were read with these properties.
    classes
        For each property the number k of classes; `q0` is the lowest share 1/k of its known values, `q(k-1)` the
        highest. An unknown value is `unlabelled`.

    Raises
    ------
    InputError
        A number of classes is not between 2 and 10, or too many values are equal or missing for it.
    """
    borders = {}
    for name, k in classes.items():
        if not 2 <= k <= MOST_CLASSES:
            raise InputError(f"{name} is to be cut into {k} classes; between 2 and {MOST_CLASSES} are possible")
        known = [value for row in rows if (value := row.properties[name]) is not None]
        borders[name] = np.quantile(known, np.arange(1, k) / k) if known else np.empty(0)
        if len(set(np.searchsorted(borders[name], known, side="right"))) < k:
            raise InputError(
                f"the {len(known)} known values of {name} cannot be cut into {k} classes, as too many are equal or too "
                "few; ask for fewer classes"
            )

    def class_of(row: DatasetRow, name: str) -> str:
        value = row.properties[name]
        return "unlabelled" if value is None else f"q{np.searchsorted(borders[name], value, side='right')}"

    return [TrainingRow(row.smiles, " ".join(class_of(row, name) for name in classes)) for row in rows]


def put_aside(rows: Sequence[DatasetRow], share: float, seed: int) -> tuple[list[DatasetRow], list[DatasetRow]]:
    """`rows` without a random `share` of them, and that share; the same seed gives the same division."""
    order = np.random.default_rng(seed).permutation(len(rows))
    n = round(share * len(rows))
    return [rows[i] for i in order[n:]], [rows[i] for i in order[:n]]


def row_probabilities(rows: Sequence[TrainingRow], balance: float) -> np.ndarray:
    """The probability of each row to be the next in a batch, shape (rows,).

    Within a class it is proportional to the weight; a class as a whole gets a share proportional to the power
    1 − `balance` of its total weight. At 1 all classes get the same, which is in expectation what the paper reaches by
    copying the rows of the smaller class; at 0 weights count as they stand.
    """
    weights = np.array([row.weight for row in rows], dtype=float)
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.sum() > 0):
        raise InputError("the weights of the training set must be finite, not negative and not all zero")
    totals: dict[str, float] = defaultdict(float)
    for row in rows:
        totals[row.label] += row.weight
    shares = np.array([row.weight * totals[row.label] ** -balance if row.weight else 0.0 for row in rows], dtype=float)
    chances: np.ndarray = shares / shares.sum()
    return chances


def merge_rows(rows: Sequence[DatasetRow]) -> list[tuple[str, str]]:
    """Repeat unit and value of each polymer, in order of first appearance; the value is text, empty if unknown.

    Conductivities (S/cm) of equal polymers are averaged; classes that contradict each other become unknown.
    """
    groups: dict[str, list[DatasetRow]] = {}
    for row in rows:
        groups.setdefault(row.smiles, []).append(row)
    return [(smiles, _merged_value(group)) for smiles, group in groups.items()]


def values_apart(rows: Sequence[DatasetRow]) -> list[tuple[str, float, float]]:
    """Polymers whose conductivities (S/cm) differ by more than `FAR_APART`, with the lowest and the highest one."""
    values: dict[str, list[float]] = {}
    for row in rows:
        if row.value is not None:
            values.setdefault(row.smiles, []).append(row.value)
    ends = ((smiles, min(several), max(several)) for smiles, several in values.items())
    return [(smiles, low, high) for smiles, low, high in ends if high > FAR_APART * low]


def write_dataset(path: Path, polymers: Sequence[tuple[str, str]]) -> None:
    """Write repeat units and values, such as those of `merge_rows`, as a CSV file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([SMILES_COLUMNS[0], _VALUE_COLUMNS[0]])
    writer.writerows(polymers)
    write_atomic(path, text.getvalue())


def _merged_value(group: Sequence[DatasetRow]) -> str:
    values = [row.value for row in group if row.value is not None]
    if values:
        return repr(sum(values) / len(values))
    labels = {row.label for row in group if row.label is not None}
    return {"high": "1", "low": "0"}.get(labels.pop(), "") if len(labels) == 1 else ""


def _number(cell: str, column: str, where: str) -> float | None:
    value = _float(cell)
    if value is not None and not (math.isfinite(value) and value >= 0):
        raise InputError(
            f"{where}: {column} is {cell.strip()!r}; it must be a number in S/cm, not negative, or empty{_doubt(cell)}"
        )
    return value


def _signed(cell: str, column: str, where: str) -> float | None:
    value = _float(cell)
    if value is not None and not math.isfinite(value):
        raise InputError(f"{where}: {column} is {cell.strip()!r}; it must be a number or empty{_doubt(cell)}")
    return value


def _doubt(cell: str) -> str:
    return "; 1,234 may be 1234 or 1.234: write a decimal point" if "," in cell else ""


def _float(cell: str) -> float | None:
    """The number in a cell, NaN for other text, None for an empty cell."""
    if not cell.strip():
        return None
    try:
        return number(cell)
    except ValueError:
        return math.nan


def _product(factors: Sequence[float | None]) -> float | None:
    return math.prod(known) if len(known := [f for f in factors if f is not None]) == len(factors) else None


def _canonical(smiles: str, where: str) -> str:
    from autodisco.polymer import ORGANIC_ELEMENTS, parse  # rdkit, which settings and training rows do without

    try:
        return parse(smiles, elements=ORGANIC_ELEMENTS).smiles
    except InvalidRepeatUnit as error:
        raise InputError(f"{where}: {error}") from error
