"""The bend of the specific volume: found where it is, within its error, and not found in melts that have none."""

import numpy as np
import pytest
from scipy.signal import lfilter

from autodisco.analysis.glass import FALSE_ALARM, glass_transition, judge
from autodisco.analysis.quantities import base_name, known
from autodisco.errors import InputError
from autodisco.simulation import protocols
from autodisco.simulation.engines.report import report_line
from autodisco.simulation.run_properties import bend_of_volume

RAMP = np.linspace(450, 100, 3500)  # as of protocol `glass`: a row each 0.5 ps


def scatter(rows: int, memory: float, seed: int) -> np.ndarray:
    """Noise of unit variance whose correlation falls to 1/e in so many rows; white for a memory of 0."""
    steps = np.random.default_rng(seed).normal(size=rows)
    if not memory:
        return steps
    kept = np.exp(-1 / memory)
    steps[1:] *= np.sqrt(1 - kept**2)
    return lfilter([1], [1, -kept], steps)


def two_lines(t: np.ndarray, bend: float) -> np.ndarray:
    return 0.80 + 2e-4 * (t - bend) + 5e-4 * np.maximum(t - bend, 0)


def two_expansions(t: np.ndarray, bend: float) -> np.ndarray:
    return 0.85 * np.exp(np.where(t > bend, 7e-4, 2e-4) * (t - bend))


def straight(t: np.ndarray) -> np.ndarray:
    return 0.85 * (1 + 5e-4 * (t - 275))


def expanding(t: np.ndarray) -> np.ndarray:
    return 0.85 * np.exp(7e-4 * (t - 275))


def curved(t: np.ndarray) -> np.ndarray:
    """Slopes of 2.5 and 6 at the ends, which no melt has: the hardest case."""
    return 0.8 + 2.5e-4 * (t - t.min()) + 1.75e-4 * (t - t.min()) ** 2 / np.ptp(t)


@pytest.mark.parametrize(
    ("volume", "hot", "cold", "bend", "noise", "memory"),
    [
        (two_lines, 600, 150, 310.0, 0.004, 4.5),
        (two_lines, 600, 150, 400.0, 0.004, 4.5),
        (two_lines, 450, 100, 230.0, 0.005, 0),
        (two_expansions, 450, 100, 220.0, 0.005, 4),
        (two_expansions, 450, 100, 275.0, 0.002, 100),
        (two_expansions, 500, 200, 320.0, 0.004, 20),
    ],
)
def test_the_bend_is_found_within_its_error(volume, hot, cold, bend, noise, memory):
    t = np.linspace(hot, cold, 900 if hot == 600 else 3500)
    seen = [glass_transition(t, 1 / (volume(t, bend) * (1 + noise * scatter(len(t), memory, s)))) for s in range(9)]
    found = [one for one in seen if one]
    assert len(found) >= 6
    errors = np.array([one.temperature_k_sem for one in found])
    off = np.array([one.temperature_k for one in found]) - bend
    assert errors.mean() < 12
    # the error of the mean square of 6 to 9 normal deviates is 0.5; errors are rather too large than too small
    assert 0.15 < np.mean((off / errors) ** 2) < 2.2
    assert np.mean([one.glass_slope for one in found]) == pytest.approx(2e-4, abs=1e-4)
    assert np.mean([one.melt_slope for one in found]) == pytest.approx(7e-4, rel=0.25)


@pytest.mark.parametrize("melt", [straight, expanding, curved])
@pytest.mark.parametrize(("noise", "memory"), [(0.005, 0), (0.005, 4), (0.003, 100)])
def test_a_melt_has_none(melt, noise, memory):
    verdicts = [judge(RAMP, 1 / (melt(RAMP) * (1 + noise * scatter(len(RAMP), memory, s)))) for s in range(16)]
    assert sum(verdict.transition is not None for verdict in verdicts) <= 3  # more in 0.7 % of such trials
    assert FALSE_ALARM == 0.05
    assert all(verdict.reason.startswith("no bend") for verdict in verdicts if verdict.transition is None)


LIGHT = 1 + 0.03 * np.exp(-np.arange(len(RAMP)) / (0.1 * len(RAMP)))  # relaxes over the first tenth


@pytest.mark.parametrize("melt", [straight, expanding])
def test_a_melt_that_begins_too_light_has_none(melt):
    verdicts = [judge(RAMP, 1 / (LIGHT * melt(RAMP) * (1 + 0.005 * scatter(len(RAMP), 4, s)))) for s in range(12)]
    assert sum(verdict.transition is not None for verdict in verdicts) <= 2  # more in 2 % of such trials


def test_a_bend_is_found_in_a_ramp_that_begins_too_light():
    found = glass_transition(RAMP, 1 / (LIGHT * two_expansions(RAMP, 275) * (1 + 0.003 * scatter(len(RAMP), 4, 1))))
    assert found.temperature_k == pytest.approx(275, abs=3 * found.temperature_k_sem)
    assert found.temperature_k_sem < 12


def test_the_error_holds_where_the_melt_is_noisier_than_the_glass():
    noise = 0.005 * np.where(RAMP > 345, 1.5, 0.5)
    found = [
        glass_transition(RAMP, 1 / (two_expansions(RAMP, 345) * (1 + noise * scatter(len(RAMP), 4, 1000 + s))))
        for s in range(20)
    ]
    off = np.array([(one.temperature_k - 345) / one.temperature_k_sem for one in found])
    assert np.mean(off**2) < 1.4  # 1.7 with an error that takes the noise for even


def test_the_error_allows_for_slow_noise_that_falls_in_a_step_at_the_bend():
    noise = 0.003 * np.where(RAMP > 345, 1.5, 0.5)
    found = [
        glass_transition(RAMP, 1 / (two_expansions(RAMP, 345) * (1 + noise * scatter(len(RAMP), 100, s))))
        for s in range(20)
    ]
    off = np.array([(one.temperature_k - 345) / one.temperature_k_sem for one in found if one])
    assert len(off) >= 14
    assert np.mean(off**2) < 2.6  # 1.9; 3.5 with an error that takes the noise for smooth


def test_a_glass_that_expands_nearly_as_the_melt_is_none():
    found, reason = judge(RAMP, 1 / (0.85 * np.exp(np.where(RAMP > 260, 7e-4, 6e-4) * (RAMP - 260))))
    assert found is None
    assert "no bend" in reason


def test_a_bend_at_the_end_of_the_ramp_is_none():
    volume = two_expansions(RAMP, 115) * (1 + 0.001 * scatter(len(RAMP), 4, 1))
    found, reason = judge(RAMP, 1 / volume)
    assert found is None
    assert "no bend" in reason


def test_a_ramp_without_noise_bends_where_it_should():
    assert glass_transition(RAMP, 1 / two_expansions(RAMP, 240)).temperature_k == pytest.approx(240, abs=5)
    assert glass_transition(RAMP, 1 / expanding(RAMP)) is None


def test_heating_is_as_good_as_cooling():
    density = 1 / (two_expansions(RAMP, 240) * (1 + 0.002 * scatter(len(RAMP), 4, 1)))
    cooled, heated = glass_transition(RAMP, density), glass_transition(RAMP[::-1], density[::-1])
    assert heated.temperature_k == pytest.approx(cooled.temperature_k, abs=3)


def test_what_is_no_ramp_is_refused():
    with pytest.raises(InputError, match="10 rows"):
        glass_transition(RAMP[:10], np.ones(10))
    with pytest.raises(InputError, match="not a positive number"):
        glass_transition(RAMP, np.zeros(len(RAMP)))
    with pytest.raises(InputError, match="constant temperature"):
        glass_transition(np.full(100, 300.0), np.ones(100))


def test_a_replica_reads_it_from_its_report(tmp_path):
    protocol = protocols.load("glass")
    number = next(n for n, step in enumerate(protocol.steps) if getattr(step, "glass_transition", False))

    def report(volume):
        rows = [(number - 1, 1, 600, 1, 0.8, -1.0)] * 50
        rows += [(number, step, t, 1, 1 / v, -1.0) for step, (t, v) in enumerate(zip(RAMP, volume, strict=True))]
        (tmp_path / "report.txt").write_text("".join(map(report_line, rows)))
        return bend_of_volume(tmp_path, protocol)

    noise = 1 + 0.003 * scatter(len(RAMP), 4, 1)
    found = report(two_expansions(RAMP, 250) * noise)
    assert found["glass_transition_k"] == pytest.approx(250, abs=4 * found["glass_transition_k_sem"])
    assert found["glass_transition_reason"] is None
    assert all(known(base_name(key)) for key in found)
    found = report(expanding(RAMP) * noise)
    assert found["glass_transition_k"] is found["glass_transition_k_sem"] is None
    assert found["glass_transition_reason"].startswith("no bend")
    assert bend_of_volume(tmp_path, protocols.load("quick")) == {}
