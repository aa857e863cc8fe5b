"""Settings that a person changes in a campaign that has begun, also while a process runs it (`autodisco set`).

The change is asked for in the database. The owner of the campaign takes it: a running process when it looks for
requests next, otherwise the one that asks, or the next one that starts. Until then the old settings hold, in the
database as in the folder.
"""

import contextlib
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autodisco.campaign.campaign import Campaign
from autodisco.campaign.campaign_file import check_names
from autodisco.campaign.campaign_folder import open_folder
from autodisco.campaign.copies import as_given, with_absolute_paths, write_copies_of_files
from autodisco.campaign.fork import DECIDED
from autodisco.campaign.lock import owned
from autodisco.campaign.notify import check_notify
from autodisco.campaign.settings import Settings
from autodisco.campaign.settings_changes import (
    ADD_TIER,
    differences,
    expanded,
    is_free,
    tier_names,
    why_at_start,
    with_changes,
)
from autodisco.campaign.settings_file import check_together
from autodisco.campaign.setup import set_up, store_settings, write_campaign_file, write_copies
from autodisco.campaign.shared import check_owner
from autodisco.campaign.simulation_settings import Tier
from autodisco.campaign.tiers import check_tiers
from autodisco.errors import InputError, OwnedError
from autodisco.machine import person
from autodisco.store import END_STATES, Store, live_owner

ASKED = "asked_settings"
"""Fact of a campaign: changes that were asked for and that its owner has not taken yet, in order."""

REOPENED = "reopened"
"""Fact of a campaign that has ended: what changed since may let it go on."""

SITE = "executor.site"
"""Settings that were read do not show any more which of them come from this file."""

PATIENCE_S = 5.0
"""How long a person waits for a running process to take a change."""


@dataclass(frozen=True)
class Changeable:
    """A setting that can change in a campaign that has begun: key, present value, whether it `needs_start` (no process
    may run the campaign then), and what it is."""

    key: str
    value: Any
    needs_start: bool
    about: str


@dataclass(frozen=True)
class Asked:
    """What came of a change.

    Attributes
    ----------
    changed : the settings that differ from those before, by dotted key: the old and the new value
    taken : whether they are in force; otherwise `owner` takes them as soon as it looks
    owner : the process that runs the campaign, in words; empty for none
    reopened : whether a campaign that has ended may go on with them
    """

    changed: dict[str, tuple[Any, Any]]
    taken: bool
    owner: str
    reopened: bool


def changeable(folder: Path) -> list[Changeable]:
    """The settings of a campaign that can change, by the order of the campaign file."""
    settings = open_folder(folder).settings
    with Store.open_readonly(folder) as store:
        names = _tiers(store)
        values = as_given(folder, expanded(settings, names), store.get("settings"))
    return [
        Changeable(key, value, bool(why_at_start(key)), _about(key))
        for key, value in values.items()
        if is_free(key, names) and key != SITE
    ]


def _about(key: str) -> str:
    """What a setting is: the first sentence of its documentation, without links."""
    if key.startswith("tier."):
        field = Tier.model_fields[key.rpartition(".")[2]]
    else:
        table, _, name = key.partition(".")
        field = type(getattr(Settings(name="x"), table)).model_fields[name]
    text = re.sub(r" \(\[[^]]*\]\([^)]*\)\)", "", " ".join((field.description or "").split()).replace("`", ""))
    return text.partition(". ")[0].removesuffix(".")


def ask(folder: Path, given: Mapping[str, Any]) -> Asked:
    """Change settings of a campaign, given by dotted key, such as ``simulation.workers``.

    Raises InputError, and changes nothing, for a key that does not exist or cannot change now, and for a value that is
    not allowed.
    """
    campaign, given = open_folder(folder), with_absolute_paths(given)
    with Store.open(folder) as store:
        running, names, pending = live_owner(store.facts(), folder), _tiers(store), store.get(ASKED) or []
        _require_free(campaign.settings, given, names, bool(running))
        asked = {key: value for change in pending for key, value in change["values"].items()}
        new = with_changes(campaign.settings.model_dump(), {**asked, **given}, names)
        _check(campaign.settings, new, given)
        before, after = (
            as_given(folder, expanded(one, names), store.get("settings")) for one in (campaign.settings, new)
        )
        changed = {key: (before[key], value) for key, value in after.items() if value != before.get(key, value)}
        if not changed and not pending:
            return Asked({}, True, "", False)
        change = {"values": given, "by": person()}
        if not running:
            try:
                return Asked(changed, True, "", _take_here(campaign, store, change))
            except OwnedError:  # a process came up in between
                running = live_owner(store.facts(), folder)
                _require_free(campaign.settings, given, names, running=True)
        with store.transaction():
            store.set(**{ASKED: [*(store.get(ASKED) or []), change]})
        return Asked(changed, _is_taken(store), str(running or "its process"), False)


def set_up_again(campaign: Campaign, store: Store) -> bool:
    """Write the settings as `set_up` does, and take those that were asked for; part of every start.

    Returns whether a campaign that has ended may go on with them.
    """
    changed = set_up(campaign, store)
    take_asked(campaign, store)
    return changed or bool(store.get(REOPENED))


def take_asked(campaign: Campaign, store: Store) -> bool:
    """Take the changes that were asked for, as the owner of the campaign; whether there were some.

    They are in force with the end of the transaction, and `write_campaign_file` comes after it.
    """
    if not (asked := store.get(ASKED)):
        return False
    with store.present(), store.transaction():
        for change in asked:
            try:
                new = with_changes(campaign.settings.model_dump(), change["values"], _tiers(store))
            except InputError as error:  # they were checked against other settings
                store.note("settings refused", campaign.settings.name, change["values"], "go on without", str(error))
                continue
            _reopen(store, store_settings(new, store, f"set by {change['by']}"))
            campaign.take(new)
        store.set(**{ASKED: None})
    return True


class AskedSettings:
    """Looks, each time it is called, whether changes were asked for, and takes them."""

    def __init__(self, campaign: Campaign, store: Store):
        self._campaign, self._store = campaign, store
        self._written = True

    def __call__(self) -> bool:
        """Whether settings are others now. A ``campaign.toml`` that could not be written is written later."""
        taken = take_asked(self._campaign, self._store)
        if taken or not self._written:
            self._written = False
            with contextlib.suppress(OSError):
                write_campaign_file(self._store)
                write_copies_of_files(self._store, self._campaign.settings)
                self._written = True
        return taken


def _require_free(settings: Settings, given: Mapping[str, Any], tiers: Sequence[str], running: bool) -> None:
    """Raise InputError for a setting that cannot change, or not while a process is `running`; unknown ones pass."""
    name, known = settings.name, expanded(settings, tiers)
    for key, value in given.items():
        if key in known and not is_free(key, tiers):
            other = f"another campaign can have it: autodisco fork {name} --as OTHER --set {key}={value}"
            if key == "name" or key.startswith(DECIDED):
                other = "begin another campaign with it"
            raise InputError(
                f"{key} = {value!r}: fixed since the campaign began (what may change: autodisco set {name}); {other}"
            )
        if key == SITE:
            raise InputError(
                f"{key} = {value!r}: is read with the campaign file only; set the keys of executor that it decides"
            )
        if running and (why := why_at_start(key)):
            raise InputError(
                f"{key} = {value!r}: cannot change while a process runs {name}, because {why}; stop it first"
            )


def _check(old: Settings, new: Settings, given: Mapping[str, Any]) -> None:
    """Raise InputError for settings that do not fit the others, or name something that does not exist."""
    name = old.name
    if mixed := differences(old, new):
        key, (before, after) = next(iter(mixed.items()))
        raise InputError(f"{key}: would change from {before!r} to {after!r}, and is fixed since the campaign began")
    check_together(new, name)
    if ADD_TIER in given:
        check_tiers(new)
    if any(key.startswith("executor.") for key in given):
        check_names(name, new)
    if any(key.startswith("notify.") for key in given):
        check_notify(name, new.notify.command, new.notify.apprise)


def _is_taken(store: Store) -> bool:
    """Wait for the running process to take the change; whether it did in time."""
    until = time.monotonic() + PATIENCE_S
    while store.get(ASKED) and time.monotonic() < until:
        time.sleep(0.1)
    return not store.get(ASKED)


def _take_here(campaign: Campaign, store: Store, change: Mapping[str, Any]) -> bool:
    """Take a change as the owner of the campaign, as a start with another campaign file would; whether a campaign that
    has ended may go on with it. Raises OwnedError if a process runs it."""
    with owned(store, goes_on=False):
        check_owner(store)
        with store.transaction():
            set_up_again(campaign, store)
            campaign.take(with_changes(campaign.settings.model_dump(), change["values"], _tiers(store)))
            _reopen(store, set_up(campaign, store, f"set by {change['by']}"))
            reopened = bool(store.get(REOPENED))
        write_copies(campaign, store)
    return reopened


def _reopen(store: Store, may_go_on: bool) -> None:
    if may_go_on and store.get("state") in END_STATES:
        store.set(**{REOPENED: True})


def _tiers(store: Store) -> list[str]:
    return tier_names(store.get("settings").get("tier") or [])
