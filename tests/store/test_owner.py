"""A process is told from another one that later got its number."""

import dataclasses
import subprocess
import sys
import time

from autodisco.store import Owner
from autodisco.store.owner import FOREIGN_STALE_S, start_time


def test_this_process_is_alive():
    me = Owner.this_process()
    assert me.is_alive(heartbeat=0.0)
    assert Owner.from_dict(dataclasses.asdict(me)) == me


def test_a_later_process_with_the_same_number_is_another():
    me = Owner.this_process()
    assert not dataclasses.replace(me, start=me.start + 1).is_alive(time.time())
    assert not dataclasses.replace(me, boot="another boot").is_alive(time.time())


def test_an_ended_process_is_dead_even_before_it_is_waited_for():
    process = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    process.stdout.read()  # its end closes the pipe
    deadline = time.monotonic() + 10
    while start_time(process.pid) is not None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert start_time(process.pid) is None
    process.wait()
    assert start_time(process.pid) is None


def test_a_process_elsewhere_is_judged_by_its_heartbeat():
    other = dataclasses.replace(Owner.this_process(), host="another-host")
    assert other.is_alive(time.time() - 10)
    assert not other.is_alive(time.time() - FOREIGN_STALE_S - 10)
