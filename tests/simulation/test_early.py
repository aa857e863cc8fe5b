"""When a replica may stop early, and that engines then do."""

import pytest

from autodisco.errors import InputError
from autodisco.files import read_json
from autodisco.simulation import ReplicaTask, protocols, run_replica
from autodisco.simulation.early import enough

SMOKE = protocols.load("smoke")


def production(**changes):
    return SMOKE.production.model_copy(update={"duration_ps": 100.0, **changes})


def seen(value: float, error: float | None) -> dict:
    return {"conductivity_s_per_cm": value, "conductivity_s_per_cm_sem": error, "length_ns": 0.04, "warnings": []}


def test_a_small_relative_error_is_enough():
    asked = production(stop_at_relative_error=0.1)
    assert enough(seen(1e-3, 2e-4), asked, None) is None
    found = enough(seen(1e-3, 5e-5), asked, None)
    assert found.saved_ps == pytest.approx(60)
    assert "0.05" in found.reason
    assert enough(seen(1e-3, None), asked, None) is None
    assert enough(seen(0.0, 0.0), asked, None) is None  # nothing moved yet


def test_lying_below_the_benchmark_has_to_be_certain():
    asked = production(stop_below_with_confidence=0.95)
    assert enough(seen(1e-3, 1e-4), asked, None) is None
    assert enough(seen(1e-3, 1e-4), asked, 1.1e-3) is None  # one standard error
    assert enough(seen(1e-3, 1e-4), asked, 1.2e-3) is not None  # two
    assert enough(seen(1e-3, 1e-4), asked, 0.5e-3) is None


def test_nothing_is_enough_while_the_analysis_warns():
    asked = production(stop_at_relative_error=0.1, stop_below_with_confidence=0.95)
    assert enough(seen(1e-3, 5e-5) | {"warnings": ["sub-diffusive"]}, asked, 1.0) is None


def test_it_needs_checkpoints(tmp_path):
    text = (protocols.SHIPPED / "smoke.toml").read_text().replace('name = "smoke"', 'name = "mine"')
    (tmp_path / "mine.toml").write_text(text + "stop_at_relative_error = 0.1\n")
    with pytest.raises(InputError, match="needs checkpoint_every_ps"):
        protocols.load(str(tmp_path / "mine.toml"))


def test_a_replica_stops_and_says_what_it_saved(tmp_path, monkeypatch):
    monkeypatch.setattr("autodisco.analysis.transport._warnings", lambda *_: ())  # so small a box has always some
    text = (protocols.SHIPPED / "smoke.toml").read_text().replace('name = "smoke"', 'name = "mine"')
    text = text.replace("timestep_fs = 2.0\n", "timestep_fs = 2.0\ncheckpoint_every_ps = 4\n", 1)
    text = text.replace("duration_ps = 2\nframe_interval_ps", "duration_ps = 60\nframe_interval_ps")
    text = text.replace("ion_pairs = 1", "ion_pairs = 4")
    text += "stop_below_with_confidence = 0.9\n"
    (tmp_path / "mine.toml").write_text(text)
    file, folder = tmp_path / "mine.toml", tmp_path / "run"
    task = ReplicaTask("key", "*OCC*", 0, 7, str(file), "pcff+", folder, 600.0, benchmark_s_per_cm=1e9)
    outcome = run_replica(task)
    assert outcome.ok, outcome.detail
    told = outcome.properties
    assert told["length_ns"] < 0.05
    assert told["production_saved_ps"] == pytest.approx(60 - 1000 * told["length_ns"], abs=4.1)
    assert "is below 1e+09 with confidence 0.9" in told["stopped_early"]
    assert told["frames"] % 100 == 1  # whole legs
    assert read_json(folder / "system.json")["box_a"] is not None
