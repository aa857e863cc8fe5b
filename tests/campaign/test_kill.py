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
    file = write_campaign(tmp_path, batch=1)
    with Store.open_readonly(finished[0].folder) as store:
        duration = store.get("ended") - store.get("started")  # without the start of a process
    told = storm(file, tmp_path / "runs", 3, 0.7 * duration, random.Random(6), at_least=1)  # it may end before three
    record_property("injections", told.kills)
    same(result(finished[0].folder), told.folder, told)


@pytest.mark.slow
@pytest.mark.fault("SIGKILL of daemon, engines, training")
def test_killed_at_ten_random_moments_it_ends_like_one_left_alone(tmp_path, record_property):
    changes = {"batch": 2, "replicas": 2, "iterations": 2, "seeds": ""}
    for name in ("whole", "killed"):
        (tmp_path / name).mkdir()
    whole = write_campaign(tmp_path / "whole", **changes)
    duration = timed(whole, tmp_path / "whole" / "runs")
    killed = write_campaign(tmp_path / "killed", **changes)
    told = storm(killed, tmp_path / "killed" / "runs", 10, 0.08 * duration, random.Random(20))
    record_property("injections", told.kills)
    same(result(load(whole, tmp_path / "whole" / "runs").folder), told.folder, told)
