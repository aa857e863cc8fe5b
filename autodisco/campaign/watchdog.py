"""What cron does on a machine without systemd: it starts a campaign whose process is gone, and ends one that hangs."""

import contextlib
import os
import signal
import time
from pathlib import Path

from autodisco.campaign.lock import FOREIGN_LOOK_S
from autodisco.store import Owner, Store, live_owner
from autodisco.store.owner import process_state, start_time
from autodisco.text import duration

END_S = 30.0


def needs_start(folder: Path) -> bool:
    """Whether a campaign that should be at work has no process. One of this machine that hangs is killed, and the
    journal says so.

    A heartbeat that changes while it is looked at, such as that of a machine which was suspended, is no hung one.
    """
    with Store.open_readonly(folder) as store:
        facts, stages = store.facts(), store.loop_states()
        if facts.get("state") not in stages:
            return False
        owner, seen = live_owner(facts, folder), process_state(facts, folder)
        if owner is None:
            return True
        if not seen["hung"] or not owner.is_visible():
            return False
        until = time.monotonic() + FOREIGN_LOOK_S
        while time.monotonic() < until:
            time.sleep(0.2)
            if store.get("heartbeat") != facts["heartbeat"]:
                return False
    if not _end(owner):
        return False
    with Store.open(folder) as store:
        age = duration(seen["heartbeat_age_s"])
        store.note("hung", str(owner), {}, "kill it and go on", f"no heartbeat for {age}")
    return True


def _end(owner: Owner) -> bool:
    """Kill a process of this machine, and wait for its end; whether it is gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(owner.pid, signal.SIGKILL)
    until = time.monotonic() + END_S
    while start_time(owner.pid) == owner.start and time.monotonic() < until:
        time.sleep(0.1)
    return start_time(owner.pid) != owner.start
