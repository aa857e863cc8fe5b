"""What a generator learns from: repeat units with a class and a weight, and the files they come from.

Files are read strictly, because a row that is skipped in silence is a polymer that nobody misses.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from autodisco.errors import InputError, InvalidRepeatUnit
from autodisco.files import csv_rows, read_text

Label = Literal["high", "low", "unlabelled"]

_SMILES_COLUMNS = ("mol_smiles", "monomer_smiles", "smiles", "psmiles")
_VALUE_COLUMNS = ("conductivity", "conductivity_s_per_cm")


@dataclass(frozen=True)
class TrainingRow:
    """One repeat unit of a training set: its string, its class, and how many copies of a plain row it counts for."""

    smiles: str
    label: Label
    weight: float = 1.0


@dataclass(frozen=True)
class DatasetRow:
    """One repeat unit of a data set, in canonical form, with its conductivity (S/cm) or class if the file has one."""

    smiles: str
    value: float | None = None
    label: Label | None = None


def read_dataset(path: Path) -> list[DatasetRow]:
    """Read repeat units from a comma- or tab-separated file with a header line, such as the published HTP-MD set.

    The strings are in a column `mol_smiles` (or `monomer_smiles`, `smiles`, `psmiles`) with ends `*` or `[Cu]`/`[Au]`,
    and are rewritten in canonical form. A column `conductivity` (or `conductivity_s_per_cm`) may hold S/cm, or a class:
    when no cell holds anything but 0 and 1, these are `low` and `high`. An empty cell means not known.

    Raises
    ------
    InputError
        The file cannot be read, a column is missing, or a row cannot be used (its line number is named).
    """
    path = Path(path)
    text = read_text(path)
    rows = csv_rows(path, text, "\t" if "\t" in text.partition("\n")[0] else ",")
    _, names = next(rows, (1, None))
    if names is None:
        raise InputError(f"{path}: the file is empty")
    header = [name.strip().lower() for name in names]
    smiles_at = _column(header, _SMILES_COLUMNS)
    value_at = _column(header, _VALUE_COLUMNS)
    if smiles_at is None:
        raise InputError(f"{path}, line 1: no column holds repeat units; name one {' or '.join(_SMILES_COLUMNS)}")

    found: list[tuple[str, float | None]] = []
    for line, cells in rows:
        where = f"{path}, line {line}"
        if len(cells) != len(header):
            raise InputError(f"{where}: {len(cells)} columns where the header has {len(header)}")
        value = None if value_at is None else _number(cells[value_at], header[value_at], where)
        found.append((_canonical(cells[smiles_at].strip(), where), value))
    if not found:
        raise InputError(f"{path}: no rows below the header")

    known = {value for _, value in found if value is not None}
    if known and known <= {0.0, 1.0}:
        classes: dict[float | None, Label] = {0.0: "low", 1.0: "high"}
        return [DatasetRow(smiles, label=classes.get(value)) for smiles, value in found]
    return [DatasetRow(smiles, value=value) for smiles, value in found]


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
        label: Label = row.label or "unlabelled"
        if row.label is None and row.value is not None:
            label = "high" if row.value >= border else "low"
        labelled.append(TrainingRow(row.smiles, label))
    return labelled


def _column(header: list[str], names: tuple[str, ...]) -> int | None:
    return next((header.index(name) for name in names if name in header), None)


def _number(cell: str, column: str, where: str) -> float | None:
    if not cell.strip():
        return None
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise InputError(f"{where}: {column} is {cell.strip()!r}; it must be a number in S/cm, not negative, or empty")
    return value


def _canonical(smiles: str, where: str) -> str:
    from autodisco.polymer import ORGANIC_ELEMENTS, parse  # rdkit, which settings and training rows do without

    try:
        return parse(smiles, elements=ORGANIC_ELEMENTS).smiles
    except InvalidRepeatUnit as error:
        raise InputError(f"{where}: {error}") from error
