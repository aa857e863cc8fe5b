"""A Slurm on this machine, and campaigns on it whose replicas sleep."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.cluster.campaigns import Clustered
from tests.cluster.slurm import Slurm, missing


def bring_up(**shape) -> Slurm:
    """A cluster in a folder of its own. Skips the test where there can be none."""
    if why := missing():
        pytest.skip(why)
    return Slurm(Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp")), **shape).up()


@pytest.fixture(scope="module")
def slurm():
    """Four nodes with 16 CPUs and 4 GPUs each; nothing that runs on them is left behind."""
    cluster = bring_up()
    yield cluster
    cluster.down()


@pytest.fixture
def clustered(slurm, tmp_path, monkeypatch):
    """Campaigns of the test on the cluster, with replicas that sleep; none of their processes is left behind."""
    for name, value in slurm.environment.items():
        monkeypatch.setenv(name, value)
    campaign = Clustered(slurm, tmp_path)
    yield campaign
    campaign.end()
    if shutil.which("squeue") and os.environ.get("SLURM_CONF"):
        slurm.empty()
