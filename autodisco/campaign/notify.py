"""Notifications of events: to a program that gets each as JSON, or through Apprise (mail, chat, push).

Events are read from the journal after each stage, so that a crash loses none; after a crash one may be sent twice.
A notification that cannot be delivered is kept in the store and sent again. Errors are journalled and never stop the
loop.
"""

import contextlib
import functools
import json
import os
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

from autodisco.campaign.campaign import Campaign
from autodisco.errors import AutodiscoError, InputError
from autodisco.process import die_with_parent
from autodisco.store import Event, Store

PATIENCE_S = 30.0

AGAIN_S = (60.0, 300.0, 1800.0, 7200.0, 21_600.0, 21_600.0)
"""Pauses (s) before an event that was not delivered is sent again, after a stage; about 16 hours in all."""

LAST_PAUSES_S = (10.0, 60.0, 300.0)
"""The same before a process ends."""

Send = Callable[[str, dict[str, Any]], None]


def check_notify(campaign_file: str, command: str, apprise_file: str) -> None:
    """Raise AutodiscoError if the program does not exist, Apprise is not installed, or its file holds no address."""
    if command:
        try:
            program = shlex.split(command)[0]
        except ValueError as error:
            raise InputError(f"{campaign_file}: notify.command = {command!r}: {error}") from None
        if not shutil.which(program):
            raise InputError(f"{campaign_file}: notify.command = {command!r}: there is no program {program!r}")
    if not apprise_file:
        return
    try:
        import apprise  # noqa: F401
    except ImportError:
        raise AutodiscoError(
            f"{campaign_file}: notify.apprise needs a package: pip install 'autodisco[notify]'"
        ) from None
    if not len(_addresses(apprise_file)):
        raise AutodiscoError(f"{campaign_file}: notify.apprise = {apprise_file!r} holds no address that Apprise knows")


def tell(campaign: Campaign, store: Store, now: bool = False) -> None:
    """Send the events since the last call that the campaign file asks for, and those again that were not delivered.

    The pauses between two attempts grow (`AGAIN_S`); with `now`, each event is tried at once.
    """
    settings = campaign.settings.notify
    channels = {"command": (_run, settings.command), "apprise": (_apprise, settings.apprise)}
    channels = {name: channel for name, channel in channels.items() if channel[1]}
    rows, untold = store.journal(after=store.get("notified", 0)), store.get("untold") or []
    if not rows and not untold:
        return
    for row in rows if channels else ():  # without a channel, these events happened before notifications were asked for
        if (event := event_of(row)) in settings.events:
            told = {key: getattr(row, key) for key in ("time", "iteration", "subject", "decided", "why")}
            where = str(campaign.folder.absolute())
            message = {"campaign": campaign.settings.name, "folder": where, "event": event, **told}
            untold += [{"channel": name, "message": message, "tries": 0, "at": 0.0} for name in channels]
    left = [entry for entry in untold if entry["channel"] in channels and not _told(store, channels, entry, now)]
    store.set(untold=left, **({"notified": rows[-1].id} if rows else {}))


def tell_before_leaving(campaign: Campaign, store: Store, interrupted: Callable[[], bool]) -> None:
    """`tell` before a process ends: an event that is not delivered is tried some more times, after pauses."""
    tell(campaign, store)
    for pause in LAST_PAUSES_S:
        until = time.monotonic() + pause
        while store.get("untold") and time.monotonic() < until:
            if interrupted():
                return
            time.sleep(0.5)
        tell(campaign, store, now=True)


def _told(store: Store, channels: Mapping[str, tuple[Send, str]], entry: dict[str, Any], now: bool) -> bool:
    """Send an event if it is time for the next attempt; returns whether no further attempt is needed. A failure is
    journalled at the first and at the last attempt."""
    wait = entry["at"] - time.time()
    if not now and 0 < wait <= AGAIN_S[-1]:
        return False
    send, where = channels[entry["channel"]]
    try:
        send(where, entry["message"])
        return True
    except Exception as error:
        tries = int(entry["tries"])
        entry["tries"] = tries + 1
        last = tries >= len(AGAIN_S)
        if tries == 0 or last:
            decided = "give up" if last else "go on, and tell again later"
            why = f"{type(error).__name__}: {error}"[:300]
            store.note("not told", entry["message"]["event"], {"by": where, "tries": tries + 1}, decided, why)
        entry["at"] = time.time() + AGAIN_S[min(tries, len(AGAIN_S) - 1)]
        return last


def event_of(row: Event) -> str | None:
    """What a row of the journal is called in the setting `notify.events`; None for the others."""
    if row.event == "end":
        return {"nothing-new": "saturated", "best-settled": "settled"}.get(row.decided, "exhausted")
    return {"failure": "failed", "stop": "stopped", "new best": "new best", "short of room": "short of room"}.get(
        row.event
    )


def sentence(message: dict[str, Any]) -> str:
    """A message in one line."""
    told = message["why"] or message["decided"] or message["subject"]
    return f"{message['campaign']}: {message['event']}: {told}"


def _run(command: str, message: dict[str, Any]) -> None:
    """Hand a message to a program, which is killed after `PATIENCE_S` with all that it started."""
    with subprocess.Popen(
        shlex.split(command),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=functools.partial(die_with_parent, os.getpid()),
    ) as process:
        try:
            _, said = process.communicate(json.dumps(message), timeout=PATIENCE_S)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
    if process.returncode:
        lines = said.strip().splitlines()
        raise AutodiscoError(f"exit code {process.returncode}: {lines[-1] if lines else 'it said nothing'}")


def _apprise(file: str, message: dict[str, Any]) -> None:
    """Notify all addresses in a file; an attempt that takes longer than `PATIENCE_S` is not waited for."""
    reached: Future[bool] = Future()

    def send() -> None:
        try:
            told = _addresses(file).notify(title=f"autodisco: {message['event']}", body=sentence(message))
            reached.set_result(bool(told))
        except Exception as error:
            reached.set_exception(error)

    threading.Thread(target=send, daemon=True).start()
    try:
        if not reached.result(PATIENCE_S):
            raise AutodiscoError("not every address could be reached")
    except TimeoutError:
        raise AutodiscoError(f"timed out after {PATIENCE_S:g} seconds") from None


def _addresses(file: str) -> Any:
    import apprise

    config = apprise.AppriseConfig()
    config.add(file)
    addresses = apprise.Apprise()
    addresses.add(config)
    return addresses
