"""A process is told from another one that later got its number."""

import dataclasses
import subprocess
import sys
import time

import pytest

from autodisco.store import Owner
from autodisco.store.owner import STALE_S, start_time


def test_this_process_is_alive():
    me = Owner.this_process()
    assert me.is_alive(heartbeat=0.0)
    assert Owner.from_dict(dataclasses.asdict(me)) == me


def test_a_later_process_with_the_same_number_is_another():
    me = Owner.this_process()
    assert not dataclasses.replace(me, start=me.start + 1).is_alive(time.time())


def booted():
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


def test_a_process_from_before_the_last_boot_is_dead_and_a_namesake_with_a_recent_heartbeat_is_not():
    """A heartbeat since this boot cannot be that of a process which this boot ended: it is another machine's."""
    other = dataclasses.replace(Owner.this_process(), boot="another boot")
    assert not other.is_alive(booted() - 5)
    assert other.is_alive(max(time.time() - 10, booted() + 1))


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
    assert not other.is_alive(time.time() - STALE_S - 10)
    assert not other.is_alive(time.time() + STALE_S + 10)  # a clock was ahead; it must not count for ever


def test_a_process_in_another_container_is_judged_by_its_heartbeat():
    """Its number means another process here, or none."""
    other = dataclasses.replace(Owner.this_process(), namespace="pid:[1]")
    assert not other.is_visible()
    assert other.is_alive(time.time() - 10)
    assert not other.is_alive(time.time() - STALE_S - 10)
    unknown = dataclasses.replace(other, namespace="")  # where /proc shows the processes of another namespace
    assert not unknown.is_visible()


def test_an_owner_written_by_an_older_program_is_one_of_this_namespace():
    content = dataclasses.asdict(Owner.this_process())
    del content["namespace"]
    assert Owner.from_dict(content) == Owner.this_process()


HIDDEN = """
mount -o remount,hidepid=2 /proc || exit 77
sleep 60 & pid=$!
start=$(cut -d" " -f22 /proc/$pid/stat)
setpriv --reuid 65534 --regid 65534 --clear-groups "$0" -c "$1" $pid $start
code=$?
kill $pid
exit $code
"""

LOOK = """
import dataclasses, sys, time
from autodisco.store import STALE_S, Owner
owner = dataclasses.replace(Owner.this_process(), pid=int(sys.argv[1]), start=int(sys.argv[2]))
assert not owner.is_visible()
assert owner.is_alive(time.time())
assert not owner.is_alive(time.time() - STALE_S - 10)
"""


def test_a_process_of_another_user_that_the_system_hides_is_judged_by_its_heartbeat():
    inside = ["bash", "-c", HIDDEN, sys.executable, LOOK]
    done = subprocess.run(["unshare", "--pid", "--fork", "--mount-proc", *inside], capture_output=True, text=True)
    if "AssertionError" not in done.stderr and done.returncode:
        pytest.skip(f"only root may do this: {done.stderr}")
    assert done.stderr == ""
