"""A fault that may pass ends no campaign: the stage is tried again, and the journal says so."""

import errno
import os
import pty
import signal
import subprocess
import sys
import threading
import time

import pytest

from autodisco.campaign import control, interrupts, recovery, run
from autodisco.campaign.notify import event_of
from autodisco.campaign.states import advance
from autodisco.decide import status
from autodisco.errors import DiskAbsent, EngineAbsent, StorageError
from autodisco.store import Store, list_campaigns
from tests.campaign.conftest import work_first, write_campaign
from tests.campaign.test_campaign import begin


@pytest.fixture
def campaign(tmp_path, monkeypatch):
    """One that looks at every occasion and does not wait for long."""
    monkeypatch.setattr(interrupts, "POLL_S", 0.0)
    monkeypatch.setattr(recovery, "LOOK_S", 0.01)
    monkeypatch.setattr(recovery, "PAUSES_S", (0.05, 0.1, 0.2))
    return begin(write_campaign(tmp_path), tmp_path / "runs")


def failing(monkeypatch, *errors):
    """The first stage raises each of these, then ends the campaign; how often it was tried."""
    left, tries = list(errors), []

    def work(campaign, store):
        tries.append(time.monotonic())
        if left:
            raise left.pop(0)
        advance(store, "budget-spent", "enough")

    work_first(monkeypatch, work)
    return tries


def retried(folder):
    with Store.open_readonly(folder) as store:
        return [row for row in store.journal() if row.event == "retry stage"]


PASSING = [
    OSError(errno.EIO, "Input/output error"),
    OSError(errno.ESTALE, "Stale file handle"),
    StorageError("the database is locked"),
    DiskAbsent("the disk of the replicas is not mounted"),
    EngineAbsent("LAMMPS was not found"),
    MemoryError(),
    RuntimeError("DefaultCPUAllocator: can't allocate memory"),
    RuntimeError("can't start new thread"),
    ModuleNotFoundError("No module named 'scipy.stats'"),
]


@pytest.mark.fault("a fault of the machine that passes")
@pytest.mark.parametrize("error", PASSING, ids=lambda error: type(error).__name__)
def test_a_fault_that_passes_is_waited_out_and_journalled(campaign, monkeypatch, error):
    tries = failing(monkeypatch, error, error)
    assert run(campaign) == 0
    assert len(tries) == 3
    assert tries[2] - tries[1] >= 0.1 > 0.05  # the second pause is longer than the first
    first, second = retried(campaign.folder)
    assert (first.subject, first.decided) == ("prepare", "try again in 0 s")
    assert second.why == (str(error) or "MemoryError")
    with Store.open_readonly(campaign.folder) as store:
        assert (store.get("state"), store.get("trouble")) == ("exhausted", "")


@pytest.mark.fault("a fault of the machine that passes")
def test_a_fault_that_stays_is_tried_for_as_long_as_it_takes_and_told_once(campaign, monkeypatch):
    tries = failing(monkeypatch, *[OSError(errno.EIO, "Input/output error")] * 9)
    assert run(campaign) == 0
    assert len(tries) == 10
    rows = retried(campaign.folder)
    assert [row.seen["try"] for row in rows] == list(range(1, 10))
    assert [event_of(row) for row in rows] == ["trouble", *[None] * 8]


def test_the_pauses_grow_to_a_day():
    pauses = recovery.PAUSES_S
    assert list(pauses) == sorted(pauses)
    assert pauses[-1] == 86_400


def test_a_person_who_has_mended_the_fault_does_not_wait_for_the_pause(campaign, monkeypatch):
    monkeypatch.setattr(recovery, "PAUSES_S", (600.0,))
    tries = failing(monkeypatch, EngineAbsent("LAMMPS was not found"))

    def mend():
        with Store.open(campaign.folder) as store:
            while not store.get("trouble"):
                time.sleep(0.05)
        control.resume(campaign)

    thread = threading.Thread(target=mend)
    thread.start()
    begun = time.monotonic()
    assert run(campaign) == 0
    thread.join()
    assert len(tries) == 2
    assert time.monotonic() - begun < 60


def test_a_terminal_that_was_closed_ends_no_campaign(campaign, monkeypatch):
    tries = failing(monkeypatch)

    def say(_):
        raise OSError(errno.EIO, "Input/output error")

    assert run(campaign, say) == 0
    assert len(tries) == 1


def test_an_error_of_the_program_in_the_first_stage_ends_the_campaign(campaign, monkeypatch):
    tries = failing(monkeypatch, ValueError("a bug"))
    with pytest.raises(ValueError, match="a bug"):
        run(campaign)
    assert len(tries) == 1


HOLD = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
time.sleep(1.5)
connection.execute("COMMIT")
"""


@pytest.mark.fault("a program that holds the database")
def test_a_database_that_is_held_while_it_works_ends_no_campaign(campaign, monkeypatch):
    """Even the journal cannot be written then; it is made good when the other program lets go."""
    monkeypatch.setattr("autodisco.store.connection.BUSY_S", 0.05)
    monkeypatch.setattr(recovery, "PAUSES_S", (3.0, 3.0))
    tries = []

    def work(campaign, store):
        tries.append(1)
        if len(tries) == 1:
            words = [sys.executable, "-c", HOLD, str(campaign.folder / "state.db")]
            holder = subprocess.Popen(words, stdout=subprocess.PIPE)
            holder.stdout.readline()
            holder.stdout.close()
        advance(store, "budget-spent", "enough")

    work_first(monkeypatch, work)
    assert run(campaign) == 0
    assert len(tries) == 2
    (row,) = retried(campaign.folder)
    assert "database is locked" in row.why


@pytest.mark.fault("a program that holds the database")
def test_a_failure_is_written_when_the_program_that_holds_the_database_lets_go(campaign, monkeypatch):
    """Otherwise the process would be gone, with nothing that says why."""
    monkeypatch.setattr("autodisco.store.connection.BUSY_S", 0.05)

    def work(campaign, store):
        words = [sys.executable, "-c", HOLD, str(campaign.folder / "state.db")]
        holder = subprocess.Popen(words, stdout=subprocess.PIPE)
        holder.stdout.readline()
        holder.stdout.close()
        raise ValueError("a bug")

    work_first(monkeypatch, work)
    with pytest.raises(ValueError, match="a bug"):
        run(campaign)
    with Store.open_readonly(campaign.folder) as store:
        assert (store.get("state"), store.get("reason")) == ("failed", "prepare: a bug")


@pytest.mark.parametrize("request_", ["pause", "stop"])
def test_while_it_waits_it_has_a_heartbeat_says_what_it_waits_for_and_obeys(campaign, monkeypatch, request_):
    monkeypatch.setattr(recovery, "PAUSES_S", (60.0,))
    failing(monkeypatch, OSError(errno.EIO, "Input/output error"))
    seen = []

    def look(keep):
        def kept(self):
            keep(self)
            with Store.open(campaign.folder) as store:
                seen.append(status(store))
                store.request(request_)
                if store.get("state") == "paused":
                    store.request("stop")

        return kept

    monkeypatch.setattr(interrupts.Interrupts, "skip", look(interrupts.Interrupts.skip))
    begun = time.monotonic()
    assert run(campaign) == interrupts.RESUMABLE
    assert time.monotonic() - begun < 30
    assert "Input/output error; it will try again in 1:00" in seen[0].trouble
    assert seen[0].heartbeat_age_s < 5
    with Store.open_readonly(campaign.folder) as store:
        assert store.get("state") == "stopped"


def test_a_process_without_a_heartbeat_is_shown_as_hung(campaign, call, monkeypatch):
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        with Store.open(campaign.folder) as store:
            control.hand_over(store, sleeper.pid)
            assert not status(store).hung
            store.set(heartbeat=time.time() - 6 * 3600)
            seen = status(store)
            assert (seen.alive, seen.hung) == (True, True)
            assert seen.heartbeat_age_s == pytest.approx(6 * 3600, abs=60)
        (row,) = list_campaigns(campaign.folder.parent)
        assert row.hung
        monkeypatch.setenv("AUTODISCO_RUNS", str(campaign.folder.parent))
        assert "hung" in call("list").out
        assert "no heartbeat for 6 h 00" in call("status", "--why").out
        for command in ("status", "monitor"):
            assert "no heartbeat for 6 h 00" in call(command, *["--once"] * (command == "monitor")).out
        assert f"kill -9 {sleeper.pid}" in call("status").out
    finally:
        sleeper.kill()
        sleeper.wait()


TERMINAL = """
import sys, time
from pathlib import Path
from autodisco.campaign import open_folder, run
from autodisco.campaign.stages import prepare, stage
from autodisco.cli.output import stderr_console
from autodisco.monitor import following
def work(campaign, store):
    print("at work", flush=True, file=sys.__stdout__)
    time.sleep(60)
prepare.PREPARE = stage.Stage("prepare", "sleeps", 0, work, {})
campaign = open_folder(Path(sys.argv[1]))
with following(campaign.folder, stderr_console()) as say:
    run(campaign, say)
"""


WAITING = """
import sys, time
from pathlib import Path
from autodisco.campaign.stages import prepare, stage
from autodisco.campaign.states import Interrupted
from autodisco.cli import run
def work(campaign, store):
    print("at work", flush=True, file=sys.__stdout__)
    while not campaign.interrupted():
        time.sleep(0.1)
    raise Interrupted
prepare.PREPARE = stage.Stage("prepare", "waits", 0, work, {})
sys.exit(run(["run", sys.argv[1]]))
"""


@pytest.mark.parametrize("ignored", [False, True])
def test_a_campaign_in_a_terminal_that_is_closed_leaves_in_order_or_goes_on_where_that_is_asked(campaign, ignored):
    ours, theirs = pty.openpty()
    hears = signal.SIG_IGN if ignored else signal.SIG_DFL  # as nohup does
    process = subprocess.Popen(
        ["setsid", "--ctty", sys.executable, "-c", WAITING, str(campaign.folder)],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm"},
        preexec_fn=lambda: signal.signal(signal.SIGHUP, hears),  # noqa: PLW1509 (a handler as a terminal leaves it)
    )
    os.close(theirs)
    try:
        assert process.stdout.readline() == b"at work\n"
        os.close(ours)
        if ignored:
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(2.0)
            process.terminate()
        assert process.wait(60) == interrupts.RESUMABLE
    finally:
        process.kill()
        process.communicate()
    with Store.open(campaign.folder) as store:
        assert store.get("state") == "prepare"
        assert store.get("owner") is None


def test_a_second_ctrl_c_gives_the_terminal_its_cursor_back(campaign):
    ours, theirs = pty.openpty()
    words = [sys.executable, "-c", TERMINAL, str(campaign.folder)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=theirs, env=os.environ | {"TERM": "xterm"})
    os.close(theirs)
    said = []

    def read():
        while True:
            try:
                said.append(os.read(ours, 65536))
            except OSError:  # the other end is closed
                return

    reader = threading.Thread(target=read)
    reader.start()
    try:
        assert process.stdout.readline() == b"at work\n"
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == interrupts.RESUMABLE
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        reader.join()
        os.close(ours)
    said = b"".join(said)
    assert b"\x1b[?25l" in said
    assert said.rindex(b"\x1b[?25h") > said.rindex(b"\x1b[?25l")
