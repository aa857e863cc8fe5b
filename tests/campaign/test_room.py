"""No replica starts where disk or memory is short, and the campaign says so; with room it goes on."""

import sys

import pytest

from autodisco.campaign.room import free_memory_gb, lack_of_room
from autodisco.campaign.stages.simulate import settle
from autodisco.errors import AutodiscoError
from tests.campaign.conftest import write_campaign
from tests.campaign.test_campaign import begin
from tests.campaign.test_escape import with_escapes


@pytest.mark.parametrize("what", ["disk", "memory"])
def test_what_is_short_is_said(tmp_path, what):
    file = write_campaign(tmp_path)
    assert lack_of_room(begin(file, tmp_path / "runs")) == ""
    text = file.read_text()
    file.write_text(text.replace("replicas = 1", f"replicas = 1\nleast_free_{what}_gb = 1e6"))
    reason = lack_of_room(begin(file, tmp_path / "runs"))
    assert f"simulation.least_free_{what}_gb asks for 1e+06" in reason
    assert "run it again" in reason


def test_free_memory_is_what_the_machine_says():
    assert 0 < free_memory_gb() < 1e5


def test_without_room_nothing_is_lost_and_the_shortage_is_journalled_once(tmp_path, monkeypatch):
    campaign, store = with_escapes(tmp_path)
    store.plan_replica(store.polymers("seed")[0]["key"], "smoke", 0, 1)
    short = ["the disk is full"]
    monkeypatch.setattr("autodisco.simulation.executors.ROOM_PATIENCE_S", 0.5)
    monkeypatch.setattr(sys.modules["autodisco.campaign.stages.simulate"], "lack_of_room", lambda _: "".join(short))
    with pytest.raises(AutodiscoError, match="the disk is full"):
        settle(campaign, store)
    assert [row["status"] for row in store.replicas()] == ["waiting"]
    assert [row["event"] for row in store.journal()].count("short of room") == 1
    short.clear()
    settle(campaign, store)
    assert [row["status"] for row in store.replicas()] == ["done"]
