"""Means over replicas, against values worked out by hand."""

import pytest

from autodisco.analysis import combine


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
    assert combined["transference_number_n"] == 1
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
    # Delta method: 2 - R 1 and 2 - R 0.8 are -2/9 and 2/9, and half of their difference over 0.9 is the error.
    assert combined["haven_ratio_sem"] == pytest.approx(2 / 9 / 0.9)


def test_ratios_over_noise_are_not_given():
    noisy = [
        replica(1.0, conductivity_ne_s_per_cm=2.0, conductivity_einstein_s_per_cm=x, haven_ratio=None)
        for x in (-1.0, 1.5)
    ]
    assert combine(noisy)["haven_ratio"] is None


def test_nothing_to_combine_is_an_error():
    with pytest.raises(ValueError, match="no replica"):
        combine([])


@pytest.mark.parametrize(("name", "by"), [("", ""), ("_ne", "_ne")])
def test_a_replica_that_hardly_conducts_hardly_counts_in_the_transference_number(name, by):
    number, sigma = f"transference_number{name}", f"conductivity{by}_s_per_cm"
    combined = combine([{sigma: 1e-2, number: 0.5}, {sigma: 1e-5, number: -3.0}])
    assert combined[number] == pytest.approx((1e-2 * 0.5 - 1e-5 * 3) / (1e-2 + 1e-5))
    assert combined[f"{number}_sem"] < 0.01


def test_lifetimes_that_did_not_end_give_a_bound_and_how_many_did():
    ended = [{"ion_pair_residence_ps": x, "ion_pair_residence_ps_at_least": None} for x in (10.0, 12.0)]
    going = [{"ion_pair_residence_ps": None, "ion_pair_residence_ps_at_least": 25.0}] * 2
    combined = combine([*ended, *going])
    assert combined["ion_pair_residence_ps"] is None
    assert combined["ion_pair_residence_ps_sem"] is None
    assert combined["ion_pair_residence_ps_at_least"] == pytest.approx((10 + 12 + 25 + 25) / 4)
    assert combined["ion_pair_residence_ps_n"] == 2
    assert combine(ended)["ion_pair_residence_ps"] == pytest.approx(11.0)
    assert "ion_pair_residence_ps_n" not in combine(ended)


def test_a_replica_that_stopped_below_the_benchmark_does_not_count_in_full():
    whole = [{"conductivity_s_per_cm": value} for value in (3e-4, 5e-4)]
    short = {"conductivity_s_per_cm": 1e-4, "censored": "below", "production_share": 0.2}
    found = combine([*whole, short])
    assert found["conductivity_s_per_cm"] == pytest.approx((3 + 5 + 0.2 * 1) / 2.2 * 1e-4)
    assert found["censored"] == "below"
    assert "censored" not in combine(whole)
    # of a replica whose error was small enough, the value is as good as any
    enough = {"conductivity_s_per_cm": 1e-4, "production_share": 0.2}
    assert combine([*whole, enough])["conductivity_s_per_cm"] == pytest.approx(3e-4)
    alike = combine([short, short | {"conductivity_s_per_cm": 2e-4}])
    assert alike["conductivity_s_per_cm_sem"] == pytest.approx(0.5e-4)


def test_a_glass_transition_found_in_some_replicas_says_in_how_many():
    combined = combine([{"glass_transition_k": 290.0}, {"glass_transition_k": None}, {"glass_transition_k": 300.0}])
    assert combined["glass_transition_k"] == pytest.approx(295.0)
    assert combined["glass_transition_k_n"] == 2


def test_a_single_replica_keeps_the_ratio_that_it_lost_in_noise_lost():
    noisy = replica(
        1.0,
        conductivity_ne_s_per_cm=2.0,
        conductivity_einstein_s_per_cm=0.1,
        onsager_cation_cation_s_per_cm=0.3,
        onsager_cation_anion_s_per_cm=-0.1,
        haven_ratio=None,
        transference_number_einstein=None,
    )
    combined = combine([noisy])
    assert combined["haven_ratio"] is None
    assert combined["transference_number_einstein"] is None
    sure = combine([{**noisy, "haven_ratio": 20.0, "transference_number_einstein": 2.0}])
    assert (sure["haven_ratio"], sure["transference_number_einstein"]) == (20.0, 2.0)
