"""Two campaigns side by side."""

import json

import pytest

from autodisco.report.comparison import compare, tables
from tests.filled_store import SETTINGS, fill


@pytest.fixture
def both(tmp_path):
    with fill(tmp_path / "a", state="exhausted") as a, fill(tmp_path / "b", state="stopped") as b:
        a.set(settings=SETTINGS | {"seed": 1, "generator": {"steps": 100, "top_k": 5}, "name": "a"})
        b.set(settings=SETTINGS | {"seed": 2, "generator": {"steps": 200, "top_k": 5}, "name": "b", "escape": True})
        yield a, b


def words(lines):
    return {line.what: line.words for line in lines}


def test_settings_that_differ_are_listed_with_both_values(both):
    assert words(compare(*both).settings) == {
        "seed": ("1", "2"), "generator.steps": ("100", "200"), "escape": ("–", "true"),
    }  # fmt: skip


def test_what_was_found_and_what_it_took(both):
    a, b = both
    b.write("UPDATE replicas SET status = 'failed', failure_code = 'nan' WHERE key = 'key-9'")
    b.write("DELETE FROM properties WHERE key = 'key-9'")
    found = compare(a, b)
    assert words(found.found)["new polymers with a value"] == ("7", "6")
    assert words(found.found)["better than the reference"] == ("2", "1")
    assert words(found.found)["failed replicas"][1] == "4 of 18: build-overlap 2, nan 2"
    cost = {line.what: line.values for line in found.cost}
    assert cost["CPU time of simulations"] == (18 * 58.0, 18 * 58.0)
    assert cost["per polymer better than the reference"] == (9 * 58.0, 18 * 58.0)
    assert cost["training of models"] == (25.0, 25.0)


def test_polymers_that_both_measured_stand_beside_each_other(both):
    found = compare(*both)
    assert words(found.shared)["*COCOC*"] == ("47 ± 4 mS/cm, rank 1", "47 ± 4 mS/cm, rank 1")
    assert words(found.best)["1"][0].startswith("*COCOC*  ")


def test_it_says_where_values_do_not_compare(both):
    assert compare(*both).caveat == ""
    both[1].set(force_field="another")
    assert "differ in force fields" in compare(*both).caveat


def test_campaigns_of_one_name_are_called_by_their_folders(both):
    assert compare(*both).names == ("a", "b")
    both[1].set(name="a")
    assert compare(*both).names == tuple(str(store.folder) for store in both)


def test_a_campaign_that_has_only_begun_can_be_compared(both, tmp_path):
    from autodisco.store import Store

    with Store.create(tmp_path / "new") as new:
        new.set(name="new", state="prepare", iteration=0, force_field="pcff+", protocol="quick")
        found = compare(both[0], new)
    assert words(found.found)["expected of the reference"][1] == "–"
    assert json.dumps(found.to_dict())
    assert [title for title, _ in tables(found)][1:3] == ["Found", "Cost"]
