"""Observables give the same alone and together, whatever they ask of the frames."""

from dataclasses import replace

import numpy as np
import pytest

from autodisco.analysis.frames import Settings
from autodisco.analysis.observable import Observable
from autodisco.analysis.observables import DEFAULT, OBSERVABLES
from autodisco.analysis.observe import observe
from autodisco.errors import InputError
from tests.analysis.test_transport import brownian, salt, trajectory


@pytest.fixture(scope="module")
def run():
    """A wrapped trajectory of chains and ions, and everything that is observed in it."""
    who, cell = salt(6, 6), np.diag([25.0, 26, 27])
    positions = brownian(80, who, cell, 0.4, 0.3)
    wrapped = positions - np.floor(positions @ np.linalg.inv(cell)) @ cell
    given = trajectory(replace(who, chains=(np.arange(4),)), wrapped, cell, unwrapped=False)
    return given, observe(given).properties


@pytest.mark.parametrize("name", DEFAULT)
def test_an_observable_gives_the_same_alone_and_among_others(run, name):
    given, together = run
    alone = observe(given, names=[name]).properties
    keys = {key for quantity in OBSERVABLES.get(name).quantities for key in quantity.keys}
    assert {key: alone[key] for key in keys} == {key: together[key] for key in keys}
    assert all(alone[key] in (None, {}) for key in alone.keys() - keys - {"warnings"})


class Sometimes(Observable):
    """Looks at continuous positions in every other chunk only."""

    def __init__(self, run):
        super().__init__(run)
        self.chunks = []

    def add(self, frames):
        self.chunks.append(None if len(self.chunks) % 2 else frames.continuous.copy())

    def result(self):
        return {}


def test_positions_stay_continuous_although_chunks_are_left_out():
    who, cell = salt(6, 6), np.eye(3) * 25
    positions = brownian(80, who, cell, 2.0, 2.0)  # half a box away within one chunk, not within one step
    given = trajectory(who, positions - np.floor(positions / 25) * 25, cell, unwrapped=False)
    name = f"{__file__}:Sometimes"
    seen = observe(given, Settings(memory_mb=0.02), names=[name]).observables[name].chunks
    assert len(seen) > 5
    start = positions[0] - seen[0][0]
    for k, chunk in enumerate(seen):
        if chunk is not None:
            first = k * len(seen[0])
            np.testing.assert_allclose(chunk + start, positions[first : first + len(chunk)], atol=1e-9)


def test_without_ions_only_the_observables_that_need_none_have_values(run):
    given, together = run
    neat = replace(given, composition=replace(given.composition, species=()))
    values = observe(neat).properties
    assert values.radius_of_gyration_angstrom == together.radius_of_gyration_angstrom
    assert values.density_g_per_cm3 == pytest.approx(together.density_g_per_cm3)
    assert values.conductivity_s_per_cm is values.free_cation_fraction is None
    assert list(values) == list(together)


def test_unknown_observables_and_keys_are_named(run):
    given, together = run
    with pytest.raises(InputError, match=r"observable 'gyraton' does not exist \(did you mean 'gyration'"):
        observe(given, names=["gyraton"])
    with pytest.raises(AttributeError, match="viscosity"):
        together.viscosity  # noqa: B018


def test_noise_of_small_distances_does_not_set_the_scale_of_the_distribution():
    from matplotlib.figure import Figure

    who, cell = salt(20, 20), np.eye(3) * 20.0
    positions = brownian(80, who, cell, 0.3, 0.3)
    cation, anion = who.species[0].sites[0], who.species[1].sites[0]
    positions[:, anion] += positions[0, cation] + [0.02, 0, 0] - positions[0, anion]  # once in the first bin
    seen = observe(trajectory(who, positions, cell))
    axes = Figure().add_subplot()
    seen.observables["coordination"].plots()["surroundings"](axes)
    (shown,) = [line for line in axes.lines if line.get_label() == "$g(r)$, anions"]
    assert np.nanmax(shown.get_ydata()) > 100
    assert 1 < axes.get_ylim()[1] < 10
