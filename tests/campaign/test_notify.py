"""People are told of what happened, once each, and whatever goes wrong with that is only noted."""

import http.server
import json
import socket
import sys
import threading
import time

import pytest

from autodisco.campaign import load, run
from autodisco.campaign.notify import tell
from autodisco.campaign.states import advance
from autodisco.errors import InputError
from autodisco.store import Store
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
    tell(campaign, store)
    tell(campaign, store)
    store.note("end", "iteration 3", {}, "nothing-new", "20 of 50 are known")
    advance(store, "ready")
    tell(campaign, store)
    rows = told(tmp_path)
    assert [row["event"] for row in rows] == ["new best", "saturated"]
    assert rows[0]["why"] == "*OCOC* has 39 ± 6 mS/cm"
    assert rows[0]["campaign"] == "small"
    assert [row for row in store.journal() if row.event == "not told"] == []


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
    tell(campaign, store)
    (row,) = [row for row in store.journal() if row.event == "not told"]
    assert complaint in row.why
    tell(campaign, store)
    assert len([row for row in store.journal() if row.event == "not told"]) == 1


@pytest.mark.fault("a notifier that fails or hangs")
def test_what_a_notifier_started_does_not_outlive_its_time(tmp_path, monkeypatch):
    monkeypatch.setattr("autodisco.campaign.notify.PATIENCE_S", 1.0)
    (tmp_path / "hangs.sh").write_text(f"sleep 60 & echo $! > {tmp_path}/pid; wait\n")
    campaign, store = with_notify(tmp_path, f'command = "sh {tmp_path}/hangs.sh"')
    store.note("failure", "simulate", why="the disk is full")
    tell(campaign, store)
    assert store.journal()[-1].event == "not told"
    sleeper = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 5
    while start_time(sleeper) is not None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert start_time(sleeper) is None


@pytest.mark.fault("a notifier that fails or hangs")
def test_an_address_that_never_answers_holds_the_loop_up_for_a_while_only(tmp_path, monkeypatch):
    monkeypatch.setattr("autodisco.campaign.notify.PATIENCE_S", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        (tmp_path / "apprise.cfg").write_text(f"json://127.0.0.1:{deaf.getsockname()[1]}/?rto=60\n")
        campaign, store = with_notify(tmp_path, 'apprise = "apprise.cfg"')
        store.note("failure", "simulate", why="the disk is full")
        begun = time.monotonic()
        tell(campaign, store)
        assert time.monotonic() - begun < 10
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
    tell(campaign, store)
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
        tell(campaign, store)
    campaign, store = with_notify(tmp_path, f"command = \"{sys.executable} '{tmp_path}/writer.py' '{tmp_path}/told'\"")
    tell(campaign, store)
    store.note("failure", "simulate", why="the disk is full")
    tell(campaign, store)
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
def test_what_reached_nobody_is_told_again_when_the_network_is_back(flaky, tmp_path, monkeypatch):
    campaign, store, up = flaky
    store.note("new best", "*OCOC*", {}, why="*OCOC* has 39 ± 6 mS/cm")
    tell(campaign, store)
    up.touch()
    tell(campaign, store)  # too early for the next try
    assert told(tmp_path) == []
    monkeypatch.setattr("autodisco.campaign.notify.AGAIN_S", (0.0, 0.0))
    up.unlink()
    store.set(untold=[entry | {"at": 0.0} for entry in store.get("untold")])
    tell(campaign, store)
    up.touch()
    for _ in range(3):
        tell(campaign, store)
    assert [row["why"] for row in told(tmp_path)] == ["*OCOC* has 39 ± 6 mS/cm"]
    assert store.get("untold") == []
    (row,) = [row for row in store.journal() if row.event == "not told"]
    assert row.decided == "go on, and tell again later"


@pytest.mark.fault("a notifier that fails or hangs")
def test_what_reaches_nobody_for_long_is_given_up_and_journalled(flaky, monkeypatch):
    monkeypatch.setattr("autodisco.campaign.notify.AGAIN_S", (0.0, 0.0))
    campaign, store, _ = flaky
    store.note("new best", "*OCOC*")
    for _ in range(5):
        tell(campaign, store)
    rows = [row for row in store.journal() if row.event == "not told"]
    assert [(row.decided, row.seen["tries"]) for row in rows] == [
        ("go on, and tell again later", 1),
        ("give up", 3),
    ]
    assert store.get("untold") == []


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
