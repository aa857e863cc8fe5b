"""Signs of life: systemd and an address hear them while the loop turns; without systemd cron looks at the heartbeat."""

import contextlib
import http.server
import signal
import socket
import subprocess
import threading
import time

import pytest

from autodisco.campaign import control, interrupts, load, lock, run, service, signs, watchdog
from autodisco.campaign.states import advance
from autodisco.errors import InputError
from autodisco.store import Store, list_campaigns
from tests.campaign.conftest import work_first, write_campaign
from tests.campaign.test_campaign import begin


@pytest.fixture
def systemd(tmp_path, monkeypatch):
    """Yields what systemd was told so far, when it is called."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))

        def heard():
            told = []
            with contextlib.suppress(BlockingIOError):
                while True:
                    told.append(listener.recv(1000).decode())
            return told

        yield heard


def test_systemd_hears_of_a_loop_that_turns_and_nothing_of_one_that_hangs(tmp_path, monkeypatch, systemd):
    monkeypatch.setattr(interrupts, "POLL_S", 0.0)
    monkeypatch.setattr(interrupts, "HEARTBEAT_S", 0.0)
    monkeypatch.setattr(signs, "EVERY_S", 0.0)
    campaign = begin(write_campaign(tmp_path), tmp_path / "runs")
    told = {}

    def work(campaign, store):
        told["begin"] = systemd()
        time.sleep(0.3)
        told["hangs"] = systemd()
        campaign.interrupted()
        told["turns"] = systemd()
        advance(store, "budget-spent", "enough")

    work_first(monkeypatch, work)
    assert run(campaign) == 0
    assert told["begin"][-1] == "WATCHDOG=1\nSTATUS=iteration 0: prepare"
    assert told["hangs"] == []
    assert told["turns"] == ["WATCHDOG=1"]


def test_systemd_that_does_not_listen_is_no_trouble(tmp_path, monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    signs.tell_systemd("WATCHDOG=1")
    monkeypatch.setenv("NOTIFY_SOCKET", "@autodisco-nobody")
    signs.tell_systemd("WATCHDOG=1")


@pytest.fixture
def address():
    """An address, and the times of its requests."""
    asked = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            """Says nothing."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/alive", asked
    server.shutdown()
    server.server_close()


def pinging(folder, address):
    file = write_campaign(folder)
    file.write_text(f'{file.read_text()}[notify]\nping = "{address}"\n')
    return file


def test_an_address_is_requested_at_every_stage(tmp_path, monkeypatch, address):
    where, asked = address
    campaign = begin(pinging(tmp_path, where), tmp_path / "runs")

    def work(campaign, store):
        deadline = time.monotonic() + 10
        while not asked and time.monotonic() < deadline:
            time.sleep(0.01)
        advance(store, "budget-spent", "enough")

    work_first(monkeypatch, work)
    assert run(campaign) == 0
    assert asked == ["/alive"]


@pytest.mark.fault("a notifier that fails or hangs")
def test_an_address_that_never_answers_holds_nothing_up(tmp_path, monkeypatch):
    monkeypatch.setattr(signs, "PATIENCE_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        sign = signs.SignsOfLife(f"http://127.0.0.1:{deaf.getsockname()[1]}/")
        begun = time.monotonic()
        for _ in range(3):
            sign("iteration 1: generate")
        assert time.monotonic() - begun < 0.3
        deadline = time.monotonic() + 10
        while not sign.unheard and time.monotonic() < deadline:
            time.sleep(0.05)
    with Store.create(tmp_path / "one") as store:
        sign.journal(store)
        sign.journal(store)
        (row,) = store.journal()
        assert (row.event, row.why) == ("not pinged", "TimeoutError: timed out")


def test_what_is_no_address_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"notify\.ping.*begins with http"):
        load(pinging(tmp_path, "hc-ping.com/abc"), tmp_path / "runs")


@pytest.fixture
def owned_by_sleeper(tmp_path, monkeypatch):
    """A campaign at work whose process sleeps, and that process."""
    monkeypatch.setattr(watchdog, "FOREIGN_LOOK_S", 0.5)
    campaign = begin(write_campaign(tmp_path), tmp_path / "runs")
    sleeper = subprocess.Popen(["sleep", "60"])
    with Store.open(campaign.folder) as store:
        control.hand_over(store, sleeper.pid)
    yield campaign, sleeper
    sleeper.kill()
    sleeper.wait()


def beat_of(folder, **facts):
    with Store.open(folder) as store:
        store.set(**facts)


@pytest.mark.fault("a daemon that hangs")
def test_cron_leaves_alone_a_process_that_lives_and_what_is_not_under_way(owned_by_sleeper):
    campaign, sleeper = owned_by_sleeper
    assert not watchdog.needs_start(campaign.folder)
    beat_of(campaign.folder, heartbeat=time.time() - 3600)
    thread = threading.Timer(0.2, beat_of, [campaign.folder], {"heartbeat": time.time()})
    thread.start()  # as after a suspend
    assert not watchdog.needs_start(campaign.folder)
    thread.join()
    assert sleeper.poll() is None
    sleeper.kill()
    sleeper.wait()
    assert watchdog.needs_start(campaign.folder)
    for state in ("paused", "failed", "exhausted"):
        beat_of(campaign.folder, state=state)
        assert not watchdog.needs_start(campaign.folder)


@pytest.mark.fault("a daemon that hangs")
def test_cron_kills_a_process_that_hangs_and_the_journal_says_so(owned_by_sleeper):
    campaign, sleeper = owned_by_sleeper
    sleeper.send_signal(signal.SIGSTOP)
    beat_of(campaign.folder, heartbeat=time.time() - 3600)
    (row,) = list_campaigns(campaign.folder.parent)
    assert row.hung
    assert watchdog.needs_start(campaign.folder)
    assert sleeper.wait(10) == -signal.SIGKILL
    with Store.open_readonly(campaign.folder) as store:
        last = store.journal()[-1]
    assert (last.event, last.decided, last.why) == ("hung", "kill it and go on", "no heartbeat for 1 h 00")


@pytest.mark.slow
@pytest.mark.fault("a daemon that hangs")
def test_the_command_of_cron_takes_the_place_of_a_daemon_that_was_stopped(tmp_path, monkeypatch):
    """A real daemon, stopped with SIGSTOP; the line is run as cron would."""
    campaign = begin(write_campaign(tmp_path), tmp_path / "runs")
    first = control.start(campaign)
    try:
        with Store.open_readonly(campaign.folder) as store:
            stopped = lock.owner_of(store)
        assert stopped.pid == first
        subprocess.run(["kill", "-STOP", str(first)], check=True)
        beat_of(campaign.folder, heartbeat=time.time() - 3600)
        line = service.crontab_line(campaign.folder)
        assert line.startswith("*/10 * * * * cd ")
        other = subprocess.Popen(line.removeprefix("*/10 * * * * "), shell=True)
        with Store.open_readonly(campaign.folder) as store:
            deadline = time.monotonic() + 90
            while (now := lock.owner_of(store)) in (stopped, None) and time.monotonic() < deadline:
                time.sleep(0.1)
            assert now != stopped
            assert {"hung", "takeover"} <= {row.event for row in store.journal()}
    finally:
        subprocess.run(["kill", "-KILL", str(first)], capture_output=True)
        with Store.open_readonly(campaign.folder) as store:
            if now := lock.owner_of(store):
                subprocess.run(["kill", "-KILL", str(now.pid)], capture_output=True)
    other.wait(30)


def test_the_heartbeat_is_told_where_a_campaign_is_told_of(owned_by_sleeper, call, monkeypatch):
    campaign, sleeper = owned_by_sleeper
    monkeypatch.setenv("AUTODISCO_RUNS", str(campaign.folder.parent))
    beat_of(campaign.folder, heartbeat=time.time() - 300)
    assert "alive, 5:" in call("list").out
    for words in (["status"], ["status", "--why"], ["report"]):
        said = call(*words).out
        assert f"process {sleeper.pid} on " in said, words
        assert "last heartbeat 5:" in said, words
    page = (campaign.folder / "report" / "index.html").read_text()
    assert "heartbeat 5:" in page
