"""What the figures are made from: the content of a report, the store, and results of scans."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from autodisco.decide import Objective, Ranked
from autodisco.report.content import Content
from autodisco.store import Store
from autodisco.text import counted, joined

BEST = 14
"""Best polymers that figures show, as many as Khajeh et al. (2025) found to be better than poly(ethylene oxide)."""


@dataclass(frozen=True)
class Source:
    """A campaign at one moment. `scans` is the folder in which `autodisco scan` wrote."""

    store: Store
    content: Content
    scans: Path

    @property
    def objective(self) -> Objective:
        """By what the campaign ranks."""
        return self.content.objective

    @cached_property
    def best(self) -> list[Ranked]:
        """The best polymers that the campaign found and that violate no constraint."""
        found = [row for row in self.content.ranking if row.source == "generated" and row.verdict != "excluded"]
        return found[:BEST]

    @property
    def reference(self) -> Ranked | None:
        """The polymer that the others are compared with, while it has a value."""
        return self.content.reference

    def compared(self) -> list[Ranked]:
        """The best polymers and the reference."""
        return [*self.best, *([self.reference] if self.reference else [])]

    def made_with(self, rows: Sequence[Ranked]) -> str:
        """Number of polymers, protocol, force field and temperature of values, in a sentence."""
        protocols = joined(list(dict.fromkeys(row.protocol for row in rows)))
        named = f"protocol{'s' * (' and ' in protocols)} {protocols}"
        kelvin = f", {self.content.temperature_k:g} K" if self.content.temperature_k else ""
        return f"{counted(len(rows), 'polymer')}; {named}, force field {self.content.status.force_field}{kelvin}."
