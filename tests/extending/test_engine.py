"""An engine from outside of the package: one that copies frames, from one file."""

from pathlib import Path

import numpy as np
import pytest
from MDAnalysis.lib.formats.libdcd import DCDFile
from typer.testing import CliRunner

from autodisco.campaign.settings_file import read_settings
from autodisco.cli import commands
from autodisco.errors import InputError
from autodisco.files import read_json
from autodisco.simulation import engines, equilibration, protocols, steps
from autodisco.simulation.engines.report import read_report

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "engine.py"


@pytest.fixture
def mine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(EXAMPLE.read_text())
    return tmp_path


def test_a_replica_runs_with_an_engine_given_by_its_path(mine):
    arguments = ["simulate", "*OCC*", "--protocol", "smoke", "--replicas", "1", "--json"]
    done = CliRunner().invoke(commands(), [*arguments, "--engine", "mine.py:Still"])
    assert done.exit_code == 0, done.output
    folder = next(mine.rglob("outcome.json")).parent
    outcome = read_json(folder / "outcome.json")
    assert outcome["ok"], outcome
    assert outcome["properties"]["cation_diffusivity_cm2_per_s"] == pytest.approx(0.0, abs=1e-12)
    with DCDFile(str(folder / "trajectory.dcd")) as trajectory:
        frames = trajectory.readframes().xyz
    assert len(frames) == 51
    assert np.ptp(frames, axis=0).max() == 0
    assert folder.parent.name.rpartition("-")[0] == "seed-1-mine-Still"


def test_the_driver_extends_steps_and_stops_early_with_any_engine(mine, monkeypatch):
    monkeypatch.setattr(equilibration, "LEAST_VALUES", 2)
    monkeypatch.setattr(equilibration, "drift", lambda values: (1e9, 1.0))  # never at rest
    smoke = protocols.load("smoke")
    *before, _, production = smoke.steps
    npt = steps.Npt.model_construct(
        kind="npt", duration_ps=2.0, temperature_k=(500, 500), pressure_atm=(1, 1), pressure_damping_fs=400,
        set_mean_box_over_ps=0.4, extend_up_to=1, timestep_fs=None,
    )  # fmt: skip
    protocol = smoke.model_copy(update={"steps": (*before, npt, production), "checkpoint_every_ps": 0.4})
    np.savez(mine / "start.npz", positions=np.zeros((2, 3)), box=np.full(3, 10.0), density=1.0)
    asked, told = [], []

    def enough(done_ps):
        asked.append(round(done_ps, 6))
        return len(asked) == 3

    box = engines.load("mine.py:Still").run(mine, protocol, lambda *seen: told.append(seen[:2]), enough=enough)
    assert box == [10.0, 10.0, 10.0]
    assert asked == [0.4, 0.8, 1.2]
    assert [verdict.settled for verdict in equilibration.verdicts(mine)] == [False, False]
    rows = [(row["number"], row["step"] * 0.004) for row in read_report(mine) if row["number"] == 2]
    assert rows[-1] == pytest.approx((2, 4.0))  # twice as long
    assert told[-1] == ("production", pytest.approx((0.5 + 4.0 + 1.2) / (0.5 + 4.0 + 2.0)))


def test_in_a_campaign_file_its_path_is_relative_to_that_file(mine):
    (mine / "c.toml").write_text('name = "c"\n[simulation]\nengine = "mine.py:Still"\n')
    assert read_settings(mine / "c.toml", {}).simulation.engine == f"{mine.resolve()}/mine.py:Still"


def test_what_is_no_engine_is_refused(mine):
    with pytest.raises(InputError, match="is not a subclass of Engine"):
        engines.load("mine.py:report_line")
