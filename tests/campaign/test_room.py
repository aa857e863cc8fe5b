"""No replica starts where disk or memory is short, and the campaign says so; with room it goes on."""

import dataclasses
import sys
import time

import pytest

from autodisco.campaign.interrupts import Interrupts
from autodisco.campaign.lock import acquire
from autodisco.campaign.replicas import settle
from autodisco.campaign.room import lack_of_room
from autodisco.campaign.states import Interrupted
from tests.campaign.conftest import write_campaign
from tests.campaign.test_campaign import begin
from tests.campaign.test_escape import with_escapes


@pytest.mark.parametrize("what", ["disk", "memory"])
@pytest.mark.fault("little disk or memory")
def test_what_is_short_is_said(tmp_path, what):
    file = write_campaign(tmp_path)
    assert lack_of_room(begin(file, tmp_path / "runs")) == ""
    text = file.read_text()
    file.write_text(text.replace("\nreplicas = 1", f"\nreplicas = 1\nleast_free_{what}_gb = 1e6"))
    reason = lack_of_room(begin(file, tmp_path / "runs"))
    assert f"simulation.least_free_{what}_gb asks for 1e+06" in reason
    assert "it goes on when there is room" in reason


@pytest.mark.fault("little disk or memory")
def test_without_room_it_waits_says_so_once_and_can_be_interrupted(tmp_path, monkeypatch):
    campaign, store = with_escapes(tmp_path)
    store.plan_replica(store.polymers("seed")[0].key, "smoke", 0, 1)
    short, looks = ["the disk is full"], []

    def lack_of_room(campaign, here):
        looks.append(store.get("short_of_room"))
        return "".join(short)

    def told():
        return [row.event for row in store.journal() if "room" in row.event]

    monkeypatch.setattr(sys.modules["autodisco.campaign.replicas"], "lack_of_room", lack_of_room)
    for n in (4, 8):  # a second process finds the same shortage
        with pytest.raises(Interrupted):
            settle(dataclasses.replace(campaign, interrupted=lambda n=n: len(looks) >= n), store)
        assert [row.status for row in store.replicas()] == ["waiting"]
        assert told() == ["short of room"]
        assert store.get("short_of_room") == "the disk is full"
    short.clear()
    settle(campaign, store)
    assert [row.status for row in store.replicas()] == ["done"]
    assert told() == ["short of room", "room again"]
    assert not store.get("short_of_room")


def test_waiting_for_room_is_no_time_at_work(tmp_path):
    _, store = with_escapes(tmp_path)
    key = store.polymers("seed")[0].key
    for replica in range(2):
        store.plan_replica(key, "smoke", replica, 1)
    store.set(short_of_room="the disk is full")
    watch = Interrupts(store, acquire(store), 0.0)
    watch.beat(time.monotonic() + 60, always=True)
    assert store.get("active_s") == 0
    store.set(short_of_room="", waits_for_cores="campaign peo uses 2 of 4 cores")
    watch.beat(time.monotonic() + 60, always=True)
    assert store.get("active_s") == 0
    store.update_replica(key, "smoke", 0, status="running")  # it was begun before room was short
    watch.beat(time.monotonic() + 120, always=True)
    assert store.get("active_s") == pytest.approx(60, abs=1)
