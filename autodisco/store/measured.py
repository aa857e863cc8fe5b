"""Quantities of ended replicas by polymer and protocol, kept at hand for who compares all polymers.

The properties of a replica are 4 kB of JSON, of which the ranking needs a few numbers. A table has these for each
polymer and protocol. It is written in the transaction that changes a replica, so that it always agrees with them.
"""

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from autodisco.store.estimates import Estimates
from autodisco.store.records import Measurements, Properties

WITH_PROPERTIES = "replicas LEFT JOIN properties USING (key, protocol, replica)"
ENDED = f"SELECT key, protocol, iteration, status, properties FROM {WITH_PROPERTIES} WHERE status IN ('done', 'failed')"
IN_GROUPS = "ORDER BY key, protocol, iteration, replica"


class Measured(Estimates):
    """The part of the store that concerns values."""

    def keep_at_hand(self, names: Iterable[str]) -> None:
        """From now on, keep these quantities of ended replicas in a table for `measured`; it is filled if they are
        others than before."""
        wanted = sorted(set(names))
        if self.get("at_hand") != wanted:
            with self.transaction():
                self.set(at_hand=wanted)
                self._fill()

    def measured(self, names: Iterable[str], key: str | None = None) -> Iterator[Measurements]:
        """Quantities of ended replicas, of all polymers or one, in the order of iterations, keys and protocols.

        Quantities that are not kept at hand are read from the properties, which takes longer. Polymers that are hidden
        (`hiding`) are left out.
        """
        if set(names) - set(self.get("at_hand") or ()) or self.get("at_hand") is None:
            found = sorted(self._gathered(set(names), key), key=lambda row: (row.iteration, row.key, row.protocol))
            yield from (row for row in found if row.key not in self.hidden)
            return
        where = "WHERE key = ?" if key is not None else ""
        sql = f"SELECT key, protocol, iteration, failed, done FROM measured {where} ORDER BY iteration, key, protocol"
        for of_key, protocol, iteration, failed, done in self.tuples(sql, *([] if key is None else [key])):
            if of_key not in self.hidden:
                yield Measurements(of_key, protocol, iteration, failed, json.loads(done))

    def properties(self, keys: Iterable[str]) -> Iterator[tuple[str, str, Properties]]:
        """Key, protocol and properties of every replica of some polymers that gave a value; those of a polymer and
        protocol stand together, as `measured` orders them."""
        sql = f"{ENDED} AND status = 'done' AND properties IS NOT NULL AND key IN (SELECT value FROM json_each(?))"
        for row in self.each(f"{sql} {IN_GROUPS}", json.dumps(list(keys))):
            yield row["key"], row["protocol"], json.loads(row["properties"])

    def each_of(self, quantity: str) -> set[Any]:
        """The different values of a quantity among all replicas that gave one."""
        sql = f"SELECT DISTINCT json_extract(properties, ?) AS value FROM {WITH_PROPERTIES} WHERE status = 'done'"
        return {row["value"] for row in self.rows(sql, f'$."{quantity}"')}

    def _measure(self, key: str, protocol: str) -> None:
        """Write the row of a polymer and protocol; part of the transaction that changed one of its replicas."""
        names = self.get("at_hand")
        if names is not None:
            self.write("DELETE FROM measured WHERE key = ? AND protocol = ?", key, protocol)
            self._insert(self._gathered(set(names), key, protocol))

    def _fill(self) -> None:
        """Write the whole table, because replicas were removed or other quantities are wanted."""
        names = self.get("at_hand")
        with self.transaction():
            self.write("DELETE FROM measured")
            if names is not None:
                self._insert(self._gathered(set(names)))

    def _insert(self, rows: Iterable[Measurements]) -> None:
        values = ((row.key, row.protocol, row.iteration, row.failed, json.dumps(row.done)) for row in rows)
        self.write_many("INSERT INTO measured VALUES (?, ?, ?, ?, ?)", values)

    def _gathered(self, names: set[str], key: str | None = None, protocol: str | None = None) -> Iterator[Measurements]:
        """The same from the replicas themselves, by key and protocol."""
        given = {name: value for name, value in (("key", key), ("protocol", protocol)) if value is not None}
        where = "".join(f" AND {name} = ?" for name in given)
        rows = self.each(f"{ENDED}{where} {IN_GROUPS}", *given.values())
        for (of_key, at), group in groupby(rows, key=itemgetter("key", "protocol")):
            ended = list(group)
            contents = [json.loads(row["properties"]) for row in ended if row["status"] == "done" and row["properties"]]
            yield Measurements(
                key=of_key,
                protocol=at,
                iteration=ended[0]["iteration"],
                failed=sum(row["status"] == "failed" for row in ended),
                done=[{name: value for name, value in content.items() if name in names} for content in contents],
            )
