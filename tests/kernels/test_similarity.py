import numpy as np
import pytest

from autodisco_kernels.similarity import min_max


def sparse(table):
    rows, columns = np.nonzero(table)
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(table)))])
    return starts, columns, table[rows, columns]


@pytest.fixture
def tables():
    rng = np.random.default_rng(0)
    return [rng.random((n, 30)) * (rng.random((n, 30)) < 0.3) for n in (20, 2500)]


def test_it_is_the_sum_of_minima_over_the_sum_of_maxima(tables):
    few, many = tables
    few[3] = 0.0
    many[7] = 0.0
    expected = [[np.minimum(a, b).sum() / most if (most := np.maximum(a, b).sum()) else 1.0 for b in many] for a in few]
    assert min_max(sparse(few), sparse(many), 30) == pytest.approx(np.array(expected))
    assert min_max(sparse(few), sparse(many), 30)[3, 7] == 1.0


def test_it_is_a_kernel(tables):
    few, _ = tables
    similarity = min_max(sparse(few), sparse(few), 30)
    assert np.diag(similarity) == pytest.approx(1.0)
    assert np.linalg.eigvalsh(similarity).min() > 0
