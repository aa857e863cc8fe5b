"""Collective conductivities of random walks, and their errors."""

import numpy as np

from autodisco.analysis.observe import observe
from tests.analysis.test_transport import brownian, salt, trajectory


def test_errors_of_collective_quantities_cover():
    # 100 frames of free ions of the same number and speed: transference number 1/2.
    who, cell = salt(20, 20), np.eye(3) * 200
    who.masses[:4] = 1e8
    found = []
    for seed in range(60):
        seen = observe(trajectory(who, brownian(100, who, cell, 0.3, 0.3, seed), cell), names=["collective"])
        found.append(seen.properties)

    def off(name, known):
        both = [(one[name], one[f"{name}_sem"]) for one in found if one.get(name) is not None]
        return np.mean([abs(value - known) < error for value, error in both])

    total = [one["conductivity_einstein_s_per_cm"] for one in found]
    assert 0.55 < off("conductivity_einstein_s_per_cm", np.mean(total)) < 0.9
    assert 0.5 < off("transference_number_einstein", 0.5) < 0.9
    for one in found:
        parts = one["onsager_cation_cation_s_per_cm"] + one["onsager_anion_anion_s_per_cm"]
        np.testing.assert_allclose(
            one["conductivity_einstein_s_per_cm"], parts + 2 * one["onsager_cation_anion_s_per_cm"]
        )
