"""Moduli of volumes and stresses whose modulus is known, their errors, and boxes that cannot tell them."""

import re

import numpy as np
import pytest

from autodisco.analysis.mechanics import BOLTZMANN_GPA_A3, bulk_modulus, youngs_modulus
from autodisco.analysis.quantities import base_name, known
from autodisco.errors import InputError
from autodisco.files import write_json
from autodisco.simulation import protocols
from autodisco.simulation.engines.report import report_line
from autodisco.simulation.run_properties import modulus_of_run, stiffness_of_run


def volumes(n, correlation, rng, modulus=2.0, volume=20_000.0, kelvin=400.0):
    """A correlated series of volumes (Å³) whose variance is that of a modulus in GPa."""
    return volume + np.sqrt(BOLTZMANN_GPA_A3 * kelvin * volume / modulus) * correlated(n, correlation, rng)


def correlated(n, correlation, rng):
    """A first-order autoregressive series of variance 1."""
    noise = rng.standard_normal(n) * np.sqrt(1 - correlation**2)
    noise[0] = rng.standard_normal()
    for k in range(1, n):
        noise[k] += correlation * noise[k - 1]
    return noise


def stretched(rng, modulus=3.0, noise=0.05, axes=3, n=200, correlation=0.0, scatter=0.0):
    """Strains and stresses (GPa) of a box along some axes, whose moduli differ by `scatter`."""
    strains = 0.025 * (np.arange(n) + 0.5) / n
    moduli = modulus + scatter * rng.standard_normal(axes)
    return [(strains, 0.1 + one * strains + noise * correlated(n, correlation, rng)) for one in moduli]


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


@pytest.mark.parametrize(("correlation", "noise"), [(0.0, 0.05), (0.5, 0.03), (0.8, 0.02)])
def test_the_slope_and_its_error_are_those_that_made_the_stresses(correlation, noise):
    rng = np.random.default_rng(6)
    found = [youngs_modulus(stretched(rng, 5.0, noise, 1, 400, correlation)) for _ in range(300)]
    moduli, errors = (np.array([getattr(f, name) for f in found], dtype=float) for name in ("gpa", "gpa_sem"))
    assert np.isfinite(moduli).all()
    assert moduli.mean() == pytest.approx(5.0, abs=0.15)
    assert errors.mean() == pytest.approx(moduli.std(), rel=0.25)
    assert np.mean(np.abs(moduli - 5.0) < 2 * errors) > 0.92


def test_axes_that_differ_by_more_than_their_errors_make_the_error_larger():
    rng = np.random.default_rng(7)
    alike = youngs_modulus(stretched(rng, noise=0.005))
    unlike = youngs_modulus(stretched(rng, noise=0.005, scatter=0.6))
    assert alike.gpa_sem < 0.05
    assert unlike.gpa_sem > 0.2


def test_a_box_that_cannot_tell_youngs_modulus_says_how_much_more_is_needed():
    rng = np.random.default_rng(8)
    found = youngs_modulus(stretched(rng, modulus=1.0, noise=0.1, axes=1, n=400))
    assert found.gpa is found.gpa_sem is None
    wanted = re.search(
        r"too small or the deformation too short: ([\d.]+) ± ([\d.]+) GPa.* about ([\d.]+) times", found.reason
    )
    value, error, times = map(float, wanted.groups())
    assert times == pytest.approx((2 * error / value) ** 2, rel=0.1)
    # noise falls with the root of the number of atoms
    larger = stretched(rng, modulus=1.0, noise=0.1 / np.sqrt(4 * times), axes=1, n=400)
    assert youngs_modulus(larger).gpa is not None


def test_a_melt_that_does_not_resist_has_no_youngs_modulus():
    found = youngs_modulus(stretched(np.random.default_rng(9), modulus=0.0))
    assert found.gpa is None
    assert "more than 4 times as many atoms" in found.reason


def test_a_deformation_of_few_independent_stresses_is_too_short():
    assert youngs_modulus(stretched(np.random.default_rng(10), n=9)).reason.startswith("too short: the stresses of an")
    slow = youngs_modulus(stretched(np.random.default_rng(11), n=60, correlation=0.95))
    assert slow.reason.startswith("too short")
    with pytest.raises(InputError, match="at strains that differ"):
        youngs_modulus([(np.zeros(20), np.ones(20))])


def test_a_replica_reads_the_stress_of_each_axis(tmp_path):
    protocol = protocols.load("bench/youngs.toml")
    curves = stretched(np.random.default_rng(12))
    for (number, _), (strains, stresses) in zip(protocol.deformations, curves, strict=True):
        lines = [
            f"{250 * (k + 1)} {e:.12g} {-s / 1.01325e-4:.12g}\n"
            for k, (e, s) in enumerate(zip(strains, stresses, strict=True))
        ]
        # the run was cut off within a line, and went on from a checkpoint
        text = [
            "# Time-averaged data\n",
            "5000 0 0\n",
            *lines[:20],
            lines[20][:9],
            "# Time-averaged data for fix stress\n",
            *lines[18:],
        ]
        (tmp_path / f"deform-{number}.txt").write_text("".join(text))
    found, expected = stiffness_of_run(tmp_path, protocol), youngs_modulus(curves)
    assert found["youngs_modulus_gpa"] == pytest.approx(expected.gpa, rel=1e-6)
    assert found["youngs_modulus_gpa_sem"] == pytest.approx(expected.gpa_sem, rel=1e-6)
    assert found["strain_rate_per_s"] == pytest.approx(1e9)
    assert all(known(base_name(key)) for key in found)
    assert stiffness_of_run(tmp_path, protocols.load("quick")) == {}
