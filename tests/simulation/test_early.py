"""When a replica may stop early, how seldom it stops wrongly, and that engines then do."""

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import binom, norm

from autodisco.analysis.quantities import base_name, known
from autodisco.errors import InputError
from autodisco.files import read_json
from autodisco.simulation import ReplicaTask, protocols, run_replica
from autodisco.simulation.early import Benchmark, EarlyStop, boundaries, looks, stop_reason
from tests.analysis.test_transport import properties, salt

SMOKE = protocols.load("smoke")
EXACT = Benchmark(1e-3, 0.0, 0.01, 1e6)
LN10 = np.log(10)


def production(**changes):
    return SMOKE.production.model_copy(update={"duration_ps": 100.0, **changes})


def seen(value: float, error: float | None, done_ps: float = 40.0, **more) -> dict:
    names = {"conductivity_s_per_cm": value, "conductivity_s_per_cm_sem": error, "length_ns": done_ps / 1000}
    return names | {"conductivity_ne_s_per_cm": value, "conductivity_ne_s_per_cm_sem": error, "warnings": []} | more


def test_a_small_relative_error_is_enough():
    asked = production(stop_at_relative_error=0.1)
    assert stop_reason(seen(1e-3, 2e-4), asked, None) is None
    found = stop_reason(seen(1e-3, 5e-5), asked, None)
    assert found.saved_ps == pytest.approx(60)
    assert "0.05" in found.reason
    assert found.censored is None
    assert stop_reason(seen(1e-3, None), asked, None) is None
    assert stop_reason(seen(0.0, 0.0), asked, None) is None  # nothing moved yet
    assert stop_reason(seen(1e-3, 5e-5, warnings=["sub-diffusive"]), asked, EXACT) is None


def test_boundaries_are_those_of_lan_and_demets():
    """One-sided, 5 %, four equal looks: 3.7496, 2.5399, 2.0160, 1.7201 by PharmCat's SeqBounds.jl."""
    found = boundaries(np.array([0.25, 0.5, 0.75, 1.0]), 0.05)
    assert found == pytest.approx([3.7496, 2.5399, 2.0160, 1.7201], abs=0.05)
    # looks that tell nothing new cost nothing
    assert boundaries(np.ones(7), 0.05) == pytest.approx([norm.isf(0.05)] * 7, abs=0.03)


def test_looks_grow_so_that_all_cost_little_more_than_the_last():
    times = looks(protocols.load("htp-md").production)
    assert len(times) == 7
    assert times[0] < 300
    assert times.sum() < 3.1 * times[-1] < 3.1 * 5000
    asked = []

    def analyse():
        asked.append(1)
        return seen(1.0, 0.1)

    stop = EarlyStop(protocols.load("htp-md").production, None, analyse)
    assert not any(stop(50.0 * leg) for leg in range(1, 101))
    assert len(asked) == 7


def test_how_certain_below_has_to_be():
    asked = production(stop_below_with_confidence=0.95)
    assert stop_reason(seen(0.9e-3, 5e-5), asked, None) is None
    assert stop_reason(seen(1.1e-3, 5e-5), asked, EXACT) is None
    assert stop_reason(seen(0.5e-3, 5e-5), asked, EXACT).censored == "below"
    # the same value with less behind it
    assert stop_reason(seen(0.5e-3, 3e-4), asked, EXACT) is None
    assert stop_reason(seen(0.5e-3, 5e-5), asked, Benchmark(1e-3, 0.2, 0.01, 1e6)) is None
    assert stop_reason(seen(0.5e-3, 5e-5), asked, Benchmark(1e-3, 0.0, 0.2, 1e6)) is None
    builds = [Benchmark(1e-3, 0.0, 0.12, degrees) for degrees in (100.0, 1.0)]
    assert [stop_reason(seen(0.5e-3, 5e-5), asked, one) is not None for one in builds] == [True, False]
    # early, the same certainty is not enough
    assert stop_reason(seen(0.7e-3, 7e-5, 67.0), asked, EXACT) is not None
    assert stop_reason(seen(0.7e-3, 7e-5, 9.0), asked, EXACT) is None


def test_what_does_not_move_is_below():
    asked = production(stop_below_with_confidence=0.95)
    told = ["cations show no diffusion: the displacement does not grow over the fitted lags"]
    assert stop_reason(seen(0.0, 3e-6, warnings=told), asked, EXACT).censored == "below"
    assert stop_reason(seen(0.0, 1e-3, warnings=told), asked, EXACT) is None
    assert stop_reason(seen(0.0, 0.0, warnings=told), asked, EXACT) is None  # no error is known


def test_independent_ions_stand_in_where_populations_have_no_error():
    asked = production(stop_below_with_confidence=0.95)
    ideal = {"conductivity_ne_s_per_cm": 2e-4, "conductivity_ne_s_per_cm_sem": 2e-5}
    assert stop_reason(seen(1e-4, None, **ideal), asked, EXACT).censored == "below"
    assert stop_reason(seen(3e-4, None, **ideal), asked, EXACT) is None  # it is no upper bound there
    assert stop_reason(seen(1e-4, None, **ideal | {"conductivity_ne_s_per_cm_sem": None}), asked, EXACT) is None


def test_warnings_that_make_the_value_doubtful_forbid_it():
    asked = production(stop_below_with_confidence=0.95)
    for warning, stops in (
        ("cations are sub-diffusive (exponent 0.61): their diffusivity is apparent", True),
        ("anions have no clearly diffusive lags, so the fit takes 15 to 50 % of the run: run longer", True),
        ("anions are fitted over a small part of the run (25 to 50 %), because shorter", True),
        ("the chains still relax: their radius of gyration changed by +0.50 Å", False),
        ("the ions carry a net charge of +1: are all ions selected, with the right charges?", False),
        ("a warning of a later program", False),
    ):
        assert (stop_reason(seen(1e-4, 1e-5, warnings=[warning]), asked, EXACT) is not None) is stops, warning


def test_sub_diffusive_ions_as_the_analysis_sees_them_can_be_stopped():
    """Ions that rattle in cages that widen for the whole run, in a box without contacts."""
    rng = np.random.default_rng(0)
    who = salt(20, 20)
    who.masses[:4] = 1e6
    rattle = lfilter([1], [1, -np.exp(-1 / 200)], rng.normal(size=(400, 40, 3)), axis=0)
    positions = rng.random((44, 3)) * 200 + np.zeros((400, 1, 1))
    positions[:, 4:] += 0.05 * rattle
    found = properties(who, positions, np.eye(3) * 200).to_dict()
    assert any("sub-diffusive" in warning for warning in found["warnings"])
    asked = production(duration_ps=1000.0, stop_below_with_confidence=0.95)
    far, near = (Benchmark(factor * found["conductivity_s_per_cm"], 0.05, 0.1, 30.0) for factor in (10, 1))
    assert stop_reason(found, asked, far).censored == "below"
    assert stop_reason(found, asked, near) is None


def stops(truth: float, ions: int, scatter: float, error: float, trials: int, exponent: float = 1.0) -> int:
    """How many replicas of 5 ns stop below a benchmark of 1, from the squared displacements of Brownian ions.

    The truth is that of the whole run. With an exponent below 1 the apparent diffusivity falls towards it as a power
    of time.
    """
    return sum(stopped(truth, ions, scatter, error, exponent, trial) for trial in range(trials))


def stopped(truth: float, ions: int, scatter: float, error: float, exponent: float, trial: int) -> bool:
    asked = protocols.load("htp-md").production.model_copy(update={"stop_below_with_confidence": 0.95})
    warned = ["cations are sub-diffusive (exponent 0.7): their diffusivity is apparent"] if exponent < 1 else []
    rng = np.random.default_rng(trial)
    build = truth * 10 ** (scatter * rng.normal() - scatter**2 * LN10 / 2)
    benchmark = Benchmark(10 ** (error * rng.normal()), error, scatter, 30.0)
    squares = build * rng.chisquare(3, size=(50, ions)) / 3  # of displacements in 100 ps
    done = []

    def analyse():
        so_far = squares[: len(done)].mean(axis=0) * (len(done) / 50) ** (exponent - 1)
        own = float(so_far.std(ddof=1) / np.sqrt(ions))
        return seen(float(so_far.mean()), own, 100.0 * len(done), warnings=warned)

    stop = EarlyStop(asked, benchmark, analyse)
    while len(done) < 50:
        done.append(1)
        if stop(100.0 * len(done)):
            return True
    return False


@pytest.mark.parametrize(
    ("ions", "scatter", "error", "trials"),
    [(50, 0.05, 0.02, 250), (8, 0.05, 0.0, 250), (50, 0.16, 0.08, 250), (200, 0.002, 0.0, 500)],
)
def test_wrong_stops_are_as_rare_as_stated(ions, scatter, error, trials):
    """5 % at most over all looks. The last case is one of seven nearly independent looks."""
    wrong = stops(1.0, ions, scatter, error, trials)
    assert wrong <= binom.isf(0.001, trials, 0.05)
    if scatter > 0.01:
        assert wrong >= binom.isf(0.999, trials, 0.02)  # not by being useless


def test_polymers_far_below_stop_early():
    assert stops(0.3, 50, 0.05, 0.02, 50) == 50
    assert stops(0.1, 8, 0.16, 0.08, 50) >= 48
    assert stops(0.1, 50, 0.16, 0.08, 50, exponent=0.7) >= 45


def test_sub_diffusive_ions_are_not_stopped_more_often():
    assert stops(1.0, 50, 0.05, 0.02, 200, exponent=0.7) <= binom.isf(0.001, 200, 0.05)


def test_it_needs_checkpoints(tmp_path):
    text = (protocols.SHIPPED / "smoke.toml").read_text().replace('name = "smoke"', 'name = "mine"')
    (tmp_path / "mine.toml").write_text(text + "stop_at_relative_error = 0.1\n")
    with pytest.raises(InputError, match="needs checkpoint_every_ps"):
        protocols.load(str(tmp_path / "mine.toml"))


def test_a_replica_stops_and_says_what_it_saved(tmp_path, monkeypatch):
    monkeypatch.setattr("autodisco.simulation.early.HARMLESS", ("",))  # so small a box has always some warnings
    text = (protocols.SHIPPED / "smoke.toml").read_text().replace('name = "smoke"', 'name = "mine"')
    text = text.replace("timestep_fs = 2.0\n", "timestep_fs = 2.0\ncheckpoint_every_ps = 4\n", 1)
    text = text.replace("duration_ps = 2\nframe_interval_ps", "duration_ps = 60\nframe_interval_ps")
    text = text.replace("ion_pairs = 1", "ion_pairs = 4")
    text += "stop_below_with_confidence = 0.9\n"
    (tmp_path / "mine.toml").write_text(text)
    file, folder = tmp_path / "mine.toml", tmp_path / "run"
    benchmark = Benchmark(1e9, 0.1, 0.2, 20.0)
    task = ReplicaTask("key", "*OCC*", 0, 7, str(file), "pcff+", folder, 600.0, benchmark=benchmark)
    assert ReplicaTask.from_dict(task.to_dict()) == task
    outcome = run_replica(task)
    assert outcome.ok, outcome.detail
    told = outcome.properties
    assert all(known(base_name(key)) for key in told), "every key that a replica writes is a quantity of the table"
    assert told["length_ns"] < 0.05
    assert told["production_saved_ps"] == pytest.approx(60 - 1000 * told["length_ns"], abs=4.1)
    assert told["production_share"] == pytest.approx(1 - told["production_saved_ps"] / 60)
    assert told["censored"] == "below"
    assert "is below 1e+09 with confidence 0.9" in told["stopped_early"]
    assert told["frames"] % 100 == 1  # whole legs
    assert read_json(folder / "system.json")["box_a"] is not None
