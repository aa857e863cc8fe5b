"""One live process owns a campaign; a dead one's is taken over."""

import dataclasses
import os
import re
import subprocess
import sys
import threading
import time

import pytest

from autodisco.campaign.lock import acquire, hand_over, keep, owned, owner_of, release
from autodisco.errors import OwnedError
from autodisco.files import argument
from autodisco.store import Owner, Store, live_owner
from autodisco.store.owner import database_inode, start_time


@pytest.fixture
def store(tmp_path):
    with Store.create(tmp_path) as opened:
        yield opened


def set_owner(store, pid, start):
    owner = dataclasses.replace(Owner.this_process(), pid=pid, start=start)
    store.set(owner=dataclasses.asdict(owner), heartbeat=time.time())
    return owner


def test_the_lock_names_the_process_and_is_given_back(store):
    with owned(store) as owner:
        assert owner_of(store) == owner == Owner.this_process()
    assert owner_of(store) is None


@pytest.mark.fault("two daemons at once")
def test_a_live_owner_keeps_others_out(store):
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        set_owner(store, sleeper.pid, start_time(sleeper.pid))
        stops = f"autodisco stop {argument(store.folder)} ends it"
        told = f"run by process {sleeper.pid} on .*, which is alive; {re.escape(stops)}"
        with pytest.raises(OwnedError, match=told):
            acquire(store)
    finally:
        sleeper.kill()
        sleeper.wait()
    assert acquire(store) == Owner.this_process()


@pytest.mark.fault("lock of a dead process or host")
@pytest.mark.parametrize("changes", [{"pid": 2**22 + 1}, {"start": 5}, {"boot": "the one before"}], ids=" ".join)
def test_a_dead_owner_is_replaced_and_the_journal_says_so(store, changes, monkeypatch):
    """It ended, another process has its number by now, or the machine was started anew since its last heartbeat."""
    monkeypatch.setattr("autodisco.campaign.lock.FOREIGN_LOOK_S", 0.5)
    before = dataclasses.replace(Owner.process(os.getppid()), **changes)
    booted = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    store.set(owner=dataclasses.asdict(before), heartbeat=booted - 9 if "boot" in changes else time.time())
    acquire(store)
    (row,) = store.journal()
    assert (row.event, row.subject) == ("takeover", str(before))


def test_a_command_that_does_not_go_on_with_the_campaign_is_no_takeover(store):
    set_owner(store, os.getppid(), 5)
    with owned(store, goes_on=False):
        assert owner_of(store) == Owner.this_process()
    assert store.journal() == []


def test_only_the_owner_gives_the_lock_up(store):
    other = set_owner(store, 1, start_time(1))
    release(store, Owner.this_process())
    assert owner_of(store) == other


@pytest.mark.fault("two daemons at once")
def test_of_processes_that_start_at_once_one_wins(tmp_path):
    Store.create(tmp_path).close()
    code = (
        "import sys, time; from pathlib import Path\n"
        "from autodisco.store import Store; from autodisco.campaign.lock import acquire\n"
        "from autodisco.errors import OwnedError\n"
        "sys.stdin.readline()\n"
        "try: acquire(Store.open(Path(sys.argv[1]))); print('mine', flush=True); sys.stdin.readline()\n"
        "except OwnedError: print('theirs', flush=True)\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.stdout.readline().strip() for process in processes]
    for process in processes:
        process.communicate("end\n")
    assert sorted(answers) == ["mine", "theirs", "theirs", "theirs"]


@pytest.fixture
def stranger(store, monkeypatch):
    """The campaign is owned by a process on another host, without a heartbeat for an hour."""
    monkeypatch.setattr("autodisco.campaign.lock.FOREIGN_LOOK_S", 1.0)
    owner = Owner("elsewhere", "boot", 7, 7)
    store.set(owner=dataclasses.asdict(owner), heartbeat=time.time() - 3600.0)
    return owner


@pytest.mark.fault("lock of a dead process or host")
def test_an_owner_elsewhere_without_a_heartbeat_is_replaced_after_a_look(store, stranger):
    begun = time.monotonic()
    assert acquire(store) == Owner.this_process()
    assert time.monotonic() - begun >= 1.0


@pytest.mark.fault("clock that jumps, or is another on another host")
def test_an_owner_elsewhere_whose_clock_is_wrong_keeps_others_out(store, stranger):
    def beat():
        time.sleep(0.3)
        with Store.open(store.folder) as other:
            other.set(heartbeat=time.time() - 3595.0)

    thread = threading.Thread(target=beat)
    thread.start()
    with pytest.raises(OwnedError, match="run by process 7 on elsewhere, which is alive"):
        acquire(store)
    thread.join()
    assert owner_of(store) == stranger


@pytest.mark.fault("two daemons at once")
def test_who_was_replaced_cannot_keep_the_lock(store):
    me = acquire(store)
    keep(store, me, active_s=1.0)
    other = set_owner(store, 2**22 + 1, 5)
    with pytest.raises(OwnedError, match=f"{other} took this campaign over"):
        keep(store, me, active_s=2.0)
    assert (owner_of(store), store.get("active_s")) == (other, 1.0)


@pytest.mark.fault("a pause, a stop, a resume in quick order")
def test_a_new_owner_does_not_obey_what_was_asked_of_the_one_before(store):
    store.request("pause")
    acquire(store)
    assert store.requested() is None


@pytest.mark.fault("two daemons at once")
@pytest.mark.parametrize("changes", [{"namespace": "pid:[1]"}, {"boot": "that of a namesake"}], ids=" ".join)
def test_an_owner_that_cannot_be_looked_up_keeps_others_out_while_its_heartbeat_is_fresh(store, changes):
    """Containers and machines with one host name on one folder; the number of the process means nothing here."""
    other = dataclasses.replace(Owner.process(os.getppid()), pid=2**22 + 1, **changes)
    store.set(owner=dataclasses.asdict(other), heartbeat=time.time())
    with pytest.raises(OwnedError, match="is alive: in another container or on another machine, with a heartbeat 0 s"):
        acquire(store)
    assert owner_of(store) == other


IN_A_CONTAINER = """
import sys, time
from pathlib import Path
from autodisco.campaign.lock import acquire
from autodisco.errors import OwnedError
from autodisco.store import Store
store = Store.open(Path(sys.argv[1]))
try:
    acquire(store)
except OwnedError as error:
    sys.exit(error.exit_code)
print("mine", flush=True)
time.sleep(60)
"""


@pytest.mark.fault("two daemons at once")
def test_two_containers_with_one_host_name_do_not_both_get_the_campaign(tmp_path):
    Store.create(tmp_path).close()
    container = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if subprocess.run([*container, "true"], capture_output=True).returncode:
        pytest.skip("only root may make a namespace of process numbers")
    words = [*container, sys.executable, "-c", IN_A_CONTAINER, str(tmp_path)]
    first = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert first.stdout.readline() == "mine\n"
        assert subprocess.run(words, timeout=60).returncode == OwnedError.exit_code
        outside = subprocess.run(words[len(container) :], timeout=60)
        assert outside.returncode == OwnedError.exit_code
    finally:
        first.kill()
        first.wait()
        first.stdout.close()
    with Store.open_readonly(tmp_path) as store:
        assert store.journal() == []


@pytest.mark.fault("two daemons at once")
def test_the_lock_in_a_copy_of_a_running_campaign_holds_nobody_out(store, tmp_path_factory, monkeypatch):
    """The process that it names runs the original."""
    monkeypatch.setattr("autodisco.campaign.lock.FOREIGN_LOOK_S", 0.5)
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        acquire(store)
        hand_over(store, sleeper.pid)
        copied = tmp_path_factory.mktemp("copies") / "copy"
        store.copy_to(copied)
        renamed = store.folder.rename(copied.parent / "renamed")
        with Store.open(renamed) as moved, pytest.raises(OwnedError, match="which is alive"):
            acquire(moved)
        with Store.open(copied) as copy:
            assert live_owner(copy.facts(), copied) is None
            assert acquire(copy) == Owner.this_process()
    finally:
        sleeper.kill()
        sleeper.wait()


@pytest.fixture
def copied_elsewhere(store, monkeypatch):
    """The folder was copied while a process of another machine ran the campaign, and its lock came along."""
    monkeypatch.setattr("autodisco.campaign.lock.FOREIGN_LOOK_S", 0.5)
    owner = Owner("elsewhere", "boot", 7, 7)
    store.set(owner=dataclasses.asdict(owner), owner_inode=database_inode(store.folder) + 1, heartbeat=time.time())
    return owner


@pytest.mark.fault("two daemons at once")
def test_a_copy_from_another_machine_does_not_wait_for_the_lock_to_grow_old(store, copied_elsewhere):
    assert acquire(store) == Owner.this_process()


@pytest.mark.fault("two daemons at once")
def test_a_folder_that_looks_like_a_copy_and_has_a_heartbeat_is_none(store, copied_elsewhere):
    """A file system may number its files otherwise on each machine."""
    with Store.open(store.folder) as other:

        def beat():
            with Store.open(store.folder) as again:
                again.set(heartbeat=time.time() + 1)

        timer = threading.Timer(0.2, beat)
        timer.start()
        with pytest.raises(OwnedError, match="run by process 7 on elsewhere, which is alive"):
            acquire(other)
        timer.join()


@pytest.mark.fault("two daemons at once")
def test_the_lock_in_a_snapshot_of_the_file_system_holds_nobody_out(store):
    """It has the same numbers of files, on another device."""
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        hand_over(store, sleeper.pid)
        assert live_owner(store.facts(), store.folder)
        store.set(owner_device=store.get("owner_device") + 1)
        assert live_owner(store.facts(), store.folder) is None
        assert acquire(store) == Owner.this_process()
    finally:
        sleeper.kill()
        sleeper.wait()


@pytest.mark.fault("two daemons at once")
def test_an_owner_whose_folder_was_moved_or_replaced_leaves(store):
    me = acquire(store)
    away = store.folder.rename(store.folder.with_name("moved"))
    with pytest.raises(OwnedError, match="moved, removed or replaced"):
        keep(store, me)
    Store.create(store.folder).close()  # another campaign takes its place
    with pytest.raises(OwnedError, match="moved, removed or replaced"):
        keep(store, me)
    with Store.open(away) as found:
        assert acquire(found) == me
