"""The seed file: known polymers, and what simulations or the literature say about them.

It is read strictly: rows that cannot be used are an error that names all of them, not polymers that are missing.
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
from autodisco.errors import InputError
from autodisco.polymer import Material, parse, read_material
from autodisco.store import EXPERIMENT, Store
from autodisco.tables import SMILES_COLUMNS, Row, Table, number, open_table, units_column
from autodisco.text import counted, joined

REQUIRED = ("name", "monomer_smiles")

OTHER_WAY = "'autodisco dedupe FILE --seeds NEW' writes a seed file without other columns"
"""What helps against a table with columns that a seed file cannot have."""

MOST_FAULTS = 50
"""Faulty rows that one message names."""


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


@dataclass(frozen=True)
class SeedFile:
    """What a seed file holds.

    Attributes
    ----------
    seeds : rows that count, one for each polymer, protocol and force field
    repeated : a line for each row that is left out because it repeats another one
    faults : a line for each row that cannot be used
    """

    seeds: list[Seed]
    repeated: list[str]
    faults: list[str]


def read_seeds(path: Path, objective: Objective) -> SeedFile:
    """Rows of a seed file, a table with a header line (`seed_columns`); columns of other quantities are ignored.

    A row that repeats the polymer, protocol and force field of another one counts once. Raises InputError, which names
    all rows that cannot be read, for a SMILES that is no repeat unit, a value without protocol and force field, and two
    values of the same polymer, protocol and force field.
    """
    found = usable_seeds(path, objective)
    if found.faults:
        raise InputError(_told(path, found.faults))
    return found


def usable_seeds(path: Path, objective: Objective) -> SeedFile:
    """The same with the rows that can be read and what is wrong with the others. Raises InputError for a file without
    rows of which that can be told."""
    table = open_table(path)
    _check_header(table, seed_columns(objective))
    kept: dict[tuple[str, str, str], Seed] = {}
    faults: list[str] = []
    repeated: list[str] = []
    try:
        for row in table.rows:
            try:
                _keep(_seed(table, row, objective), kept, repeated)
            except InputError as fault:
                faults.append(f"line {row.line}: {fault}")
    except InputError as fault:  # of the table itself, which cannot be read further
        faults.append(str(fault).removeprefix(f"{path}, "))
    return SeedFile(list(kept.values()), repeated, faults)


def _keep(seed: Seed, kept: dict[tuple[str, str, str], Seed], repeated: list[str]) -> None:
    """Put a seed to the others, or say which one it repeats. Raises InputError where the two have different values."""
    identity = (seed.unit.key, seed.protocol, seed.force_field)
    if (other := kept.get(identity)) is None:
        kept[identity] = seed
        return
    same = f"{seed.unit.given} is the same polymer as line {other.line}"
    if seed.value is not None and other.value not in (None, seed.value):
        raise InputError(f"{same}, with another value; allowed is one value")
    repeated.append(f"line {seed.line}: {same}, and counts once")
    if other.value is None:
        kept[identity] = seed


def _told(path: Path, faults: list[str]) -> str:
    """The faults of a file as one text."""
    more = f"; … and {len(faults) - MOST_FAULTS} more" if len(faults) > MOST_FAULTS else ""
    several = f"{counted(len(faults), 'row')} cannot be used: " if len(faults) > 1 else ""
    way = "'autodisco dedupe FILE --seeds NEW' writes the names and repeat units that can be used"
    return f"{path}, {several}{'; '.join(faults[:MOST_FAULTS])}{more} ({way})"


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
    units = table.column(SMILES_COLUMNS)
    if missing := [*(["name"] * ("name" not in names)), *([" or ".join(SMILES_COLUMNS)] * (units is None))]:
        shown = f"columns: {', '.join(filter(None, table.header)) or 'none'}"
        way = "'autodisco dedupe FILE --column COLUMN --seeds NEW' writes a file that has them"
        raise InputError(f"{where}: no column {joined(missing)} ({shown}); {way}")
    allowed = {*columns, *SMILES_COLUMNS}
    unknown = [repr(name) for name in names if name not in allowed and not known(name.removesuffix(SEM))]
    if unknown:
        known_ones = f"known are {', '.join(columns)}"
        raise InputError(f"{where}: unknown column {joined(unknown)}; {known_ones}; {OTHER_WAY}")


def _seed(table: Table, found: Row, objective: Objective) -> Seed:
    """The seed of a row. Raises InputError, without the line, for a row that cannot be used."""
    cells = zip(table.names or [], found.cells, strict=True)
    row = dict.fromkeys(seed_columns(objective), "") | {column: cell.strip() for column, cell in cells}
    unit = read_material(found.cells[units_column(table)].strip())
    lowest = -math.inf if objective.scale.floor is None else 0.0
    value = _number(row, objective.column, lowest)
    if value is not None and row["protocol"] != EXPERIMENT and not (row["protocol"] and row["force_field"]):
        raise InputError(f"a {objective.name} needs the protocol and the force_field it was computed with")
    replicas = _number(row, "n_replicas")
    if replicas is not None and not replicas.is_integer():
        raise InputError(f"n_replicas = {row['n_replicas']!r}: allowed is a whole number, or nothing")
    return Seed(
        name=row["name"],
        unit=unit,
        line=found.line,
        value=value,
        sem=_number(row, objective.sem_column),
        n_replicas=None if replicas is None else int(replicas),
        protocol=row["protocol"],
        force_field=row["force_field"],
        program_version=row["program_version"],
    )


def _number(row: dict[str, str], column: str, lowest: float = 0.0) -> float | None:
    if not row[column]:
        return None
    try:
        value = number(row[column])
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < lowest:
        allowed = "a number" if lowest < 0 else "a number, 0 or above,"
        raise InputError(f"{column} = {row[column]!r}: allowed is {allowed} or nothing")
    return value
