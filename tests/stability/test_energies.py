"""Energies from a process of its own: cached, limited in time, and a failure is one line."""

import json

import numpy as np
import pytest

from autodisco.errors import WindowAccident, WindowFailure
from autodisco.stability import worker
from autodisco.stability.energies import broken_bonds, energies
from autodisco.stability.limits import limits_of
from autodisco.stability.species import Species, alone, molecule, oligomer

pytest.importorskip("tblite")


@pytest.fixture(scope="module")
def ether(tmp_path_factory):
    """Dimethyl ether, its energies in vacuum, and the cache that they are in."""
    cache = tmp_path_factory.mktemp("cache")
    species = alone(molecule("COC"))
    return species, energies(species, solvent=None, cache=cache), cache


def test_the_ionisation_energy_of_dimethyl_ether(ether):
    species, found, _ = ether
    # 10.025 eV by experiment (NIST Chemistry WebBook); GFN2-xTB gives 4.5 eV too much on average (docs/stability.md)
    assert found.ionisation() == pytest.approx(10.025 + 4.5, abs=0.7)
    assert found.ionisation() < found.ionisation(vertical=True)  # the cation relaxes
    assert found.affinity() > found.affinity(vertical=True)
    assert not broken_bonds(species, found, "oxidised")
    assert found.failed == {}


def test_a_result_is_calculated_once(ether):
    species, found, cache = ether
    # A process could not even start in this time.
    assert energies(species, solvent=None, cache=cache, timeout_s=0.001) == found
    with pytest.raises(WindowAccident, match=r"^tblite took longer than 0\.001 s$"):
        energies(species, cache=cache, timeout_s=0.001)  # in the solvent it is another calculation


def test_processor_time_is_limited(tmp_path):
    with pytest.raises(WindowAccident, match=r"^tblite took longer than 1 s$"):
        energies(alone(oligomer("*OCCOC(=O)CCCCC(=O)*", 3)), cache=tmp_path, timeout_s=1)
    assert not list(tmp_path.glob("*/*"))  # with more time it may work


def test_an_unreadable_result_is_calculated_again(ether):
    species, found, cache = ether
    (place,) = cache.glob("*/*.json")
    whole = place.read_text()
    place.write_text(whole[:100])
    again = energies(species, solvent=None, cache=cache)
    assert again.neutral == pytest.approx(found.neutral, abs=1e-6)
    assert place.read_text() == whole


def test_a_molecule_without_an_energy_is_a_failure_of_one_line(tmp_path):
    on_top = Species((8, 8), (), 0, (np.zeros((2, 3)),))
    with pytest.raises(WindowFailure) as caught:
        energies(on_top, cache=tmp_path)
    assert "\n" not in str(caught.value)
    with pytest.raises(WindowFailure, match=str(caught.value)) as again:
        energies(on_top, cache=tmp_path, timeout_s=0.001)  # it is remembered, so that no process is started
    assert not isinstance(again.value, WindowAccident)


def test_a_relaxation_that_ends_before_its_minimum_is_told(ether, tmp_path, monkeypatch):
    species, found, _ = ether
    assert found.unrelaxed == limits_of(species, found).unrelaxed == ()
    monkeypatch.setattr(worker, "STEPS", 2)
    early = worker.states(species.numbers, species.starts, species.charge, None)
    (place,) = ether[2].glob("*/*.json")
    copied = tmp_path / place.parent.name / place.name
    copied.parent.mkdir()
    copied.write_text(json.dumps(early))
    found = energies(species, solvent=None, cache=tmp_path)
    assert limits_of(species, found).unrelaxed == ("neutral", "oxidised", "reduced")
