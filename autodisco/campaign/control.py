"""Commands to a campaign from outside its process: start it detached, pause, resume, stop.

A running daemon gets the request through the store. If none runs, the state is changed here, under the same lock.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

from autodisco.campaign.asked_settings import set_up_again
from autodisco.campaign.campaign import Campaign
from autodisco.campaign.campaign_folder import settings_of
from autodisco.campaign.daemon import wake
from autodisco.campaign.lock import hand_over, owned
from autodisco.campaign.running import UNDONE, hold_or_end_all, make_up, serving
from autodisco.campaign.setup import write_copies
from autodisco.campaign.shared import check_owner, require_local_disk
from autodisco.campaign.states import advance
from autodisco.errors import AutodiscoError, InputError, OwnedError
from autodisco.store import END_STATES, Owner, Store
from autodisco.store import live_owner as owner_in

LOG, UNEXPECTED = "daemon.log", "daemon.err"
"""Output of the daemon, one JSON object a line, and its stderr."""

START_S = 30.0


def start(campaign: Campaign) -> int | None:
    """Run the campaign in a process that outlives the terminal; returns its number once it owns the campaign.

    Its output goes to ``daemon.log`` in the campaign folder, one JSON object a line. The lock is handed over to it, so
    that no other process can take it, and a pause or a stop requested meanwhile is obeyed. Returns None, and starts no
    process, for a campaign that has ended and whose settings do not let it go on.

    Raises
    ------
    OwnedError
        A live process owns the campaign.
    AutodiscoError
        The process ended before it began to work; the message is its last line.
    """
    require_local_disk(campaign.folder)
    with Store.create(campaign.folder) as store, owned(store):
        check_owner(store)
        with store.transaction():
            under_way = wake(store, set_up_again(campaign, store))
        write_copies(campaign, store)
        if not under_way:
            return None
        with open(campaign.folder / UNEXPECTED, "ab") as log, store.transaction():  # it cannot ask for the lock before
            said_before = log.tell()
            process = subprocess.Popen(
                [sys.executable, "-m", "autodisco.campaign", str(campaign.folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
            try:
                beat = hand_over(store, process.pid)
            except BaseException:
                process.kill()
                raise
        deadline = time.monotonic() + START_S
        while store.get("heartbeat") == beat and time.monotonic() < deadline:
            if process.poll() is not None:
                raise AutodiscoError(
                    f"the campaign did not start: {_last_line(campaign.folder / UNEXPECTED, said_before)}"
                )
            time.sleep(0.05)
    return process.pid


def pause(folder: Path) -> str:
    """Ask for a pause; says in a sentence what happens. Raises InputError where there is nothing to pause."""
    return _ask(folder, "pause")


def stop(folder: Path) -> str:
    """Ask for the end; says in a sentence what happens. Raises InputError where there is nothing to stop."""
    return _ask(folder, "stop")


def resume(campaign: Campaign) -> str:
    """Wake a paused daemon, or start one; says in a sentence what happens."""
    with Store.open(campaign.folder) as store:
        if live_owner(store):
            store.request("resume")
            return f"{campaign.settings.name}: asked its process to go on"
    name, process = campaign.settings.name, start(campaign)
    if process is None:
        return f"{name} has ended; raise its budget first, such as: autodisco set {name} budget.iterations=9"
    return f"{name}: process {process} goes on with it"


def live_owner(store: Store) -> Owner | None:
    """The process that runs the campaign now, or None."""
    return owner_in(store.facts(), store.folder)


def _ask(folder: Path, what: str) -> str:
    with Store.open(folder) as store:
        name, state = store.get("name", folder.name), store.get("state")
        if state is None:
            raise InputError(f"{folder}: this campaign was never set up; run its campaign file")
        if store.get(UNDONE) and not live_owner(store) and state in (END_STATES if what == "stop" else ("paused",)):
            return _make_up(store, name)
        if state in END_STATES and what == "stop" and (owner := live_owner(store)):
            store.request(what)
            return f"{name} has ended ({state}); asked {owner} to leave what it still frees or waits to send"
        if state in END_STATES:
            raise InputError(f"{name} has ended ({state}); nothing to {what}")
        owner = live_owner(store)
        if state == "paused" and what == "pause" and not (owner and store.requested()):  # a resume may wait there
            return f"{name} is paused already"
        if owner:
            store.request(what)
            return f"{name}: asked {owner} to {what}"
        check_owner(store)
        try:
            with owned(store, goes_on=False), store.transaction():
                if store.get(UNDONE) or any(row.handle for row in store.open_replicas()):
                    settings = settings_of(store)
                    hold_or_end_all(settings, store, serving(settings, folder), what)
                store.note(what, state, decided=f"{what} in state {state}", why="asked for while no process ran it")
                done = f"{name}: {advance(store, what, 'asked for by a person')}"
                return f"{done}; its pilots go on: {store.get(UNDONE)['why']}" if store.get(UNDONE) else done
        except OwnedError:  # a daemon came up in between
            store.request(what)
            return f"{name}: asked its process to {what}"


def _make_up(store: Store, name: str) -> str:
    """Do what was not possible when the campaign was paused or left. Raises AutodiscoError if it still is not."""
    check_owner(store)
    with owned(store):
        settings = settings_of(store)
        if not make_up(settings, store, serving(settings, store.folder)):
            raise AutodiscoError(f"{name}: its pilots go on: {store.get(UNDONE)['why']}")
    return f"{name}: {store.get('state')}, and now its pilots know it"


def _last_line(log: Path, begin: int) -> str:
    """The last line of what stands in a file from byte `begin` on."""
    lines = log.read_bytes()[begin:].decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
