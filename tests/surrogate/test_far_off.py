"""Values that do not fit to all others are found, and no others."""

import numpy as np
import pytest

from autodisco.surrogate import far_off
from tests.surrogate.test_posterior import UNITS, fit, labels, truth


def noisy(seed):
    rng = np.random.default_rng(seed)
    return truth(UNITS[:100]) + 0.1 * rng.normal(size=100)


@pytest.mark.parametrize("seed", range(5))
def test_good_values_are_not_called_far_off(seed):
    known = labels(UNITS[:100], "long", noisy(seed))
    assert far_off(fit(known), known) == []


def test_a_value_in_another_unit_is_found_with_what_is_expected_of_it():
    values = noisy(1)
    values[40] += 3  # mS/cm among S/cm
    known = labels(UNITS[:100], "long", values)
    (found,) = far_off(fit(known), known)
    assert (found.smiles, found.source) == (UNITS[40], "long")
    assert found.expected == pytest.approx(values[40] - 3, abs=1.0)
    assert found.off > 6


def test_bounds_are_not_called_far_off():
    values = noisy(1)
    known = labels(UNITS[:100], "long", values)
    bound = labels(UNITS[40:41], "long", [values[40] + 3], censored=True)
    known = [*known[:40], *bound, *known[41:]]
    assert far_off(fit(known), known) == []
