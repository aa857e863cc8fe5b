"""A campaign small enough for tests: thirty grammar units, a model of a hundred steps, and the `smoke` protocol."""

import dataclasses
import shutil
from pathlib import Path

import pytest

from autodisco.campaign import load, run
from autodisco.campaign.setup import set_up
from autodisco.campaign.stages import STAGES
from autodisco.campaign.stages.prepare import PREPARE
from autodisco.store import Store

SEEDS = """\
name,monomer_smiles,conductivity_s_per_cm,conductivity_s_per_cm_sem,protocol,force_field,n_replicas,reference
poly(ethylene oxide),*OCC*,1e-2,1e-3,smoke,pcff+,2,made up for a test
polytetrahydrofuran,*OCCCC*,5e-3,1e-3,smoke,pcff+,2,made up for a test
polyethylene,*CC*,1e-5,1e-6,smoke,pcff+,2,made up for a test
poly(propylene oxide),*OCC(*)C,2e-2,1e-3,htp-md,pcff+,5,another protocol
"""

TEMPLATE = """\
name = "small"
seed = {seed}
[seeds]
{seeds}
grammar = 30
[generator]
iterations = 100
batch_size = 16
learning_rate = 4e-3
temperature = 1.5
device = "cpu"
[generate]
batch_size = {batch}
until = "{until}"
max_draws = {max_draws}
pool = {pool}
[filter]
unstable = "{unstable}"
selection = "{selection}"
[simulation]
protocol = "{protocol}"
replicas = {replicas}
reference_replicas = {reference_replicas}
[loop]
overlap = {overlap}
[budget]
iterations = {iterations}
"""

DEFAULTS = {
    "seed": 1, "seeds": 'file = "seeds.csv"', "batch": 2, "until": "survivors", "max_draws": 2000, "unstable": "flag",
    "selection": "paper", "pool": 0, "protocol": "smoke",
    "replicas": 1, "reference_replicas": 1, "iterations": 1, "overlap": 0.0,
}  # fmt: skip


def write_campaign(folder: Path, **changes) -> Path:
    """Write a campaign file with some settings changed, and its seed file beside it; returns its path."""
    (folder / "seeds.csv").write_text(SEEDS)
    file = folder / "small.toml"
    file.write_text(TEMPLATE.format(**DEFAULTS | changes))
    return file


def work_first(monkeypatch, work):
    """`work(campaign, store)` takes the place of what the first stage does."""
    monkeypatch.setattr("autodisco.campaign.stages.prepare.PREPARE", dataclasses.replace(PREPARE, run=work))


@pytest.fixture
def campaign_file(tmp_path):
    """`write_campaign` into the test's own folder."""
    return lambda **changes: write_campaign(tmp_path, **changes)


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A campaign of one iteration with one candidate, run to its end in this process; the campaign and its file."""
    folder = tmp_path_factory.mktemp("finished")
    file = write_campaign(folder, batch=1)
    campaign = load(file, folder / "runs")
    lines = []
    assert run(campaign, lines.append) == 0
    assert any("exhausted" in line for line in lines)
    return campaign, file


@pytest.fixture
def copied(finished, tmp_path):
    """The folder of a finished campaign, for this test alone."""
    folder = tmp_path / "runs" / "small"
    shutil.copytree(finished[0].folder, folder)
    return folder


@pytest.fixture
def begin(campaign_file, tmp_path):
    """Sets a campaign up in a new folder; returns it and its store."""
    stores = []

    def open_one(name="runs", **changes):
        campaign = load(campaign_file(**changes), tmp_path / name)
        store = Store.create(campaign.folder)
        stores.append(store)
        set_up(campaign, store)
        return campaign, store

    yield open_one
    for store in stores:
        store.close()


@pytest.fixture(scope="session")
def prepared_once(tmp_path_factory):
    """A campaign after `prepare`, for tests of what follows to copy."""
    folder = tmp_path_factory.mktemp("prepared")
    file = write_campaign(folder)
    campaign = load(file, folder / "runs")
    with Store.create(campaign.folder) as store:
        set_up(campaign, store)
        STAGES.get("prepare").run(campaign, store)
    return campaign


@pytest.fixture
def prepared(prepared_once, tmp_path):
    """Copies the prepared campaign into a folder of its own, with some settings changed; returns it and its store."""
    stores = []

    def copy(name="copy", seed=1, **generate):
        folder = tmp_path / name
        shutil.copytree(prepared_once.folder, folder)
        settings = prepared_once.settings
        changes = {"seed": seed, "generate": settings.generate.model_copy(update=generate)}
        store = Store.open(folder)
        stores.append(store)
        return dataclasses.replace(prepared_once, settings=settings.model_copy(update=changes), folder=folder), store

    yield copy
    for store in stores:
        store.close()
