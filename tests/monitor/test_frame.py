"""The picture of a campaign fits its terminal and says what matters."""

import io
import re
import time
from dataclasses import replace

import pytest
from rich.console import Console

from autodisco.decide import ranking, status
from autodisco.monitor import as_svg, following, frame, picture
from autodisco.monitor.bars import bar, interval
from autodisco.monitor.header import campaign_seconds_left
from autodisco.monitor.live import pause_s
from autodisco.store import Store
from tests.filled_store import SETTINGS, fill


def shown(seen, width, height, **settings):
    console = Console(file=io.StringIO(), width=width, color_system=None, **settings)
    console.print(frame(seen, width, height))
    return console.file.getvalue()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (60, 16), (119, 40), (120, 30), (200, 50)])
def test_the_picture_fits_every_terminal(tmp_path, width, height):
    text = shown(status(fill(tmp_path / "a"), 40, 60), width, height)
    lines = text.splitlines()
    assert len(lines) <= height
    assert max(len(line) for line in lines) <= width


def test_it_shows_state_iteration_replicas_ranking_duplicates_and_decisions(tmp_path):
    text = shown(status(fill(tmp_path / "quick"), 40, 60), 80, 24)
    assert "autodisco quick" in text
    assert "iteration 2/3" in text
    assert "8/10, 2 failed" in text
    assert "*OCCSC* #0 try 2" in text
    assert "production" in text
    assert "43 %" in text
    first = next(line for line in text.splitlines() if line.startswith(" 1 *"))
    assert "*COCOC*" in first
    assert "47 ± 4 ▲ better" in first
    assert "◆ reference" in text
    assert "≈ tie" in text
    assert "1 of 5 draws known" in text
    assert "failed: build-overlap 2" in text
    assert "Best so far" in text
    assert ": start again with a shorter step" in text


def test_the_distance_to_saturation_is_shown_as_its_rule_counts(tmp_path):
    with fill(tmp_path / "a") as store:
        judged = {"count": "polymers", "known": 21, "draws": 28, "rate": 0.75, "p_above": 0.04, "chance_new": 0.25,
                  "chance_new_low": 0.14, "chance_new_high": 0.41}  # fmt: skip
        store.end_iteration(2, {}, judged)
        text = shown(status(store), 160, 30)
    assert "Next is new: 25 % (14–41)" in text
    assert "known 21/28 (75 %), P 0.04 above 30 %, asked 0.9" in text


def test_iterations_in_a_row_are_counted_however_few_of_them_are_read(tmp_path):
    with fill(tmp_path / "a") as store:
        store.set(settings=SETTINGS | {"saturation": SETTINGS["saturation"] | {"patience": 20}})
        for n in range(1, 16):
            store.begin_iteration(n)
            store.end_iteration(n, {}, {"count": "polymers", "known": 21, "draws": 28, "p_above": 0.9, "high": True})
        assert status(store, iterations=3).saturation.in_a_row == 15


def test_age_of_the_heartbeat_and_free_room_are_shown(tmp_path):
    text = shown(status(fill(tmp_path / "a")), 120, 30)
    assert re.search(r"heartbeat \d s · disk [\d.]+ GB, memory [\d.]+ GB free · failed: build-overlap 2", text)


def test_a_training_has_a_bar_and_the_time_that_is_left(tmp_path):
    store = fill(tmp_path / "a")
    store.set(activity="training model 2: 300 of 600", training_left_s=75.0)
    assert re.search(r"training model 2 ━+╸?─+ 300/600  ETA 1:15", shown(status(store), 100, 30))


def test_a_campaign_without_a_process_says_how_to_go_on(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "autodisco resume a" in shown(status(fill(tmp_path / "a", alive=False)), 80, 24)


@pytest.mark.parametrize("state", ["paused", "stopped"])
def test_a_paused_or_stopped_campaign_says_how_to_go_on(tmp_path, monkeypatch, state):
    monkeypatch.chdir(tmp_path)
    assert "autodisco resume a" in shown(status(fill(tmp_path / "a", state=state, alive=False)), 80, 24)


def test_the_command_to_go_on_names_a_folder_that_is_not_among_the_campaigns(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for place in ("runs/one", "disk/two"):
        (tmp_path / place).parent.mkdir()
        text = shown(status(fill(tmp_path / place, alive=False)), 100, 24)
        assert f"autodisco resume {place.removeprefix('runs/')} " in text.replace("\n", " ")


def test_an_ended_campaign_whose_process_is_still_at_work_says_so(tmp_path):
    text = shown(status(fill(tmp_path / "a", state="stopped")), 160, 24)
    assert "still frees the disk or waits to send a notification" in text


def test_the_time_of_replicas_ends_with_their_process(tmp_path):
    store = fill(tmp_path / "a", alive=False)
    row = next(row for row in store.open_replicas() if row.status == "running")
    store.update_replica(row.key, row.protocol, row.replica, started=1000.0)
    store.set(heartbeat=1090.0)
    assert [one.elapsed_s for one in status(store).simulations.running_replicas] == [90.0]
    assert " left" not in shown(status(store), 100, 24)


def test_a_shortage_is_shown_and_no_end_is_promised(tmp_path):
    store = fill(tmp_path / "a")
    store.update_replica("key-running", "quick", 0, status="waiting")
    assert "ETA" in shown(status(store), 80, 24)
    store.set(short_of_room="0.40 GB of memory are free and simulation.least_free_memory_gb asks for 0.5")
    text = shown(status(store), 80, 24)
    assert "waits: 0.40 GB of memory are free" in text
    assert "ETA" not in text
    assert "/h" not in text


def test_a_campaign_that_waits_for_cores_says_who_uses_them(tmp_path):
    store = fill(tmp_path / "a")
    store.set(waits_for_cores="campaign peo uses 2 of 4 cores")
    text = shown(status(store), 120, 24)
    assert "simulate → acquire → retrain   waits for cores: campaign peo uses 2 of 4 cores" in text
    assert "ETA" in text
    assert "simulate   waits for cores: campaign peo uses 2 of 4 cores" in shown(status(store), 60, 20)
    store.update_replica("key-running", "quick", 0, status="waiting")
    assert "ETA" not in shown(status(store), 120, 24)


def test_replicas_in_the_queue_of_a_cluster_are_shown_as_such(tmp_path):
    store = fill(tmp_path / "a")
    store.set(beats_folder=str(tmp_path / "beats"))
    text = shown(status(store), 80, 24)
    assert "8/10, 2 failed, 1 in the queue" in text
    assert "ETA" not in text
    assert "/h" not in text


def test_pilots_that_could_not_be_told_of_a_pause_are_shown(tmp_path):
    store = fill(tmp_path / "a", state="paused")
    store.set(undone={"asked for": "pause", "why": "/disk/a: not there"})
    assert "its pilots go on: /disk/a: not there" in shown(status(store), 80, 24)


def test_what_a_retried_stage_waits_for_is_shown(tmp_path):
    store = fill(tmp_path / "a")
    store.set(trouble="simulate: Input/output error; it will try again in 10:00, 4 of 8")
    assert "waits: simulate: Input/output error; it will try again in 10:00" in shown(status(store), 80, 24)


def test_the_remaining_time_is_time_at_work(tmp_path):
    """Two iterations of four hours each, with a machine that was off for two weeks between them."""
    store = fill(tmp_path / "a")
    store.write("DELETE FROM iterations")
    for n in (1, 2, 3):
        store.set(active_s=(n - 1) * 4 * 3600.0)
        store.begin_iteration(n)
    store.write("UPDATE iterations SET started = started - 1209600 WHERE n < 3")
    store.set(iteration=3, active_s=9 * 3600.0, budget={"iterations": 4, "simulations": 0, "hours": 0.0})
    assert campaign_seconds_left(status(store)) == 7 * 3600.0
    assert "≤ 7 h 00 left" in shown(status(store), 100, 24)


@pytest.mark.parametrize(
    ("budget", "left"),
    [
        ({"hours": 10.0}, 3600.0),
        ({"simulations": 27}, 16_200.0),
        ({"hours": 10.0, "simulations": 27}, 3600.0),
        ({}, None),
    ],
)
def test_budgets_of_hours_and_simulations_bound_the_remaining_time(tmp_path, budget, left):
    store = fill(tmp_path / "a")
    store.set(active_s=9 * 3600.0, budget={"iterations": 0, "simulations": 0, "hours": 0.0, **budget})
    assert len([row for row in store.replicas() if row.status in ("done", "failed")]) == 18
    assert campaign_seconds_left(status(store)) == left


@pytest.mark.parametrize("width", [80, 140])
def test_a_long_value_takes_no_second_line_and_no_part_of_the_axis(tmp_path, width):
    seen = status(fill(tmp_path / "a"), 40, 60)
    best = [replace(row, name="a polymer with a long name " * 5, source="seed") for row in seen.best * 4]
    lines = len(shown(replace(seen, best=best), width, 24).splitlines())
    best = [replace(row, value=1.0, sem=3.2e-8) for row in best]
    text = shown(replace(seen, best=best), width, 24)
    assert len(text.splitlines()) == lines <= 24
    assert "1000.00000 ± 0.00003" in text
    assert "─…" not in text


def test_an_ended_campaign_says_why(tmp_path):
    text = shown(status(fill(tmp_path / "a", state="exhausted")), 80, 24)
    assert "exhausted" in text
    assert "as many as the budget allows" in text


def test_a_campaign_that_has_only_begun_can_be_shown(tmp_path):
    store = Store.create(tmp_path / "new")
    store.set(name="new", state="prepare", iteration=0)
    text = shown(status(store), 80, 24)
    assert "no value yet" in text
    assert "none asked for yet" in text


def test_the_reference_stays_in_view_when_the_list_is_cut(tmp_path):
    seen = status(fill(tmp_path / "a"), 40, 60)
    seen = replace(seen, best=seen.best[:2] * 20)
    assert "◆ reference" in shown(seen, 80, 24)


def test_markup_in_a_name_is_shown_as_it_is(tmp_path):
    seen = status(fill(tmp_path / "a"), 40, 60)
    seen = replace(seen, best=[replace(seen.best[0], monomer_smiles="*C[red]C*"), *seen.best[1:]])
    assert "*C[red]C*" in shown(seen, 80, 24)


def test_the_picture_is_read_from_a_campaign_that_is_being_written(tmp_path):
    store = fill(tmp_path / "a")
    with store.transaction():
        store.set(activity="half way")
        Console(file=io.StringIO()).print(picture(tmp_path / "a", 80, 24))


def test_the_svg_holds_the_picture_and_loads_nothing(tmp_path):
    fill(tmp_path / "a")
    svg = as_svg(tmp_path / "a", 100, 24)
    assert svg.startswith("<svg")
    assert "*COCOC*" in svg
    assert "url(http" not in svg
    assert "@font-face" not in svg


@pytest.mark.parametrize("fraction", [-1.0, 0.0, 0.07, 0.5, 1.0, 3.0])
def test_a_bar_is_as_wide_as_asked(fraction):
    assert bar(fraction, 20).cell_len == 20


def test_an_interval_marks_mean_error_and_reference():
    assert interval(2.0, 3.0, 4.0, (0.0, 10.0), 11, mark=8.0).plain == "  ─●─   ┊  "


def test_a_triangle_stands_for_what_lies_beyond_the_axis():
    assert interval(-9.0, -8.0, -7.0, (0.0, 10.0), 11).plain == "◂" + 10 * " "
    assert interval(-9.0, 2.0, 3.0, (0.0, 10.0), 11, mark=20.0).plain == "──●─      ▸"
    assert interval(0.0, 0.0, 10.0, (0.0, 10.0), 11).plain == "●" + 10 * "─"


def test_the_foot_takes_two_percent_of_the_time_of_the_work_at_most():
    assert [pause_s(took) for took in (0.0, 0.01, 0.06, 0.2, 1.0, 100.0)] == [3.0, 3.0, 3.0, 10.0, 50.0, 60.0]


def test_the_foot_of_a_running_campaign_is_shown_without_its_ranking(tmp_path):
    """Nothing that it shows needs a value: here no ranking could be made."""
    store = fill(tmp_path / "a")
    store.write("UPDATE properties SET properties = 'no JSON'")
    with pytest.raises(ValueError, match="Expecting value"):
        ranking(store)
    console = Console(file=io.StringIO(), width=80, force_terminal=True)
    with following(tmp_path / "a", console) as say:
        say("at work")
        deadline = time.monotonic() + 30
        while "*OCCSC* #0 try 2" not in console.file.getvalue() and time.monotonic() < deadline:
            time.sleep(0.05)
    assert "*OCCSC* #0 try 2" in console.file.getvalue()
