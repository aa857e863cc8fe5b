"""Whether a step has come to rest, and that engines extend one that has not."""

import json

import numpy as np
import pytest
from scipy.signal import lfilter

from autodisco.analysis.drift import drift
from autodisco.errors import InputError
from autodisco.polymer import parse
from autodisco.simulation import builder, equilibration, forcefield, protocols, steps
from autodisco.simulation.engines import load
from autodisco.simulation.engines.report import read_report

SMOKE = protocols.load("smoke")


LASTS = {"lammps": 4.0, "openmm": 0.8}  # ps; OpenMM is slow on a CPU, and reports more often


def gated(engine: str, up_to: int) -> protocols.Protocol:
    """The smoke protocol with its NPT step at constant pressure and temperature, extended at most `up_to` times."""
    *before, _, production = SMOKE.steps
    npt = steps.Npt.model_construct(  # shorter than would be allowed
        kind="npt",
        duration_ps=LASTS[engine],
        temperature_k=(500, 500),
        pressure_atm=(1, 1),
        pressure_damping_fs=400,
        set_mean_box_over_ps=0.2,
        extend_up_to=up_to,
        timestep_fs=None,
    )
    return SMOKE.model_copy(update={"steps": (*before, npt, production), "checkpoint_every_ps": 0.4})


def noise(rng: np.random.Generator, n: int) -> np.ndarray:
    """Values of variance 1 that are alike over some three of them."""
    forgets = np.exp(-1 / 3)
    return lfilter([np.sqrt(1 - forgets**2)], [1, -forgets], rng.normal(size=n + 50))[50:]


def test_the_drift_of_noise_is_within_its_error_and_that_of_a_slope_is_not():
    rng = np.random.default_rng(1)
    within = [abs(d) < 2 * e for d, e in (drift(noise(rng, 400)) for _ in range(300)) if e is not None]
    assert len(within) > 200
    assert 0.88 < np.mean(within) < 1
    slopes = (drift(noise(rng, 400) + np.arange(400) / 40) for _ in range(100))
    assert np.mean([abs(d) > 2 * (e or 0.0) for d, e in slopes]) > 0.95
    assert drift(np.repeat([0.0, 0, 1, 3], 8)) == (2.0, 0.0)
    with pytest.raises(ValueError, match="at least 16"):
        drift([1.0] * 15)


@pytest.mark.parametrize("engine", ["lammps", pytest.param("openmm", marks=pytest.mark.slow)])
def test_a_step_that_still_drifts_is_extended_up_to_the_limit(engine, tmp_path, monkeypatch):
    monkeypatch.setattr(equilibration, "LEAST_VALUES", 4)  # it is a short step
    monkeypatch.setattr(equilibration, "drift", lambda values: (1e9, 1.0))  # never at rest
    run_with(engine, tmp_path, gated(engine, 1), extended=1)
    assert [v.settled for v in equilibration.verdicts(tmp_path)] == [False, False]
    (said,) = equilibration.warnings(tmp_path)
    assert said.startswith("not at rest: step 3 of the protocol drifted by +1000000000")


def test_a_step_at_rest_is_run_once(tmp_path, monkeypatch):
    monkeypatch.setattr(equilibration, "LEAST_VALUES", 4)
    monkeypatch.setattr(equilibration, "drift", lambda values: (0.0, 1.0))
    run_with("lammps", tmp_path, gated("lammps", 2), extended=0)
    assert [v.settled for v in equilibration.verdicts(tmp_path)] == [True]
    assert equilibration.warnings(tmp_path) == []


def run_with(name: str, folder, protocol: protocols.Protocol, extended: int) -> None:
    engine = load(name)
    engine.write(folder, builder.build(parse("*OCC*"), protocol.system, 1, forcefield.load("pcff+")), protocol, 1)
    engine.run(folder, protocol)
    rows = [row for row in read_report(folder) if row["number"] == 2]
    timestep = SMOKE.timestep_fs * SMOKE.nonbonded.every / 1000
    lasted = (rows[-1]["step"] - rows[0]["step"]) * timestep
    assert lasted == pytest.approx(LASTS[name] * (1 + extended), rel=0.3)
    assert len(json.loads((folder / equilibration.FILE).read_text())) == 1 + extended


def test_a_step_too_short_to_tell_counts_as_not_at_rest(tmp_path):
    (tmp_path / "report.txt").write_text("2 0 500 1 1.0 -10\n2 250 500 1 1.0 -10\n")
    verdict = equilibration.judge(tmp_path, 2)
    assert (verdict.settled, verdict.density_drift_g_per_cm3) == (False, None)


def test_only_constant_steps_with_checkpoints_can_be_extended(tmp_path):
    text = (protocols.SHIPPED / "smoke.toml").read_text().replace('name = "smoke"', 'name = "mine"')
    path = tmp_path / "mine.toml"
    path.write_text(text.replace("set_mean_box_over_ps = 0.5", "set_mean_box_over_ps = 0.5\nextend_up_to = 2"))
    with pytest.raises(InputError, match="constant temperature_k"):
        protocols.load(str(path))
    path.write_text(path.read_text().replace("[600, 500]", "[500, 500]"))
    with pytest.raises(InputError, match="needs 10 ps before"):
        protocols.load(str(path))
    path.write_text(path.read_text().replace("duration_ps = 2\ntemp", "duration_ps = 20\ntemp"))
    with pytest.raises(InputError, match="needs checkpoint_every_ps"):
        protocols.load(str(path))
