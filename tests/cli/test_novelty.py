"""The command novelty, and names in other commands."""

import csv

import pytest

from autodisco.store import Store

LIST = "PID,SMILES\nP1,*COCCOC*\nP2,*CC(*)C#N\nP3,*C(\nP4,*OCOCC*\n"


@pytest.fixture
def listed(here):
    (here / "list.csv").write_text(LIST)
    return here / "list.csv"


def test_each_polymer_is_looked_up_by_its_chain_and_named_with_the_identifier(ended, listed, call):
    said = call("novelty", "found", "--against", listed, "--json")
    assert said.code == 0
    rows = {row["monomer_smiles"]: row for row in said.json}
    (peo,) = [one for one in rows["*OCC*"]["lists"] if one["source"] == "list.csv"]
    assert (peo["found"], peo["identifier"], peo["line"], peo["similarity"]) == (True, "P1", 2, 1.0)
    assert {one["source"] for one in rows["*OCC*"]["lists"]} == {
        "list.csv", "common names", "known_polymers", "seeds of the campaign",
    }  # fmt: skip
    (other,) = [one for one in rows["*OCCOCCN*"]["lists"] if one["source"] == "list.csv"]
    assert not other["found"]
    assert not rows["*OCCOCCN*"]["known"]
    assert other["identifier"] == "P1"
    assert 0.3 < other["similarity"] < 1.0
    assert rows["*OCCCO*"]["known"] is False
    assert rows["*OCCCO*"]["name"] == ""


def test_a_list_of_ones_own_is_looked_up_without_a_campaign(here, listed, call):
    said = call("novelty", listed, "--out", "new.csv")
    assert said.code == 0
    assert "left out: list.csv, line 4" in said.err.replace(f"{listed.parent}/", "")
    assert "3 polymers, 3 known; the others are in none of these lists: common names, known_polymers" in said.err
    rows = call("novelty", listed, "--json").json
    assert (rows[0]["monomer_smiles"], rows[0]["known"]) == ("*COCCOC*", True)
    assert rows[0]["name"] == "poly(ethylene oxide)"
    assert (here / "new.csv").read_text().startswith("rank,key,name,monomer_smiles,known")


def test_several_lists_of_ones_own_are_looked_up_together(here, listed, call):
    (here / "more.csv").write_text("name,smiles\nmine,*OCCOCC(CC#N)*\n")
    said = call("novelty", listed, "more.csv", "--json")
    assert said.code == 0
    assert [row["monomer_smiles"] for row in said.json] == ["*COCCOC*", "*CC(*)C#N", "*OCOCC*", "*OCCOCC(CC#N)*"]
    assert [row["known"] for row in said.json] == [True, True, True, False]
    mixed = call("novelty", "campaign", "more.csv")
    assert (mixed.code, mixed.err.count("\n")) == (2, 1)
    assert "allowed is one campaign, or files of repeat units" in mixed.err


def test_a_campaign_without_values_has_nothing_to_look_up(here, call):
    with Store.create(here / "runs" / "begun") as store:
        store.set(name="begun", state="prepare", protocol="quick", settings={})
    said = call("novelty", "begun", "--json")
    assert (said.code, said.json) == (0, [])
    assert "no polymer has a value yet" in said.err


def test_the_table_says_where_a_polymer_is_known_and_what_is_nearest(ended, listed, call, here):
    said = call("novelty", "found", "--against", listed, "--best", 3, "--out", here / "novelty.csv")
    assert said.code == 0
    assert "new" in said.out
    with (here / "novelty.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["rank"] for row in rows] == ["1", "2", "3"]
    assert {"list.csv: found", "list.csv: identifier", "list.csv: similarity"} <= rows[0].keys()
    assert "3 polymers, " in said.err


def test_the_page_of_the_report_says_which_polymers_are_known_where_lists_are_brought(ended, listed, call, here):
    page = here / "out" / "index.html"
    assert call("report", "found", "--out", "out").code == 0
    assert "Known polymers" not in page.read_text()
    said = call("report", "found", "--out", "out", "--against", listed)
    assert said.code == 0, said.err
    section = page.read_text().partition("<h2>Known polymers</h2>")[2].partition("<h2>")[0]
    assert "(list.csv, common names, known_polymers, seeds of the campaign)" in section
    rows = {row.partition("<code>")[2].partition("<")[0]: row for row in section.split("<tr data-key=")[1:]}
    assert "<td>known</td>" in rows["*OCC*"]
    assert "<code>P1 *COCCOC*</code>" in rows["*OCC*"]
    assert "<td>new</td>" in rows["*OCCCO*"]
    told = call("novelty", "found", "--against", listed, "--json").json
    assert [row["monomer_smiles"] for row in told] == list(rows)
    lost = call("report", "found", "--out", "out", "--against", "lost.csv")
    assert (lost.code, lost.err.count("\n")) == (2, 1)


def test_a_long_list_is_read_once_and_kept_by_its_checksum(ended, here, call, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(here / "cache"))
    monkeypatch.setattr("autodisco.report.novelty.CHUNK", 3)
    file = here / "list.csv"
    file.write_text(LIST)
    first = call("novelty", "found", "--against", file, "--json")
    (kept,) = [path for path in (here / "cache" / "autodisco" / "lists").iterdir() if (path / "list.json").is_file()][
        :1
    ]
    before = {path: path.stat().st_mtime_ns for path in kept.iterdir()}
    assert call("novelty", "found", "--against", file, "--json").json == first.json
    assert {path: path.stat().st_mtime_ns for path in kept.iterdir()} == before
    file.write_text(LIST + "P5,*OCCCO*\n")
    rows = {row["monomer_smiles"]: row for row in call("novelty", "found", "--against", file, "--json").json}
    assert rows["*OCCCO*"]["lists"][0]["identifier"] == "P5"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--identifier", "nothing"], "no column 'nothing'; there are: PID, SMILES"),
        (["--column", "unit"], "no column 'unit'; there are: PID, SMILES"),
        (["--against", "missing.csv"], "list of known polymers not found: missing.csv"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused_in_one_line(ended, listed, call, more, told):
    said = call("novelty", "found", "--against", listed, *more)
    assert said.code == 2
    assert told in said.err
    assert said.err.count("\n") == 1


def test_check_names_a_known_polymer(call):
    said = call("check", "*COC*", "*OCCOCCN*", "--json")
    assert [row["name"] for row in said.json] == ["poly(ethylene oxide) (PEO)", None]
    assert "poly(ethylene oxide) (PEO)" in call("check", "*COC*").out
    assert " name " not in call("check", "*OCCOCCN*").out
