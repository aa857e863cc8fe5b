"""Writes ``report/`` of a campaign: ``index.html``, ``ranking.csv``, ``ranking.json``, each whole or not at all."""

from pathlib import Path

from autodisco.files import write_atomic, write_json
from autodisco.report.content import gather
from autodisco.report.page import page
from autodisco.report.table import as_csv, as_json
from autodisco.store import Store


def write_report(store: Store, folder: Path | None = None) -> Path:
    """Write the report of an open campaign and return the path of its page.

    `folder` is by default ``report/`` in the campaign folder.
    """
    folder = folder or store.folder / "report"
    content = gather(store, whole=True)
    write_atomic(folder / "ranking.csv", as_csv(content.ranking, content.objective))
    write_json(folder / "ranking.json", as_json(content))
    write_atomic(folder / "index.html", page(content, folder))
    return folder / "index.html"
