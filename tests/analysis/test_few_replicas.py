"""Errors over a few replicas: what they are worth, and that none is 0."""

import pytest

from autodisco.analysis.few_replicas import combined_for_people, notes, own_error

NAME = "conductivity_ne_s_per_cm"


def runs(*values, error=1e-3, density=1.0):
    return [{NAME: value, f"{NAME}_sem": error, "density_g_per_cm3": density} for value in values]


@pytest.mark.parametrize(("n", "factor"), [(2, "12.7"), (3, "4.3"), (4, "3.2")])  # tables of Student's t, 97.5 %
def test_a_few_replicas_hardly_tell_an_error(n, factor):
    said = notes(runs(*(5e-3 + 1e-2 * k for k in range(n))))
    assert said == [f"{n} replicas hardly tell an error: 95 % lies within {factor} errors"]
    assert notes(runs(5e-3)) == notes(runs(5e-3, 6e-3, 7e-3, 8e-3, 9e-3)) == []


def test_quantities_whose_runs_tell_a_larger_error_are_named():
    close = runs(5.00e-3, 5.01e-3)
    assert own_error(NAME, close) == pytest.approx(1e-3 / 2**0.5)
    assert notes(close)[1].endswith(f"than the replicas do: {NAME}")
    assert len(notes(close, ["density_g_per_cm3"])) == 1
    assert own_error(NAME, [*close, {NAME: 5e-3}]) is None


def test_equal_values_tell_no_error():
    combined = combined_for_people(runs(5e-3, 6e-3))
    assert combined["density_g_per_cm3_sem"] is None
    assert combined[f"{NAME}_sem"] == pytest.approx(5e-4)
    populations = [{"cluster_population": {"1,0": value, "3,1": 0.004}} for value in (1.0, 2.0)]
    assert combined_for_people(populations)["cluster_population_sem"] == {"1,0": pytest.approx(0.5), "3,1": None}
