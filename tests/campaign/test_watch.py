"""What a daemon obeys, asked in any order, and that it leaves a campaign which another process took over."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from autodisco.campaign import control, interrupts, open_folder, run
from autodisco.campaign.lock import acquire
from autodisco.campaign.states import Interrupted
from autodisco.errors import AutodiscoError, OwnedError
from autodisco.store import Store
from tests.campaign.conftest import work_first, write_campaign
from tests.campaign.test_campaign import begin
from tests.campaign.test_daemon import wait_until
from tests.campaign.test_lock import set_owner


@pytest.fixture
def campaign(tmp_path, monkeypatch):
    """One that looks and beats at every occasion."""
    monkeypatch.setattr(interrupts, "POLL_S", 0.0)
    monkeypatch.setattr(interrupts, "HEARTBEAT_S", 0.0)
    return begin(write_campaign(tmp_path), tmp_path / "runs")


def asked(*requests):
    """A stage that is asked for each of these, having noticed the first."""

    def work(campaign, store):
        if store.get("iteration") == 7:  # it went on
            raise AutodiscoError("enough")
        store.set(iteration=7)
        store.request(requests[0])
        assert campaign.interrupted()
        for request in requests[1:]:
            store.request(request)
        raise Interrupted

    return work


@pytest.mark.fault("a pause, a stop, a resume in quick order")
def test_a_stop_that_follows_a_pause_counts(campaign, monkeypatch):
    work_first(monkeypatch, asked("pause", "stop"))
    assert run(campaign) == interrupts.RESUMABLE
    with Store.open_readonly(campaign.folder) as store:
        assert (store.get("state"), store.requested()) == ("stopped", None)


@pytest.mark.fault("a pause, a stop, a resume in quick order")
def test_a_pause_that_is_taken_back_is_none(campaign, monkeypatch):
    work_first(monkeypatch, asked("pause", "resume"))
    with pytest.raises(AutodiscoError, match="enough"):
        run(campaign)
    with Store.open_readonly(campaign.folder) as store:
        assert "pause" not in {row.event for row in store.journal()}
        assert store.requested() is None


def taken_over(campaign, store):
    """Another process takes the campaign, and this one goes on working."""
    set_owner(store, 2**22 + 1, 5)
    for _ in range(3):
        campaign.interrupted()
        time.sleep(0.01)
    raise AssertionError("it did not notice")


def failing(campaign, store):
    """The same, and it fails before it notices."""
    set_owner(store, 2**22 + 1, 5)
    raise ValueError("the table holds no such step")


@pytest.mark.parametrize("work", [taken_over, failing])
@pytest.mark.fault("two daemons at once")
def test_who_lost_the_campaign_leaves_it_as_it_is(campaign, monkeypatch, work):
    work_first(monkeypatch, work)
    with pytest.raises(OwnedError) as caught:
        run(campaign)
    assert caught.value.exit_code == 3
    with Store.open_readonly(campaign.folder) as store:
        assert (store.get("state"), store.get("owner")["pid"]) == ("prepare", 2**22 + 1)
        assert "failure" not in {row.event for row in store.journal()}


DEAF = """
import sys, time
from pathlib import Path
from autodisco.campaign import open_folder, run
from autodisco.campaign.stages import prepare, stage
def work(campaign, store):
    print("at work", flush=True)
    time.sleep(60)
prepare.PREPARE = stage.Stage("prepare", "sleeps", 0, work, {})
sys.exit(run(open_folder(Path(sys.argv[1]))))
"""


@pytest.mark.fault("SIGTERM, SIGINT (a service that is stopped, a machine that shuts down)")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it_at_once(campaign, number):
    process = subprocess.Popen([sys.executable, "-c", DEAF, str(campaign.folder)], stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"at work\n"
        process.send_signal(number)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1.0)
        process.send_signal(number)
        assert process.wait(10.0) == interrupts.RESUMABLE
    finally:
        process.kill()
        process.communicate()
    with Store.open(campaign.folder) as store:
        assert store.get("state") == "prepare"
        acquire(store)  # its lock is that of a dead process
        assert store.journal()[-1].event == "takeover"


def starting(monkeypatch, program):
    """What `control.start` starts is this program instead, with the same last argument."""
    real = subprocess.Popen
    monkeypatch.setattr(
        control.subprocess,
        "Popen",
        lambda words, **options: real([sys.executable, "-c", program, words[-1]], **options),
    )


SLOWLY = "import runpy, time; time.sleep(3); runpy.run_module('autodisco.campaign', run_name='__main__')"


@pytest.mark.parametrize(
    "requests",
    [
        pytest.param(["pause"], marks=pytest.mark.slow),
        pytest.param(["stop"], marks=pytest.mark.slow),
        ["pause", "stop"],
    ],
)
@pytest.mark.fault("a pause, a stop, a resume in quick order")
def test_what_is_asked_for_while_a_campaign_starts_is_obeyed(campaign, monkeypatch, requests):
    """The process that was started is not at work yet, and whoever started it waits for that."""
    starting(monkeypatch, SLOWLY)
    said = []

    def ask():
        with Store.open_readonly(campaign.folder) as store:
            wait_until(lambda: (store.get("owner") or {}).get("pid", os.getpid()) != os.getpid())  # it was handed over
        said.extend(getattr(control, request)(campaign.folder) for request in requests)

    asking = threading.Thread(target=ask)
    asking.start()
    process = control.start(open_folder(campaign.folder))
    asking.join()
    assert said == [f"small: asked process {process} on {socket.gethostname()} to {request}" for request in requests]
    with Store.open_readonly(campaign.folder) as store:
        wait_until(lambda: store.get("state") == {"pause": "paused", "stop": "stopped"}[requests[-1]])
        assert store.requested() is None
        if requests[-1] == "pause":
            control.stop(campaign.folder)
        wait_until(lambda: control.live_owner(store) is None)


def test_a_process_that_ends_before_it_gets_to_work_is_told_with_its_last_line(campaign, monkeypatch):
    (campaign.folder / control.UNEXPECTED).write_text("what another one said\n")
    starting(monkeypatch, "import sys; sys.exit('error: out of order')")
    with pytest.raises(AutodiscoError, match="did not start: error: out of order"):
        control.start(open_folder(campaign.folder))
    with Store.open(campaign.folder) as store:
        assert control.live_owner(store) is None
        acquire(store)


@pytest.mark.fault("power loss")
@pytest.mark.fault("files of processes that died while they wrote")
def test_what_the_last_process_left_damaged_is_mended_at_the_start(campaign, monkeypatch):
    work_first(monkeypatch, asked("stop"))
    copy, left = campaign.folder / "events.jsonl", campaign.folder / ".campaign.toml.4194305.tmp"
    copy.write_bytes(b"\0" * 50 + copy.read_bytes()[50:])
    left.write_text("half a file")
    assert run(campaign) == interrupts.RESUMABLE
    with Store.open_readonly(campaign.folder) as store:
        assert [json.loads(line) for line in copy.read_text().splitlines()] == [
            row.to_dict() for row in store.journal()
        ]
    assert not left.exists()
