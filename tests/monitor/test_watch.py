"""The live monitor obeys its keys, reads again only what has changed, and writes only lines that have."""

import io
import os

import pytest
from rich.console import Console
from rich.text import Text

from autodisco.decide import ranking
from autodisco.monitor import Painter, Watch
from autodisco.monitor.chart import Axis, Curve, chart
from autodisco.monitor.keys import names, read_keys
from autodisco.monitor.live import Look
from autodisco.monitor.view import ORDERS
from autodisco.store import Store
from tests.filled_store import fill


@pytest.fixture
def watch(tmp_path):
    with fill(tmp_path / "a"), Store.open_readonly(tmp_path / "a") as store:
        yield Watch(store)


def text(watch, width=80, height=24):
    return "\n".join(line.plain for line in watch.lines(width, height))


@pytest.mark.parametrize(("width", "height"), [(60, 20), (80, 24), (200, 60)])
def test_every_page_fits_the_terminal(watch, width, height):
    for keys in ([], ["down"], ["enter"], ["end"], ["back", "decisions"], ["end"]):
        assert watch.obey(keys)
        lines = watch.lines(width, height)
        assert len(lines) <= height
        assert max(line.cell_len for line in lines) <= width


def test_a_polymer_is_chosen_and_looked_into(watch):
    text(watch)
    watch.obey(["down", "down"])
    shown = text(watch, 80, 40)
    assert "1–9 of 9, by expected value" in shown
    chosen = [line for line in watch.lines(80, 24) if any("reverse" in str(span.style) for span in line.spans)]
    assert "*OCOCCOC*" in next(line.plain for line in chosen if "prepare" not in line.plain)
    watch.obey(["enter"])
    shown = text(watch)
    assert "One polymer" in shown
    assert "drawn as *OCOCCOC* in iteration 1" in shown
    watch.obey(["back"])
    assert "1–9 of 9, by expected value" in text(watch, 80, 40)


def test_the_list_scrolls_to_its_end(watch):
    text(watch, 80, 20)
    watch.obey(["end"])
    worst = ranking(watch._store)[-1]
    assert worst.monomer_smiles in text(watch, 80, 20)


def test_the_order_changes_with_a_key(watch):
    text(watch)
    watch.obey(["sort"])
    assert "of 9, by value" in text(watch, 120, 40)
    watch.obey(["sort", "sort"])
    rows = text(watch, 120, 40).splitlines()
    assert "newest first" in rows[3]
    assert any(smiles in rows[4] for smiles in ("*COCOC*", "*OCCOCCN*", "*CC(=O)O*"))


def test_a_held_picture_stands_still(tmp_path):
    with fill(tmp_path / "a") as store, Store.open_readonly(tmp_path / "a") as reader:
        watch = Watch(reader)
        text(watch)
        watch.obey(["hold"])
        store.note("something new")
        assert "something new" not in text(watch)
        assert "held" in text(watch)
        watch.obey(["end"])
        assert ranking(store)[-1].monomer_smiles in text(watch, 80, 20)
        watch.obey(["hold"])
        assert "something new" in text(watch)


def test_a_folder_that_is_away_for_a_time_ends_no_picture(tmp_path):
    fill(tmp_path / "a").close()
    look = Look(tmp_path / "a")
    look.watch.obey(["sort"])
    assert ORDERS[1] in "\n".join(line.plain for line in look.lines(80, 24))
    (tmp_path / "a").rename(tmp_path / "away")
    for _ in range(2):
        lines = [line.plain for line in look.lines(80, 24)]
        assert ORDERS[1] in "\n".join(lines)
        assert lines[-1].startswith("cannot be read now: ")
        assert max(map(len, lines)) <= 80
    (tmp_path / "away").rename(tmp_path / "a")
    lines = [line.plain for line in look.lines(80, 24)]
    assert "cannot be read now" not in "\n".join(lines)
    assert ORDERS[1] in "\n".join(lines)
    look.close()


def test_q_leaves(watch):
    assert not watch.obey(["down", "leave"])


def test_the_ranking_is_not_read_again_while_no_value_has_come(tmp_path):
    with fill(tmp_path / "a") as store, Store.open_readonly(tmp_path / "a") as reader:
        watch = Watch(reader)
        text(watch)
        seen = []
        reader._connection.set_trace_callback(seen.append)
        text(watch)
        assert seen
        assert not any("properties" in sql or "FROM polymers WHERE source" in sql for sql in seen)
        store.update_replica(
            "key-running", "quick", 0, status="done", properties={"conductivity_s_per_cm": 0.5}, ended=9e9
        )
        assert "*OCCSC*" in text(watch)
        assert any("properties" in sql for sql in seen)


def test_keys_are_known_by_what_terminals_send():
    assert names(b"\x1b[Aj\x1b[6~ q") == ["up", "down", "page down", "hold", "leave"]
    assert names(b"\x1b") == ["back"]
    assert names(b"xyz") == []


def test_a_key_is_waited_for():
    ours, theirs = os.pipe()
    assert read_keys(ours, 0.0) == []
    os.write(theirs, b"s")
    assert read_keys(ours, 1.0) == ["sort"]


def test_only_lines_that_have_changed_are_written():
    console = Console(file=io.StringIO(), width=20, height=4, force_terminal=True)
    paint = Painter(console)
    paint([Text("first"), Text("second"), Text("third")])
    console.file.truncate(0)
    paint([Text("first"), Text("other")])
    written = console.file.getvalue()
    assert "first" not in written
    assert "other" in written
    assert written.count("\x1b[2K") == 2  # the third line is emptied


def test_a_rising_curve_goes_from_the_lower_left_to_the_upper_right():
    drawn = chart([Curve([(0, 0.0), (1, 1.0)], "cyan")], Axis(0, 1, "a", "b"), Axis(0.0, 1.0, "0", "1"), 12, 4)
    rows = [line.plain for line in drawn]
    assert [len(row) for row in rows] == [12] * 4
    assert rows[0].startswith("1 ")
    assert rows[2].startswith("0 ")
    assert rows[0][-1] not in " \u2800"
    assert rows[2][2] not in " \u2800"
    assert rows[0][2] == " "
    assert rows[3].split() == ["a", "b"]


def test_a_curve_of_steps_holds_its_last_value():
    drawn = chart([Curve([(0, 1.0)], "cyan", steps=True)], Axis(0, 9, "", ""), Axis(0.0, 1.0, "", ""), 11, 3)
    assert " " not in drawn[0].plain[1:]
    assert not drawn[1].plain.strip()
