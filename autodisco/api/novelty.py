"""Polymers of a campaign beside lists of known ones."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autodisco.polymer import RepeatUnit
    from autodisco.report.novelty import Novelty, Source
    from autodisco.store import Store


def compared(
    folder: Path,
    against: Sequence[str | Path] = (),
    column: str | None = None,
    identifier: str | None = None,
    best: int = 0,
    workers: int = 0,
    progress: Callable[[int], None] | None = None,
) -> list[Novelty]:
    """What lists of known polymers say of each polymer of a ranking; see `Campaign.novelty`."""
    from autodisco.report.novelty import novelty
    from autodisco.store import Store

    with Store.open_readonly(folder) as store:
        lists = lists_of(store, against, column, identifier)
        return novelty(store, lists, best, workers or os.cpu_count() or 1, progress)


def compared_units(
    units: Sequence[tuple[RepeatUnit, str]],
    against: Sequence[str | Path] = (),
    column: str | None = None,
    identifier: str | None = None,
    workers: int = 0,
    progress: Callable[[int], None] | None = None,
) -> list[Novelty]:
    """What lists of known polymers say of repeat units with their names, without a campaign."""
    from autodisco.report.novelty import novelty_of_units

    lists = lists_of(None, against, column, identifier)
    return novelty_of_units(units, lists, workers or os.cpu_count() or 1, progress)


def lists_of(
    store: Store | None, against: Sequence[str | Path], column: str | None = None, identifier: str | None = None
) -> list[Source]:
    """The lists of some files, then those that are looked at without being asked for; without a campaign, those that
    come with the program."""
    from autodisco.campaign.new import shipped_folder
    from autodisco.report.novelty import Source, own_lists, shipped_lists

    given = [Source(Path(file).name, file=Path(file), column=column, identifier=identifier) for file in against]
    shipped = sorted((shipped_folder() / "seeds").glob("*.csv"))
    return [*given, *(own_lists(store, shipped) if store else shipped_lists(shipped))]
