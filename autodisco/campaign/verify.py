"""Whether a campaign folder still is what the campaign wrote: database, journal, models and simulations."""

import json
from collections.abc import Callable

from autodisco.files import sha256
from autodisco.store import LOOP_STATES, STATES, Store


def verify(store: Store, progress: Callable[[int], None] | None = None) -> list[str]:
    """What is wrong, one sentence each; empty where all is as it was written. Nothing is changed.

    `progress` is told the number of files that are checked.
    """
    wrong = [f"state.db: {problem}" for problem in store.damage()]
    if wrong:
        return wrong
    return _facts(store) + _rows(store) + _journal(store) + _files(store, progress)


def _facts(store: Store) -> list[str]:
    state, iteration = store.get("state"), store.get("iteration", 0)
    wrong = [] if state in STATES else [f"state.db: the state {state!r} does not exist"]
    if state not in LOOP_STATES and state in STATES and store.get("resume_at") not in LOOP_STATES:
        wrong.append(f"state.db: {state}, without the state to go on with")
    opened = [row["n"] for row in store.iterations()]
    if opened != list(range(1, iteration + 1)):
        wrong.append(f"state.db: iteration {iteration}, but these were opened: {opened}")
    return wrong


def _rows(store: Store) -> list[str]:
    known = {polymer["key"] for polymer in store.polymers()}
    wrong = [
        f"state.db: {draw['smiles']} (iteration {draw['iteration']}, draw {draw['draw']}) is new, and no polymer"
        for draw in store.candidates(verdict="new")
        if draw["key"] not in known
    ]
    for row in store.replicas():
        name = f"replica {row['replica']} of {row['key']}"
        if row["status"] == "done" and not row["properties"]:
            wrong.append(f"state.db: {name} is done and has no properties")
        if row["status"] == "failed" and not row["failure_code"]:
            wrong.append(f"state.db: {name} has failed and has no code")
    for draws in range(1, store.get("iteration", 0) + 1):
        numbers = [draw["draw"] for draw in store.candidates(draws)]
        if numbers != list(range(len(numbers))):
            wrong.append(f"state.db: the draws of iteration {draws} are not one stream")
    return wrong


def _journal(store: Store) -> list[str]:
    path = store.folder / "events.jsonl"
    try:
        lines = [json.loads(line) for line in path.read_text().splitlines()]
    except (OSError, ValueError) as error:
        return [f"events.jsonl: cannot be read ({error})"]
    rows = store.journal()
    # a copy that a crash left short is made good by the next one
    return [] if lines == rows[: len(lines)] else ["events.jsonl: differs from the journal in state.db"]


def _files(store: Store, progress: Callable[[int], None] | None) -> list[str]:
    wrong = []
    recorded = store.files()
    for number, row in enumerate(recorded):
        if progress:
            progress(number + 1)
        path = store.folder / row["path"]
        if not path.is_file():
            wrong.append(f"{row['path']}: missing")
        elif path.stat().st_size != row["bytes"]:
            wrong.append(f"{row['path']}: {path.stat().st_size} bytes, {row['bytes']} were written")
        elif sha256(path) != row["sha256"]:
            wrong.append(f"{row['path']}: its content has changed")
    names = {row["path"] for row in recorded}
    for model in store.models():
        if model["path"] not in names and not (store.folder / model["path"]).is_file():
            wrong.append(f"{model['path']}: missing")
    return wrong
