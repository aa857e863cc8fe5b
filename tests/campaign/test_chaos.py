"""A campaign that is befallen by one fault after the other ends by itself, like one that was left alone."""

import pytest

from autodisco.campaign.fork import fork
from autodisco.store import Store
from tests.campaign.befallen import befallen, set_up_in, unequal
from tests.campaign.chaos import BEFALLS
from tests.campaign.faulty_machine import missing
from tests.campaign.storm import PATIENCE_S, begin

pytestmark = [
    pytest.mark.skipif(bool(missing()), reason=missing()),
    pytest.mark.fault("several of these, one after the other, at random"),
]


def check(told, whole, end, kinds, felt):
    assert unequal(whole, end) == []
    assert (told["repeated"], told["left"]) == (0, [])
    assert told["state"] == "exhausted"
    for kind in kinds:
        assert told["struck"].get(kind), f"{kind} never struck: {told['story']}"
    for kind in felt:
        assert told["felt"].get(kind), f"{kind} had no effect: {told['story']}"


def test_befallen_by_two_faults_it_ends_by_itself_like_one_left_alone(finished, tmp_path, record_property):
    """From its first iteration on; the undisturbed one has the same seed."""
    kinds = ("lost mount", "kill")
    with Store.open_readonly(finished[0].folder) as store:
        fork(store, folder := tmp_path / "small", 0, {})
    options = ["--kinds", *kinds, "--strikes", 2, "--pause-s", 0.5, "--lasts-s", 6, 7]
    told = befallen(folder, tmp_path / "end", "--seed", 7, *options)  # the kill comes first
    record_property("injections", sum(told["struck"].values()))
    check(told, finished[0].folder, tmp_path / "end", kinds, ["kill"])  # a slow machine may miss the short absence


@pytest.mark.slow
def test_befallen_by_everything_it_ends_by_itself_like_one_left_alone(tmp_path, record_property):
    changes = {"batch": 2, "replicas": 2, "iterations": 4}  # long enough for all of them
    file, whole = set_up_in(tmp_path / "whole", **changes)
    assert begin(file, whole.parent).wait(PATIENCE_S) == 0
    _, folder = set_up_in(tmp_path / "befallen", **changes)
    options = ["--strikes", len(BEFALLS), "--pause-s", 2, "--lasts-s", 8, 12]
    told = befallen(folder, tmp_path / "end", "--seed", 1, *options)
    record_property("injections", sum(told["struck"].values()))
    check(told, whole, tmp_path / "end", BEFALLS, BEFALLS)
