"""Adding a table of measured values to a campaign, also while it runs: a further source of its posterior."""

import re
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from autodisco.decide.measured import wanted_of
from autodisco.decide.measurements import read_measurements
from autodisco.decide.sources import REFERENCE
from autodisco.errors import InputError
from autodisco.store import Experiment, Record, Store
from autodisco.text import counted

SOURCE = r"[a-z0-9][a-z0-9.-]*"


@dataclass(frozen=True)
class Added(Record):
    """What came of a table: its source, the number of values by quantity and of polymers, the values that the campaign
    uses, and whether anything is `new`."""

    source: str
    values: dict[str, int]
    polymers: int
    used: int
    new: bool


def add_measurements(store: Store, path: Path, source: str) -> Added:
    """Take the measured values of a table into a campaign, in one transaction.

    They take the place of those that a table of the same file name gave before, so that adding a table twice changes
    nothing. The posterior counts them from its next fit on. Raises InputError for a table or the name of a source that
    cannot be used.
    """
    _check_source(store, source)
    experiments = table_rows(path, source)
    counts = Counter(row.quantity for row in experiments)
    wanted = {one.column for one in wanted_of(store).aims}
    used = sum(counts[column] for column in wanted)
    values = dict(counts)
    with store.transaction():
        if new := store.set_experiments(path.name, experiments):
            why = f"{counted(used, 'value')} of what the campaign is about"
            store.note("measured values", source, {"file": path.name, **values}, "a source of the posterior", why)
    return Added(source, values, len({row.key for row in experiments}), used, new)


def table_rows(path: Path, source: str) -> list[Experiment]:
    """The rows of a table of measured values under the name of a source. Raises InputError for one that cannot be
    used."""
    now = time.time()
    return [
        Experiment(
            origin=path.name,
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


def _check_source(store: Store, source: str) -> None:
    """Raise InputError for a name that a source of the campaign cannot have."""
    if not re.fullmatch(SOURCE, source):
        raise InputError(f"--as {source}: allowed are small letters, digits, '.' and '-', such as experiment")
    if source in {REFERENCE, *(tier.protocol for tier in store.tiers())}:
        raise InputError(f"--as {source}: this is a protocol of the campaign; allowed is another name")
    if source in {label.origin for label in store.labels()}:
        raise InputError(f"--as {source}: this is a file of the campaign; allowed is another name")
