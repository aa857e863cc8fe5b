"""The process that owns a campaign and walks the table of states, until the end, a request, a signal or a fault.

SIGTERM and SIGINT mean: leave at the next safe point, exit code 75; a second one means now. Either way, and after
SIGKILL, the same command goes on.
"""

import contextlib
import math
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType
from typing import NoReturn

from autodisco.campaign.campaign import Campaign, set_up, silent, write_copies
from autodisco.campaign.lock import keep, owned
from autodisco.campaign.notify import tell, tell_before_leaving
from autodisco.campaign.recovery import Retries
from autodisco.campaign.room import neighbours
from autodisco.campaign.states import Interrupted, advance
from autodisco.errors import AutodiscoError, OwnedError
from autodisco.files import remove_leftovers
from autodisco.store import LOOP_STATES, Owner, Store

POLL_S = 0.5
HEARTBEAT_S = 5.0
EXIT_CODES = {"saturated": 0, "exhausted": 0, "failed": 1}
RESUMABLE = 75


class Watch:
    """Looks, at most every `POLL_S`, whether the work has to be left, and keeps the heartbeat.

    ``why`` is then ``signal``, ``pause``, ``stop`` or ``hours``. Raises OwnedError where another process took over.
    """

    def __init__(self, store: Store, owner: Owner, hours: float):
        self.why = ""
        self.signalled = False
        self._store = store
        self._owner = owner
        self._hours = hours
        self._looked = -math.inf  # what was asked before is obeyed at once
        self._beat = time.monotonic()

    def __call__(self) -> bool:
        """Whether to leave the work."""
        now = time.monotonic()
        if self.signalled:
            self.why = "signal"
        if self.why or now - self._looked < POLL_S:
            return bool(self.why)
        self._looked = now
        self.beat(now)
        request = self._store.requested()
        if request == "resume":
            request = _take_request(self._store, request)
        if request in ("pause", "stop"):
            self.why = request
        elif self._hours and self._store.get("active_s", 0.0) + now - self._beat >= 3600.0 * self._hours:
            self.why = "hours"
        return bool(self.why)

    def beat(self, now: float, always: bool = False) -> None:
        """Write the heartbeat and the time at work, at most every `HEARTBEAT_S`."""
        if now - self._beat >= HEARTBEAT_S or always:
            worked = 0.0 if self._waits_for_room() else now - self._beat
            keep(self._store, self._owner, active_s=self._store.get("active_s", 0.0) + worked)
            self._beat = now

    def skip(self) -> None:
        """Keep the heartbeat without counting the time as work (while paused)."""
        self._beat = time.monotonic()
        keep(self._store, self._owner)

    def _waits_for_room(self) -> bool:
        """Whether nothing is computed because disk or memory is short."""
        replicas = self._store.replicas(self._store.get("iteration")) if self._store.get("short_of_room") else []
        return bool(replicas) and all(row.status != "running" for row in replicas)


def run(campaign: Campaign, say: Callable[[str], None] = silent, as_service: bool = False) -> int:
    """Run a campaign, new or begun, until it ends or is told to leave; returns the exit code.

    0: it ended saturated or exhausted (at once, if it had and its settings are the same); 75: it was stopped, paused in
    this process's absence, or signalled, and the same call goes on. `say` takes lines for a person who watches. No
    person asked for it to run as a service, so that leaves alone (0) what is paused or stopped, failed or has ended,
    and obeys what was asked of the process before it.

    Raises
    ------
    OwnedError
        A live process owns the campaign, or took it over meanwhile.
    AutodiscoError
        The campaign failed, by a fault that did not pass by itself (see `recovery`); the state is ``failed`` with the
        reason, and the same call tries again.
    """
    with Store.create(campaign.folder) as store, owned(store, heir=as_service) as owner:
        if as_service and store.get("state") not in LOOP_STATES:
            return 0
        with store.transaction():
            wake(store, set_up(campaign, store))
            store.set(trouble="")
        write_copies(campaign)
        store.mend_events()
        remove_leftovers(campaign.folder)
        campaign = replace(campaign, say=_unless_gone(say))
        if shared := neighbours(campaign):
            campaign.say(shared)
            store.note("neighbours", campaign.settings.name, {}, "go on beside them", shared)
        watch = Watch(store, owner, campaign.settings.budget.hours)
        with _signals(watch):
            return _walk(replace(campaign, interrupted=watch), store, watch)


def _unless_gone(say: Callable[[str], None]) -> Callable[[str], None]:
    """`say`, where nobody may listen any more: a terminal that was closed ends no campaign."""

    def said(line: str) -> None:
        with contextlib.suppress(OSError):
            say(line)

    return said


def wake(store: Store, changed: bool) -> bool:
    """Go on with what was paused, stopped or failed, or ended under settings that `changed`.

    Returns whether the campaign is under way then; call it in one transaction with the change of settings.
    """
    state = store.get("state")
    if state in ("paused", "stopped", "failed") or (state in ("saturated", "exhausted") and changed):
        with store.transaction():
            store.note("resume", store.get("name"), {"state": state}, "go on", "it was run again")
            advance(store, "resume")
    return store.get("state") in LOOP_STATES


def _walk(campaign: Campaign, store: Store, watch: Watch) -> int:
    retries = Retries(campaign, store, watch.skip, watch)
    state = ""
    while True:
        retries.begin()
        try:
            if (state := store.get("state")) not in (*LOOP_STATES, "paused"):
                break
            stays = _wait(store, watch) if state == "paused" else _step(campaign, store, watch, state)
            if not stays:
                return RESUMABLE
            retries.over()
        except OwnedError:
            raise  # the state is another process's now
        except Exception as error:
            if not retries.wait(state, error):
                _fail(campaign, store, watch, state, error)
    campaign.say(f"{state}: {store.get('reason')}")
    tell_before_leaving(campaign, store, lambda: watch.signalled)
    return EXIT_CODES.get(state, RESUMABLE)


def _step(campaign: Campaign, store: Store, watch: Watch, state: str) -> bool:
    """Do the work of a state, and obey what was asked meanwhile; False where the process has to go."""
    # Stages pull in torch and rdkit; an ended campaign answers without them.
    from autodisco.campaign.stages import STAGES

    if watch.why:  # asked for while a fault was waited out
        return _leave(campaign, store, watch)
    campaign.say(f"iteration {store.get('iteration')}: {state}")
    tell(campaign, store)
    try:
        STAGES[state](campaign, store)
    except Interrupted:
        watch.beat(time.monotonic(), always=True)
        return _leave(campaign, store, watch)
    watch.beat(time.monotonic(), always=True)
    watch()
    return not watch.why or store.get("state") not in LOOP_STATES or _leave(campaign, store, watch)


def _fail(campaign: Campaign, store: Store, watch: Watch, state: str, error: Exception) -> NoReturn:
    """End in the state ``failed`` with the error as the reason, and raise it. What waits or has ended stays so."""
    reason = f"{state}: {error}" if str(error) else f"{state}: {type(error).__name__}"
    with store.transaction():
        watch.beat(time.monotonic(), always=True)
        store.note("failure", state, {"error": type(error).__name__}, "stop; run it again to retry", reason)
        if store.get("state") in LOOP_STATES:
            advance(store, "failure", reason)
        store.set(trouble="")
    campaign.say(reason)
    tell_before_leaving(campaign, store, lambda: watch.signalled)
    if isinstance(error, OSError | MemoryError):  # of the machine, not a fault of the program
        raise AutodiscoError(reason) from error
    raise error


def _leave(campaign: Campaign, store: Store, watch: Watch) -> bool:
    """Obey what interrupted the work; False where the process has to go."""
    why, watch.why = watch.why, ""
    state = store.get("state")
    if why == "signal":
        store.note("signal", state, decided="leave; run it again to go on", why="SIGTERM or SIGINT")
        campaign.say(f"left in state {state}; run it again to go on")
        return False
    with store.transaction():
        asked = _take_request(store, why)
        why = why if why == "hours" else asked
        if why == "resume":
            return True
        if why == "hours":
            reason = f"the budget of {campaign.settings.budget.hours:g} hours is used"
            store.note("end", state, decided="budget-spent", why=reason)
            advance(store, "budget-spent", reason)
        else:
            reason = "asked for by a person"
            store.note(why, state, decided=f"{why} in state {state}", why=reason)
            advance(store, why, reason)
    campaign.say(f"{why}: state {store.get('state')}")
    return True


def _take_request(store: Store, seen: str) -> str:
    """The last request, which may have come after the one that was `seen`; none is left then."""
    with store.transaction():
        request = store.requested() or seen
        store.clear_requests()
    return request


def _wait(store: Store, watch: Watch) -> bool:
    """Stay paused until a request; False where a signal ends the process."""
    while not watch.signalled:
        if (seen := store.requested()) in ("resume", "stop"):
            with store.transaction():
                if (request := _take_request(store, seen)) != "pause":
                    store.note(request, "paused", decided=request, why="asked for by a person")
                    advance(store, request, "asked for by a person" if request == "stop" else "")
            watch.skip()
            return True
        time.sleep(POLL_S)
        watch.skip()
    return False


def show_cursor() -> None:
    """Show the terminal's cursor again, which a live picture on stderr hides and this process has no time to end."""
    if os.isatty(2):
        os.write(2, b"\x1b[?25h\n")


@contextmanager
def _signals(watch: Watch) -> Iterator[None]:
    def first_then_now(number: int, _: FrameType | None) -> None:
        if watch.signalled:
            show_cursor()
            os._exit(RESUMABLE)
        watch.signalled = True

    before = {number: signal.signal(number, first_then_now) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
