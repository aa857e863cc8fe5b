"""Cores and places on GPUs that campaigns share: how many run, whose turn it is, and what a dead process leaves."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from autodisco.simulation import LocalExecutor, Pool, ReplicaTask
from autodisco.simulation.executors import slots
from autodisco.simulation.executors.slots import Slots, core_names, place_names
from tests.cluster.sleepers import Sleepers, read_log


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch):
    """Campaigns may ask again at once."""
    monkeypatch.setattr(slots, "PAUSE_S", 0.0)


@pytest.fixture
def machine(tmp_path):
    """Makes campaigns that share a machine with so many cores."""

    def one(name, cores=2, strict=False, cards=(), each=1):
        names = [f"core-{n}" for n in range(cores)]
        return Slots(name, names, place_names(cards, each), strict, tmp_path / "slots")

    return one


@pytest.fixture
def taken():
    """What a campaign gets; it holds this until the end of the test, or until it is closed."""
    kept = []

    def take(campaign: Slots, number: int = 1, times: int = 1):
        held = [one for _ in range(times) if (one := campaign.take(number))]
        kept.extend(held)
        return held

    return take


def test_together_campaigns_never_have_more_than_there_is(machine, taken):
    a, b = machine("a", 3), machine("b", 3)
    of_a, of_b = taken(a, times=2), taken(b, times=2)
    assert (len(of_a), len(of_b)) == (2, 1)
    assert b.users == {"a": "2 of 3 cores"}
    of_a[0].close()
    assert len(taken(b)) == 1
    assert not b.users


def test_a_campaign_that_comes_later_gets_its_half_as_replicas_end(machine, taken):
    a, b = machine("a", 4), machine("b", 4)
    of_a = taken(a, times=4)
    of_b = taken(b)
    assert (len(of_a), len(of_b)) == (4, 0)
    for _ in range(3):
        of_a.pop(0).close()
        of_b += taken(b)
        of_a += taken(a)
    assert (len(of_a), len(of_b)) == (2, 2)


def test_what_a_campaign_does_not_use_is_used_by_others(machine, taken):
    a, b = machine("a", 4), machine("b", 4)
    of_b = taken(b)
    assert len(taken(a, times=4)) == 3
    assert not taken(a)
    of_b[0].close()
    assert taken(a)


def test_on_one_core_campaigns_take_turns(machine, taken):
    a, b = machine("a", 1), machine("b", 1)
    of_a, turns = taken(a), ""
    assert not taken(b)
    of_a[0].close()
    for _ in range(3):
        for campaign, name in ((a, "a"), (b, "b")):
            if of_one := taken(campaign):
                turns += name
                (b if campaign is a else a).take(1)
                of_one[0].close()
    assert turns == "babab"


def test_a_replica_with_many_threads_gets_them_although_others_need_one_each(machine, taken):
    small, wide = machine("small", 4), machine("wide", 4)
    of_small = taken(small, times=4)
    for _ in range(4):
        assert not taken(wide, 4)
        of_small.pop().close()
        assert not taken(small)
    assert len(taken(wide, 4)[0].files) == 4


def test_a_campaign_that_has_stopped_asking_holds_nobody_up(machine, monkeypatch, taken):
    a, b = machine("a", 2), machine("b", 2)
    of_a = taken(a, times=2)
    assert not taken(b)
    of_a.pop().close()
    assert not taken(a)
    monkeypatch.setattr(slots, "WANTED_S", 0.0)
    assert taken(a)


def test_a_campaign_alone_is_not_held_up_unless_the_machine_has_a_number_of_cores(machine, taken):
    alone, strict = machine("alone", 1), machine("strict", 1, strict=True)
    held = taken(alone, times=3)
    assert len(held) == 3
    for one in held:
        one.close()
    alone.close()
    assert len(taken(strict, times=3)) == 1


def test_cards_have_places_for_all_campaigns_together(machine, taken):
    a, b = (machine(name, 8, cards=["GPU-a", "GPU-b"], each=2) for name in "ab")
    held = [*taken(a, times=3), *taken(b, times=3)]
    assert [slots.card_of(one.place) for one in held] == ["GPU-a", "GPU-b", "GPU-a", "GPU-b"]
    assert b.users == {"a": "3 of 8 cores and 3 of the places on GPUs"}


def test_a_campaign_on_cores_is_not_held_up_by_one_that_waits_for_a_card(machine, taken):
    first, second, on_cores = machine("a", 4, cards=["GPU-a"]), machine("b", 4, cards=["GPU-a"]), machine("c", 4)
    assert taken(first)
    assert not taken(second)
    assert len(taken(on_cores, times=3)) == 3


def test_campaigns_bound_to_other_cores_do_not_wait_for_each_other(tmp_path, taken):
    a, b = (Slots(name, [core], [], True, tmp_path) for name, core in (("a", "core-0"), ("b", "core-1")))
    assert taken(a)
    assert not taken(a)
    assert taken(b)


def test_names_are_those_of_the_cores_that_the_process_may_use():
    own = sorted(os.sched_getaffinity(0))
    assert core_names(1) == [f"core-{own[0]}"]
    assert core_names(len(own) + 2)[-2:] == ["extra-0", "extra-1"]
    assert set(core_names()) <= {f"core-{core}" for core in own}


HOLDER = """
import sys, time
from pathlib import Path
from autodisco.simulation.executors.slots import Slots

campaign = Slots("gone", ["core-0", "core-1"], [], False, Path(sys.argv[1]))
held = campaign.take(2)
print(len(held.files), flush=True)
time.sleep(600)
"""


@pytest.mark.fault("SIGKILL of daemon, engines, training")
def test_a_killed_campaign_gives_its_slots_back_at_once(machine, tmp_path, taken):
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path / "slots")], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"2\n"
    other = machine("other")
    assert not taken(other)
    assert other.users == {"gone": "2 of 2 cores"}
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(taken(other, times=2)) == 2
    assert [path.name for path in (tmp_path / "slots").glob("campaign-*")] == [other._path.name]


@pytest.mark.fault("a daemon that hangs")
def test_a_process_that_stands_still_in_the_folder_holds_others_up_for_a_time(machine, tmp_path, monkeypatch, taken):
    a, b = machine("a"), machine("b")
    with a._locked():
        assert not taken(b)
        monkeypatch.setattr(slots, "PATIENCE_S", 0.0)
        assert taken(b)


def replicas(tmp_path: Path, name: str, n: int) -> list[ReplicaTask]:
    return [ReplicaTask("key", "*OCC*", n, 5, "smoke", "pcff+", tmp_path / name / str(n), 120.0) for n in range(n)]


def sharing(name: str, workers: int, number: int, kind=LocalExecutor) -> LocalExecutor:
    executor = kind(workers)
    executor.serve(name, Path())
    executor.share(number)
    return executor


def test_replicas_hold_their_slots_as_long_as_they_live(tmp_path, monkeypatch):
    monkeypatch.setenv(slots.FOLDER, str(tmp_path / "slots"))
    executor, other = sharing("a", 2, 1), sharing("b", 2, 1)
    assert executor.reserve()
    handle = executor.submit(replicas(tmp_path, "a", 1)[0], "claim")
    executor._part._held[handle].close()  # as if this process had ended
    assert not other.reserve()
    assert other.waits_for == "campaign a uses 1 of 1 core"
    executor.cancel(handle)
    assert other.reserve()


def test_what_was_reserved_and_not_used_is_given_back(tmp_path, monkeypatch):
    monkeypatch.setenv(slots.FOLDER, str(tmp_path / "slots"))
    a, b = sharing("a", 1, 1), sharing("b", 1, 1)
    assert a.reserve()
    assert not b.reserve()
    a.poll([])
    assert b.reserve()


def test_two_campaigns_never_run_more_than_the_machine_has_and_both_get_on(tmp_path, monkeypatch):
    monkeypatch.setenv(slots.FOLDER, str(tmp_path / "slots"))
    log = tmp_path / "log"
    for name, value in (
        ("SLEEPER_STEPS", 2),
        ("SLEEPER_STEP_S", 0.05),
        ("SLEEPER_LOG", log),
        ("SLURMD_NODENAME", "here"),
    ):
        monkeypatch.setenv(name, str(value))

    def campaign(name):
        Pool(sharing(name, 3, 2, Sleepers)).run(replicas(tmp_path, name, 6))

    threads = [threading.Thread(target=campaign, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines, running, most = read_log(log), 0, 0
    for line in lines:
        running += 1 if line.what == "begins" else -1
        most = max(most, running)
    assert most == 2
    began = [line.replica[0] for line in lines if line.what == "begins"]
    assert sorted(began) == ["a"] * 6 + ["b"] * 6
    assert {began[:8].count("a"), began[:8].count("b")} <= {3, 4, 5}


def test_a_training_holds_a_core_as_soon_as_one_is_free_and_does_not_wait_for_it(tmp_path, monkeypatch):
    monkeypatch.setenv(slots.FOLDER, str(tmp_path / "slots"))
    trains, other = sharing("a", 1, 1), sharing("b", 1, 1)
    assert other.reserve()
    trains.occupy(1)
    other.poll([])  # what was reserved is free again
    assert not other.reserve()  # it is the turn of the training
    trains.occupy(1)
    assert not other.reserve()
    assert other.waits_for == "campaign a uses 1 of 1 core"
    trains.occupy(0)
    assert other.reserve()


def test_a_campaign_that_leaves_holds_nobody_up(tmp_path, monkeypatch):
    monkeypatch.setenv(slots.FOLDER, str(tmp_path / "slots"))
    leaves, other = sharing("a", 1, 1), sharing("b", 1, 1)
    assert leaves.reserve()
    assert not other.reserve()
    leaves.occupy(1)
    leaves.leave()
    assert other.reserve()
    assert [path.name for path in (tmp_path / "slots").glob("campaign-*")] == [other._part._slots._path.name]


@pytest.mark.fault("read-only disk, or no right to write")
def test_where_slots_cannot_be_written_it_is_told_once_and_replicas_start(tmp_path, monkeypatch):
    file = tmp_path / "no-folder"
    file.write_text("")
    monkeypatch.setenv(slots.FOLDER, str(file))
    executor = sharing("a", 2, 1)
    assert [executor.reserve(), executor.reserve()] == [True, True]
    (note,) = executor.notes()
    assert note.event == "cores not shared"
    assert "no-folder" in note.why
