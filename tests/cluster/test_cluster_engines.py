"""Real simulations on a real Slurm: interrupted and killed, and compared with those of one machine."""

import os
import signal
from pathlib import Path

import MDAnalysis
import pytest

from autodisco.campaign import load, run
from autodisco.files import read_json
from autodisco.polymer import parse
from autodisco.simulation.batch import replica_task
from autodisco.simulation.executors import Callbacks, LocalExecutor, Pool
from autodisco.simulation.executors.psij_executor import PsijExecutor
from autodisco.simulation.protocols import SHIPPED
from autodisco.simulation.task import ReplicaTask
from tests.campaign.conftest import write_campaign
from tests.campaign.storm import result
from tests.cluster.campaigns import ROOT

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

ENVIRONMENT = f"export PYTHONPATH={ROOT}:{ROOT / 'kernels'}"


@pytest.fixture
def protocol(tmp_path):
    """The protocol `smoke` with a longer production and checkpoints."""
    text = (
        (SHIPPED / "smoke.toml").read_text().replace('name = "smoke"', 'name = "interrupted"\ncheckpoint_every_ps = 2')
    )
    text = text.replace('kind = "production"\nduration_ps = 2', 'kind = "production"\nduration_ps = 400')
    file = tmp_path / "interrupted.toml"
    file.write_text(text.replace("frame_interval_ps = 0.04", "frame_interval_ps = 0.5"))
    return file


def task(protocol, root, replica: int) -> ReplicaTask:
    return replica_task(parse("*OCC*"), str(protocol), "pcff+", replica, 0, 1, root, 3600.0, "lammps")


def run_all(executor, tasks, on_progress=lambda: None) -> list[ReplicaTask]:
    """Run tasks; returns those with a value."""
    good = []

    def done(task, outcome):
        if outcome.ok:
            good.append(task)

    Pool(executor).run(tasks, Callbacks(on_done=done, on_progress=on_progress))
    return sorted(good, key=lambda task: task.replica)


def frames(task: ReplicaTask) -> int:
    files = (str(task.folder / name) for name in ("topology.pdb", "trajectory.dcd"))
    return MDAnalysis.Universe(*files).trajectory.n_frames


@pytest.mark.fault("cluster: walltime, preemption, scancel")
def test_a_simulation_that_outlasts_its_pilots_ends_as_one_that_was_left_alone(slurm, tmp_path, monkeypatch, protocol):
    monkeypatch.setenv("SLURM_CONF", slurm.environment["SLURM_CONF"])
    options = {"pilots": 1, "slots": 2, "walltime_minutes": 1, "warning_seconds": 29, "look_seconds": 1.0}
    executor = PsijExecutor(0, 1, **options, environment=[ENVIRONMENT])
    executor.serve("engines", tmp_path)
    killed: list[int] = []

    def kill_an_engine() -> None:
        if not killed and (found := engines_below(tmp_path / "cluster")):
            os.kill(found[0], signal.SIGKILL)
            killed.append(found[0])

    cluster = [task(protocol, tmp_path / "cluster", n) for n in range(1)]
    assert run_all(executor, cluster, kill_an_engine) == cluster
    pilots = {note.seen["jobs"][0] for note in executor.notes() if note.event == "pilots submitted"}
    executor.stop()
    assert killed
    assert len(pilots) > 1, "one pilot was enough"
    alone = [task(protocol, tmp_path / "alone", n) for n in range(1)]
    assert run_all(LocalExecutor(1), alone) == alone
    for interrupted, left_alone in zip(cluster, alone, strict=True):
        assert frames(interrupted) == frames(left_alone) == 801
        first, second = (read_json(one.folder / "outcome.json")["properties"] for one in (interrupted, left_alone))
        assert first["density_g_per_cm3"] == pytest.approx(second["density_g_per_cm3"], rel=0.02)
        ratio = first["cation_diffusivity_cm2_per_s"] / second["cation_diffusivity_cm2_per_s"]
        assert 1 / 3 < ratio < 3  # the scatter of a single ion


def engines_below(folder: Path) -> list[int]:
    """Processes of LAMMPS that work below a folder."""
    found = []
    for process in filter(lambda entry: entry.name.isdigit(), Path("/proc").iterdir()):
        try:
            if Path(os.readlink(process / "cwd")).is_relative_to(folder):
                found.append(int(process.name))
        except OSError:
            continue
    return found


def test_the_same_file_gives_the_same_on_one_machine_and_on_a_cluster(slurm, tmp_path, monkeypatch):
    monkeypatch.setenv("SLURM_CONF", slurm.environment["SLURM_CONF"])
    file = write_campaign(tmp_path, batch=2, replicas=1)
    text = file.read_text().replace('protocol = "smoke"', 'protocol = "smoke"\nengine = "lammps"')
    file.write_text(text)
    site = tmp_path / "site.toml"
    ends = {}
    for kind, options in (
        ("local", ""),
        ("psij", f'[executor.options]\npilots = 1\nslots = 2\nlook_seconds = 1\nenvironment = ["{ENVIRONMENT}"]\n'),
    ):
        site.write_text(f'[executor]\nkind = "{kind}"\n{options}')
        file.write_text(text + '[executor]\nsite = "site.toml"\n')
        campaign = load(file, tmp_path / kind)
        assert run(campaign) == 0
        ends[kind] = result(campaign.folder)
    assert ends["local"]["candidates"] == ends["psij"]["candidates"]
    assert ends["local"] == ends["psij"]
