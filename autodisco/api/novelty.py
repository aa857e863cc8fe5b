"""Polymers of a campaign beside lists of known ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from autodisco.machine import cores

if TYPE_CHECKING:
    from autodisco.polymer import RepeatUnit
    from autodisco.report.novelty import Novelty, Source
    from autodisco.store import Store


@dataclass(frozen=True)
class Known:
    """Lists of known polymers, and how they are read.

    Attributes
    ----------
    against : files, beside the lists that are looked at in any case
    column, identifier : their repeat units and their identifiers; None for the columns of known names
    workers : processes that read; 0 for one on each core
    progress : called with the number of rows that are read
    """

    against: Sequence[str | Path] = ()
    column: str | None = None
    identifier: str | None = None
    workers: int = 0
    progress: Callable[[int], None] | None = None

    def lists(self, store: Store | None = None) -> list[Source]:
        """The files, then the lists that come with the program, and with a store those of its campaign."""
        from autodisco.campaign.new import shipped_folder
        from autodisco.report.novelty import Source, own_lists, shipped_lists

        given = [
            Source(Path(file).name, file=Path(file), column=self.column, identifier=self.identifier)
            for file in self.against
        ]
        shipped = sorted((shipped_folder() / "seeds").glob("*.csv"))
        return [*given, *(own_lists(store, shipped) if store else shipped_lists(shipped))]


def compared(folder: Path, known: Known, best: int = 0) -> list[Novelty]:
    """What lists of known polymers say of each polymer of a ranking; see `Campaign.novelty`."""
    from autodisco.report.novelty import novelty
    from autodisco.store import Store

    with Store.open_readonly(folder) as store:
        return novelty(store, known.lists(store), best, known.workers or cores(), known.progress)


def compared_units(units: Sequence[tuple[RepeatUnit, str]], known: Known) -> list[Novelty]:
    """What lists of known polymers say of repeat units with their names, without a campaign."""
    from autodisco.report.novelty import novelty_of_units

    return novelty_of_units(units, known.lists(), known.workers or cores(), known.progress)
