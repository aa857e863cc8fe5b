"""data add on the command line."""

import json
from pathlib import Path

import pytest

from autodisco.store import Store

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "measured.csv"


@pytest.fixture
def judged(ended) -> Path:
    """The folder of an ended campaign with a posterior; a constraint is about the transference number."""
    with Store.open(ended) as store:
        aims = [{"name": "conductivity"}, {"name": "transference_number", "aim": "constrain", "at_least": 0.1}]
        store.set(settings={**store.get("settings"), "surrogate": {"kind": "posterior"}, "objective": aims})
    return ended


def test_a_table_becomes_a_source_once(call, ended):
    said = call("data", "add", EXAMPLE, "--as", "experiment", "--campaign", "found")
    assert said.code == 0
    assert "7 rows (4 of conductivity_s_per_cm, 1 of transference_number and 2 of glass_transition_k)" in said.err
    assert "of 3 materials, source experiment of found" in said.err
    assert "not used: 7 rows: the campaign has no posterior" in said.err
    again = call("data", "add", EXAMPLE, "--json")
    assert json.loads(again.out)["new"] is False
    with Store.open_readonly(ended) as store:
        assert len(store.experiments()) == 7
        assert [event.event for event in store.journal()].count("measured values") == 1
    log = call("log", "found").out
    assert "conductivity_s_per_cm 4" in log  # rows, not a conductivity
    assert "mS/cm" not in log[log.index("measured values") :].split("\n")[0]


def test_it_is_said_which_rows_count_and_why_others_do_not(call, judged, tmp_path):
    file = tmp_path / "mine.csv"
    hot = "*OCC*,PEO,conductivity,-2.7,log10(S/cm),,100,C,LiTFSI,20,O/Li,example\n"
    dilute = "*OCC*,PEO,conductivity,-3.1,log10(S/cm),,80,C,LiTFSI,100,O/Li,example\n"
    file.write_text(EXAMPLE.read_text() + hot + dilute)
    told = call("data", "add", file).err.splitlines()
    assert told[1:] == [
        "conductivity: 2 rows used from the next batch on, source experiment",
        "conductivity: 2 rows used from the next batch on, source experiment at 340 K",
        "transference_number: 1 row used from the next batch on, source experiment",
        "not used: 1 row: at a temperature that is further from the campaign's than another one of its series",
        "not used: 2 rows: glass_transition_k, which no objective and no constraint of the campaign is about",
        "not used: 1 row: of a series whose salt content or temperatures are further from the campaign's than another "
        "one's",
    ]
    found = call("data", "add", file, "--json").json
    used = {"conductivity": {"experiment": 2, "experiment at 340 K": 2}, "transference_number": {"experiment": 1}}
    assert found["used"] == used
    assert sum(found["unused"].values()) == found["rows"] - 5


def test_another_file_of_the_same_name_replaces_nothing(call, ended, tmp_path):
    lines = EXAMPLE.read_text().splitlines(keepends=True)
    files = [tmp_path / lab / "values.csv" for lab in ("one", "two")]
    for file, rows in zip(files, (lines[:4], [*lines[:2], lines[6]]), strict=True):
        file.parent.mkdir()
        file.write_text("".join(rows))
    assert call("data", "add", files[0]).code == 0
    said = call("data", "add", files[1])
    assert said.code == 2
    assert said.err == (
        f"error: {files[1]}: the campaign has 2 rows of {files[0]} under the name values.csv; give this table another "
        "name (--name OTHER), or replace those rows (--name values.csv)\n"
    )
    with Store.open_readonly(ended) as store:
        assert len(store.experiments()) == 2
    assert call("data", "add", files[1], "--name", "second").code == 0
    with Store.open_readonly(ended) as store:
        assert sorted(row.origin for row in store.experiments()) == ["second", "values.csv", "values.csv"]
    said = call("data", "add", files[1], "--name", "values.csv")
    assert "in the place of 2 rows that values.csv gave before" in said.err


def test_the_table_of_the_program_has_a_name(call, ended):
    found = call("data", "add", "literature", "--json").json
    assert (found["name"], found["source"], found["rows"]) == ("literature", "literature", 112)


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
