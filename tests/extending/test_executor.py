"""An executor in a file of its own runs the replicas of a campaign, which find their way back to a restarted daemon."""

import dataclasses
import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from autodisco.campaign import load, open_folder, stop
from autodisco.campaign.replicas import settle
from autodisco.campaign.running import executor_of, is_with, wait_again
from autodisco.campaign.setup import set_up, write_copies
from autodisco.campaign.stages import STAGES
from autodisco.campaign.states import Interrupted
from autodisco.errors import InputError, NoCampaign, StorageError
from autodisco.polymer import parse
from autodisco.simulation.batch import replica_task
from autodisco.simulation.executors import Callbacks, Pool, load_executor
from autodisco.store import Store
from tests.campaign.conftest import write_campaign
from tests.campaign.storm import begin

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "executor.py"


@pytest.fixture
def file(tmp_path) -> Path:
    """A campaign file that names the executor by its path; the reference is simulated first."""
    shutil.copy(EXAMPLE, tmp_path)
    file = write_campaign(tmp_path, seeds="")
    file.write_text(file.read_text() + '[executor]\nkind = "executor.py:Detached"\n')
    return file


def wait_for(look):
    end = time.monotonic() + 600
    while not (found := look()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    return found


def submitted(folder):
    """The replica that was submitted, or None."""
    try:
        with Store.open_readonly(folder) as store:
            return next((row for row in store.replicas() if row.handle), None)
    except NoCampaign:  # it begins
        return None


@pytest.fixture
def daemons(file, tmp_path):
    """Starts the campaign in a process of its own; none of them, and no replica, is left behind."""
    started = []

    def start():
        started.append(begin(file, tmp_path / "runs"))
        return started[-1]

    yield start
    for daemon in started:
        daemon.kill()
        daemon.wait()
    if left := submitted(tmp_path / "runs" / "small"):
        os.killpg(int(left.handle.split()[0]), signal.SIGKILL)


def test_a_restarted_daemon_takes_over_the_replicas_of_the_one_that_was_killed(daemons, tmp_path):
    folder = tmp_path / "runs" / "small"
    daemon = daemons()
    replica = wait_for(lambda: submitted(folder))
    session = int(replica.handle.split()[0])
    os.killpg(session, signal.SIGSTOP)  # it is not to end before it is found again
    daemon.kill()
    daemon.wait()
    daemons()
    wait_for(lambda: (tmp_path / "log.txt").read_text().count("1 replica to simulate") == 2)
    assert submitted(folder).handle == replica.handle
    os.killpg(session, signal.SIGCONT)
    with Store.open_readonly(folder) as store:
        (done,) = wait_for(lambda: [row for row in store.replicas() if row.status == "done"])
        assert (done.handle, done.started) == (None, replica.started)
        assert {"restart", "retry"}.isdisjoint(row.event for row in store.journal())


@pytest.mark.parametrize(("reason", "goes_on"), [("signal", True), ("pause", False)])
def test_a_signal_leaves_replicas_running_and_a_pause_ends_them(file, tmp_path, reason, goes_on):
    campaign = load(file, tmp_path / "runs")
    executor = executor_of(campaign.settings)
    with Store.create(campaign.folder) as store:
        set_up(campaign, store)
        found = []

        def interrupted():
            found.extend(row.handle for row in store.replicas() if row.handle)
            return reason if found else ""

        with pytest.raises(Interrupted):
            STAGES.get("prepare").run(dataclasses.replace(campaign, interrupted=interrupted), store)
        handle = found[0]
        try:
            assert (executor.poll([handle])[handle].state == "running") == goes_on
            assert [row.status for row in store.replicas()] == ["running" if goes_on else "waiting"]
            stop(campaign.folder)  # no process runs it any more
            assert executor.poll([handle])[handle].state == "ended"
            assert [(row.status, row.handle) for row in store.replicas()] == [("waiting", None)]
        finally:
            executor.cancel(handle)


def test_an_executor_that_does_not_take_its_options_is_refused(file, tmp_path):
    file.write_text(file.read_text() + 'options = { partition = "long" }\n')
    with pytest.raises(InputError, match=r"small.toml: executor.options.partition = .*: unknown key; executor"):
        load(file, tmp_path / "runs")


UNREACHABLE = """
from autodisco.errors import AutodiscoError
from autodisco.simulation.executors import Executor


class Unreachable(Executor):
    survives = True

    def submit(self, task, claim):
        return "8"

    def poll(self, handles):
        return {}

    def cancel(self, handle):
        raise AutodiscoError("the queue does not answer")
"""


def test_a_replica_that_cannot_be_cancelled_is_not_started_again(tmp_path):
    (tmp_path / "unreachable.py").write_text(UNREACHABLE)
    campaign = load(write_campaign(tmp_path, seeds=""), tmp_path / "runs")
    kind = f"{tmp_path / 'unreachable.py'}:Unreachable"
    with Store.create(campaign.folder) as store:
        set_up(campaign, store)
        protocol = store.get("protocol")
        store.begin_iteration(0)
        store.add_polymer("abc", "*OCC*", "*OCC*", "seed", 0)
        store.plan_replica("abc", protocol, 0, 0)
        store.update_replica("abc", protocol, 0, status="running", executor=kind, handle="7")
        before = store.replicas()
        with pytest.raises(StorageError, match=r"replica 0 of abc at smoke may still run.*the queue does not answer"):
            settle(campaign, store)
        assert store.replicas() == before
    stop(campaign.folder)
    with Store.open_readonly(campaign.folder) as store:
        assert store.replicas() == before
        assert "not cancelled" in [row.event for row in store.journal()]


SLEEPERS = """
import subprocess
from pathlib import Path

from autodisco.errors import AutodiscoError
from autodisco.simulation.executors import load_executor
from autodisco.store.owner import start_time

Detached = type(load_executor("executor.py:Detached"))
HERE = Path(__file__).parent


class Sleepers(Detached):
    def submit(self, task, claim):
        process = subprocess.Popen(["sleep", "600"], start_new_session=True)
        handle = f"{process.pid} {start_time(process.pid)}"
        with open(HERE / "submitted.txt", "a") as log:
            print(handle, file=log)
        return handle

    def cancel(self, handle):
        if (HERE / "unreachable").exists():
            raise AutodiscoError("the queue does not answer")
        super().cancel(handle)
"""


@pytest.mark.parametrize("reason", ["pause", "stop"])
def test_a_replica_that_a_pause_cannot_end_is_not_started_twice(file, tmp_path, monkeypatch, reason):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sleepers.py").write_text(SLEEPERS)
    file.write_text(file.read_text().replace("executor.py:Detached", "sleepers.py:Sleepers"))
    campaign = load(file, tmp_path / "runs")
    submissions = tmp_path / "submitted.txt"
    with Store.create(campaign.folder) as store:
        set_up(campaign, store)
        store.begin_iteration(0)
        store.add_polymer("abc", "*OCC*", "*OCC*", "seed", 0)
        store.plan_replica("abc", store.get("protocol"), 0, 0)
        asked = dataclasses.replace(campaign, interrupted=lambda: submissions.exists() and reason)
        (tmp_path / "unreachable").touch()
        with pytest.raises(Interrupted):
            settle(asked, store)
        handle = submissions.read_text().strip()
        try:
            looks = iter(["", "", reason])
            with pytest.raises(Interrupted):  # it goes on, and meets the process that still runs
                settle(dataclasses.replace(campaign, interrupted=lambda: next(looks, reason)), store)
            assert submissions.read_text().strip() == handle
            assert [(row.status, row.handle) for row in store.replicas()] == [("running", handle)]
            (tmp_path / "unreachable").unlink()
            with pytest.raises(Interrupted):
                settle(asked, store)
            assert executor_of(campaign.settings).poll([handle])[handle].state == "ended"
            assert [(row.status, row.handle) for row in store.replicas()] == [("waiting", None)]
        finally:
            (tmp_path / "unreachable").unlink(missing_ok=True)
            executor_of(campaign.settings).cancel(handle)


def test_a_replica_whose_handle_cannot_be_stored_is_ended(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sleepers.py").write_text(SLEEPERS)
    executor = load_executor(f"{tmp_path}/sleepers.py:Sleepers", workers=1)
    task = replica_task(parse("*OCC*"), "smoke", "pcff+", 0, 0, 1, tmp_path, 600.0, "lammps")

    def full(task, handle, claim):
        raise StorageError("no space left")

    with pytest.raises(StorageError):
        Pool(executor, leave=True).run([task], Callbacks(on_submit=full))
    handle = (tmp_path / "submitted.txt").read_text().strip()
    assert executor.poll([handle])[handle].state == "ended"


def test_replicas_are_found_again_where_the_file_of_the_executor_is_gone(file, tmp_path):
    campaign = load(file, tmp_path / "runs")
    with Store.create(campaign.folder) as store:
        set_up(campaign, store)
        write_copies(campaign, store)
        store.begin_iteration(0)
        store.add_polymer("abc", "*OCC*", "*OCC*", "seed", 0)
        store.plan_replica("abc", store.get("protocol"), 0, 0)
        kind = campaign.settings.executor.kind
        store.update_replica("abc", store.get("protocol"), 0, status="running", executor=kind, handle="999999999 1")
        (tmp_path / "executor.py").unlink()
        settings = open_folder(campaign.folder).settings
        (row,) = store.replicas()
        assert is_with(settings, campaign.folder, executor_of(settings), row)
        wait_again(settings, store, [row])
        assert store.replicas()[0].status == "waiting"
