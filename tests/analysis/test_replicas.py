"""Means over replicas, ties and probabilities, against values worked out by hand."""

import numpy as np
import pytest
from scipy.stats import t as student

from autodisco.analysis import combine, compare
from autodisco.analysis.ratios import ratio_of_means
from autodisco.analysis.replicas import PRIOR_DEGREES, log10_conductivity


def replica(sigma, **more):
    return {"mode": "default", "frames": 201, "conductivity_s_per_cm": sigma, "conductivity_s_per_cm_sem": 9.9, **more}


def test_replicas_are_averaged_arithmetically_with_their_standard_error():
    combined = combine([replica(1e-3), replica(4e-3)])
    assert combined["n_replicas"] == 2
    assert combined["conductivity_s_per_cm"] == pytest.approx(2.5e-3)
    assert combined["conductivity_s_per_cm_sem"] == pytest.approx(1.5e-3)
    assert combined["mode"] == "default"
    assert "frames" not in combined


def test_one_replica_has_no_standard_error():
    assert combine([replica(1e-3)])["conductivity_s_per_cm_sem"] is None


def test_undefined_values_are_left_out_of_the_mean():
    combined = combine([replica(0.0, transference_number=None), replica(1e-3, transference_number=0.4)])
    assert combined["transference_number"] == 0.4
    assert combined["transference_number_sem"] is None
    assert combine([replica(0.0, transference_number=None)])["transference_number"] is None


def test_terms_estimated_in_any_replica_are_those_of_the_polymer():
    combined = combine([replica(1.0, estimated_terms=["bond na-o"]), replica(1.0, estimated_terms=["bond o-o"])])
    assert combined["estimated_terms"] == ["bond na-o", "bond o-o"]
    combined = combine([replica(1.0, force_field_flags=["hydrazine"]), replica(1.0, force_field_flags=["hydrazine"])])
    assert combined["force_field_flags"] == ["hydrazine"]


def test_cluster_populations_are_averaged_over_all_replicas():
    combined = combine([replica(1.0, cluster_population={"1,0": 3.0}), replica(1.0, cluster_population={"1,1": 1.0})])
    assert combined["cluster_population"] == {"1,0": 1.5, "1,1": 0.5}


def test_errors_of_populations_are_their_spread_over_replicas():
    combined = combine([replica(1.0, cluster_population={"1,0": 3.0}), replica(1.0, cluster_population={"1,0": 1.0})])
    assert combined["cluster_population_sem"] == {"1,0": pytest.approx(1.0)}


def test_ratios_are_made_of_the_means():
    both = [
        replica(1.0, conductivity_ne_s_per_cm=2.0, conductivity_einstein_s_per_cm=1.0, haven_ratio=2.0),
        replica(1.0, conductivity_ne_s_per_cm=2.0, conductivity_einstein_s_per_cm=0.8, haven_ratio=2.5),
    ]
    combined = combine(both)
    assert combined["haven_ratio"] == pytest.approx(2 / 0.9)
    # Leaving out one of two pairs leaves the other: half of their difference is the error.
    assert combined["haven_ratio_sem"] == pytest.approx(0.25)


def test_ratios_over_noise_are_not_given():
    noisy = [
        replica(1.0, conductivity_ne_s_per_cm=2.0, conductivity_einstein_s_per_cm=x, haven_ratio=None)
        for x in (-1.0, 1.5)
    ]
    assert combine(noisy)["haven_ratio"] is None


def test_error_of_a_ratio_covers_its_scatter():
    rng = np.random.default_rng(0)
    draws = [ratio_of_means(rng.normal(3, 0.3, 10), rng.normal(2, 0.2, 10)) for _ in range(400)]
    values, errors = np.array(draws, dtype=float).T
    assert values.mean() == pytest.approx(1.5, abs=0.02)
    assert errors.mean() == pytest.approx(values.std(), rel=0.15)


def test_nothing_to_combine_is_an_error():
    with pytest.raises(ValueError, match="no replica"):
        combine([])


def test_polymer_that_does_not_conduct_stays_on_the_logarithmic_scale():
    assert log10_conductivity(0.0) == -6
    assert log10_conductivity(-1e-9) == -6


def test_known_spread_decides_while_every_polymer_has_one_replica():
    pair = compare({"a": [1e-3], "b": [2e-3], "c": [2e-2]}, fallback_sd=0.41)
    assert pair.replica_sd == pytest.approx(0.41)
    assert pair.standard_error("a", "b") == pytest.approx(0.41 * np.sqrt(2))
    assert pair.tied("a", "b")
    assert not pair.tied("a", "c")


def test_spread_is_pooled_over_polymers_with_the_known_one():
    logs = {"a": [-3.0, -3.2, -2.8], "b": [-2.0, -2.6]}
    measured = compare({key: [10**x - 1e-6 for x in values] for key, values in logs.items()}, fallback_sd=0.5)
    squares = 0.08 + 0.18
    assert measured.degrees == PRIOR_DEGREES + 3
    assert measured.replica_sd == pytest.approx(np.sqrt((PRIOR_DEGREES * 0.25 + squares) / (PRIOR_DEGREES + 3)))


def test_replicas_below_the_floor_do_not_change_the_spread():
    without = compare({"a": [1e-3, 3e-3]})
    assert compare({"a": [1e-3, 3e-3], "zero": [0.0, 0.0, 0.0], "once": [0.0, 1e-2]}).replica_sd == without.replica_sd


def test_order_of_the_comparison_is_the_order_of_the_arithmetic_means():
    pair = compare({"patchy": [0.0, 1e-2], "steady": [1e-3, 1e-3]})
    assert pair.p_better("patchy", "steady") > 0.5
    assert pair.means["patchy"] == pytest.approx(np.log10(5e-3 + 1e-6))


def test_many_replicas_outweigh_the_known_spread():
    rng = np.random.default_rng(0)
    groups = {f"p{k}": 10 ** rng.normal(-3, 0.1, 5) for k in range(200)}
    assert compare({key: list(values) for key, values in groups.items()}, fallback_sd=0.41).replica_sd == pytest.approx(
        0.1, rel=0.1
    )


def test_probability_to_be_better_is_students_and_symmetric():
    pair = compare({"a": [3e-3, 5e-3], "b": [1e-3, 2e-3], "copy": [3e-3, 5e-3]})
    difference = (pair.means["a"] - pair.means["b"]) / pair.standard_error("a", "b")
    assert pair.p_better("a", "b") == pytest.approx(student.cdf(difference, pair.degrees))
    assert pair.p_better("a", "b") + pair.p_better("b", "a") == pytest.approx(1)
    assert pair.p_better("a", "copy") == 0.5
    assert pair.tied("a", "copy")


def test_ranking_of_simulated_polymers_is_called_with_the_stated_confidence():
    # Of the pairs that differ by one spread, those called better with p > 0.9 should be truly better that often.
    rng, right, called = np.random.default_rng(1), 0, 0
    for _ in range(400):
        truth = rng.normal(-3, 0.41, 2)
        draws = 10 ** (truth[:, None] + rng.normal(0, 0.41, (2, 2)))
        pair = compare({"a": list(draws[0]), "b": list(draws[1])})
        if pair.p_better("a", "b") > 0.9:
            called += 1
            right += truth[0] > truth[1]
    assert called > 20
    assert right / called > 0.85


def test_a_mean_whose_own_error_covers_the_difference_is_a_tie():
    compared = compare({"scattered": [0.470, 0.0], "reference": [0.048, 0.0], "sure": [0.47, 0.46]})
    assert compared.tied("scattered", "reference")
    assert not compared.tied("sure", "reference")
