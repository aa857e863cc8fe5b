"""Whether a campaign folder still is what the campaign wrote: database, journal, models and simulations."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autodisco.campaign.campaign_folder import settings_of
from autodisco.campaign.packing import size_and_hash
from autodisco.campaign.retention import removed_models
from autodisco.errors import InputError
from autodisco.files import read_json, sha256
from autodisco.store import END_STATES, Model, RecordedFile, Replica, Store


def verify(store: Store, progress: Callable[[int], None] | None = None) -> list[str]:
    """What is wrong, one sentence each; empty where all is as it was written. Nothing is changed.

    `progress` is told the number of files that are checked.
    """
    wrong = [f"state.db: {problem}" for problem in store.damage()]
    if wrong:
        return wrong
    with store.snapshot():  # a daemon may be writing
        wrong = _facts(store) + _rows(store) + _journal(store)
        recorded, gone = store.files(), removed_models(store)
        models = [model for model in store.models() if model.iteration not in gone]
    return wrong + _files(store, recorded, models, progress)


def unrecorded_replicas(store: Store) -> int:
    """How many finished replicas have no recorded hashes, because an older program ran them."""
    hashed = {store.located(row.path).parent for row in store.files()}
    finished = [row for row in store.replica_states() if row.status == "done"]
    return sum(store.replica_folder(row.key, row.protocol, row.replica) not in hashed for row in finished)


def _facts(store: Store) -> list[str]:
    state, iteration = store.get("state"), store.get("iteration", 0)
    stages, ends = store.loop_states(), ("paused", *END_STATES)
    wrong = [] if state in (*stages, *ends) else [f"state.db: the state {state!r} does not exist"]
    if state in ends and store.get("resume_at") not in stages:
        wrong.append(f"state.db: {state}, without the state to go on with")
    opened = [row.n for row in store.iterations()]
    if opened != list(range(1, iteration + 1)):
        wrong.append(f"state.db: iteration {iteration}, but these were opened: {opened}")
    try:
        settings_of(store)
    except InputError as error:
        return [*wrong, str(error)]
    try:  # as stored: an older program knew fewer settings, and wrote those to both
        same = tomllib.loads((store.folder / "campaign.toml").read_text()) == store.get("settings")
    except (OSError, ValueError):
        same = False
    if not same:
        wrong.append("campaign.toml: not the settings in state.db; the next start of the campaign writes it again")
    return wrong


def _rows(store: Store) -> list[str]:
    known = store.units().keys()
    wrong = [
        f"state.db: {draw.smiles} (iteration {draw.iteration}, draw {draw.draw}) is new, and no polymer"
        for draw in store.candidates(verdict="new")
        if draw.key not in known
    ]
    for row in store.each_replica():
        name = f"replica {row.replica} of {row.key} at {row.protocol}"
        if row.status == "done" and not row.properties:
            wrong.append(f"state.db: {name} is done and has no properties")
        if row.status == "failed" and not row.failure_code:
            wrong.append(f"state.db: {name} has failed and has no code")
        if row.status == "done" and row.properties != (kept := _kept(store, row)) and kept is not None:
            wrong.append(f"state.db: {name} has other properties than its outcome.json")
    for draws in range(1, store.get("iteration", 0) + 1):
        numbers = [draw.draw for draw in store.candidates(draws)]
        if numbers != list(range(len(numbers))):
            wrong.append(f"state.db: the draws of iteration {draws} are not one stream")
    return wrong


def _kept(store: Store, row: Replica) -> dict[str, Any] | None:
    """The properties that a replica left in its folder, or None."""
    try:
        outcome = store.replica_folder(row.key, row.protocol, row.replica) / "outcome.json"
        properties: dict[str, Any] | None = read_json(outcome)["properties"]
    except (OSError, ValueError, KeyError):
        return None
    return properties


def _journal(store: Store) -> list[str]:
    path = store.folder / "events.jsonl"
    try:
        # what a crash, or a daemon at this moment, left unfinished is made good by the next copy
        whole, _, _ = path.read_text().rpartition("\n")
        lines = [json.loads(line) for line in whole.splitlines()]
    except (OSError, ValueError) as error:
        return [f"events.jsonl: cannot be read ({error})"]
    rows = [row.to_dict() for row in store.journal()]
    return [] if lines[: len(rows)] == rows[: len(lines)] else ["events.jsonl: differs from the journal in state.db"]


def _files(
    store: Store, recorded: list[RecordedFile], models: list[Model], progress: Callable[[int], None] | None
) -> list[str]:
    wrong = []
    for number, row in enumerate(recorded):
        if progress:
            progress(number + 1)
        if problem := _of_file(row, store.located(row.path)):
            wrong.append(problem)
    names = {row.path for row in recorded}
    for model in models:
        if model.path not in names and not (store.folder / model.path).is_file():
            wrong.append(f"{model.path}: missing")
    return wrong


def _of_file(row: RecordedFile, path: Path) -> str:
    """What is wrong with a file, loose or packed; empty for a sound one."""
    if path.is_file():
        size = path.stat().st_size
        found = (size, sha256(path)) if size == row.bytes else (size, "")
    elif (packed := size_and_hash(path)) is None:
        return f"{row.path}: missing"
    else:
        found = packed
    if found[0] != row.bytes:
        return f"{row.path}: {found[0]} bytes, {row.bytes} were written"
    return "" if found[1] == row.sha256 else f"{row.path}: its content has changed"
