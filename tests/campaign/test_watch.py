"""What a daemon obeys, asked in any order, and that it leaves a campaign which another process took over."""

import json
import signal
import subprocess
import sys
import time

import pytest

from autodisco.campaign import control, daemon, open_folder, run
from autodisco.campaign.lock import acquire
from autodisco.campaign.stages import STAGES
from autodisco.campaign.states import Interrupted
from autodisco.errors import AutodiscoError, OwnedError
from autodisco.store import Store
from autodisco.store.owner import start_time
from tests.campaign.conftest import write_campaign
from tests.campaign.test_campaign import begin
from tests.campaign.test_lock import set_owner


@pytest.fixture
def campaign(tmp_path, monkeypatch):
    """One that looks and beats at every occasion."""
    monkeypatch.setattr(daemon, "POLL_S", 0.0)
    monkeypatch.setattr(daemon, "HEARTBEAT_S", 0.0)
    return begin(write_campaign(tmp_path), tmp_path / "runs")


def doing(monkeypatch, work):
    """`work(campaign, store)` takes the place of the first stage."""
    monkeypatch.setitem(STAGES, "prepare", work)


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


def test_a_stop_that_follows_a_pause_counts(campaign, monkeypatch):
    doing(monkeypatch, asked("pause", "stop"))
    assert run(campaign) == daemon.RESUMABLE
    with Store.open_readonly(campaign.folder) as store:
        assert (store.get("state"), store.requested()) == ("stopped", None)


def test_a_pause_that_is_taken_back_is_none(campaign, monkeypatch):
    doing(monkeypatch, asked("pause", "resume"))
    with pytest.raises(AutodiscoError, match="enough"):
        run(campaign)
    with Store.open_readonly(campaign.folder) as store:
        assert "pause" not in {row["event"] for row in store.journal()}
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
def test_who_lost_the_campaign_leaves_it_as_it_is(campaign, monkeypatch, work):
    doing(monkeypatch, work)
    with pytest.raises(OwnedError) as caught:
        run(campaign)
    assert caught.value.exit_code == 3
    with Store.open_readonly(campaign.folder) as store:
        assert (store.get("state"), store.get("owner")["pid"]) == ("prepare", 2**22 + 1)
        assert "failure" not in {row["event"] for row in store.journal()}


DEAF = """
import sys, time
from pathlib import Path
from autodisco.campaign import open_folder, run
from autodisco.campaign.stages import STAGES
STAGES["prepare"] = lambda campaign, store: (print("at work", flush=True), time.sleep(60))
sys.exit(run(open_folder(Path(sys.argv[1]))))
"""


def test_a_second_signal_ends_it_at_once(campaign):
    process = subprocess.Popen([sys.executable, "-c", DEAF, str(campaign.folder)], stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"at work\n"
        process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1.0)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10.0) == daemon.RESUMABLE
    finally:
        process.kill()
        process.communicate()
    with Store.open(campaign.folder) as store:
        assert store.get("state") == "prepare"
        acquire(store)  # its lock is that of a dead process
        assert store.journal()[-1]["event"] == "takeover"


def test_who_comes_second_at_the_start_is_told_that_it_is_owned(campaign, monkeypatch):
    """Another process takes the campaign after it was looked at and before the daemon gets to it."""
    real, winner = subprocess.Popen, subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])

    def late(*args, **options):
        with Store.open(campaign.folder) as store:
            set_owner(store, winner.pid, start_time(winner.pid))
        (campaign.folder / control.UNEXPECTED).write_text("what the winner says\n")
        return real(*args, **options)

    monkeypatch.setattr(control.subprocess, "Popen", late)
    try:
        with pytest.raises(OwnedError, match=f"did not start: error: .* run by process {winner.pid}"):
            control.start(open_folder(campaign.folder))
    finally:
        winner.kill()
        winner.wait()
    said = (campaign.folder / control.UNEXPECTED).read_text().splitlines()
    assert said[0] == "what the winner says"


def test_what_the_last_process_left_damaged_is_mended_at_the_start(campaign, monkeypatch):
    doing(monkeypatch, asked("stop"))
    copy, left = campaign.folder / "events.jsonl", campaign.folder / ".campaign.toml.4194305.tmp"
    copy.write_bytes(b"\0" * 50 + copy.read_bytes()[50:])
    left.write_text("half a file")
    assert run(campaign) == daemon.RESUMABLE
    with Store.open_readonly(campaign.folder) as store:
        assert [json.loads(line) for line in copy.read_text().splitlines()] == store.journal()
    assert not left.exists()
