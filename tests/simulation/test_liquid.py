"""Boxes of molecules that are no polymers."""

import numpy as np
import pytest

from autodisco.errors import InputError, SimulationFailure
from autodisco.simulation import forcefield
from autodisco.simulation.liquid import fill

PCFF = forcefield.load("pcff+")


def test_a_box_is_filled_with_copies_at_the_wanted_density_that_do_not_overlap():
    system = fill("COCCOC", 30, 0.5, 1, PCFF)
    assert len(system.molecules) == 30
    assert {molecule.name for molecule in system.molecules} == {"MOL"}
    assert system.masses.sum() / system.box.prod() / 0.602214076 == pytest.approx(0.5)
    shapes = system.positions.reshape(30, -1, 3)
    lengths = np.linalg.norm(np.diff(shapes[:, :6], axis=1), axis=2)  # along the heavy atoms
    assert ((lengths > 1.2) & (lengths < 1.7)).all()
    assert np.ptp(np.linalg.norm(shapes[:, 0] - shapes[:, 5], axis=1)) > 0.3  # several conformers
    for one in range(30):
        apart = shapes[one][:, None, None] - np.delete(shapes, one, axis=0)[None]
        apart -= system.box * np.round(apart / system.box)
        assert np.linalg.norm(apart, axis=-1).min() > 1.5


def test_a_seed_decides_the_box():
    one, again, other = (fill("CC#N", 5, 0.3, seed, PCFF).positions for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("text", ["", "*OCC*", "[Li+]", "CCO.CCO", "C("])
def test_a_text_that_is_no_molecule_is_refused(text):
    with pytest.raises(InputError, match="one neutral molecule"):
        fill(text, 5, 0.3, 1, PCFF)


def test_a_box_that_is_too_full_is_a_failure_of_the_build(monkeypatch):
    monkeypatch.setattr("autodisco.simulation.space.TRIES", 100)
    with pytest.raises(SimulationFailure, match="no place for 40"):
        fill("CCCCCC", 40, 20.0, 1, PCFF)


def test_rings_are_chairs_as_in_the_liquid():
    system = fill("C1COCCO1", 20, 0.4, 1, PCFF)
    ring = [k for k, element in enumerate(system.molecules[0].elements) if element != "H"]
    for positions in system.positions.reshape(20, -1, 3)[:, ring]:
        # the centre of a chair is a centre of inversion: atoms 1 and 4, 2 and 5, 3 and 6 have the same midpoint
        midpoints = (positions[:3] + positions[3:]) / 2
        assert np.ptp(midpoints, axis=0) == pytest.approx(0, abs=0.05)
