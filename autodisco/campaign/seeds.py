"""The seed file: known polymers, and what simulations or the literature say about them.

It is read strictly: a row that cannot be used is an error with its line number, not a polymer that silently is missing.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from autodisco.campaign.campaign import Campaign
from autodisco.campaign.stages.stage import ENUMERATION
from autodisco.errors import InputError, InvalidRepeatUnit
from autodisco.polymer import RepeatUnit, parse
from autodisco.store import Store
from autodisco.tables import Row, Table, number, open_table

REQUIRED = ("name", "monomer_smiles")
LABEL_COLUMNS = (
    "conductivity_s_per_cm",
    "conductivity_s_per_cm_sem",
    "protocol",
    "force_field",
    "program_version",
    "n_replicas",
)
COLUMNS = (*REQUIRED, *LABEL_COLUMNS, "reference")


@dataclass(frozen=True)
class Seed:
    """A row of the seed file; the conductivity (S/cm) belongs to a protocol and force field, or is None."""

    name: str
    unit: RepeatUnit
    line: int
    conductivity_s_per_cm: float | None
    conductivity_s_per_cm_sem: float | None
    n_replicas: int | None
    protocol: str
    force_field: str
    program_version: str


def read_seeds(path: Path) -> list[Seed]:
    """Rows of a seed file, a table with a header line (`COLUMNS`; only `REQUIRED` ones must be there).

    Raises InputError with the line number for a row that cannot be read, a SMILES that is no repeat unit, a value
    without protocol and force field, or two rows that are the same polymer under the same protocol and force field.
    """
    table = open_table(path)
    seeds: list[Seed] = []
    lines: dict[tuple[str, str, str], int] = {}
    _check_header(table)
    for row in table.rows:
        seed = _seed(table, row)
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


def _check_header(table: Table) -> None:
    names, where = table.names or [], f"{table.path}, line {table.header_line}"
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise InputError(f"{where}: no column {missing[0]}; the first line names columns ({', '.join(COLUMNS)})")
    unknown = [name for name in names if name not in COLUMNS]
    if unknown:
        raise InputError(f"{where}: unknown column {unknown[0]!r}; known are {', '.join(COLUMNS)}")


def _seed(table: Table, found: Row) -> Seed:
    where = table.where(found)
    cells = zip(table.names or [], found.cells, strict=True)
    row = dict.fromkeys(COLUMNS, "") | {column: cell.strip() for column, cell in cells}
    try:
        unit = parse(row["monomer_smiles"])
    except InvalidRepeatUnit as error:
        raise InputError(f"{where}: {error}") from None
    value = _number(row, "conductivity_s_per_cm", where)
    if value is not None and not (row["protocol"] and row["force_field"]):
        raise InputError(f"{where}: a conductivity needs the protocol and the force_field it was computed with")
    replicas = _number(row, "n_replicas", where)
    return Seed(
        name=row["name"],
        unit=unit,
        line=found.line,
        conductivity_s_per_cm=value,
        conductivity_s_per_cm_sem=_number(row, "conductivity_s_per_cm_sem", where),
        n_replicas=None if replicas is None else int(replicas),
        protocol=row["protocol"],
        force_field=row["force_field"],
        program_version=row["program_version"],
    )


def _number(row: dict[str, str], column: str, where: str) -> float | None:
    if not row[column]:
        return None
    try:
        value = number(row[column])
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0:
        raise InputError(f"{where}: {column} = {row[column]!r}: allowed is a number, 0 or above, or nothing")
    return value
