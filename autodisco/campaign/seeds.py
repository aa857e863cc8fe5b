"""The seed file: known polymers, and what simulations or the literature say about them.

It is read strictly: a row that cannot be used is an error with its line number, not a polymer that silently is missing.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from autodisco.analysis.combination import SEM
from autodisco.analysis.quantities import known
from autodisco.campaign.campaign import Campaign
from autodisco.campaign.stages.stage import ENUMERATION
from autodisco.decide import Objective
from autodisco.errors import InputError, InvalidRepeatUnit
from autodisco.polymer import Material, parse, read_material
from autodisco.store import EXPERIMENT, Store
from autodisco.tables import Row, Table, number, open_table

REQUIRED = ("name", "monomer_smiles")


def label_columns(objective: Objective) -> tuple[str, ...]:
    """Columns of a value of the objective and of how it was computed."""
    return (objective.column, objective.sem_column, "protocol", "force_field", "program_version", "n_replicas")


def seed_columns(objective: Objective) -> tuple[str, ...]:
    """Columns of a seed file; those of `REQUIRED` must be there."""
    return (*REQUIRED, *label_columns(objective), "reference")


@dataclass(frozen=True)
class Seed:
    """A row of the seed file; the value of the objective belongs to a protocol and force field, or is None."""

    name: str
    unit: Material
    line: int
    value: float | None
    sem: float | None
    n_replicas: int | None
    protocol: str
    force_field: str
    program_version: str


def read_seeds(path: Path, objective: Objective) -> list[Seed]:
    """Rows of a seed file, a table with a header line (`seed_columns`); columns of other quantities are ignored.

    Raises InputError with the line number for a row that cannot be read, a SMILES that is no repeat unit, a value
    without protocol and force field, or two rows that are the same polymer under the same protocol and force field.
    """
    table = open_table(path)
    seeds: list[Seed] = []
    lines: dict[tuple[str, str, str], int] = {}
    columns = seed_columns(objective)
    _check_header(table, columns)
    for row in table.rows:
        seed = _seed(table, row, objective)
        identity = (seed.unit.key, seed.protocol, seed.force_field)
        if identity in lines:
            raise InputError(f"{table.where(row)}: {seed.unit.given} is the same polymer as line {lines[identity]}")
        lines[identity] = row.line
        seeds.append(seed)
    return seeds


def add_enumerated(campaign: Campaign, store: Store, number: int, iteration: int) -> int:
    """Add repeat units from the grammar, drawn with the seed of an iteration; how many of them were not there yet."""
    from autodisco.polymer.grammar import units_from_grammar

    added, seed = 0, campaign.seed(iteration, ENUMERATION)
    for smiles in units_from_grammar(number, np.random.default_rng(seed)):
        unit = parse(smiles)
        added += store.add_polymer(unit.key, unit.smiles, smiles, "grammar", iteration)
    return added


def _check_header(table: Table, columns: tuple[str, ...]) -> None:
    names, where = table.names or [], f"{table.path}, line {table.header_line}"
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise InputError(f"{where}: no column {missing[0]}; the first line names columns ({', '.join(columns)})")
    unknown = [name for name in names if name not in columns and not known(name.removesuffix(SEM))]
    if unknown:
        raise InputError(f"{where}: unknown column {unknown[0]!r}; known are {', '.join(columns)}")


def _seed(table: Table, found: Row, objective: Objective) -> Seed:
    where = table.where(found)
    cells = zip(table.names or [], found.cells, strict=True)
    row = dict.fromkeys(seed_columns(objective), "") | {column: cell.strip() for column, cell in cells}
    try:
        unit = read_material(row["monomer_smiles"])
    except InvalidRepeatUnit as error:
        raise InputError(f"{where}: {error}") from None
    lowest = -math.inf if objective.scale.floor is None else 0.0
    value = _number(row, objective.column, where, lowest)
    if value is not None and row["protocol"] != EXPERIMENT and not (row["protocol"] and row["force_field"]):
        raise InputError(f"{where}: a {objective.name} needs the protocol and the force_field it was computed with")
    replicas = _number(row, "n_replicas", where)
    if replicas is not None and not replicas.is_integer():
        raise InputError(f"{where}: n_replicas = {row['n_replicas']!r}: allowed is a whole number, or nothing")
    return Seed(
        name=row["name"],
        unit=unit,
        line=found.line,
        value=value,
        sem=_number(row, objective.sem_column, where),
        n_replicas=None if replicas is None else int(replicas),
        protocol=row["protocol"],
        force_field=row["force_field"],
        program_version=row["program_version"],
    )


def _number(row: dict[str, str], column: str, where: str, lowest: float = 0.0) -> float | None:
    if not row[column]:
        return None
    try:
        value = number(row[column])
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < lowest:
        allowed = "a number" if lowest < 0 else "a number, 0 or above,"
        raise InputError(f"{where}: {column} = {row[column]!r}: allowed is {allowed} or nothing")
    return value
