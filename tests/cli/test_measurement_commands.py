"""data add on the command line."""

import json
from pathlib import Path

import pytest

from autodisco.store import Store

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "measured.csv"


def test_a_table_becomes_a_source_once(call, ended):
    said = call("data", "add", EXAMPLE, "--as", "experiment", "--campaign", "found")
    assert said.code == 0
    assert "4 values of conductivity_s_per_cm, 1 value of transference_number and 2 values of glass" in said.err
    assert "3 polymers, source experiment of found" in said.err
    assert "4 values of what the campaign is about; they count from its next batch on" in said.err
    again = call("data", "add", EXAMPLE, "--json")
    assert json.loads(again.out)["new"] is False
    with Store.open_readonly(ended) as store:
        assert len(store.experiments()) == 7
        assert [event.event for event in store.journal()].count("measured values") == 1


def test_a_changed_table_takes_the_place_of_the_one_before(call, ended, tmp_path):
    file = tmp_path / "mine.csv"
    lines = EXAMPLE.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[:4]))
    assert call("data", "add", file).code == 0
    file.write_text("".join(lines[:3]))
    assert json.loads(call("data", "add", file, "--json").out)["new"] is True
    with Store.open_readonly(ended) as store:
        assert len(store.experiments()) == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["data", "add", "none.csv"], "table of measured values not found: none.csv"),
        (["data", "add", EXAMPLE, "--as", "My lab"], "--as My lab: allowed are small letters"),
        (["data", "add", EXAMPLE, "--as", "htp-md"], "this is a protocol of the campaign"),
    ],
)
def test_what_cannot_be_added_is_said_in_one_line(call, ended, arguments, complaint):
    said = call(*arguments)
    assert said.code == 2
    assert complaint in said.err
    assert said.err.count("\n") == 1


def test_a_campaign_that_simulates_has_no_questions(ended, call):
    said = call("ask", "found")
    assert said.code == 2
    assert "ask and tell need 'ask'" in said.err
