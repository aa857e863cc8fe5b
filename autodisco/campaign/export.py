"""What a campaign holds, for other programs: tables as CSV and Parquet, or the whole of it as one archive."""

import contextlib
import csv
import json
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autodisco.errors import InputError
from autodisco.files import open_atomic, sync
from autodisco.store import Store, ranking

LEFT_OUT = {"values", "properties", "scores", "flags"}
ARCHIVED = (
    "campaign.toml",
    "protocol.toml",
    "daemon.log",
    "daemon.err",
    "models",
    "simulations",
    "report",
)


def tables(store: Store) -> dict[str, list[dict[str, Any]]]:
    """``polymers`` (ranked ones first), ``candidates``, ``replicas`` and ``journal``, with flat columns.

    Properties of replicas and scores of polymers are columns; flags and what the journal saw are JSON.
    """
    places = {row["key"]: row for row in ranking(store)}
    value = ("rank", "conductivity_s_per_cm", "conductivity_s_per_cm_sem", "n_replicas", "p_better", "verdict")
    polymers = [
        {
            **{name: item for name, item in polymer.items() if name not in LEFT_OUT},
            **polymer["scores"],
            "flags": json.dumps([flag["name"] for flag in polymer["flags"]]),
            "force_field_flags": json.dumps(places.get(polymer["key"], {}).get("force_field_flags", [])),
            **{name: places.get(polymer["key"], {}).get(name) for name in value},
        }
        for polymer in store.polymers()
    ]
    replicas = [
        {**{name: item for name, item in row.items() if name not in LEFT_OUT},
         **{name: _flat(item) for name, item in (row["properties"] or {}).items()}}
        for row in store.replicas()
    ]  # fmt: skip
    return {
        "polymers": sorted(polymers, key=lambda row: (row["rank"] is None, row["rank"] or 0, row["key"])),
        "candidates": [{**row, "flags": json.dumps([f["name"] for f in row["flags"]])} for row in store.candidates()],
        "replicas": replicas,
        "journal": [{**row, "seen": json.dumps(row["seen"])} for row in store.journal()],
    }


def export_tables(store: Store, folder: Path, parquet: bool) -> list[Path]:
    """Write every table to `folder` as CSV, and as Parquet where asked for; returns the files.

    Raises InputError where Parquet is asked for and pyarrow is not installed.
    """
    if parquet:
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError:
            raise InputError("--parquet needs a package: pip install 'autodisco[parquet]'") from None
    written = []
    for name, rows in tables(store).items():
        columns = list(dict.fromkeys(column for row in rows for column in row))
        path = folder / f"{name}.csv"
        with open_atomic(path) as handle:
            writer = csv.DictWriter(handle, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        written.append(path)
        if parquet:
            table = pyarrow.table({column: [row.get(column) for row in rows] for column in columns})
            pyarrow.parquet.write_table(table, folder / f"{name}.parquet")
            written.append(folder / f"{name}.parquet")
    return written


def export_archive(store: Store, file: Path, progress: Callable[[int], None] | None = None) -> None:
    """Write the campaign folder as one ``.tar.gz`` that another machine unpacks and resumes, also of a running one.

    The database is one consistent copy; a replica that is being written goes along as it is and starts again there.
    `progress` is told the number of files that are packed.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    name = store.get("name", store.folder.name)
    with tempfile.TemporaryDirectory(dir=file.parent) as beside:
        part = Path(beside) / "part"
        store.copy_to(Path(beside))
        with Store.open(Path(beside)) as copy:
            copy.set(owner=None)
            copy.copy_events()
        with tarfile.open(part, "w:gz", compresslevel=3) as archive:
            for entry in ("state.db", "events.jsonl"):
                archive.add(Path(beside) / entry, f"{name}/{entry}")
            paths = [path for entry in ARCHIVED for path in _files(store.folder / entry)]
            for number, path in enumerate(paths, 1):
                if progress:
                    progress(number)
                with contextlib.suppress(FileNotFoundError):  # a running campaign removes some
                    archive.add(path, f"{name}/{path.relative_to(store.folder)}", recursive=False)
        sync(part)
        part.replace(file)


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(found for found in path.rglob("*") if found.is_file())


def _flat(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value
