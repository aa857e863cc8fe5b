"""Tells people of events: a program that is handed each as JSON, or whatever Apprise reaches (mail, chat, push).

Events are read from the journal after each stage, so that none is lost with a crash; one may then be told twice.
Whatever goes wrong is journalled and never stops the loop.
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
from concurrent.futures import Future
from typing import Any

from autodisco.campaign.campaign import Campaign
from autodisco.errors import AutodiscoError, InputError
from autodisco.process import die_with_parent
from autodisco.store import Store

PATIENCE_S = 30.0


def check_notify(campaign_file: str, command: str, apprise_file: str) -> None:
    """Raise AutodiscoError where the program does not exist, Apprise is not installed, or it knows no address."""
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


def tell(campaign: Campaign, store: Store) -> None:
    """Tell of the events since the last call that the campaign file asks for."""
    settings = campaign.settings.notify
    rows = store.journal(after=store.get("notified", 0))
    if not rows:
        return
    wanted = bool(settings.command or settings.apprise)  # else it is the past for who wants to be told later
    for row in rows if wanted else ():
        event = event_of(row)
        if event not in settings.events:
            continue
        message = {"campaign": campaign.settings.name, "folder": str(campaign.folder.absolute()), "event": event,
                   **{key: row[key] for key in ("time", "iteration", "subject", "decided", "why")}}  # fmt: skip
        for send, where in ((_run, settings.command), (_apprise, settings.apprise)):
            if not where:
                continue
            try:
                send(where, message)
            except Exception as error:
                store.note("not told", event, {"by": where}, "go on", f"{type(error).__name__}: {error}"[:300])
    store.set(notified=rows[-1]["id"])


def event_of(row: dict[str, Any]) -> str | None:
    """What a row of the journal is called in the setting `notify.events`; None for the others."""
    if row["event"] == "end":
        return "saturated" if row["decided"] == "nothing-new" else "exhausted"
    return {"failure": "failed", "stop": "stopped", "new best": "new best", "short of room": "short of room"}.get(
        row["event"]
    )


def sentence(message: dict[str, Any]) -> str:
    """A message in one line."""
    return f"{message['campaign']}: {message['event']}: " + (message["why"] or message["decided"] or message["subject"])


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
    """Tell everybody in a file of addresses; what takes longer than `PATIENCE_S` is left to itself."""
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
