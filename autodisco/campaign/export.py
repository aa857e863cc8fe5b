"""What a campaign holds, for other programs: tables as CSV and Parquet, or the whole of it as one archive."""

import contextlib
import csv
import json
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autodisco.campaign.copies import input_copy, protocol_copy
from autodisco.campaign.settings_changes import FILE_KEYS
from autodisco.campaign.settings_file import write_settings
from autodisco.decide import objective_of, ranking
from autodisco.errors import InputError
from autodisco.files import open_atomic, sync, write_atomic
from autodisco.store import PARTS, SIMULATIONS, Store
from autodisco.text import joined_flags, without_formula

LEFT_OUT = {"values", "properties", "scores", "flags"}
ARCHIVED = (
    "campaign.toml",
    PARTS,
    "daemon.log",
    "daemon.err",
    "models",
    "report",
)

Row = dict[str, Any]


def tables(store: Store) -> dict[str, list[Row]]:
    """``polymers`` (ranked ones first), ``candidates``, ``replicas`` and ``journal``, with flat columns.

    Properties of replicas and scores of polymers are columns; one with the name of another column has ``property_`` or
    ``score_`` before it. Names of flags are joined with ``;``; other lists, and what the journal saw, are JSON.
    """
    ranked = ranking(store)
    places = {row.key: {**row.to_dict(), **row.tier_columns} for row in ranked}
    of_tiers = list(dict.fromkeys(name for row in ranked for name in row.tier_columns))
    measured, error, *expected = objective_of(store).columns.values()
    value = ("rank", "protocol", measured, error, "n_replicas", *expected, "p_better", "verdict")
    polymers = [
        {
            **_beside(polymer.to_dict(), polymer.scores, "score"),
            "flags": joined_flags(polymer.flags),
            "force_field_flags": ";".join(place["force_field_flags"]) if place else "",
            **{name: place and place.get(name) for name in (*value, *of_tiers)},
        }
        for polymer in store.polymers()
        for place in (places.get(polymer.key),)
    ]
    return {
        "polymers": sorted(polymers, key=lambda row: (row["rank"] is None, row["rank"] or 0, row["key"])),
        "candidates": [{**row.to_dict(), "flags": joined_flags(row.flags)} for row in store.candidates()],
        "replicas": [_beside(row.to_dict(), row.properties or {}, "property") for row in store.replicas()],
        "journal": [{**row.to_dict(), "seen": json.dumps(row.seen)} for row in store.journal()],
    }


def export_tables(store: Store, folder: Path, parquet: bool) -> list[Path]:
    """Write every table to `folder` as CSV, and as Parquet where asked for; returns the files.

    All are of one moment. Text that a spreadsheet would take for a formula has an apostrophe before it in the CSV.
    Raises InputError where Parquet is asked for and pyarrow is not installed.
    """
    if parquet:
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError:
            raise InputError("--parquet needs a package: pip install 'autodisco[parquet]'") from None
    with store.snapshot():
        content = tables(store)
        columns = {name: [c for c in store.columns(name) if c not in LEFT_OUT] for name in content}
    written = []
    for name, rows in content.items():
        names = list(dict.fromkeys(column for row in rows for column in row)) or columns[name]
        table = {column: _of_one_kind([row.get(column) for row in rows]) for column in names}
        path = folder / f"{name}.csv"
        with open_atomic(path) as handle:
            writer = csv.writer(handle, lineterminator="\n")
            writer.writerow(names)
            writer.writerows([without_formula(cell) for cell in cells] for cells in zip(*table.values(), strict=True))
        written.append(path)
        if parquet:
            sink = pyarrow.BufferOutputStream()
            pyarrow.parquet.write_table(pyarrow.table(table), sink)
            write_atomic(folder / f"{name}.parquet", sink.getvalue().to_pybytes())
            written.append(folder / f"{name}.parquet")
    return written


def export_archive(store: Store, file: Path, progress: Callable[[int], None] | None = None) -> None:
    """Write the campaign folder as one ``.tar.gz`` that another machine unpacks and resumes, also of a running one.

    The database is one consistent copy; a replica that is being written goes along as it is and starts again there.
    `progress` is told the number of files that are packed.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    name = store.get("name", store.folder.name)
    with tempfile.TemporaryDirectory(prefix=".export-", dir=file.parent) as beside:
        part = Path(beside) / "part"
        store.copy_to(Path(beside))
        with Store.open(Path(beside)) as copy:
            copy.set(owner=None, owner_inode=None, **_within(copy))
            copy.copy_events()
            if store.shared != store.folder:
                write_atomic(Path(beside) / "campaign.toml", write_settings(copy.get("settings")))
        with tarfile.open(part, "w:gz", compresslevel=3) as archive:
            for entry in ("state.db", "events.jsonl"):
                archive.add(Path(beside) / entry, f"{name}/{entry}")
            copies = [protocol_copy(store.folder, tier) for tier in range(len(store.tiers()))]
            kept = [*(store.folder / entry for entry in ARCHIVED), *copies]
            paths = {path: path for entry in kept for path in _files(entry)} | _inputs(store)
            paths |= {store.folder / store.place(path): path for path in _files(store.shared / SIMULATIONS)}
            if (settings := Path(beside) / "campaign.toml").is_file():
                paths[store.folder / settings.name] = settings
            for number, (place, path) in enumerate(paths.items(), 1):
                if progress:
                    progress(number)
                with contextlib.suppress(FileNotFoundError):  # a running campaign removes some
                    archive.add(path, f"{name}/{place.relative_to(store.folder)}", recursive=False)
        sync(part)
        part.replace(file)
        sync(file.parent)


def _within(copy: Store) -> dict[str, Any]:
    """Facts of a campaign whose replicas lie in its folder, as they do in an archive."""
    settings = copy.get("settings") or {}
    if "folder" in settings.get("simulation", {}):
        settings["simulation"]["folder"] = ""
    return {"shared_folder": "", "queue_folder": "", "identity": None, "generation": 0, "settings": settings or None}


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(found for found in path.rglob("*") if found.is_file())


def _inputs(store: Store) -> dict[Path, Path]:
    """The seed file and the data set, by their place in the folder: one that has not read them yet needs them."""
    seeds = (store.get("settings") or {}).get("seeds") or {}
    found = {key: str(seeds.get(key.partition(".")[2]) or "") for key in FILE_KEYS}
    return {input_copy(store.folder, key, path): Path(path) for key, path in found.items() if Path(path).is_file()}


def _beside(row: Row, more: Row, kind: str) -> Row:
    """The columns of a row, and beside them the entries of one of its columns that holds a dict."""
    columns = {name: item for name, item in row.items() if name not in LEFT_OUT}
    return columns | {f"{kind}_{name}" if name in columns else name: _flat(item) for name, item in more.items()}


def _flat(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value


def _of_one_kind(values: list[Any]) -> list[Any]:
    """The cells of a column as what all of them are: numbers, truth values or else text; None stays."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int, float}:
        return [None if value is None else float(value) for value in values]
    return values if len(kinds) < 2 else [None if value is None else str(value) for value in values]
