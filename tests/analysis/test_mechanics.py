"""The bulk modulus of volumes whose modulus is known, its error, and boxes that cannot tell it."""

import numpy as np
import pytest

from autodisco.analysis.mechanics import BOLTZMANN_GPA_A3, bulk_modulus
from autodisco.analysis.quantities import base_name, known
from autodisco.errors import InputError
from autodisco.files import write_json
from autodisco.simulation import protocols
from autodisco.simulation.engines.report import report_line
from autodisco.simulation.run_properties import modulus_of_run


def volumes(n, correlation, rng, modulus=2.0, volume=20_000.0, kelvin=400.0):
    """A first-order autoregressive series of volumes (Å³) whose variance is that of a modulus in GPa."""
    noise = rng.standard_normal(n) * np.sqrt(1 - correlation**2)
    noise[0] = rng.standard_normal()
    for k in range(1, n):
        noise[k] += correlation * noise[k - 1]
    return volume + np.sqrt(BOLTZMANN_GPA_A3 * kelvin * volume / modulus) * noise


@pytest.mark.parametrize("correlation", [0.0, 0.6, 0.85])
def test_modulus_and_error_are_those_that_made_the_volumes(correlation):
    rng = np.random.default_rng(1)
    found = [bulk_modulus(volumes(800, correlation, rng), 400.0) for _ in range(200)]
    moduli, errors = np.array([f.gpa for f in found]), np.array([f.gpa_sem for f in found])
    assert moduli.mean() == pytest.approx(2.0, abs=0.06)
    assert errors.mean() == pytest.approx(moduli.std(), rel=0.2)
    assert np.mean(np.abs(moduli - 2.0) < 2 * errors) > 0.9


def test_an_ideal_gas_is_as_stiff_as_its_pressure():
    # Volumes of N free particles at constant pressure have a gamma distribution, for which k T <V>/var(V) = P.
    pressure, kelvin, n = 0.05, 300.0, 1000
    volume = np.random.default_rng(2).gamma(n + 1, BOLTZMANN_GPA_A3 * kelvin / pressure, 4000)
    found = bulk_modulus(volume, kelvin)
    assert found.gpa == pytest.approx(pressure, abs=3 * found.gpa_sem)
    assert found.gpa_sem < 0.03 * pressure


def test_a_run_that_is_too_short_says_so():
    found = bulk_modulus(volumes(100, 0.95, np.random.default_rng(3)), 400.0)
    assert found.gpa is found.gpa_sem is None
    assert found.reason.startswith("too short: 100 volumes count as")
    assert bulk_modulus(np.full(50, 1e4), 400.0).reason.startswith("too short: 50 volumes count as 0 independent")


def test_a_box_that_is_too_small_says_so():
    found = bulk_modulus(volumes(800, 0.5, np.random.default_rng(4), modulus=1.0, volume=1_500.0), 400.0)
    assert found.gpa is None
    assert found.reason.startswith("the box is too small: its volume fluctuates by 6")


def test_volumes_that_are_none_are_refused():
    for wrong in ([], [1.0, -1.0], [1.0, np.nan]):
        with pytest.raises(InputError, match="positive numbers"):
            bulk_modulus(np.array(wrong), 400.0)


def test_a_replica_reads_it_from_its_report(tmp_path):
    protocol = protocols.load("overnight")
    number = max(n for n, step in enumerate(protocol.steps) if getattr(step, "set_mean_box_over_ps", None))
    write_json(tmp_path / "system.json", {"masses": [12_044.28]})  # 20,000 Å³ at 1 g/cm³
    before = [(number, step, 400, 1, 0.9, -1.0) for step in range(140)]
    series = volumes(160, 0.3, np.random.default_rng(5))
    rows = before + [(number, 140 + k, 400, 1, 20_000 / v, -1.0) for k, v in enumerate(series)]
    (tmp_path / "report.txt").write_text("".join(map(report_line, rows)))
    found = modulus_of_run(tmp_path, protocol)
    assert found["bulk_modulus_gpa"] == pytest.approx(bulk_modulus(series, 400.0).gpa, rel=1e-4)
    assert found["bulk_modulus_reason"] is None
    assert all(known(base_name(key)) for key in found)
    assert modulus_of_run(tmp_path, protocols.load("quick")) == {}
