"""What a campaign holds, for other programs: tables in a described folder, or the whole of it as one archive."""

import contextlib
import json
import shutil
import tarfile
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import autodisco
from autodisco.campaign.columns import Column, column
from autodisco.campaign.copies import input_copy, input_files, protocol_copy
from autodisco.campaign.crate import Crate
from autodisco.campaign.settings_file import write_settings
from autodisco.campaign.table_files import WRITERS, Kinds, Row, TableFile, noting
from autodisco.decide import objective_of, ranking
from autodisco.decide.front import front_of
from autodisco.decide.measured import wanted_of
from autodisco.decide.ranking import AGAINST
from autodisco.decide.stated import MEASURED, by_key, stated_together
from autodisco.errors import InputError
from autodisco.files import leftovers, place_beside, sync, write_atomic
from autodisco.names import name_of
from autodisco.parts import in_parts
from autodisco.polymer.bigsmiles import bigsmiles_of, psmiles_of
from autodisco.spooled import Spooled
from autodisco.store import FINALISTS, PARTS, SIMULATIONS, Store, scans_of
from autodisco.text import joined_flags

LEFT_OUT = {"values", "properties", "scores", "flags"}
ARCHIVED = (
    "campaign.toml",
    PARTS,
    "daemon.log",
    "daemon.err",
    "models",
    "report",
)

AT_ONCE = 500
"""Polymers that are read at a time."""


def tables(store: Store) -> dict[str, Iterator[Row]]:
    """``polymers`` (ranked ones first), ``front`` (of several objectives), ``finalists`` (if they were scanned),
    ``candidates``, ``replicas``, ``journal``.

    Columns are flat. Rows are read one by one, since all of them may not fit into memory.

    Properties of replicas and scores of polymers are columns; one with the name of another column has ``property_`` or
    ``score_`` before it. Names of flags are joined with ``;``; other lists, and what the journal saw, are JSON.
    """
    front = front_of(store, wanted_of(store).aims)
    of_several = {"front": (front.columns(row) for row in front.rows)} if front else {}
    return {
        "polymers": _polymers(store),
        **of_several,
        **_scans(store),
        "candidates": ({**vars(row), "flags": joined_flags(row.flags)} for row in store.each_candidate()),
        "replicas": (_beside(vars(row), row.properties or {}, "property") for row in store.each_replica()),
        "journal": ({**vars(row), "seen": json.dumps(row.seen)} for row in store.each_event()),
    }


def _scans(store: Store) -> dict[str, Iterator[Row]]:
    """The conditions at which finalists were simulated."""
    found = scans_of(store.folder)
    named = ("monomer_smiles", "key", "protocol", "force_field", "engine", "seed")
    rows = (
        {**{name: one[name] for name in named}, **{name: _flat(cell) for name, cell in row.items()}}
        for one in found
        for row in one["values"]
    )
    return {FINALISTS: rows} if found else {}


def _polymers(store: Store) -> Iterator[Row]:
    ranked = ranking(store)
    of_tiers = list(dict.fromkeys(name for row in ranked for name in row.tier_columns))
    measured, error, *expected = objective_of(store).columns.values()
    value = ("rank", "protocol", measured, error, "n_replicas", *expected, *AGAINST, "p_better", "verdict", *of_tiers)
    places, measured_values = {row.key: row for row in ranked}, by_key(store.experiments())
    for keys in in_parts([*places, *(key for key in store.units() if key not in places)], AT_ONCE):
        found = store.polymers_by_key(keys)
        for polymer, place in ((found[key], places.get(key)) for key in keys):
            columns = {**place.to_dict(), **place.tier_columns} if place else {}
            notations = {"psmiles": psmiles_of(polymer.smiles), "bigsmiles": bigsmiles_of(polymer.smiles)}
            yield {
                **_beside({**vars(polymer), "name": name_of(polymer.key, polymer.name)}, polymer.scores, "score"),
                **notations,
                "flags": joined_flags(polymer.flags),
                "force_field_flags": ";".join(place.force_field_flags) if place else "",
                **{name: columns.get(name) for name in value},
                MEASURED: stated_together(measured_values.get(polymer.key, ())),
            }


def export_tables(
    store: Store, folder: Path, formats: Sequence[str] = ("csv",), crate: Crate | None = None
) -> list[Path]:
    """Write every table to `folder` in every format, all of one moment, and what describes the folder as an RO-Crate;
    returns the files.

    Raises InputError for an unknown format, where Parquet is asked for and pyarrow is not installed, and as
    `crate.write` does.
    """
    if unknown := [name for name in formats if name not in WRITERS]:
        raise InputError(f"--format {unknown[0]}: allowed are {', '.join(WRITERS)}, with commas between them")
    if "parquet" in formats and not find_spec("pyarrow"):
        raise InputError("--format parquet needs a package: pip install 'autodisco[parquet]'")
    about = {"campaign": str(store.get("name", store.folder.name)), "program": f"autodisco {autodisco.__version__}"}
    crate = crate or Crate()
    crate.check(store)
    objectives = wanted_of(store).aims
    written: dict[Path, str] = {}
    described: dict[str, list[Column]] = {}
    with store.snapshot():
        for name, read in tables(store).items():
            kinds: Kinds = {}
            with Spooled(noting(read, kinds), folder) as rows:
                kinds = kinds or {column: set() for column in store.columns(name) if column not in LEFT_OUT}
                described[name] = [column(one, tuple(objectives)) for one in kinds]
                file = TableFile(name, about, kinds, described[name])
                for kind in formats:
                    written |= dict.fromkeys(WRITERS[kind](file, folder, rows), name)
        return [*written, *crate.write(store, folder, written, described)]


def export_archive(store: Store, file: Path, progress: Callable[[int], None] | None = None) -> None:
    """Write the campaign folder as one ``.tar.gz`` that another machine unpacks and resumes, also of a running one.

    The database is one consistent copy; a replica that is being written goes along as it is and starts again there.
    `progress` is told the number of files that are packed.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    name = store.get("name", store.folder.name)
    for left in leftovers(file.parent):  # of a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    beside = place_beside(file)
    try:
        part = beside / "part"
        store.copy_to(beside)
        with Store.open(beside) as copy:
            copy.set(owner=None, owner_inode=None, **_within(copy))
            copy.copy_events()
            if store.shared != store.folder:
                write_atomic(beside / "campaign.toml", write_settings(copy.get("settings")))
        with tarfile.open(part, "w:gz", compresslevel=3) as archive:
            for entry in ("state.db", "events.jsonl"):
                archive.add(beside / entry, f"{name}/{entry}")
            copies = [protocol_copy(store.folder, tier) for tier in range(len(store.tiers()))]
            scans = (store.folder / FINALISTS).glob("*/scan-*")
            kept = [*(store.folder / entry for entry in ARCHIVED), *copies, *scans]
            paths = {path: path for entry in kept for path in _files(entry)} | _inputs(store)
            paths |= {store.folder / store.place(path): path for path in _files(store.shared / SIMULATIONS)}
            if (settings := beside / "campaign.toml").is_file():
                paths[store.folder / settings.name] = settings
            for number, (place, path) in enumerate(paths.items(), 1):
                if progress:
                    progress(number)
                with contextlib.suppress(FileNotFoundError):  # a running campaign removes some
                    archive.add(path, f"{name}/{place.relative_to(store.folder)}", recursive=False)
        sync(part)
        part.replace(file)
        sync(file.parent)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _within(copy: Store) -> dict[str, Any]:
    """Facts of a campaign whose replicas lie in its folder, as they do in an archive."""
    settings = copy.get("settings") or {}
    if "folder" in settings.get("simulation", {}):
        settings["simulation"]["folder"] = ""
    return {"shared_folder": "", "queue_folder": "", "identity": None, "generation": 0, "settings": settings or None}


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(found for found in path.rglob("*") if found.is_file())


def _inputs(store: Store) -> dict[Path, Path]:
    """The files of data, by their place in the folder: a campaign that has not read them yet needs them."""
    found = input_files(store.get("settings") or {})
    return {input_copy(store.folder, key, path): Path(path) for key, path in found.items() if Path(path).is_file()}


def _beside(row: Row, more: Row, kind: str) -> Row:
    """The columns of a row, and beside them the entries of one of its columns that holds a dict."""
    columns = {name: item for name, item in row.items() if name not in LEFT_OUT}
    return columns | {f"{kind}_{name}" if name in columns else name: _flat(item) for name, item in more.items()}


def _flat(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value
