"""The life of every polymer for the page, in the words of `autodisco explain`, and links to its simulations."""

import base64
import gzip
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from autodisco.decide import Ranked, Standings
from autodisco.decide.life import WITHOUT_SIMULATION, Life, lines, lives, replicas_at_hand
from autodisco.decide.stated import stated
from autodisco.store import Polymer, Store, run_folder


@dataclass(frozen=True)
class PageLife:
    """What the page tells of a polymer: lines of text, and the folders of its replicas by their names."""

    text: list[str]
    folders: dict[str, Path]


NOT_SIMULATED = "not simulated"


@dataclass(frozen=True)
class Valueless:
    """A polymer without a simulated value: the polymer, and what became of it in a few words."""

    polymer: Polymer
    fate: str


def page_lives(
    store: Store, standings: Standings, ranked: Iterable[Ranked]
) -> tuple[dict[str, PageLife], list[Valueless]]:
    """Lives by key, of the polymers with a value, of those that the campaign found, and of its seeds; and those among
    them that have no value."""
    rows: dict[str, Ranked | None] = {row.key: row for row in ranked}
    for source in ("seed", "generated"):
        rows |= {row.key: None for row in store.polymers(source) if row.key not in rows}
    told, without = {}, []
    for life in lives(store, standings.objective, rows, replicas_at_hand(store, standings.objective)):
        told[life.key] = PageLife(lines(life), _folders(store, life))
        if life.ranking is None and life.polymer:
            without.append(Valueless(life.polymer, _fate(life)))
    return told, sorted(without, key=lambda one: (one.fate == NOT_SIMULATED, one.polymer.iteration, one.polymer.name))


def _folders(store: Store, life: Life) -> dict[str, Path]:
    """Folders of the replicas that have ended or run, where they are there."""
    several, found = len({row.protocol for row in life.replicas}) > 1, {}
    for row in life.replicas:
        if row.status == "waiting":
            continue
        home = store.replica_folder(row.key, row.protocol, row.replica)
        folder = run_folder(home, row.claim or "") if row.status == "running" else home
        if folder.is_dir():
            found[f"{row.protocol} {row.replica}" if several else str(row.replica)] = folder
    return found


def _fate(life: Life) -> str:
    codes = {row.failure_code or "unknown" for row in life.replicas if row.status == "failed"}
    if open_ := [row for row in life.replicas if row.status in ("waiting", "running")]:
        return "simulated now" if any(row.status == "running" for row in open_) else "waits for its simulation"
    if codes:
        return f"failed: {', '.join(sorted(codes))}"
    if life.measured:
        first, more = life.measured[0], len(life.measured) - 1
        return f"{WITHOUT_SIMULATION}: {stated(first)}{f' and {more} more' if more else ''}"
    return NOT_SIMULATED


def packed(told: dict[str, PageLife], folder: Path) -> str:
    """Lives by key for the script of the page, as base64 of gzipped JSON, which takes a tenth of the room.

    Links are relative to the `folder` of the page.
    """
    here = folder.resolve()
    content = {
        key: {"text": "\n".join(life.text), "links": {name: _link(path, here) for name, path in life.folders.items()}}
        for key, life in told.items()
    }
    return base64.b64encode(gzip.compress(json.dumps(content).encode(), mtime=0)).decode()


def _link(path: Path, here: Path) -> str:
    return quote(f"{os.path.relpath(path.resolve(), here)}/")
