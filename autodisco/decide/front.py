"""The Pareto front of a campaign with several objectives: which polymers none surpasses, and how surely.

It is computed where a campaign judges, and kept in the store, so that readers need neither the posterior nor numpy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autodisco.decide.objective import Objective
from autodisco.store import Store

FRONT = "front"
"""Fact of a campaign: the rows of its front as they were when it judged last."""


@dataclass(frozen=True)
class Expected:
    """What is expected of a polymer in one objective, with the interval of 90 %, in the unit of the objective."""

    expected: float
    low: float
    high: float


@dataclass(frozen=True)
class FrontRow:
    """A polymer with a value.

    Attributes
    ----------
    key, monomer_smiles
    p_front : probability that no other polymer with a value dominates it
    on_front : whether none dominates it by what is expected
    values : what is expected of it in each objective, in their order
    """

    key: str
    monomer_smiles: str
    p_front: float
    on_front: bool
    values: tuple[Expected, ...]


@dataclass(frozen=True)
class Front:
    """The polymers that may be on the front, the surest first.

    Attributes
    ----------
    objectives : those of the campaign of which something is known
    rows
    hypervolume : volume that the expected values dominate, each in standard deviations between the polymers with a
        value, from one of these below their mean
    of : number of polymers with a value that were compared
    """

    objectives: tuple[Objective, ...]
    rows: tuple[FrontRow, ...]
    hypervolume: float
    of: int

    @property
    def leading(self) -> list[FrontRow]:
        """The rows on the front, the best by the first objective first."""
        first = self.objectives[0]
        return sorted((row for row in self.rows if row.on_front), key=lambda row: -first.worth(row.values[0].expected))

    def shown(self, row: FrontRow) -> list[str]:
        """Expected values of a row with their intervals, in the units in which people read them."""
        return [
            "{} ({}–{})".format(*map(one.brief, (value.expected, value.low, value.high)))
            for one, value in zip(self.objectives, row.values, strict=True)
        ]

    def told(self, row: FrontRow) -> str:
        """The same in one sentence, with symbols and units."""
        values = zip(self.objectives, self.shown(row), strict=True)
        return ", ".join(f"{one.symbol} {one.with_unit(shown)}" for one, shown in values)

    def columns(self, row: FrontRow) -> dict[str, Any]:
        """A row by column of tables."""
        cells: dict[str, Any] = {
            "monomer_smiles": row.monomer_smiles, "p_front": row.p_front, "on_front": row.on_front, "key": row.key,
        }  # fmt: skip
        for one, value in zip(self.objectives, row.values, strict=True):
            ends = {"expected": value.expected, "expected_low": value.low, "expected_high": value.high}
            cells |= {f"{one.column}_{name}": end for name, end in ends.items()}
        return cells

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON can hold it."""
        return {
            "objectives": [
                {"name": one.name, "label": one.label, "column": one.column, "unit": one.unit, "wish": one.wish}
                for one in self.objectives
            ],
            "hypervolume": self.hypervolume,
            "of": self.of,
            "polymers": [self.columns(row) for row in self.rows],
        }


def front_of(store: Store, aims: Sequence[Objective]) -> Front | None:
    """The front as a campaign with these objectives judged last; None with one objective, and before a judgement."""
    kept = store.get(FRONT)
    known = {one.column: one for one in aims}
    if not kept or not all(column in known for column in kept["columns"]):
        return None
    rows = tuple(_row(row) for row in kept["rows"])
    return Front(tuple(known[column] for column in kept["columns"]), rows, kept["hypervolume"], kept["of"])


def _row(kept: Mapping[str, Any]) -> FrontRow:
    return FrontRow(**{**kept, "values": tuple(Expected(*value) for value in kept["values"])})
