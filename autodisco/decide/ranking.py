"""A row of the ranking: a polymer with a value, and what is believed of it when all are compared."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autodisco.analysis import combine
from autodisco.decide.measured import Measured, with_values
from autodisco.decide.objective import Objective
from autodisco.parts import in_parts
from autodisco.store import Flag, Properties, Store
from autodisco.text import significant

AT_ONCE = 500
"""Polymers whose properties are read at a time."""


AGAINST = ("against_reference", "against_reference_low", "against_reference_high")
"""Columns of the comparison with the reference."""


@dataclass(frozen=True)
class Ranked(Measured):
    """A polymer of the ranking: beside its measured value, at the highest tier that gave one, what is believed of it.

    Attributes
    ----------
    name : in the seed file, otherwise the common one; empty without either
    force_field_flags : weak groups of the force field that a simulated polymer holds
    violated : constraints of the campaign that the polymer violates, in words
    tiers : what it was measured to have at each tier, the cheapest first
    expected, expected_low, expected_high : median and interval of 90 %: of the posterior in its target
        (`autodisco.decide.judge`), or from the builds of all polymers in the protocol of the campaign
        (`autodisco.analysis.shrinkage`)
    p_better : probability that it is better than the reference; None for the reference, and without one
    against_reference, against_reference_low, against_reference_high : ratio to the reference and its interval of 90 %,
        with the floor of the scale added to both; on a linear scale the difference. Shared errors cancel. None for the
        reference, without a posterior, and with a target
    verdict : ``reference``; ``excluded`` if it violates a constraint; ``better`` or ``worse`` where this probability
        is at least `acquire.better_probability` of the campaign, else ``tie``; None while the reference has no value,
        and before the first fit of the posterior of a campaign that has one
    expected_from : what the expected value and its interval are, in words
    p_best : chance to be among the best of all polymers that are judged, the pool included; None without a posterior
    moved : how far the prior mean and each source moved the posterior mean, on the scale; empty without a posterior
    """

    objective: Objective
    key: str
    name: str
    monomer_smiles: str
    source: str
    iteration: int
    flags: list[Flag]
    scores: dict[str, Any]
    force_field_flags: list[str]
    violated: list[str]
    tiers: tuple[Measured, ...]
    rank: int
    expected: float
    expected_low: float
    expected_high: float
    p_better: float | None
    against_reference: float | None
    against_reference_low: float | None
    against_reference_high: float | None
    verdict: str | None
    expected_from: str
    p_best: float | None
    moved: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """The row by column of tables and JSON."""
        columns = self.objective.columns
        row = {columns.get(name, name): value for name, value in vars(self).items() if name != "objective"}
        names = ("protocol", "value", "sem", "n_replicas", "n_failed", "origin")
        row["tiers"] = [{columns.get(name, name): getattr(one, name) for name in names} for one in self.tiers]
        return {"rank": self.rank, **row}

    @property
    def tier_columns(self) -> dict[str, Any]:
        """Measured value, its error and the number of builds of each tier below that of `value`, by column."""
        columns = self.objective.columns
        return {
            f"{one.protocol}_{columns.get(name, name)}": getattr(one, name)
            for one in self.tiers[:-1]
            for name in ("value", "sem", "n_replicas")
        }

    def at(self, protocol: str) -> "Ranked | None":
        """The same with what was measured at one protocol; None if nothing was."""
        found = next((one for one in self.tiers if one.protocol == protocol), None)
        return replace(self, **vars(found)) if found else None

    @property
    def judged(self) -> bool:
        """Whether the posterior says what is expected."""
        return self.p_best is not None

    @property
    def how(self) -> str:
        """What the value is, in a word: ``simulated`` by the campaign, or a ``value`` that a file or a person gave."""
        return "simulated" if self.origin == "simulated" else "value"

    @property
    def shown(self) -> str:
        """Measured value with its standard error and its unit."""
        return self.objective.shown(self.value, self.sem)

    @property
    def number(self) -> str:
        """Measured value with its standard error, without the unit."""
        return self.objective.number(self.value, self.sem)

    def measured(self, several: bool) -> str:
        """Measured value with its unit; of a campaign with `several` tiers at each of them, the highest first."""
        if not several:
            return self.shown
        show = self.objective.shown
        return ", ".join(f"{show(one.value, one.sem)} ({one.protocol})" for one in reversed(self.tiers))

    @property
    def interval(self) -> str:
        """Expected value with its interval of 90 %, without the unit."""
        middle, low, high = map(self.objective.brief, (self.expected, self.expected_low, self.expected_high))
        return f"{middle} ({low}–{high})"

    @property
    def shown_against(self) -> str:
        """Ratio to the reference, or difference, with its interval of 90 %; empty where there is none."""
        ends = (self.against_reference, self.against_reference_low, self.against_reference_high)
        linear = self.objective.scale.floor is None
        show, until = (self.objective.brief, " to ") if linear else (significant, "–")
        middle, low, high = ("" if end is None else show(end) for end in ends)
        return middle and f"{middle} ({low}{until}{high})"


def with_properties(store: Store, rows: Sequence[Ranked]) -> Iterator[Ranked]:
    """The same rows one by one with every quantity of their replicas among their properties: about 10 kB each."""
    for part in in_parts(rows, AT_ONCE):
        found: dict[tuple[str, str], list[Properties]] = {}
        for key, protocol, properties in store.properties(row.key for row in part):
            found.setdefault((key, protocol), []).append(properties)
        for row in part:
            valued = with_values(row.objective, found.get((row.key, row.protocol), []))
            yield replace(row, properties=combine(valued)) if row.origin == "simulated" else row


def best_found(ranked: list[Ranked]) -> Ranked | None:
    """The best polymer that the campaign itself found; None before there is one."""
    return next((row for row in ranked if row.source == "generated" and row.verdict != "excluded"), None)
