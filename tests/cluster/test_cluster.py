"""A campaign on a real Slurm with real simulations, as small as they can be."""

import pytest

from autodisco.campaign import load, run
from autodisco.campaign.batch_system import batch_system
from autodisco.store import Store
from tests.campaign.conftest import write_campaign
from tests.cluster.campaigns import ROOT
from tests.cluster.conftest import bring_up

pytestmark = pytest.mark.cluster

EXECUTOR = """\
[executor]
kind = "psij"
[executor.options]
pilots = 2
slots = 1
gpus = 2
walltime_minutes = 10
look_seconds = 1
environment = ["export PYTHONPATH={root}:{root}/kernels"]
"""


@pytest.fixture(scope="module")
def slurm():
    """Two small nodes, so that each pilot needs one of its own."""
    cluster = bring_up(nodes=2, cpus=1, gpus=2)
    yield cluster
    cluster.down()


def test_a_campaign_runs_its_simulations_on_two_nodes(slurm, tmp_path, monkeypatch):
    monkeypatch.setenv("SLURM_CONF", slurm.environment["SLURM_CONF"])
    file = write_campaign(tmp_path, batch=1, replicas=2)
    text = file.read_text().replace('protocol = "smoke"', 'protocol = "smoke"\nengine = "lammps"')
    text = text.replace("[generator]\niterations = 100", '[generator]\nkind = "random"').replace(
        "batch_size = 16\n", ""
    )
    file.write_text(text.replace("learning_rate = 4e-3\n", "") + EXECUTOR.format(root=ROOT))
    campaign = load(file, tmp_path / "runs")
    lines = []
    assert run(campaign, lines.append) == 0
    with Store.open_readonly(campaign.folder) as store:
        rows = store.replicas()
        events = [row.event for row in store.journal()]
    assert [row.status for row in rows] == ["done"] * 2
    assert "pilots submitted" in events
    assert not {"lost pilot", "retry", "restart"} & set(events)
    output = [file.read_text() for file in (campaign.folder / "queue" / "pilots").glob("*.log")]
    assert {line.split()[3] for text in output for line in text.splitlines() if " slots" in line} == {"n1:", "n2:"}
    assert not slurm.jobs("RUNNING", "PENDING")


def test_doctor_finds_the_batch_system(slurm, monkeypatch):
    monkeypatch.setenv("SLURM_CONF", slurm.environment["SLURM_CONF"])
    ok, found = batch_system()
    assert ok
    assert found.startswith("slurm, which answers")
