"""People are told of what happened, once each, and whatever goes wrong with that is only noted."""

import dataclasses
import http.server
import json
import socket
import subprocess
import sys
import threading
import time

import pytest

from autodisco.campaign import load, run
from autodisco.campaign.clean import clean
from autodisco.campaign.control import stop
from autodisco.campaign.digest import digest_if_due
from autodisco.campaign.interrupts import Interrupts
from autodisco.campaign.lock import hand_over
from autodisco.campaign.notify import LAST_PAUSES_S, tell, tell_before_leaving
from autodisco.campaign.states import advance
from autodisco.errors import InputError, OwnedError
from autodisco.store import Owner, Store
from autodisco.store.owner import start_time
from tests.campaign.conftest import work_first, write_campaign
from tests.campaign.test_campaign import begin

WRITER = "import sys; open(sys.argv[1], 'a').write(sys.stdin.read() + chr(10))"


def with_notify(folder, text):
    """A campaign with a table [notify], and its store."""
    file = write_campaign(folder)
    file.write_text(f"{file.read_text()}[notify]\n{text}\n")
    campaign = begin(file, folder / "runs")
    return campaign, Store.open(campaign.folder)


def delivered(campaign, store, seconds=20.0):
    """`tell`, and what the courier makes of it: it waits until nothing is due."""
    tell(campaign, store)
    deadline = time.monotonic() + seconds
    while any(entry["at"] <= time.time() for entry in store.get("untold")) and time.monotonic() < deadline:
        time.sleep(0.02)


def told(folder):
    file = folder / "told"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@pytest.fixture
def told_by_command(tmp_path):
    (tmp_path / "writer.py").write_text(WRITER)
    return with_notify(tmp_path, f"command = \"{sys.executable} '{tmp_path}/writer.py' '{tmp_path}/told'\"")


def test_each_event_is_told_once(told_by_command, tmp_path):
    campaign, store = told_by_command
    store.note("new best", "*OCOC*", {}, why="*OCOC* has 39 ± 6 mS/cm")
    store.note("retry", "*OCOC* replica 1")
    delivered(campaign, store)
    delivered(campaign, store)
    store.note("end", "iteration 3", {}, "nothing-new", "20 of 50 are known")
    advance(store, "ready")
    delivered(campaign, store)
    rows = told(tmp_path)
    assert [row["event"] for row in rows] == ["new best", "saturated"]
    assert rows[0]["why"] == "*OCOC* has 39 ± 6 mS/cm"
    assert rows[0]["campaign"] == "small"
    assert [row for row in store.journal() if row.event == "not told"] == []


def test_a_program_beside_the_campaign_file_is_found_from_any_working_directory(tmp_path, monkeypatch):
    (tmp_path / "notify.sh").write_text('#!/bin/sh\nexec cat >> "$1"\n')
    (tmp_path / "notify.sh").chmod(0o755)
    (tmp_path / "told").touch()
    campaign, store = with_notify(tmp_path, 'command = "./notify.sh told"')
    monkeypatch.chdir("/")  # as the daemon does
    store.note("new best", "*OCOC*", {}, why="*OCOC* has 39 ± 6 mS/cm")
    delivered(campaign, store)
    assert [row["event"] for row in told(tmp_path)] == ["new best"]


def test_a_program_that_is_not_beside_the_campaign_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=f"there is no program '{tmp_path}/notify.sh'"):
        with_notify(tmp_path, 'command = "./notify.sh"')


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('command = "{folder}/gone"', "No such file"),
        (f"command = \"{sys.executable} -c 'import sys; sys.exit(3)'\"", "exit code 3"),
        (f"command = \"{sys.executable} -c 'import time; time.sleep(60)'\"", "timed out"),
    ],
)
@pytest.mark.fault("a notifier that fails or hangs")
def test_a_notifier_that_fails_is_noted_and_the_loop_goes_on(tmp_path, monkeypatch, text, complaint):
    monkeypatch.setattr("autodisco.campaign.notify.PATIENCE_S", 1.0)
    gone = tmp_path / "gone"
    gone.write_text("#!/bin/sh\n")
    gone.chmod(0o755)
    campaign, store = with_notify(tmp_path, text.replace("{folder}", str(tmp_path)))
    gone.unlink()
    store.note("failure", "simulate", why="the disk is full")
    delivered(campaign, store)
    (row,) = [row for row in store.journal() if row.event == "not told"]
    assert complaint in row.why
    delivered(campaign, store)
    assert len([row for row in store.journal() if row.event == "not told"]) == 1


@pytest.mark.fault("a notifier that fails or hangs")
def test_what_a_notifier_started_does_not_outlive_its_time(tmp_path, monkeypatch):
    monkeypatch.setattr("autodisco.campaign.notify.PATIENCE_S", 1.0)
    (tmp_path / "hangs.sh").write_text(f"sleep 60 & echo $! > {tmp_path}/pid; wait\n")
    campaign, store = with_notify(tmp_path, f'command = "sh {tmp_path}/hangs.sh"')
    store.note("failure", "simulate", why="the disk is full")
    delivered(campaign, store)
    assert store.journal()[-1].event == "not told"
    sleeper = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 5
    while start_time(sleeper) is not None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert start_time(sleeper) is None


@pytest.mark.fault("a notifier that fails or hangs")
def test_an_address_that_never_answers_does_not_hold_the_loop_up(tmp_path, monkeypatch):
    monkeypatch.setattr("autodisco.campaign.notify.PATIENCE_S", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        (tmp_path / "apprise.cfg").write_text(f"json://127.0.0.1:{deaf.getsockname()[1]}/?rto=60\n")
        campaign, store = with_notify(tmp_path, 'apprise = "apprise.cfg"')
        store.note("failure", "simulate", why="the disk is full")
        begun = time.monotonic()
        tell(campaign, store)
        assert time.monotonic() - begun < 0.5
        delivered(campaign, store)
    row = store.journal()[-1]
    assert (row.event, row.why) == ("not told", "AutodiscoError: timed out after 1 seconds")


def test_apprise_reaches_an_address(tmp_path):
    got = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            """Says nothing."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (tmp_path / "apprise.cfg").write_text(f"json://127.0.0.1:{server.server_port}/\n")
    campaign, store = with_notify(tmp_path, 'apprise = "apprise.cfg"')
    store.note("failure", "simulate", why="the disk is full")
    delivered(campaign, store)
    server.shutdown()
    (message,) = got
    assert (message["title"], message["message"]) == ("autodisco: failed", "small: failed: the disk is full")


def test_a_missing_or_empty_file_of_addresses_is_refused(tmp_path):
    file = write_campaign(tmp_path)
    file.write_text(f'{file.read_text()}[notify]\napprise = "apprise.cfg"\n')
    with pytest.raises(InputError, match="no such file"):
        load(file, tmp_path / "runs")
    (tmp_path / "apprise.cfg").write_text("# nobody\n")
    with pytest.raises(Exception, match="holds no address"):
        load(file, tmp_path / "runs")


@pytest.mark.parametrize("command", ["/no/such/program --all", "mail 'unclosed"])
def test_a_program_that_does_not_exist_is_refused_before_work_begins(tmp_path, command):
    file = write_campaign(tmp_path)
    file.write_text(f'{file.read_text()}[notify]\ncommand = "{command}"\n')
    with pytest.raises(InputError, match=r"notify\.command = "):
        load(file, tmp_path / "runs")


def test_who_is_told_later_is_not_told_of_the_past(tmp_path):
    (tmp_path / "writer.py").write_text(WRITER)
    file = write_campaign(tmp_path)
    campaign = begin(file, tmp_path / "runs")
    with Store.open(campaign.folder) as store:
        store.note("new best", "*OCOC*")
        delivered(campaign, store)
    campaign, store = with_notify(tmp_path, f"command = \"{sys.executable} '{tmp_path}/writer.py' '{tmp_path}/told'\"")
    delivered(campaign, store)
    store.note("failure", "simulate", why="the disk is full")
    delivered(campaign, store)
    assert [row["event"] for row in told(tmp_path)] == ["failed"]


FLAKY = """
import sys
from pathlib import Path
if not Path(sys.argv[1]).exists():
    sys.exit("the network is down")
open(sys.argv[2], "a").write(sys.stdin.read() + chr(10))
"""


@pytest.fixture
def flaky(tmp_path):
    """A campaign whose notifier works from the moment that a file is there; and that file."""
    (tmp_path / "flaky.py").write_text(FLAKY)
    words = f"{sys.executable} '{tmp_path}/flaky.py' '{tmp_path}/up' '{tmp_path}/told'"
    return *with_notify(tmp_path, f'command = "{words}"'), tmp_path / "up"


@pytest.mark.fault("a notifier that fails or hangs")
def test_what_reached_nobody_is_told_again_until_it_arrives(flaky, tmp_path, monkeypatch):
    """The courier stays for it; no stage has to end."""
    campaign, store, up = flaky
    store.note("new best", "*OCOC*", {}, why="*OCOC* has 39 ± 6 mS/cm")
    delivered(campaign, store)
    assert campaign.courier.at_work
    assert told(tmp_path) == []
    monkeypatch.setattr("autodisco.campaign.notify.AGAIN_S", (0.1, 0.1))
    campaign.courier.hurry(store)
    deadline = time.monotonic() + 20
    while store.get("untold")[0]["tries"] < 4 and time.monotonic() < deadline:
        time.sleep(0.02)
    up.touch()
    while store.get("untold") and time.monotonic() < deadline:
        time.sleep(0.02)
    assert [row["why"] for row in told(tmp_path)] == ["*OCOC* has 39 ± 6 mS/cm"]
    (row,) = [row for row in store.journal() if row.event == "not told"]
    assert row.decided == "go on, and tell again later"


@pytest.mark.fault("a notifier that fails or hangs")
def test_the_next_process_delivers_what_the_last_one_could_not(flaky, tmp_path):
    campaign, store, up = flaky
    store.note("new best", "*OCOC*")
    delivered(campaign, store)
    store.set(untold=[entry | {"at": 0.0} for entry in store.get("untold")])
    up.touch()
    delivered(dataclasses.replace(campaign), store)
    assert [row["event"] for row in told(tmp_path)] == ["new best"]


@pytest.mark.fault("a notifier that fails or hangs")
def test_a_slow_program_does_not_delay_a_stage_and_what_comes_meanwhile_is_told_after_it(tmp_path):
    (tmp_path / "slow.py").write_text(f"import time\ntime.sleep(1.0)\n{WRITER}")
    campaign, store = with_notify(tmp_path, f"command = \"{sys.executable} '{tmp_path}/slow.py' '{tmp_path}/told'\"")
    begun = time.monotonic()
    for event in ("new best", "failure"):
        store.note(event, "*OCOC*")
        tell(campaign, store)
    assert time.monotonic() - begun < 0.5
    delivered(campaign, store)
    assert [row["event"] for row in told(tmp_path)] == ["new best", "failed"]


@pytest.mark.fault("a notifier that fails or hangs")
def test_of_too_many_events_that_wait_the_oldest_are_given_up(flaky, monkeypatch):
    monkeypatch.setattr("autodisco.campaign.notify.MOST_QUEUED", 2)
    campaign, store, _ = flaky
    for name in ("*OCOC*", "*OCCOC*", "*OCN*"):
        store.note("new best", name)
        tell(campaign, store)
    assert [entry["message"]["subject"] for entry in store.get("untold")] == ["*OCCOC*", "*OCN*"]
    assert "give up" in [row.decided for row in store.journal() if row.event == "not told"]


def test_a_digest_comes_once_a_day_where_it_is_asked_for(tmp_path):
    (tmp_path / "writer.py").write_text(WRITER)
    words = f"command = \"{sys.executable} '{tmp_path}/writer.py' '{tmp_path}/told'\""
    campaign, store = with_notify(tmp_path, f"{words}\nevents = []\ndigest = true")
    digest_if_due(campaign, store)
    store.note("retry", "*OCOC* replica 1")
    digest_if_due(campaign, store)
    delivered(campaign, store)
    assert told(tmp_path) == []
    store.set(digested=store.get("digested") | {"time": time.time() - 86_401})
    digest_if_due(campaign, store)
    digest_if_due(campaign, store)
    delivered(campaign, store)
    (row,) = told(tmp_path)
    assert row["event"] == "digest"
    assert row["why"].startswith(
        "iteration 0, prepare; since the last digest 0 values and 0 failures; retry of a replica: 1"
    )


@pytest.mark.fault("a notifier that fails or hangs")
def test_a_process_that_fails_does_not_leave_before_it_has_tried_to_tell_several_times(flaky, tmp_path, monkeypatch):
    """The network may be down for a minute, and there is no later occasion."""
    monkeypatch.setattr("autodisco.campaign.notify.LAST_PAUSES_S", (0.1, 0.1))
    campaign, _, up = flaky

    def work(campaign, store):
        threading.Timer(0.3, up.touch).start()
        raise ValueError("a bug")

    work_first(monkeypatch, work)
    with pytest.raises(ValueError, match="a bug"):
        run(campaign)
    assert [row["event"] for row in told(tmp_path)] == ["failed"]


@pytest.mark.fault("a notifier that fails or hangs")
def test_a_notifier_that_is_away_does_not_hold_a_stopped_campaign(flaky):
    campaign, store, _ = flaky
    store.note("new best", "*OCOC*", {}, why="*OCOC* has 39 ± 6 mS/cm")
    advance(store, "stop", "asked for by a person")
    begun = time.monotonic()
    tell_before_leaving(campaign, store, lambda: False)
    assert time.monotonic() - begun < LAST_PAUSES_S[0]
    assert store.get("untold")


def test_a_process_that_waits_to_notify_is_named_and_leaves_when_asked_to(flaky):
    campaign, store, _ = flaky
    store.note("end", "iteration 3", {}, "nothing-new", "20 of 50 are known")
    advance(store, "ready")
    store.set(state="saturated")
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        hand_over(store, sleeper.pid)
        with pytest.raises(OwnedError, match=r"has ended \(saturated\), and process .* waits to send a notification"):
            clean(store)
        assert "asked process" in stop(campaign.folder)
    finally:
        sleeper.kill()
        sleeper.wait()
    interrupts = Interrupts(store, Owner.this_process(), 0.0)
    begun = time.monotonic()
    tell_before_leaving(campaign, store, interrupts.leaves)
    assert time.monotonic() - begun < LAST_PAUSES_S[0]
