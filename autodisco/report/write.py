"""Writes ``report/`` of a campaign: ``index.html``, ``ranking.csv``, ``ranking.json``, each whole or not at all."""

from pathlib import Path

from autodisco.files import write_atomic
from autodisco.report.content import gather
from autodisco.report.table import write_ranking
from autodisco.store import Store, at_one_moment


@at_one_moment
def write_report(store: Store, folder: Path | None = None) -> Path:
    """Write the report of an open campaign and return the path of its page.

    `folder` is by default ``report/`` in the campaign folder.
    """
    from autodisco.report.page import page  # its charts take a second to import

    folder = folder or store.folder / "report"
    content = gather(store, whole=True)
    write_ranking(store, content, folder)
    write_atomic(folder / "index.html", page(content, folder))
    return folder / "index.html"
