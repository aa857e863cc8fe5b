"""Polymers of a campaign beside lists of known ones."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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


def lists_of(
    store: Store, against: Sequence[str | Path], column: str | None = None, identifier: str | None = None
) -> list[Source]:
    """The lists of some files, then those that are looked at without being asked for."""
    from autodisco.campaign.new import shipped_folder
    from autodisco.report.novelty import Source, own_lists

    given = [Source(Path(file).name, file=Path(file), column=column, identifier=identifier) for file in against]
    return [*given, *own_lists(store, sorted((shipped_folder() / "seeds").glob("*.csv")))]
