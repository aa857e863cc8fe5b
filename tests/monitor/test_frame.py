"""The picture of a campaign fits its terminal and says what matters."""

import io

import pytest
from rich.console import Console

from autodisco.monitor import as_svg, frame, picture
from autodisco.monitor.draw import bar, interval
from autodisco.store import Store, status
from tests.filled_store import fill


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
    assert "1/5  20 %" in text
    assert ": start again with a shorter step" in text


def test_a_campaign_without_a_process_says_how_to_go_on(tmp_path):
    assert "autodisco resume a" in shown(status(fill(tmp_path / "a", alive=False)), 80, 24)


def test_a_paused_campaign_says_how_to_go_on(tmp_path):
    assert "autodisco resume a" in shown(status(fill(tmp_path / "a", state="paused")), 80, 24)


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
    seen["best"] = seen["best"][:2] * 20
    assert "◆ reference" in shown(seen, 80, 24)


def test_markup_in_a_name_is_shown_as_it_is(tmp_path):
    seen = status(fill(tmp_path / "a"), 40, 60)
    seen["best"][0]["monomer_smiles"] = "*C[red]C*"
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


def test_an_interval_outside_the_axis_is_drawn_at_its_end():
    assert interval(-9.0, -8.0, -7.0, (0.0, 10.0), 11).plain == "●" + 10 * " "
