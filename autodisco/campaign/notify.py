"""Notifications of events: to a program that gets each as JSON, or through Apprise (mail, chat, push).

Events are read from the journal after each stage and queued in the store in one transaction, so that a crash loses
none. A thread with a connection of its own delivers the queue; the loop never waits for it. What cannot be delivered
stays in the queue and is sent again, also by the next process. After a crash one may be sent twice.
"""

import contextlib
import json
import os
import secrets
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from autodisco.campaign.signs import ping
from autodisco.errors import AutodiscoError, InputError
from autodisco.process import ending_with
from autodisco.store import Event, Store

if TYPE_CHECKING:
    from autodisco.campaign.campaign import Campaign
    from autodisco.campaign.upkeep_settings import Notify

PATIENCE_S = 30.0

AGAIN_S = (60.0, 300.0, 1800.0, 7200.0, 21_600.0)
"""Pauses (s) before an event that was not delivered is sent again; the last one is repeated."""

LAST_PAUSES_S = (10.0, 60.0, 300.0)
"""The same before a process ends, unless a person has stopped the campaign."""

MOST_QUEUED = 100
"""Events that wait at most; the oldest ones are given up then."""

Send = Callable[[str, dict[str, Any]], None]


def check_notify(campaign_file: str, command: str, apprise_file: str) -> None:
    """Raise AutodiscoError if the program does not exist, Apprise is not installed, or its file holds no address."""
    if command:
        try:
            program = shlex.split(command)[0]
        except ValueError as error:
            raise InputError(f"{campaign_file}: notify.command = {command!r}: {error}") from None
        if not shutil.which(program):
            raise InputError(
                f"{campaign_file}: notify.command = {command!r}: there is no program {program!r}; "
                "install it, or write its path with a slash, such as ./notify.sh for one beside the campaign file"
            )
    if not apprise_file:
        return
    try:
        import apprise  # noqa: F401
    except ImportError:
        raise AutodiscoError(
            f"{campaign_file}: notify.apprise needs a package: pip install 'autodisco[notify]'"
        ) from None
    if not len(_addresses(apprise_file)):
        raise AutodiscoError(
            f"{campaign_file}: notify.apprise = {apprise_file!r} holds no address that Apprise knows; "
            "one is written in each line, such as mailto://…"
        )


def tell(campaign: "Campaign", store: Store, more: Mapping[str, str] | None = None) -> None:
    """Queue the events since the last call that the campaign file asks for, and `more`, an event that is not in the
    journal; the courier delivers them."""
    settings, channels = campaign.settings.notify, channels_of(campaign.settings.notify)
    rows = store.journal(after=store.get("notified", 0))
    found: list[tuple[str, dict[str, Any]]] = [
        (event, _content(row)) for row in rows if (event := event_of(row)) in settings.events
    ]
    found += [(more["event"], {"time": time.time(), "iteration": store.get("iteration"), **more})] if more else []
    if rows or found:
        where = {"campaign": campaign.settings.name, "folder": str(campaign.folder.absolute())}
        # Without a channel, these events happened before notifications were asked for.
        new = [
            {"id": secrets.token_hex(4), "channel": name, "message": {**where, **content, "event": event},
             "tries": 0, "at": 0.0}
            for event, content in found for name in channels
        ]  # fmt: skip
        with store.transaction():
            older = [{"id": secrets.token_hex(4), **entry} for entry in store.get("untold") or []]
            queued = [*older, *new]
            for entry in queued[:-MOST_QUEUED]:
                _note(store, entry, channels, "give up", f"more than {MOST_QUEUED} events wait")
            store.set(untold=queued[-MOST_QUEUED:], **({"notified": rows[-1].id} if rows else {}))
    if channels and store.get("untold"):
        campaign.courier.wake()


def tell_before_leaving(campaign: "Campaign", store: Store, interrupted: Callable[[], bool]) -> None:
    """`tell` before a process ends: it waits for the courier, and an event that is not delivered is tried some more
    times, after pauses, unless a person has stopped the campaign, who waits for the end of the process."""
    tell(campaign, store)
    for pause in (0.0, *(() if store.get("state") == "stopped" else LAST_PAUSES_S)):
        until = time.monotonic() + pause
        while store.get("untold") and time.monotonic() < until:
            if interrupted():
                return
            time.sleep(0.2)
        if pause:
            campaign.courier.hurry(store)
        until = time.monotonic() + 2 * PATIENCE_S
        while any(_is_due(entry) for entry in store.get("untold") or []) and time.monotonic() < until:
            if interrupted():
                return
            if not campaign.courier.at_work:
                break
            time.sleep(0.05)
        if not store.get("untold"):
            return


class Courier:
    """Delivers the queue of a campaign in a thread, which lasts as long as there is something to deliver."""

    def __init__(self, campaign: "Campaign"):
        self._folder, self._channels = campaign.folder, channels_of(campaign.settings.notify)
        self._guard, self._woken = threading.Condition(), False
        self._thread: threading.Thread | None = None

    def take(self, settings: "Notify") -> None:
        """Deliver to other channels from now on."""
        self._channels = channels_of(settings)

    def wake(self) -> None:
        """Something is in the queue."""
        with self._guard:
            self._woken = True
            self._guard.notify()
            if not self.at_work:
                self._thread = threading.Thread(target=self._work, daemon=True)
                self._thread.start()

    def hurry(self, store: Store) -> None:
        """Send again now what was not delivered."""
        with store.transaction():
            store.set(untold=[{**entry, "at": 0.0} for entry in store.get("untold") or []])
        self.wake()

    @property
    def at_work(self) -> bool:
        """Whether the thread lives."""
        return self._thread is not None and self._thread.is_alive()

    def _work(self) -> None:
        with contextlib.suppress(AutodiscoError, OSError), Store.open(self._folder) as store:
            while self._has_more(store):
                for entry in store.get("untold") or []:
                    if entry["channel"] not in self._channels:
                        _replace(store, entry, None)  # the campaign file names it no more
                    elif _is_due(entry):
                        self._deliver(store, entry)
        with self._guard:
            self._thread = None

    def _has_more(self, store: Store) -> bool:
        """Wait until something is due; False when the queue is empty."""
        while True:
            with self._guard:
                self._woken = False
            queued = store.get("untold") or []
            with self._guard:
                if any(map(_is_due, queued)) or self._woken:
                    return True
                if not queued:
                    self._thread = None
                    return False
                self._guard.wait(max(0.05, min(entry["at"] for entry in queued) - time.time()))

    def _deliver(self, store: Store, entry: dict[str, Any]) -> None:
        """Send an event once. The first failure is journalled."""
        send, where = self._channels[entry["channel"]]
        try:
            send(where, entry["message"])
        except Exception as error:
            tries = int(entry["tries"])
            pause = AGAIN_S[min(tries, len(AGAIN_S) - 1)]
            with store.transaction():
                if not tries:
                    why = f"{type(error).__name__}: {error}"[:300]
                    _note(store, entry, self._channels, "go on, and tell again later", why)
                _replace(store, entry, {**entry, "tries": tries + 1, "at": time.time() + pause})
        else:
            _replace(store, entry, None)


def channels_of(settings: "Notify") -> dict[str, tuple[Send, str]]:
    """How events are sent, and where to, by the name of the channel."""
    channels: dict[str, tuple[Send, str]] = {
        "command": (_run, settings.command),
        "apprise": (_apprise, settings.apprise),
    }
    return {name: channel for name, channel in channels.items() if channel[1]}


def send_test(settings: "Notify", campaign: str, folder: str) -> dict[str, str]:
    """Send a message of the event ``test`` over each channel now, and request the address of `ping`; by the name of the
    channel what went wrong, empty for nothing."""
    message = {
        "campaign": campaign, "folder": folder, "time": time.time(), "iteration": 0, "subject": "", "decided": "",
        "why": "a test message of autodisco notify", "event": "test",
    }  # fmt: skip
    found = {}
    for name, (send, where) in channels_of(settings).items():
        try:
            send(where, message)
            found[name] = ""
        except (AutodiscoError, OSError, subprocess.SubprocessError) as error:
            found[name] = f"{type(error).__name__}: {error}"
    return {**found, "ping": ping(settings.ping)} if settings.ping else found


def _is_due(entry: Mapping[str, Any]) -> bool:
    """Whether it is time to send an event; a clock that was set back does not put it off for ever."""
    return not 0 < entry["at"] - time.time() <= AGAIN_S[-1]


def _replace(store: Store, entry: Mapping[str, Any], by: Mapping[str, Any] | None) -> None:
    """Change an entry of the queue, or remove it; the loop may have added others meanwhile."""
    with store.transaction():
        queued = [by if row.get("id") == entry.get("id") else row for row in store.get("untold") or []]
        store.set(untold=[row for row in queued if row])


def _note(
    store: Store, entry: Mapping[str, Any], channels: Mapping[str, tuple[Send, str]], decided: str, why: str
) -> None:
    where = channels.get(entry["channel"], (None, entry["channel"]))[1]
    store.note("not told", entry["message"]["event"], {"by": where, "tries": entry["tries"] + 1}, decided, why)


def _content(row: Event) -> dict[str, Any]:
    return {key: getattr(row, key) for key in ("time", "iteration", "subject", "decided", "why")}


def event_of(row: Event) -> str | None:
    """What a row of the journal is called in the setting `notify.events`; None for the others."""
    if row.event == "end":
        return {"nothing-new": "saturated", "best-settled": "settled"}.get(row.decided, "exhausted")
    if row.event == "retry stage" and row.seen.get("try") != 1:
        return None  # told once
    return {
        "retry stage": "trouble",
        "give up iteration": "trouble",
        "failure": "failed",
        "stop": "stopped",
        "new best": "new best",
        "short of room": "short of room",
    }.get(row.event)


def sentence(message: dict[str, Any]) -> str:
    """A message in one line."""
    told = message["why"] or message["decided"] or message["subject"]
    return f"{message['campaign']}: {message['event']}: {told}"


def _run(command: str, message: dict[str, Any]) -> None:
    """Hand a message to a program, which is killed after `PATIENCE_S` with all that it started."""
    with subprocess.Popen(
        ending_with(os.getpid(), shlex.split(command)),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",  # where the daemon is, also for a test message and a campaign in the foreground
        start_new_session=True,
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
            raise AutodiscoError(
                "not every address could be reached; see that they are right and that this machine may reach them"
            )
    except TimeoutError:
        raise AutodiscoError(f"timed out after {PATIENCE_S:g} seconds") from None


def _addresses(file: str) -> Any:
    import apprise

    config = apprise.AppriseConfig()
    config.add(file)
    addresses = apprise.Apprise()
    addresses.add(config)
    return addresses
