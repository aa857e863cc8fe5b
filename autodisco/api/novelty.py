"""Polymers of a campaign beside lists of known ones."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autodisco.report.novelty import Novelty


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
    from autodisco.campaign.new import shipped_folder
    from autodisco.report.novelty import Source, novelty, own_lists
    from autodisco.store import Store

    given = [Source(Path(file).name, file=Path(file), column=column, identifier=identifier) for file in against]
    shipped = sorted((shipped_folder() / "seeds").glob("*.csv"))
    with Store.open_readonly(folder) as store:
        lists = [*given, *own_lists(store, shipped)]
        return novelty(store, lists, best, workers or os.cpu_count() or 1, progress)
