"""The report is written again while a campaign runs, beside its work and not too often."""

import sys
import time

import pytest

from autodisco.campaign import redraw
from autodisco.campaign.redraw import Redraw
from tests.filled_store import fill


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr(redraw, "EVERY_S", 0.0)
    with fill(tmp_path / "a") as store:
        yield store


def wait_for(ask, done, seconds=240.0):
    until = time.monotonic() + seconds
    while not done() and time.monotonic() < until:
        ask()
        time.sleep(0.05)
    return done()


def test_a_report_is_written_beside_the_work_and_the_reason_to_leave_is_passed_on(store):
    page = store.folder / "report" / "index.html"
    ask = Redraw(store, lambda: "pause")
    assert ask() == "pause"
    assert wait_for(ask, page.is_file)
    ask.end()


@pytest.fixture
def started(monkeypatch, tmp_path):
    """Times at which a program was started that takes 0.2 s in place of a report."""
    times = tmp_path / "times"
    program = f"import time; open({str(times)!r}, 'a').write(f'{{time.time()}}\\n'); time.sleep(0.2)"
    monkeypatch.setattr(redraw, "REPORT", (sys.executable, "-c", program))
    return lambda: [float(line) for line in times.read_text().splitlines()] if times.is_file() else []


def test_the_next_report_waits_in_proportion_to_the_time_that_the_last_one_took(store, started):
    ask = Redraw(store, lambda: "")

    def go_on():
        store.write("UPDATE replicas SET ended = ended + 1")
        ask()

    assert wait_for(go_on, lambda: len(started()) == 2)
    first, second = started()
    assert second - first > 0.2 * redraw.WAIT_FOR
    ask.end()


def test_nothing_is_written_where_nothing_has_changed(store, started, monkeypatch):
    monkeypatch.setattr(redraw, "WAIT_FOR", 0.0)
    ask = Redraw(store, lambda: "")
    assert not wait_for(ask, lambda: len(started()) > 1, 1.5)
    assert len(started()) == 1
    store.update_replica("key-running", "quick", 0, status="failed", failure_code="nan", ended=time.time())
    assert wait_for(ask, lambda: len(started()) == 2)
    ask.end()


def test_a_report_that_is_being_written_ends_with_the_campaign(store):
    ask = Redraw(store, lambda: "")
    ask()
    process = ask._process
    assert process is not None
    ask.end()
    assert process.poll() is not None
