"""Cluster Nernst–Einstein by hand on populations small enough to write down."""

import numpy as np
import pytest

from autodisco_kernels import Population, cluster_nernst_einstein, einstein, nernst_einstein

VOLUME, T = 1e4, 400.0


def population(kinds):
    return Population(np.array(list(kinds)), np.array(list(kinds.values()), dtype=float))


def test_free_ions_conduct_as_independent_ones():
    sigma, transference = cluster_nernst_einstein(population({(0, 1): 5, (1, 0): 5}), (1, -1), (2e-6, 6e-6), VOLUME, T)
    assert sigma == pytest.approx(nernst_einstein([(5, 1, 2e-6), (5, -1, 6e-6)], VOLUME, T))
    assert transference == pytest.approx([0.25, 0.75])


def test_charged_clusters_move_with_the_ion_in_excess_and_may_carry_cations_backwards():
    sigma, transference = cluster_nernst_einstein(
        population({(2, 1): 1.0, (1, 2): 3.0, (1, 1): 9.0}), (1, -1), (2e-6, 6e-6), VOLUME, T
    )
    # (2,1): +1 with D+, (1,2): -1 with D-; t+ = (2·1·1·2 + 1·(-1)·3·6) / (1·1·2 + 1·3·6)
    assert sigma == pytest.approx(nernst_einstein([(1, 1, 2e-6), (3, 1, 6e-6)], VOLUME, T))
    assert transference[0] == pytest.approx((4 - 18) / 20)
    assert transference.sum() == pytest.approx(1)


def test_divalent_cation_with_one_anion_is_a_charged_cluster():
    sigma, transference = cluster_nernst_einstein(
        population({(1, 0): 1.0, (1, 1): 2.0, (1, 2): 4.0}), (2, -1), (1e-6, 9e-6), VOLUME, T
    )
    assert sigma == pytest.approx(nernst_einstein([(1, 2, 1e-6), (2, 1, 1e-6)], VOLUME, T))
    assert transference[0] == pytest.approx((2 * 2 * 1 + 2 * 1 * 2) / (4 * 1 + 1 * 2))


def test_cut_at_nine_ions_drops_what_the_default_counts():
    kinds = population({(10, 9): 1.0, (1, 0): 1.0})
    whole, _ = cluster_nernst_einstein(kinds, (1, -1), (1e-6, 1e-6), VOLUME, T)
    cut, _ = cluster_nernst_einstein(kinds, (1, -1), (1e-6, 1e-6), VOLUME, T, largest=9)
    assert whole == pytest.approx(2 * cut)


def test_neutral_pairs_have_no_transference_number():
    assert cluster_nernst_einstein(population({(1, 1): 4.0}), (1, -1), (1e-6, 1e-6), VOLUME, T) == (0.0, None)


def test_species_of_one_sign_share_the_motion_of_their_cluster_by_charge():
    # Two Na and a Mg on one anion: +3, moved by (1 * 2 * 3e-6 + 2 * 1 * 6e-6) / 4.
    sigma, transference = cluster_nernst_einstein(
        population({(2, 1, 1): 1.0}), (1, 2, -1), (3e-6, 6e-6, 1e-6), VOLUME, T
    )
    assert sigma == pytest.approx(nernst_einstein([(1, 3, (2 * 3e-6 + 2 * 6e-6) / 4)], VOLUME, T))
    assert transference == pytest.approx([2 / 3, 2 / 3, -1 / 3])


def test_einstein_conductivity_of_independent_ions_is_nernst_einstein():
    # The charge displacement of N independent ions grows by 6 N z² D per time; 1e-6 cm²/s is 0.01 Å²/ps.
    assert einstein(6 * 7 * 2**2 * 0.01, VOLUME, T) == pytest.approx(nernst_einstein([(7, 2, 1e-6)], VOLUME, T))
