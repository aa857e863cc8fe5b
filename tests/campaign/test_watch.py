"""What a daemon obeys, asked in any order, and that it leaves a campaign which another process took over."""

import time

import pytest

from autodisco.campaign import daemon, run
from autodisco.campaign.stages import STAGES
from autodisco.campaign.states import Interrupted
from autodisco.errors import AutodiscoError, OwnedError
from autodisco.store import Store
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
