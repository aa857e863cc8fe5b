"""Which polymers of a campaign are in lists of known polymers, by the key of the infinite chain, and which row is
nearest to each of the others."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import rdkit

from autodisco import names
from autodisco.decide import Ranked, Standings
from autodisco.errors import InputError
from autodisco.files import cache_of_user, sha256
from autodisco.polymer.library import CHUNK
from autodisco.polymer.library_files import LISTS, read_strings
from autodisco.store import Store, at_one_moment
from autodisco.surrogate.known_list import KnownList, Nearest, write_list
from autodisco.tables import open_table

IDENTIFIERS = ("id", "identifier", "polymer_id", "polymer id", "pid", "sample_id", "name")
"""Columns of an identifier, the first that a file has."""

FORMAT = 1
"""Version of the files in the cache."""

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Row:
    """A row of a list: its text and its identifier, which may be empty."""

    smiles: str
    identifier: str


@dataclass(frozen=True)
class Listed:
    """What a list says of a polymer.

    Attributes
    ----------
    source : name of the list
    found : whether the polymer is in it
    similarity : to the nearest row, min-max of the environments of the periodic chains; 1 where it is in the list
    line, smiles, identifier : of this row; a line of the file, or None for a list of the campaign
    """

    source: str
    found: bool
    similarity: float
    line: int | None
    smiles: str
    identifier: str

    @property
    def row(self) -> str:
        """The row of the list: its identifier or line, and its repeat unit."""
        line = "" if self.line is None else f"line {self.line}"
        return f"{self.identifier or line} {self.smiles}".strip()


@dataclass(frozen=True)
class Novelty:
    """A polymer of the ranking and what each list says of it, in the order of the lists."""

    row: Ranked
    listed: tuple[Listed, ...]

    @property
    def known_as(self) -> Listed | None:
        """The first list that holds the polymer; None if none does."""
        return next((one for one in self.listed if one.found), None)

    @property
    def nearest(self) -> Listed | None:
        """The most similar row of all lists; None if they hold nothing."""
        rows = [one for one in self.listed if one.smiles]
        return max(rows, key=lambda one: one.similarity, default=None)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        row = self.row
        told = {"rank": row.rank, "key": row.key, "name": row.name, "monomer_smiles": row.monomer_smiles}
        return told | {"known": self.known_as is not None, "lists": [dict(vars(one)) for one in self.listed]}

    def columns(self) -> dict[str, Any]:
        """For CSV: columns of each list begin with its name."""
        cells = {name: cell for name, cell in self.to_dict().items() if name != "lists"}
        for one in self.listed:
            cells |= {f"{one.source}: {name}": cell for name, cell in vars(one).items() if name != "source"}
        return cells


@dataclass(frozen=True)
class Source:
    """A list of known polymers: a file, or polymers of the campaign."""

    name: str
    rows: tuple[Row, ...] = ()
    file: Path | None = None
    column: str | None = None
    identifier: str | None = None

    def known(self, workers: int, progress: Progress | None) -> KnownList:
        """The list as arrays; that of a long file is kept in the cache of the user, by its checksum.

        Raises InputError where the file cannot be read.
        """
        if self.file is None:
            return KnownList.of_rows((number, row.smiles) for number, row in enumerate(self.rows))
        first = list(islice(read_strings(self.file, self.column), CHUNK))
        if len(first) < CHUNK:
            return KnownList.of_rows(first)
        told = f"{sha256(self.file)} {self.column} {rdkit.__version__} {FORMAT}"
        folder = cache_of_user("lists") / hashlib.sha256(told.encode()).hexdigest()[:32]
        if not folder.is_dir():
            write_list(read_strings(self.file, self.column), folder, workers, progress)
        return KnownList.read(folder)

    def texts(self, wanted: set[int]) -> dict[int, Row]:
        """The rows of these numbers."""
        if self.file is None:
            return {number: self.rows[number] for number in wanted}
        identifiers = dict(_identifiers(self.file, self.identifier, wanted))
        strings = ((line, text) for line, text in read_strings(self.file, self.column) if line in wanted)
        return {line: Row(text, identifiers.get(line, "")) for line, text in strings}


def _identifiers(file: Path, column: str | None, wanted: set[int]) -> Iterator[tuple[int, str]]:
    """Identifiers of some lines of a file. Raises InputError for a column that it does not have."""
    if file.suffix.lower() in LISTS:
        return
    table = open_table(file)
    place = table.column([column] if column else IDENTIFIERS)
    if place is None:
        if column:
            there = ", ".join(filter(None, table.header)) or "none, as there is no header"
            raise InputError(f"{file}: no column {column!r}; there are: {there}")
        return
    for row in table.rows:
        if row.line in wanted:
            yield row.line, row.cells[place].strip()


def own_lists(store: Store, shipped: Sequence[Path]) -> list[Source]:
    """Lists that are looked at without being asked for: common names, shipped seeds, and seeds and data set of the
    campaign."""
    lists = [Source("common names", file=names.TABLE, identifier="name")]
    lists += [Source(path.stem, file=path, identifier="name") for path in shipped]
    for source, told in (("seed", "seeds of the campaign"), ("dataset", "data set of the campaign")):
        rows = tuple(Row(row.smiles, names.name_of(row.key, row.name)) for row in store.polymers(source))
        lists += [Source(told, rows)] if rows else []
    return lists


@at_one_moment
def novelty(
    store: Store, lists: Sequence[Source], best: int = 0, workers: int = 1, progress: Progress | None = None
) -> list[Novelty]:
    """The `best` polymers of the ranking (0: all) against each list.

    Raises InputError where a file cannot be read or has not the columns that are asked for.
    """
    standings = Standings(store)
    keys = standings.keys[:best] if best else standings.keys
    units = store.polymers_by_key(keys)
    ranked = standings.rows(keys)
    polymers = [units[row.key].smiles for row in ranked]
    found = [_listed(source, source.known(workers, progress).nearest(polymers, progress)) for source in lists]
    return [Novelty(row, listed) for row, listed in zip(ranked, zip(*found, strict=True), strict=True)]


def _listed(source: Source, nearest: Sequence[Nearest]) -> list[Listed]:
    texts = source.texts({one.row for one in nearest if one.row is not None})
    told = []
    for one in nearest:
        row = Row("", "") if one.row is None else texts[one.row]
        line = one.row if source.file else None
        told.append(Listed(source.name, one.same, one.similarity, line, row.smiles, row.identifier))
    return told
