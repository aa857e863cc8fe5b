"""Adding a table of measured values to a campaign, also while it runs: a further source of its posterior."""

import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autodisco.campaign.settings import Settings
from autodisco.decide.experiments import rows_that_count
from autodisco.decide.measured import surrogate_of, wanted_of
from autodisco.decide.measured_tables import LITERATURE, SHIPPED, table_of
from autodisco.decide.measurements import read_measurements
from autodisco.decide.sources import REFERENCE, collect
from autodisco.errors import InputError
from autodisco.store import EXPERIMENT, Experiment, Record, Store
from autodisco.text import counted

SOURCE = r"[a-z0-9][a-z0-9.-]*"
FILES = "measured_files"
"""Fact of the store: where each table was read, by its name."""


@dataclass(frozen=True)
class Added(Record):
    """What came of a table.

    Attributes
    ----------
    name, source : of the table, and of the source of the posterior
    rows, polymers : how many there are
    values : number of rows by quantity
    used : for each objective and constraint the number of rows that count for it, by source of the posterior
    unused : number of rows that do not count, by the reason
    replaced : number of rows that the table of this name had before
    new : whether anything is
    """

    name: str
    source: str
    rows: int
    polymers: int
    values: dict[str, int]
    used: dict[str, dict[str, int]]
    unused: dict[str, int]
    replaced: int
    new: bool


@dataclass(frozen=True)
class Table:
    """A table of measured values that was read: its name in the campaign, its place, and its rows."""

    name: str
    place: str
    source: str
    rows: Sequence[Experiment]

    @property
    def counts(self) -> dict[str, int]:
        """Number of rows by quantity."""
        return dict(Counter(row.quantity for row in self.rows))


def add_measurements(store: Store, file: str, source: str, name: str = "") -> Added:
    """Take the measured values of a table, a file or a name in `SHIPPED`, into a campaign, in one transaction.

    They take the place of those that the same file gave before, or a table of the same `name` if one is given, so that
    adding a table twice changes nothing. The posterior counts them from its next fit on. Raises InputError for a table
    or the name of a source that cannot be used, and for another file whose name the campaign has a table of already.
    """
    _check_source(store, source)
    table = read_table(file, source, name)
    with store.transaction():
        before = store.experiments(origin=table.name)
        new = take_table(store, table, own_name=bool(name))
    used, unused = _counting(store, table)
    polymers = len({row.key for row in table.rows})
    replaced = len(before) if new else 0
    return Added(table.name, source, len(table.rows), polymers, table.counts, used, unused, replaced, new)


def seed_tables(settings: Settings) -> list[Table]:
    """The tables of `seeds.measured`. Raises InputError for one that cannot be used, and for two of one name."""
    taken = {tier.protocol for tier in settings.tiers}
    own = EXPERIMENT if EXPERIMENT not in taken else "measured"
    found = [read_table(name, LITERATURE if name in SHIPPED else own) for name in settings.seeds.measured]
    names = [table.name for table in found]
    if twice := next((name for n, name in enumerate(names) if name in names[:n]), None):
        raise InputError(f"two tables are named {twice}; allowed is one table of each name")
    return found


def read_table(file: str, source: str, name: str = "") -> Table:
    """A table of measured values under a name, by default that of its file. Raises InputError for one that cannot be
    used."""
    path, now = table_of(file), time.time()
    origin = name or (file if file in SHIPPED else path.name)
    rows = [
        Experiment(
            origin=origin,
            line=row.line,
            source=source,
            key=row.unit.key,
            smiles=row.unit.smiles,
            quantity=row.quantity,
            value=row.value,
            sem=row.error,
            temperature_k=row.temperature_k,
            salt=row.salt,
            molality_mol_per_kg=row.molality_mol_per_kg,
            reference=row.reference,
            note=row.note,
            added=now,
        )
        for row in read_measurements(path)
    ]
    return Table(origin, file if file in SHIPPED else str(path.resolve()), source, rows)


def take_table(store: Store, table: Table, own_name: bool = False) -> bool:
    """Write a table into the store, within a transaction; whether that changes anything.

    Raises InputError where another file gave a table of the same name, unless the name is its `own_name`.
    """
    files = store.get(FILES) or {}
    before = files.get(table.name)
    there = {row.line for row in store.experiments(origin=table.name)}
    new = store.set_experiments(table.name, table.rows)
    if new and there and before != table.place and not own_name:
        where = before or "another file"
        raise InputError(
            f"{table.place}: the campaign has {counted(len(there), 'row')} of {where} under the name {table.name}; "
            f"give this table another name (--name OTHER), or replace those rows (--name {table.name})"
        )
    if files.get(table.name) != table.place:
        store.set(**{FILES: {**files, table.name: table.place}})
    if new:
        seen = {"file": table.place, "name": table.name, "rows": table.counts}
        why = f"in the place of {counted(len(there), 'row')}" if there else "new values"
        store.note("measured values", table.source, seen, "a source of the posterior", why)
    return new


def _counting(store: Store, table: Table) -> tuple[dict[str, dict[str, int]], dict[str, int]]:
    """How many rows count for each objective and constraint, by source, and how many do not, by the reason."""
    if (settings := surrogate_of(store)) is None:
        return {}, {"the campaign has no posterior (surrogate.kind = 'none')": len(table.rows)}
    used: dict[str, dict[str, int]] = {}
    reasons: Counter[str] = Counter()
    asked = {one.column: one for one in wanted_of(store).every if not one.structure}
    for column, one in asked.items():
        if column in table.counts:
            conditions = collect(store, one, settings.get("prior_mean", True)).conditions
            used[one.name], others = rows_that_count(store, one, conditions, table.name)
            reasons.update(others)
    for column in table.counts.keys() - asked.keys():
        reasons[f"{column}, which no objective and no constraint of the campaign is about"] = table.counts[column]
    return used, dict(reasons)


def told_lines(added: Added) -> Iterator[str]:
    """What came of a table, in lines for people."""
    if added.replaced:
        yield f"in the place of {counted(added.replaced, 'row')} that {added.name} gave before"
    for name, sources in added.used.items():
        for source, n in sources.items():
            yield f"{name}: {counted(n, 'row')} used from the next batch on, source {source}"
    for reason, n in sorted(added.unused.items()):
        yield f"not used: {counted(n, 'row')}: {reason}"


def _check_source(store: Store, source: str) -> None:
    """Raise InputError for a name that a source of the campaign cannot have."""
    if not re.fullmatch(SOURCE, source):
        raise InputError(f"--as {source}: allowed are small letters, digits, '.' and '-', such as experiment")
    if source in {REFERENCE, *(tier.protocol for tier in store.tiers())}:
        raise InputError(f"--as {source}: this is a protocol of the campaign; allowed is another name")
    if source in {label.origin for label in store.labels()}:
        raise InputError(f"--as {source}: this is a file of the campaign; allowed is another name")
