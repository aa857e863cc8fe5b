"""The process that owns a campaign and walks the table of states, until the end, a request, a signal or a fault.

After SIGTERM or SIGINT the process leaves at the next safe point with exit code 75, after a second one at once. The
same command then continues the campaign, also after SIGKILL.
"""

import contextlib
import time
from collections.abc import Callable
from dataclasses import replace
from typing import NoReturn

from autodisco.campaign.asked_settings import AskedSettings, set_up_again
from autodisco.campaign.backup import back_up_if_due
from autodisco.campaign.campaign import Campaign, silent
from autodisco.campaign.digest import digest_if_due
from autodisco.campaign.faults import give_iteration_up
from autodisco.campaign.fork import remove_unfinished
from autodisco.campaign.interrupts import POLL_S, RESUMABLE, Interrupts, signals, take_request
from autodisco.campaign.judging import judge
from autodisco.campaign.lock import owned
from autodisco.campaign.notify import tell, tell_before_leaving
from autodisco.campaign.preflight import warnings
from autodisco.campaign.recovery import Retries, may_pass
from autodisco.campaign.redraw import Redraw
from autodisco.campaign.retention import Retention, remove_models
from autodisco.campaign.room import neighbours
from autodisco.campaign.running import end_all, leave_replicas, make_up, share_machine
from autodisco.campaign.setup import full_runs, write_copies
from autodisco.campaign.shared import check_owner, require_local_disk
from autodisco.campaign.signs import SignsOfLife
from autodisco.campaign.stages import STAGES
from autodisco.campaign.states import Interrupted, advance
from autodisco.errors import OwnedError, StorageError
from autodisco.files import remove_leftovers
from autodisco.store import SIMULATIONS, Store, copied_part

EXIT_CODES = {"saturated": 0, "settled": 0, "exhausted": 0, "failed": 1}


def run(campaign: Campaign, say: Callable[[str], None] = silent, as_service: bool = False) -> int:
    """Run a campaign, new or begun, until it ends or is told to leave; returns the exit code.

    0: it ended saturated, settled or exhausted (at once if it had ended and its settings are the same). 75: it was
    stopped, paused while no process ran it, or interrupted by a signal; the same call goes on. `say` takes lines for a
    person who watches. A service leaves a campaign alone (0) that is paused, stopped, failed or has ended, and obeys
    requests that were made of the process before it.

    Raises
    ------
    OwnedError
        A live process owns the campaign, or took it over meanwhile.
    AutodiscoError
        The campaign failed, by an error that a person has to mend, or by too many of the program (see `recovery`); the
        state is ``failed`` with the reason, and the same call tries again.
    """
    require_local_disk(campaign.folder)
    with Store.create(campaign.folder) as store, owned(store, keep_requests=as_service) as owner:
        if as_service and store.get("state") not in store.loop_states():
            return 0
        check_owner(store)
        with store.transaction():
            wake(store, set_up_again(campaign, store))
            store.set(trouble="", undone=None, waits_for_cores="")
        campaign = write_copies(campaign, store)
        by = "a service, cron or a queue" if as_service else "a person"
        if (state := store.get("state")) in store.loop_states():
            store.note("start", state, {"pid": owner.pid, "host": owner.host}, "go on", f"started by {by}")
        store.mend_events()
        remove_leftovers(campaign.folder, but=SIMULATIONS)
        remove_unfinished(campaign.folder.absolute().parent)
        campaign = replace(campaign, say=_unless_gone(say))
        if why := full_runs(campaign):
            campaign.say(why)
        for line in warnings(campaign):
            campaign.say(line)
        if shared := neighbours(campaign):
            campaign.say(shared)
            store.note("neighbours", campaign.settings.name, {}, "go on beside them", shared)
        signs = SignsOfLife(campaign.settings.notify.ping)
        interrupts = Interrupts(
            store,
            owner,
            campaign.settings.budget.hours,
            signs,
            lambda: _keep_house(campaign, store, retention),
            lambda: _take_settings(asked, campaign, interrupts, signs),
        )
        redraw = Redraw(store, interrupts)
        campaign = replace(campaign, interrupted=redraw)
        asked, retention = AskedSettings(campaign, store), Retention(campaign, store)
        try:
            share_machine(campaign.settings, campaign.pool.executor)
            with signals(interrupts):
                return _walk(campaign, store, interrupts, signs, retention)
        finally:
            redraw.end()
            campaign.pool.end()
            interrupts.end()


def _unless_gone(say: Callable[[str], None]) -> Callable[[str], None]:
    """`say` without its errors: a terminal that was closed does not end a campaign."""

    def said(line: str) -> None:
        with contextlib.suppress(OSError):
            say(line)

    return said


def _keep_house(campaign: Campaign, store: Store, retention: Retention) -> None:
    digest_if_due(campaign, store)
    retention()


def _take_settings(asked: AskedSettings, campaign: Campaign, interrupts: Interrupts, signs: SignsOfLife) -> None:
    """Go on with settings that a person has changed."""
    if asked():
        interrupts.hours = campaign.settings.budget.hours
        signs.address = campaign.settings.notify.ping
        campaign.say("goes on with other settings; autodisco log shows which")


def wake(store: Store, changed: bool) -> bool:
    """Go on with what was paused, stopped or failed, or ended under settings that `changed`.

    Returns whether the campaign is under way then; call it in one transaction with the change of settings.
    """
    state = store.get("state")
    store.set(reopened=False)
    if state in ("paused", "stopped", "failed") or (state in ("saturated", "settled", "exhausted") and changed):
        with store.transaction():
            store.note("resume", store.get("name"), {"state": state}, "go on", "it was run again")
            advance(store, "resume")
    return store.get("state") in store.loop_states()


def _walk(campaign: Campaign, store: Store, interrupts: Interrupts, signs: SignsOfLife, retention: Retention) -> int:
    retries = Retries(campaign, store, interrupts.skip, interrupts.wanted)
    state, shown = "", set[str]()
    while True:
        retries.begin()
        try:
            if (state := store.get("state")) not in (*store.loop_states(), "paused"):
                break
            signs(f"iteration {store.get('iteration')}: {state}")
            signs.journal(store)
            back_up_if_due(campaign, store)
            remove_models(campaign, store)
            if state == "paused":
                stays = _wait(campaign, store, interrupts)
                shown.clear()
            else:
                stays = _step(campaign, store, interrupts, state, shown)
            if not stays:
                return RESUMABLE
            retries.over()
        except OwnedError:
            raise  # the state is another process's now
        except Exception as error:
            shown.clear()
            if interrupts.signalled and may_pass(error):
                return _leave_as_it_is(campaign, store, interrupts)
            if not _survived(campaign, store, retries, state, error):
                _fail(campaign, store, interrupts, retries, state, error)
    end_all(campaign.settings, store, campaign.pool.executor)
    campaign.say(f"{state}: {store.get('reason')}")
    retention.finish(interrupts.leaves)
    tell_before_leaving(campaign, store, interrupts.leaves)
    return EXIT_CODES.get(state, RESUMABLE)


def _survived(campaign: Campaign, store: Store, retries: Retries, state: str, error: Exception) -> bool:
    """Wait for an error to pass, or give the iteration up; False where it ends the campaign."""
    if retries.wait(state, error):
        return True
    try:
        return give_iteration_up(campaign, store, state, error)
    except OwnedError:
        raise
    except Exception as another:
        return retries.wait(state, another)


def _step(campaign: Campaign, store: Store, interrupts: Interrupts, state: str, shown: set[str]) -> bool:
    """Do the work of a state, which is said once in an iteration, and obey what was asked meanwhile; False where the
    process has to go."""
    if interrupts.why:  # asked for while a fault was waited out
        return _leave(campaign, store, interrupts)
    if store.get("undone"):
        store.set(undone=None)  # it goes on
    if (line := f"iteration {store.get('iteration')}: {state}") not in shown:
        campaign.say(line)
        shown.add(line)
    tell(campaign, store)
    try:
        part = next(stage.part for stage in store.loop() if stage.name == state)
        STAGES.get(copied_part(store.folder, part)).run(campaign, store)
    except Interrupted:
        interrupts.beat(time.monotonic(), always=True)
        return _leave(campaign, store, interrupts)
    interrupts.beat(time.monotonic(), always=True)
    interrupts()
    return not interrupts.why or store.get("state") not in store.loop_states() or _leave(campaign, store, interrupts)


def _fail(
    campaign: Campaign, store: Store, interrupts: Interrupts, retries: Retries, state: str, error: Exception
) -> NoReturn:
    """End in the state ``failed`` with the error as the reason, and raise it. What waits or has ended stays so."""
    reason = f"{state}: {error}" if str(error) else f"{state}: {type(error).__name__}"

    def write() -> None:
        leave_replicas(campaign, store, "failure")
        with store.transaction():
            interrupts.beat(time.monotonic(), always=True)
            store.note("failure", state, {"error": type(error).__name__}, "stop; run it again to retry", reason)
            if store.get("state") in store.loop_states():
                advance(store, "failure", reason)
            store.set(trouble="")

    retries.insist(write, lambda: interrupts.signalled)
    campaign.say(reason)
    tell_before_leaving(campaign, store, interrupts.leaves)
    raise error


def _leave(campaign: Campaign, store: Store, interrupts: Interrupts) -> bool:
    """Obey what interrupted the work; False where the process has to go."""
    why, interrupts.why = interrupts.why, ""
    state = store.get("state")
    leave_replicas(campaign, store, why)
    if why == "signal":
        store.note("signal", state, decided="leave; run it again to go on", why="SIGTERM or SIGINT")
        campaign.say(f"interrupted in state {state}")
        return False
    if state in store.loop_states():
        judge(store)  # values that came since the last iteration count in what is shown from now on
    with store.transaction():
        asked = take_request(store, why)
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


def _leave_as_it_is(campaign: Campaign, store: Store, interrupts: Interrupts) -> int:
    """Obey a signal while the disk may be away; the next process then finds what one finds that follows a SIGKILL."""
    interrupts.why = "signal"
    with contextlib.suppress(OSError, StorageError):
        _leave(campaign, store, interrupts)
    return RESUMABLE


def _wait(campaign: Campaign, store: Store, interrupts: Interrupts) -> bool:
    """Stay paused until a request; False where a signal ends the process."""
    while not interrupts.signalled:
        if (seen := store.requested()) in ("resume", "stop"):
            if seen == "stop":
                leave_replicas(campaign, store, "stop")
            with store.transaction():
                if (request := take_request(store, seen)) != "pause":
                    store.note(request, "paused", decided=request, why="asked for by a person")
                    advance(store, request, "asked for by a person" if request == "stop" else "")
            interrupts.skip()
            return True
        if store.get("undone"):
            make_up(campaign.settings, store, campaign.pool.executor)
        time.sleep(POLL_S)
        interrupts.skip()
    return False
