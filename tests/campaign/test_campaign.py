"""A campaign file and its folder belong together."""

import contextlib
import dataclasses
import os
import re
import subprocess

import pytest
import tomli_w

from autodisco.campaign import load, open_folder, pause, resume, stop
from autodisco.campaign.room import neighbours
from autodisco.campaign.settings import Executor
from autodisco.campaign.setup import set_up, write_copies
from autodisco.campaign.stages import LOOP
from autodisco.campaign.stages.generate import GENERATE
from autodisco.campaign.stages.simulate import SIMULATE
from autodisco.campaign.stages.stage import METRICS, TRAINING
from autodisco.campaign.states import load_stages
from autodisco.campaign.verify import verify
from autodisco.errors import InputError
from autodisco.files import sha256
from autodisco.simulation import protocols
from autodisco.simulation.executors.slots import default_folder
from autodisco.store import Store
from autodisco.store.owner import start_time
from tests.campaign.test_lock import set_owner
from tests.filled_store import fill


def begin(file, runs):
    campaign = load(file, runs)
    with Store.create(campaign.folder) as store:
        set_up(campaign, store)
        write_copies(campaign, store)
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
        assert store.journal()[-1].seen == {"budget.iterations": {"before": 1, "now": 7}}


def test_another_engine_than_before_is_journalled(campaign_file, tmp_path, monkeypatch):
    begin(campaign_file(), tmp_path / "runs")
    monkeypatch.setattr("autodisco.simulation.engines.resolved", lambda name: "openmm")
    campaign = begin(campaign_file(), tmp_path / "runs")
    with Store.open(campaign.folder) as store:
        assert store.get("engine") == "openmm"
        assert store.journal()[-1].seen == {"before": "lammps", "now": "openmm"}


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


@pytest.mark.parametrize("content", ["nonsense\n", "smiles\nC(\n", ""], ids=["columns", "smiles", "empty"])
def test_a_data_set_that_cannot_be_used_is_found_before_work_begins(campaign_file, tmp_path, content):
    (tmp_path / "data.csv").write_text(content)
    with pytest.raises(InputError, match=r"data\.csv"):
        load(campaign_file(seeds='dataset = "data.csv"'), tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_a_gpu_that_is_not_there_is_found_before_work_begins(campaign_file, tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    file = campaign_file()
    file.write_text(file.read_text().replace('device = "cpu"', 'device = "cuda"'))
    with pytest.raises(InputError, match=r"small\.toml: generator: device is 'cuda', but torch finds no such GPU here"):
        load(file, tmp_path / "runs")


@pytest.mark.fault("SIGKILL of daemon, engines, training")
def test_settings_that_did_not_get_as_far_as_the_database_are_in_no_file(campaign_file, tmp_path):
    """A process that is killed between the two leaves a folder in order."""
    folder = begin(campaign_file(), tmp_path / "runs").folder
    changed = load(campaign_file(iterations=99), tmp_path / "runs")
    with Store.open(folder) as store:
        with contextlib.suppress(KeyboardInterrupt), store.transaction():
            set_up(changed, store)
            raise KeyboardInterrupt
        assert verify(store) == []
        set_up(changed, store)
        assert "campaign.toml: not the settings" in "".join(verify(store))
        write_copies(changed, store)
        assert verify(store) == []


def test_a_campaign_file_that_is_run_from_another_folder_begins_no_second_campaign(
    campaign_file, tmp_path, monkeypatch
):
    monkeypatch.delenv("AUTODISCO_RUNS", raising=False)
    monkeypatch.chdir(tmp_path)
    file = campaign_file()
    begin(file, None)
    assert load(file).folder.is_dir()
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path / "home")
    with pytest.raises(
        InputError, match=f"was begun in {tmp_path}/runs/small, and would be begun again in {tmp_path}/home"
    ):
        load(file)
    monkeypatch.setenv("AUTODISCO_RUNS", str(tmp_path / "home" / "mine"))
    assert load(file).folder == tmp_path / "home" / "mine" / "small"


def test_a_pause_and_a_stop_without_a_process_are_journalled(campaign_file, tmp_path):
    folder = begin(campaign_file(), tmp_path / "runs").folder
    pause(folder)
    stop(folder)
    with Store.open_readonly(folder) as store:
        rows = [(row.event, row.subject, row.why) for row in store.journal()[-2:]]
    why = "asked for while no process ran it"
    assert rows == [("pause", "prepare", why), ("stop", "paused", why)]


@pytest.mark.fault("a pause, a stop, a resume in quick order")
@pytest.mark.parametrize("requests", [["resume", "pause"], ["resume", "pause", "pause"], ["resume", "resume", "pause"]])
def test_of_a_resume_and_a_pause_the_last_one_counts(campaign_file, tmp_path, requests):
    """Asked of a paused campaign whose process has not looked yet."""
    campaign = begin(campaign_file(), tmp_path / "runs")
    pause(campaign.folder)
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        with Store.open(campaign.folder) as store:
            set_owner(store, sleeper.pid, start_time(sleeper.pid))
            assert "paused already" in pause(campaign.folder)
            for request in requests:
                if request == "pause":
                    pause(campaign.folder)
                else:
                    resume(campaign)
            assert store.requested() == "pause"
            store.set(owner=None)
            assert "paused already" in pause(campaign.folder)
    finally:
        sleeper.kill()
        sleeper.wait()


def test_who_runs_beside_it_is_said_where_each_takes_all_cores(campaign_file, tmp_path):
    shares = begin(campaign_file(), tmp_path / "runs")
    alone = shares.settings.model_copy(update={"executor": Executor(share=False)})
    campaign = dataclasses.replace(shares, settings=alone)
    assert neighbours(campaign) == ""
    with fill(tmp_path / "runs" / "other"):
        assert neighbours(shares) == ""
        assert "other runs beside it" in neighbours(campaign)
        on_cluster = campaign.settings.model_copy(update={"executor": Executor(kind="psij", share=False)})
        assert neighbours(dataclasses.replace(campaign, settings=on_cluster)) == ""
        with fill(tmp_path / "runs" / "third"):
            assert "other and third run beside it; each takes all cores" in neighbours(campaign)
        limited = campaign.settings.simulation.model_copy(update={"workers": 1})
        settings = campaign.settings.model_copy(update={"simulation": limited})
        assert neighbours(dataclasses.replace(campaign, settings=settings)) == ""


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


def test_a_campaign_of_an_older_program_is_as_it_was_written(campaign_file, tmp_path):
    campaign = begin(campaign_file(), tmp_path / "runs")
    with Store.open(campaign.folder) as store:
        older = store.get("settings")
        del older["saturation"]["count"], older["acquire"]["better_probability"]
        store.set(settings=older)
        (campaign.folder / "campaign.toml").write_text(tomli_w.dumps(older))
        assert not [problem for problem in verify(store) if "campaign.toml" in problem]
        (campaign.folder / "campaign.toml").write_text(tomli_w.dumps(older | {"seed": 7}))
        assert [problem for problem in verify(store) if "campaign.toml" in problem]


def test_a_campaign_that_was_never_set_up_is_named_when_it_is_checked(tmp_path):
    with Store.create(tmp_path / "unset") as store:
        assert any("name is missing" in problem for problem in verify(store))


def test_seeds_depend_on_what_the_work_is_and_on_nothing_else(campaign_file, tmp_path):
    campaign = load(campaign_file(), tmp_path / "runs")
    seeds = [
        campaign.seed(1, SIMULATE.seed_number, key, replica, attempt)
        for key in ("0123456789abcdef", "fedcba9876543210")
        for replica in range(3)
        for attempt in range(2)
    ] + [campaign.seed(i, number, n) for i in range(3) for number in (GENERATE.seed_number, TRAINING) for n in range(3)]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert campaign.seed(1, SIMULATE.seed_number, "0123456789abcdef", 0, 0) == seeds[0]


def test_seeds_are_the_numbers_that_they_always_were(campaign_file, tmp_path):
    """With others, campaigns of an earlier version could not be repeated."""
    campaign = load(campaign_file(), tmp_path / "runs")
    numbers = [stage.seed_number for stage in load_stages(list(LOOP)).values()]
    assert (*numbers, METRICS) == (0, 1, 2, 3, 4, 5, 6)
    assert campaign.seed(1, SIMULATE.seed_number, "0123456789abcdef", 0, 0) == 451860865
    assert [campaign.seed(2, TRAINING), campaign.seed(2, METRICS)] == [1102816483, 516573220]


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
    with pytest.raises(InputError, match="is not what it was when the campaign"):
        load(file, tmp_path / "runs")
    assert open_folder(folder).settings.simulation.protocol == str(folder / "protocol.toml")
    (folder / "protocol.toml").write_text(text.replace("temperature_k = 500", "temperature_k = 501"))
    with pytest.raises(InputError, match="is not what it was when the campaign"):
        open_folder(folder)


def test_a_process_that_has_run_a_campaign_takes_no_part_in_the_machine_any_more(finished):
    assert finished
    assert default_folder().is_dir()
    assert not list(default_folder().glob(f"campaign-{os.getpid()}-*"))
