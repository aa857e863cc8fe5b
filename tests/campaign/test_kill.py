"""A campaign that is killed again and again ends as the one that is left alone, and simulates nothing twice."""

import random

import pytest

from autodisco.campaign import load
from autodisco.campaign.verify import verify
from autodisco.store import Store
from tests.campaign.conftest import write_campaign
from tests.campaign.storm import result, storm, timed


def same(expected, folder, told):
    found = result(folder)
    for name in expected:
        assert found[name] == expected[name], name
    assert told.repeated == 0
    with Store.open_readonly(folder) as store:
        assert verify(store) == []


@pytest.mark.fault("SIGKILL of daemon, engines, training")
def test_killed_three_times_it_ends_like_one_left_alone(finished, tmp_path, record_property):
    for longest_s in (12.0, 6.0, 3.0, 1.5):  # a fast machine may come to the end before the first kill
        place = tmp_path / str(longest_s)
        place.mkdir()
        told = storm(write_campaign(place, batch=1), place / "runs", 3, longest_s, random.Random(6), at_least=0)
        if told.kills:
            break
    assert told.kills
    record_property("injections", told.kills)
    same(result(finished[0].folder), told.folder, told)


@pytest.mark.slow
@pytest.mark.fault("SIGKILL of daemon, engines, training")
def test_killed_at_ten_random_moments_it_ends_like_one_left_alone(tmp_path, record_property):
    chosen = {"selection": "batch-ucb", "pool": 8}
    changes = {"batch": 2, "replicas": 2, "iterations": 2, "seeds": "", **chosen}
    for name in ("whole", "killed"):
        (tmp_path / name).mkdir()
    whole = write_campaign(tmp_path / "whole", **changes)
    duration = timed(whole, tmp_path / "whole" / "runs")
    killed = write_campaign(tmp_path / "killed", **changes)
    told = storm(killed, tmp_path / "killed" / "runs", 10, 0.08 * duration, random.Random(20))
    record_property("injections", told.kills)
    same(result(load(whole, tmp_path / "whole" / "runs").folder), told.folder, told)
