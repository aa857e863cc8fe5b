"""The bend of the specific volume: where it was put, and none where there is none."""

import numpy as np
import pytest

from autodisco.analysis.glass import glass_transition
from autodisco.errors import InputError
from autodisco.simulation import protocols
from autodisco.simulation.engines.report import report_line
from autodisco.simulation.replica import bend_of_volume

T = np.linspace(600, 150, 900)


def noisy_density(bend: float, glass: float, melt: float, seed: int, noise: float = 0.004) -> np.ndarray:
    """Densities of 450 ps with the scatter and the memory (about 2 ps) of a box of 500 atoms."""
    rng = np.random.default_rng(seed)
    steps, scatter = rng.normal(size=len(T)), np.zeros(len(T))
    for i in range(1, len(T)):
        scatter[i] = 0.8 * scatter[i - 1] + 0.6 * steps[i]
    return 1 / (0.80 + glass * (T - bend) + (melt - glass) * np.maximum(T - bend, 0) + noise * scatter)


@pytest.mark.parametrize("bend", [250.0, 310.0, 400.0])
def test_the_bend_is_found_within_its_error(bend):
    off, errors = [], []
    for seed in range(8):
        found = glass_transition(T, noisy_density(bend, 2e-4, 7e-4, seed))
        assert found is not None
        off.append(found.temperature_k - bend)
        errors.append(found.temperature_k_sem)
        assert found.glass_slope == pytest.approx(2e-4, abs=1e-4)
        assert found.melt_slope == pytest.approx(7e-4, abs=1e-4)
    assert np.mean(errors) < 20
    assert 0.5 * np.mean(errors) < np.sqrt(np.mean(np.square(off))) < 2 * np.mean(errors)


def test_a_straight_line_has_none():
    assert [glass_transition(T, noisy_density(300, 5e-4, 5e-4, seed)) for seed in range(6)] == [None] * 6


def test_too_few_rows_are_refused():
    with pytest.raises(InputError, match="10 rows"):
        glass_transition(T[:10], np.ones(10))


def test_a_replica_reads_it_from_its_report(tmp_path):
    protocol = protocols.load("glass")
    number = next(n for n, step in enumerate(protocol.steps) if getattr(step, "glass_transition", False))
    density = noisy_density(300, 2e-4, 7e-4, 1)
    rows = [(number - 1, 1, 600, 1, 0.8, -1.0)] * 50
    rows += [(number, step, t, 1, rho, -1.0) for step, (t, rho) in enumerate(zip(T, density, strict=True))]
    (tmp_path / "report.txt").write_text("".join(map(report_line, rows)))
    found = bend_of_volume(tmp_path, protocol)
    assert found["glass_transition_k"] == pytest.approx(300, abs=4 * found["glass_transition_k_sem"])
    assert bend_of_volume(tmp_path, protocols.load("quick")) == {}
