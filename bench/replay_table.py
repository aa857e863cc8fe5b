"""Tables for the replays of selections: any table that the program reads, with its values on a scale, by polymer."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rdkit import Chem

from autodisco.errors import InputError, InvalidRepeatUnit
from autodisco.polymer import ORGANIC_ELEMENTS, parse, scores
from autodisco.surrogate import similarity
from autodisco.tables import number, open_table, units_column

COMPUTED = ("sa_score", "made-up")
"""Objectives that need no column: the synthetic accessibility, and a random function of the structure."""

ANCHORS = 300

LEAST = 20


@dataclass(frozen=True)
class Polymers:
    """Polymers with a value for each objective; larger is better.

    Attributes
    ----------
    units : canonical repeat units, n of them
    values : shape (n, objectives), log10 where all values of a column are above zero, on request of its name
    """

    units: Sequence[str]
    values: np.ndarray

    def __getitem__(self, places: np.ndarray) -> "Polymers":
        return Polymers([self.units[place] for place in places.tolist()], self.values[places])


def read_polymers(path: Path, columns: Sequence[str], smiles_column: str | None = None) -> Polymers:
    """Read repeat units and these columns; equal polymers are averaged, rows without a value are left out.

    A column is a name, or a name with ``-`` before it where lower is better. Values are log10 where all are above zero
    and the largest is ten times the smallest.

    Raises InputError, with file and line, for a table that cannot be used.
    """
    table = open_table(path)
    unit_at = units_column(table, smiles_column)
    places = {name: table.column([name.removeprefix("-")]) for name in columns}
    for name, place in places.items():
        if place is None and name.removeprefix("-") not in COMPUTED:
            there = ", ".join(filter(None, table.header)) or "none, as there is no header"
            raise InputError(f"{path}: no column {name!r}; there are: {there}")
    found: dict[str, list[list[float]]] = {}
    smiles: dict[str, str] = {}
    for row in table.rows:
        where, text = table.where(row), row.cells[unit_at].strip()
        try:
            unit = parse(text, ORGANIC_ELEMENTS)
        except InvalidRepeatUnit as error:
            raise InputError(f"{where}: {error}") from None
        cells = [None if place is None else row.cells[place].strip() for place in places.values()]
        if "" in cells:
            continue
        values = [
            scores(unit).get(name.removeprefix("-")) or 0.0 if cell is None else _number(cell, name, where)
            for name, cell in zip(places, cells, strict=True)
        ]
        smiles.setdefault(unit.key, unit.smiles)
        found.setdefault(unit.key, []).append(values)
    if len(found) < LEAST:
        raise InputError(f"{path}: {len(found)} polymers have a value; a replay needs {LEAST}")
    means = np.array([np.mean(rows, axis=0) for rows in found.values()])
    signs = np.array([-1.0 if name.startswith("-") else 1.0 for name in columns])
    units = [smiles[key] for key in found]
    for column in np.flatnonzero([name.removeprefix("-") == "made-up" for name in columns]):
        means[:, column] = _made_up(units)
    return Polymers(units, signs * np.apply_along_axis(_scaled, 0, means))


def _made_up(units: Sequence[str]) -> np.ndarray:
    """A quantity that exists nowhere, always the same: half of its variance is smooth in the structure, half is not."""
    rng = np.random.default_rng(0)
    anchors = [units[place] for place in rng.choice(len(units), min(ANCHORS, len(units)), replace=False)]
    smooth = similarity(units, anchors) @ rng.standard_normal(len(anchors))
    return np.sqrt(0.5) * ((smooth - smooth.mean()) / smooth.std() + rng.standard_normal(len(units)))


def _number(cell: str, name: str, where: str) -> float:
    try:
        value = number(cell)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise InputError(f"{where}: {name} is {cell!r}; it must be a number or empty")
    return value


def _scaled(column: np.ndarray) -> np.ndarray:
    return np.log10(column) if column.min() > 0 and column.max() > 10 * column.min() else column


def branched(units: Sequence[str]) -> np.ndarray:
    """Places of the polymers with a side chain: a heavy atom beside the backbone that is no oxo oxygen."""
    return np.array([place for place, unit in enumerate(units) if _has_side_chain(unit)], dtype=np.int64)


def _has_side_chain(smiles: str) -> bool:
    mol = Chem.MolFromSmiles(smiles)
    ends = [atom.GetIdx() for atom in mol.GetAtoms() if atom.GetAtomicNum() == 0]
    backbone = set(Chem.GetShortestPath(mol, *ends))
    beside = (atom for atom in mol.GetAtoms() if atom.GetIdx() not in backbone)
    return any(atom.GetSymbol() != "O" or atom.GetDegree() > 1 or atom.GetTotalNumHs() for atom in beside)
