import pytest
from scipy import stats

from autodisco.polymer.motifs import fisher_exact


@pytest.mark.parametrize(
    ("n", "of", "n_others", "of_others"), [(3, 4, 1, 9), (5, 5, 0, 200), (1, 30, 12, 200), (0, 6, 3, 7), (7, 7, 9, 9)]
)
def test_the_test_of_fisher_is_that_of_scipy(n, of, n_others, of_others):
    table = [[n, of - n], [n_others, of_others - n_others]]
    assert fisher_exact(n, of, n_others, of_others) == pytest.approx(
        stats.fisher_exact(table, alternative="greater").pvalue
    )
