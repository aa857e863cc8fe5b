"""A campaign file and its folder belong together."""

import re

import pytest
import torch

from autodisco.campaign import load, open_folder, pause
from autodisco.campaign.campaign import set_up
from autodisco.errors import InputError
from autodisco.files import sha256
from autodisco.simulation import protocols
from autodisco.store import Store


def begin(file, runs):
    campaign = load(file, runs)
    with Store.create(campaign.folder) as store:
        set_up(campaign, store)
    return campaign


def test_the_folder_holds_the_settings_as_resolved(campaign_file, tmp_path):
    campaign = begin(campaign_file(), tmp_path / "runs")
    text = (campaign.folder / "campaign.toml").read_text()
    assert 'engine = "auto"' in text
    assert open_folder(campaign.folder) == campaign


def test_the_runs_folder_may_come_from_the_environment(campaign_file, tmp_path, monkeypatch):
    monkeypatch.setenv("AUTODISCO_RUNS", str(tmp_path / "elsewhere"))
    assert load(campaign_file()).folder == tmp_path / "elsewhere" / "small"


def test_a_changed_file_is_refused_with_what_differs(campaign_file, tmp_path):
    begin(campaign_file(), tmp_path / "runs")
    with pytest.raises(InputError, match=re.escape("seed = 2, but the campaign in ")):
        load(campaign_file(seed=2), tmp_path / "runs")


def test_the_budget_may_be_raised(campaign_file, tmp_path):
    begin(campaign_file(), tmp_path / "runs")
    campaign = begin(campaign_file(iterations=7), tmp_path / "runs")
    with Store.open(campaign.folder) as store:
        assert store.get("settings")["budget"]["iterations"] == 7
        assert store.journal()[-1]["seen"] == {"budget.iterations": 7}


def test_another_engine_than_before_is_journalled(campaign_file, tmp_path, monkeypatch):
    begin(campaign_file(), tmp_path / "runs")
    monkeypatch.setattr("autodisco.simulation.engines.resolved", lambda name: "openmm")
    campaign = begin(campaign_file(), tmp_path / "runs")
    with Store.open(campaign.folder) as store:
        assert store.get("engine") == "openmm"
        assert store.journal()[-1]["seen"] == {"before": "lammps", "now": "openmm"}


def test_changed_seeds_are_noticed(campaign_file, tmp_path):
    file = campaign_file()
    campaign = begin(file, tmp_path / "runs")
    with Store.open(campaign.folder) as store:
        store.set(file_hashes={"seeds.file": "another"})
    with pytest.raises(InputError, match=r"is not the file that the campaign in .* was started with"):
        load(file, tmp_path / "runs")


def test_a_data_set_that_comes_later_is_refused(campaign_file, tmp_path):
    file = campaign_file()
    campaign = begin(file, tmp_path / "runs")
    with Store.open(campaign.folder) as store:
        store.set(file_hashes={"seeds.file": sha256(tmp_path / "seeds.csv")})
    (tmp_path / "data.csv").write_text("monomer_smiles\n*CCC*\n")
    later = campaign_file(seeds='file = "seeds.csv"\ndataset = "data.csv"')
    with pytest.raises(InputError, match=r"seeds.dataset = .* is not the file that the campaign"):
        load(later, tmp_path / "runs")


def test_a_folder_that_was_never_set_up_cannot_be_paused(tmp_path):
    Store.create(tmp_path / "small").close()
    with pytest.raises(InputError, match="never set up"):
        pause(tmp_path / "small")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('protocol = "smoke"', 'protocol = "fast"', "simulation.protocol: protocol 'fast' does not exist"),
        ('protocol = "smoke"', 'force_field = "uff"', "simulation.force_field: force field 'uff' does not exist"),
        ("[budget]", '[acquire]\nreference = "*OCC"\n[budget]', "acquire.reference: '*OCC' has 1 attachment point;"),
        (
            "[generator]",
            '[saturation]\nescape = ["seeds"]\n[generator]\nkind = "random"',
            "saturation.escape: a generator",
        ),
    ],
)
def test_what_the_file_refers_to_is_checked_before_work_begins(campaign_file, tmp_path, old, new, complaint):
    file = campaign_file()
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(InputError, match=re.escape(complaint)):
        load(file, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_a_bad_seed_row_is_found_before_work_begins(campaign_file, tmp_path):
    file = campaign_file()
    with open(file.parent / "seeds.csv", "a") as seeds:
        seeds.write("one,*C(*)(*)C,,,,,,\n")
    with pytest.raises(InputError, match=r"line 6: .* has 3 attachment points"):
        load(file, tmp_path / "runs")


def test_a_bad_row_of_a_data_set_is_found_before_work_begins(campaign_file, tmp_path):
    (tmp_path / "data.csv").write_text("monomer_smiles,conductivity\n*CCC*,1e-4\n*CC,1e-4\n")
    file = campaign_file(seeds='file = "seeds.csv"\ndataset = "data.csv"')
    with pytest.raises(InputError, match=r"data\.csv, line 3: .* has 1 attachment point"):
        load(file, tmp_path / "runs")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_missed_before_work_begins(campaign_file, tmp_path):
    file = campaign_file()
    file.write_text(file.read_text().replace('device = "cpu"', 'device = "cuda"'))
    with pytest.raises(InputError, match=r'generator\.device = "cuda": torch finds no GPU'):
        load(file, tmp_path / "runs")


def test_a_misspelt_variable_is_named(campaign_file, tmp_path, monkeypatch):
    monkeypatch.setenv("AUTODISCO_SIMULATION_WORKRES", "2")
    with pytest.raises(InputError, match="did you mean AUTODISCO_SIMULATION_WORKERS"):
        load(campaign_file(), tmp_path / "runs")


def test_a_campaign_of_an_older_program_keeps_the_rule_that_it_was_begun_with(campaign_file, tmp_path):
    file = campaign_file()
    assert load(file, tmp_path / "runs").settings.saturation.count == "polymers"
    campaign = begin(file, tmp_path / "runs")
    with Store.open(campaign.folder) as store:
        older = store.get("settings")
        older["saturation"] = {"threshold": 0.3, "confidence": 0.9, "patience": 1, "escape": ["tokens", "tokens"]}
        store.set(settings=older)
    kept = open_folder(campaign.folder).settings.saturation
    assert (kept.count, kept.threshold, kept.escape) == ("strings", 0.3, ["tokens"])
    again = load(file, tmp_path / "runs")
    assert (again.settings.saturation.count, again.settings.saturation.threshold) == ("strings", 0.3)
    with Store.open(campaign.folder) as store:
        set_up(again, store)
    assert load(file, tmp_path / "runs").settings.saturation.count == "strings"
    file.write_text(file.read_text() + '[saturation]\ncount = "polymers"\n')
    changed = load(file, tmp_path / "runs").settings.saturation
    assert (changed.count, changed.threshold) == ("polymers", 0.9)


def test_seeds_depend_on_what_the_work_is_and_on_nothing_else(campaign_file, tmp_path):
    campaign = load(campaign_file(), tmp_path / "runs")
    seeds = [
        campaign.seed(1, "simulate", key, replica, attempt)
        for key in ("0123456789abcdef", "fedcba9876543210")
        for replica in range(3)
        for attempt in range(2)
    ] + [campaign.seed(i, stage, n) for i in range(3) for stage in ("generate", "retrain") for n in range(3)]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert campaign.seed(1, "simulate", "0123456789abcdef", 0, 0) == seeds[0]


@pytest.mark.fault("SIGKILL of daemon, engines, training")
def test_a_campaign_killed_before_its_first_transaction_begins_anew(campaign_file, tmp_path):
    (tmp_path / "runs" / "small").mkdir(parents=True)
    (tmp_path / "runs" / "small" / "state.db").touch()
    begin(campaign_file(), tmp_path / "runs")
    assert open_folder(tmp_path / "runs" / "small").settings.name == "small"


def test_a_protocol_that_changed_under_a_campaign_is_refused(campaign_file, tmp_path):
    text = (protocols.SHIPPED / "smoke.toml").read_text().replace('name = "smoke"', 'name = "mine"')
    (tmp_path / "mine.toml").write_text(text)
    file = campaign_file()
    file.write_text(file.read_text().replace('protocol = "smoke"', 'protocol = "mine.toml"'))
    folder = begin(file, tmp_path / "runs").folder
    load(file, tmp_path / "runs")
    (tmp_path / "mine.toml").write_text(text.replace("temperature_k = 500", "temperature_k = 501"))
    for look in (lambda: load(file, tmp_path / "runs"), lambda: open_folder(folder)):
        with pytest.raises(InputError, match="is not what it was when the campaign"):
            look()
