"""A new campaign from an old state: the same past up to an iteration, and settings of its own from there on."""

import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pydantic

from autodisco.campaign.config import Settings, error_sentence, write_settings
from autodisco.errors import InputError
from autodisco.files import write_atomic
from autodisco.store import Store, replica_folder


def fork(store: Store, folder: Path, iteration: int, changed: Mapping[str, Any]) -> Settings:
    """Make the campaign in `folder` from that of `store` as it was when `iteration` ended; returns its settings.

    `changed` are settings by dotted key, such as ``generator.temperature``. Simulations are linked where the file
    system can, so that they take no room twice. The old campaign is not touched and may be running.

    Raises InputError where the folder is taken, the iteration has not ended, or a setting is wrong.
    """
    if (folder / "state.db").exists():
        raise InputError(f"{folder}: there is a campaign already; give another name")
    ended = [row["n"] for row in store.iterations() if row["ended"]]
    models = {model["iteration"]: model["path"] for model in store.models()}
    if iteration not in [0, *ended] or iteration not in models:
        known = ", ".join(str(n) for n in [0, *ended] if n in models)
        raise InputError(f"{store.folder}: iteration {iteration} has not ended; those that have: {known}")
    settings = _changed(Settings.model_validate(store.get("settings")), {**changed, "name": folder.name})
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    store.copy_to(part)
    with Store.open(part) as copy:
        copy.rewind(iteration)
        for number, path in models.items():
            if number <= iteration:
                _link(store.folder / path, part / path)
        for row in copy.replicas():
            _link_tree(
                replica_folder(store.folder, row["key"], row["replica"]),
                replica_folder(part, row["key"], row["replica"]),
            )
        for file in copy.files():
            if not (part / file["path"]).is_file():
                copy.forget_file(part / file["path"])
        with copy.transaction():
            escapes = [row for row in copy.get("escapes") or [] if row["iteration"] <= iteration]
            copy.set(
                name=settings.name, settings=settings.model_dump(), state="generate", iteration=iteration + 1,
                reason="", activity="", started=time.time(), ended=None, active_s=0.0, owner=None, heartbeat=0.0,
                escapes=escapes, resume_at=None, notified=0, best_key=None,
            )  # fmt: skip
            copy.clear_requests()
            copy.begin_iteration(iteration + 1)
            seen = {"from": str(store.folder.absolute()), "iteration": iteration, **changed}
            copy.note("fork", settings.name, seen, f"go on with iteration {iteration + 1}", "asked for by a person")
    write_atomic(part / "campaign.toml", write_settings(settings))
    os.rename(part, folder)
    return settings


def _changed(settings: Settings, changed: Mapping[str, Any]) -> Settings:
    content = settings.model_dump()
    for dotted, value in changed.items():
        *tables, key = dotted.split(".")
        table: Any = content
        for name in tables:
            table = table.setdefault(name, {})
        table[key] = value
    try:
        return Settings.model_validate(content)
    except pydantic.ValidationError as error:
        raise InputError(error_sentence(error)) from None


def _link_tree(source: Path, target: Path) -> None:
    for path in source.glob("*"):
        if path.is_file():
            _link(path, target / path.name)


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
