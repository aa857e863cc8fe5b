"""Campaigns on one machine share its cores: they say for whom they wait, and end as they would alone."""

import time

import pytest

from autodisco.campaign import load, run
from autodisco.campaign.running import serving, share_machine, write_notes
from autodisco.decide import ranking
from autodisco.simulation.executors import LocalExecutor, slots
from autodisco.store import Store
from tests.campaign.conftest import write_campaign
from tests.campaign.storm import begin as begin_process
from tests.simulation.test_executors import engines_in


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    """A machine of this test alone."""
    monkeypatch.setenv(slots.FOLDER, str(tmp_path / "slots"))


def another(name: str) -> LocalExecutor:
    """An executor of another campaign, which holds one core of one."""
    executor = LocalExecutor(1)
    executor.serve(name, None)
    executor.share(1)
    assert executor.reserve()
    return executor


def test_for_whom_a_campaign_waits_is_journalled_once_and_shown(begin, call):
    campaign, store = begin()
    settings = campaign.settings.model_copy(
        update={"executor": campaign.settings.executor.model_copy(update={"machine_cores": 1})}
    )
    executor, other = serving(settings, campaign.folder), another("peo")
    share_machine(settings, executor)
    for _ in range(2):
        assert not executor.reserve()
        write_notes(store, executor)
    assert [row.why for row in store.journal() if row.event == "waits for cores"] == ["campaign peo uses 1 of 1 core"]
    assert store.get("waits_for_cores") == "campaign peo uses 1 of 1 core"
    said = call("status", campaign.folder, "--json").json
    assert said["waits_for_cores"] == "campaign peo uses 1 of 1 core"
    other.leave()
    executor._part._slots._asked = 0.0  # it may ask again now
    assert executor.reserve()
    write_notes(store, executor)
    assert not store.get("waits_for_cores")


def test_a_campaign_that_does_not_share_does_not_wait(begin):
    campaign, _ = begin()
    settings = campaign.settings.model_copy(
        update={"executor": campaign.settings.executor.model_copy(update={"share": False, "machine_cores": 1})}
    )
    another("peo")
    executor = serving(settings, campaign.folder)
    share_machine(settings, executor)
    assert executor.reserve()


@pytest.mark.slow
def test_two_campaigns_at_a_time_end_as_one_alone(tmp_path):
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in (*folders, tmp_path / "alone"):
        folder.mkdir()
        file = write_campaign(folder, replicas=2)
        file.write_text(file.read_text() + "[executor]\nmachine_cores = 1\n")
    processes = [begin_process(folder / "small.toml", folder / "runs") for folder in folders]
    most = 0
    while any(process.poll() is None for process in processes):
        most = max(most, sum(len(engines_in(folder / "runs")) for folder in folders))
        time.sleep(0.1)
    assert [process.returncode for process in processes] == [0, 0]
    assert most == 1
    assert run(load(tmp_path / "alone" / "small.toml", tmp_path / "alone" / "runs")) == 0
    tables, waited = [], []
    for folder in (*folders, tmp_path / "alone"):
        with Store.open_readonly(folder / "runs" / "small") as store:
            tables.append([(row.key, row.values) for row in ranking(store)])
            waited += [row.event for row in store.journal() if row.event == "waits for cores"]
    assert tables[0] == tables[1] == tables[2]
    assert 1 <= len(waited) <= 2
