"""A campaign from Python."""

import csv

import pytest

import autodisco
from autodisco import Campaign
from autodisco.errors import InputError
from autodisco.store import Store
from tests.filled_store import fill


@pytest.fixture
def found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AUTODISCO_RUNS", raising=False)
    fill(tmp_path / "runs" / "found", state="exhausted", alive=False).close()
    return Campaign.open("found")


def test_a_campaign_is_opened_by_name_folder_and_as_the_most_recent_one(found):
    for named in ("found", found.folder, found.folder.absolute(), None):
        assert Campaign.open(named).folder.resolve() == found.folder.resolve()
    assert (found.name, found.state) == ("found", "exhausted")
    with pytest.raises(InputError, match=r"no campaign 'lost'; campaigns in /.*/runs \(AUTODISCO_RUNS .*: found"):
        Campaign.open("lost")


def test_the_ranking_is_that_of_the_report(found):
    ranking = found.ranking()
    page = found.report()
    with (page.parent / "ranking.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(ranking.columns) == list(rows[0])
    assert ranking.column("monomer_smiles") == [row["monomer_smiles"] for row in rows]
    told = [float(row["conductivity_s_per_cm"]) for row in rows]
    assert ranking.column("conductivity_s_per_cm") == pytest.approx(told, rel=1e-5)
    for name in ("conductivity_s_per_cm", "conductivity_s_per_cm_sem", "expected_s_per_cm", "expected_high_s_per_cm"):
        assert ranking.units[name] == "S/cm"
    assert ranking.units["temperature_k"] == "K"
    assert ranking.to_pandas()["expected_s_per_cm"].is_monotonic_decreasing


def test_tables_are_those_of_the_export(found):
    written = {path.stem: path for path in found.export("tables") if path.suffix == ".csv"}
    assert list(written) == ["polymers", "candidates", "replicas", "journal"]
    for name, path in written.items():
        table = getattr(found, name)()
        with path.open() as file:
            rows = list(csv.DictReader(file))
        assert len(table) == len(rows) > 0
        assert set(rows[0]) <= set(table.columns)


def test_a_campaign_without_a_model_file_draws_nothing(found):
    with pytest.raises(InputError, match="models/1"):
        found.generator()


def test_a_campaign_with_one_objective_has_no_front(found):
    with pytest.raises(InputError, match="it has no front yet; there are: polymers, candidates, replicas, journal"):
        found.front()


def test_reading_is_what_the_commands_print(found, call):
    assert found.status().to_dict()["n_ranked"] == call("status", "found", "--json").json["n_ranked"]
    life = found.explain("*COCOC*")
    assert life.to_dict()["key"] == call("explain", "*COCOC*", "found", "--json").json["key"]


def test_the_ranking_is_compared_with_lists_of_known_polymers(found, call, tmp_path):
    (tmp_path / "mine.csv").write_text("smiles,id\n*COCOC*,A7\n")
    table = found.novelty([tmp_path / "mine.csv"], best=3, workers=1)
    told = call("novelty", "found", "--against", "mine.csv", "--best", "3", "--workers", "1", "--json").json
    assert table.column("monomer_smiles") == [row["monomer_smiles"] for row in told]
    assert table.column("known") == [row["known"] for row in told]
    (mine,) = [row for row in table if row["mine.csv: found"]]
    assert (mine["monomer_smiles"], mine["mine.csv: identifier"]) == ("*COCOC*", "A7")


def test_reading_changes_nothing(found):
    before = (found.folder / "state.db").read_bytes()
    found.ranking(), found.journal(), found.status()
    assert (found.folder / "state.db").read_bytes() == before


def test_an_archive_does_not_replace_a_file(found, tmp_path):
    (tmp_path / "old.tar.gz").write_text("mine")
    for name, problem in (("old.tar.gz", "is there already"), ("new.zip", r"a name that ends in \.tar\.gz")):
        with pytest.raises(InputError, match=problem):
            found.archive(tmp_path / name)
    assert (tmp_path / "old.tar.gz").read_text() == "mine"


def test_a_campaign_that_has_not_begun_has_no_state_and_is_read_with_an_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "first.toml").write_text('name = "first"\n[seeds]\ngrammar = 30\n')
    campaign = Campaign.create("first.toml")
    assert repr(campaign) == "<Campaign first in runs/first: not begun>"
    assert not (tmp_path / "runs").exists()
    with pytest.raises(autodisco.errors.NoCampaign):
        campaign.ranking()


def test_a_stop_is_asked_for(tmp_path):
    fill(tmp_path / "one", alive=False).close()
    campaign = Campaign.open(tmp_path / "one")
    assert "stopped" in campaign.stop()
    with Store.open_readonly(tmp_path / "one") as store:
        assert store.get("state") == "stopped"
    with pytest.raises(InputError, match="nothing to pause"):
        campaign.pause()
