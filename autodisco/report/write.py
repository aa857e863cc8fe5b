"""Writes ``report/`` of a campaign: ``index.html``, ``ranking.csv``, ``ranking.json``, each whole or not at all."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from autodisco.files import write_atomic
from autodisco.report.content import gather
from autodisco.report.table import write_ranking
from autodisco.store import Store, at_one_moment

if TYPE_CHECKING:
    from autodisco.report.novelty import Source


@at_one_moment
def write_report(store: Store, folder: Path | None = None, lists: "Sequence[Source]" = ()) -> Path:
    """Write the report of an open campaign and return the path of its page.

    `folder` is by default ``report/`` in the campaign folder. The page compares the ranking with `lists` of known
    polymers. Raises InputError for a list that cannot be read.
    """
    from autodisco.report.page import page  # its charts take a second to import

    folder = folder or store.folder / "report"
    content = gather(store, whole=True, lists=lists)
    write_ranking(store, content, folder)
    write_atomic(folder / "index.html", page(content, folder))
    return folder / "index.html"
