"""Warnings about values that no liquid or polymer has: slips of units in temperature, time and lengths."""

import numpy as np
import pytest

from autodisco.analysis import analyze
from autodisco.analysis.observe import observe
from autodisco.errors import InputError
from tests.analysis.test_transport import brownian, salt, trajectory
from tests.analysis.walks import CHOSEN, dump_text
from tests.analysis.walks import salt as walking


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("plausibility") / "run.lammpstrj"
    path.write_text(dump_text(walking(n_frames=60)))
    return path


def said(file, **options):
    return [w for w in analyze(file, **CHOSEN | options).properties.warnings if "right, and" in w or "in K" in w]


def test_a_plausible_run_has_no_such_warning(file):
    assert said(file) == []


def test_a_temperature_in_celsius_is_noted(file):
    (warning,) = said(file, temperature_k=80)
    assert "a temperature of 80 K: is it in K (80 °C are 353 K)?" in warning


def test_steps_longer_than_free_flight_are_noted(file):
    # Anions of N, S and O (62 g/mol) fly 3.77 Å/ps at 353 K; their steps are 0.69 Å, which takes longer than 0.02 ps.
    (warning,) = said(file, dt_ps=0.02)
    assert "the way that their thermal velocity at 353 K allows" in warning
    found = float(warning.split("ions move by ")[1].split()[0])
    assert found == pytest.approx(np.sqrt(3) * 0.4 / 3.77 / 0.02, rel=0.1)


@pytest.mark.parametrize(
    ("edge", "diffusivity", "sentence"),  # Å, Å²/ps (1e-4 cm²/s)
    [
        (
            200,
            4.5,
            "cm²/s, which ions of no liquid have: is the time between frames, 1 ps, right",
        ),
        (60, 0.5, None),
        (25, 0.5, "S/cm, which no electrolyte below 500 K has: is the time between frames, 1 ps, right"),
    ],
)
def test_transport_of_no_liquid_is_noted(edge, diffusivity, sentence):
    who, cell = salt(100, 100), np.eye(3) * edge
    who.masses[:4] = 1e8
    found = observe(trajectory(who, brownian(60, who, cell, diffusivity, 0.1), cell)).properties
    noted = [warning for warning in found.warnings if "right, and" in warning]
    assert len(noted) == (sentence is not None)
    if sentence:
        assert sentence in noted[0]


@pytest.mark.parametrize("option", ["cluster_cutoff", "coordination_cutoff"])
def test_cutoffs_in_nm_are_refused(file, option):
    with pytest.raises(InputError, match=r"cutoff is 0\.34; in Å, .* \(0\.34 nm are 3\.4 Å\)"):
        analyze(file, **CHOSEN, **{option: 0.34})


def test_an_error_that_the_run_does_not_tell_is_none_and_never_zero():
    # A run forwards and backwards: nothing is displaced in the end, and the matrix of slopes is indefinite.
    who, cell = salt(20, 20), np.eye(3) * 200
    for seed in range(12):
        there = brownian(60, who, cell, 0.3, 0.3, seed)
        both = np.concatenate([there, there[::-1]])
        found = observe(trajectory(who, both, cell)).properties
        errors = {key: value for key, value in found.items() if key.endswith("_sem")}
        numbers = [v for value in errors.values() for v in (value.values() if isinstance(value, dict) else [value])]
        assert 0.0 not in numbers
