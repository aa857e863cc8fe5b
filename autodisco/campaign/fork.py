"""A new campaign from an old state: the same past up to an iteration, and settings of its own from there on."""

import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autodisco.campaign.campaign_file import check_names
from autodisco.campaign.campaign_folder import check_protocol
from autodisco.campaign.copies import (
    as_given,
    files_named,
    protocol_copy,
    with_absolute_paths,
    with_part_copies,
    with_protocol_copies,
)
from autodisco.campaign.judging import judge_again
from autodisco.campaign.notify import check_notify
from autodisco.campaign.packing import is_there
from autodisco.campaign.retention import removed_models
from autodisco.campaign.running import queue_of
from autodisco.campaign.settings import Settings
from autodisco.campaign.settings_changes import BEFORE_POSTERIOR, with_changes
from autodisco.campaign.settings_file import check_together, write_settings
from autodisco.campaign.setup import facts_of
from autodisco.campaign.shared import forget_shared, take_shared
from autodisco.decide import best_found, keep_at_hand, ranking
from autodisco.errors import InputError
from autodisco.files import leftovers, place_beside, sync, write_atomic
from autodisco.store import PARTS, WAITING, Store, escapes, part_copy

DECIDED = (
    "objective", "seeds.", "simulation.protocol", "simulation.force_field", "tier", "acquire.reference",
    "generate.architecture", "generate.partners", "generate.fractions",
)  # fmt: skip
"""Settings that decide what values mean, or that only the beginning of a campaign reads."""


def endings(store: Store) -> list[int]:
    """The iterations that a fork can begin after; 0 is the state before the first."""
    models = {model.iteration for model in store.models()}
    return [n for n in (0, *(row.n for row in store.iterations() if row.ended)) if n in models]


def fork(store: Store, folder: Path, iteration: int, changed: Mapping[str, Any]) -> Settings:
    """Make the campaign in `folder` from that of `store` as it was when `iteration` ended; returns its settings.

    `changed` are settings by dotted key, such as ``generator.temperature``. Simulations are linked where the file
    system can, so that they take no room twice. The old campaign is not touched and may be running.

    Raises InputError where the folder is taken, the iteration has not ended, a setting is wrong or decided the past, or
    the protocol is no longer what it was.
    """
    for key in changed:
        if key == "name":
            raise InputError("name: the new campaign is named with --as")
        if key.startswith(DECIDED):
            raise InputError(f"{key}: what is known already was found with another value; begin a new campaign instead")
    if folder.exists():
        raise InputError(f"{folder}: exists already; give another name")
    if iteration not in (known := endings(store)):
        raise InputError(
            f"{store.folder}: iteration {iteration} has not ended with a model; those that have: "
            f"{', '.join(map(str, known)) or 'none'}"
        )
    changed = with_absolute_paths(changed)
    stored = {**BEFORE_POSTERIOR, **store.get("settings")}
    settings = with_changes(with_part_copies(store.folder, stored), {**changed, "name": folder.name})
    check_protocol(str(store.folder), with_protocol_copies(store.folder, settings), store)
    check_together(settings, folder.name)
    check_names(folder.name, with_protocol_copies(store.folder, settings))
    if any(key.startswith("notify.") for key in changed):
        check_notify(folder.name, settings.notify.command, settings.notify.apprise)
    remove_unfinished(folder.parent)
    part = place_beside(folder)
    try:
        _fill(part, store, settings, iteration, changed)
        os.rename(part, folder)
        sync(folder.parent)
    except BaseException:
        forget_shared(part)
        raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return settings


def remove_unfinished(runs: Path) -> None:
    """Remove forks and archives in a folder of campaigns whose processes were killed while they wrote them."""
    for left in leftovers(runs):
        if left.is_dir():
            forget_shared(left)
            shutil.rmtree(left, ignore_errors=True)


def _fill(part: Path, store: Store, settings: Settings, iteration: int, changed: Mapping[str, Any]) -> None:
    """Write the new campaign."""
    models, gone = {model.iteration: model.path for model in store.models()}, removed_models(store)
    given = as_given(store.folder, settings.model_dump(), store.get("settings"))
    store.copy_to(part)
    # Not linked: an edit of one would reach the other.
    for protocol in (protocol_copy(store.folder, tier) for tier in range(len(settings.tiers))):
        if protocol.is_file():
            shutil.copy2(protocol, part / protocol.name)
    if (store.folder / PARTS).is_dir():
        shutil.copytree(store.folder / PARTS, part / PARTS)
    with Store.open(part) as copy:
        copy.rewind(iteration)
        take_shared(copy, settings, queue_of(settings, copy.folder), new=True)
        for file in files_named(changed):  # it may have been edited since it was copied
            part_copy(part, file).unlink(missing_ok=True)
        for number, path in models.items():
            if number <= iteration and number not in gone:
                _link(store.folder / path, part / path)
        for row in copy.replica_states():
            names = row.key, row.protocol, row.replica
            if row.status in ("done", "failed"):
                _link_tree(store.replica_folder(*names), copy.replica_folder(*names))
            else:  # a build of a further tier, which the old campaign may be running: it begins anew here
                copy.update_replica(*names, **WAITING)
        for place in [row.path for row in copy.files()]:
            if not is_there(file := copy.located(place)):
                copy.forget_file(file)
        with copy.transaction():
            tried = [row.to_dict() for row in escapes(copy) if row.iteration <= iteration]
            facts = facts_of(with_protocol_copies(store.folder, settings))
            copy.set(**as_given(store.folder, facts, store.get("settings")))
            copy.set(settings=given, iteration=iteration)
            keep_at_hand(copy)
            judge_again(copy)
            best, lost = best_found(ranking(copy)), copy.get("lost_iterations") or []
            copy.set(
                state=copy.loop_states()[1], iteration=iteration + 1,
                reason="", activity="", started=time.time(), ended=None, active_s=0.0, owner=None, heartbeat=0.0,
                escapes=tried, resume_at=None, best_key=best and best.key, short_of_room="",
                waits_for_cores="", iteration_began={}, trouble="", untold=[], digested=None, training_left_s=None,
                starved=[], contributions={}, ahead=None, backed_up=-1,
                lost_iterations=[n for n in lost if n <= iteration],
                asked_settings=None, reopened=False, freed=None, disk=None,
            )  # fmt: skip
            copy.clear_requests()
            copy.begin_iteration(iteration + 1)
            seen = {"from": str(store.folder.absolute()), "iteration": iteration, **changed}
            copy.note("fork", settings.name, seen, f"go on with iteration {iteration + 1}", "asked for by a person")
            copy.set(notified=copy.journal(limit=1)[-1].id)  # events before the fork belong to the original campaign
    write_atomic(part / "campaign.toml", write_settings(given))


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
