"""Lifetimes of contacts whose relaxation is known."""

import numpy as np
import pytest

from autodisco.analysis.observables.lifetimes import Decay, decay_time
from autodisco_kernels import SpellRecorder


def two_state(rng, pairs, frames, occupied, time):
    """Contacts that are there with the probability `occupied` and forget within `time` frames whether they were."""
    there = np.empty((frames, pairs), bool)
    there[0] = rng.random(pairs) < occupied
    rate = 1 - np.exp(-1 / time)
    for frame in range(1, frames):
        chance = np.where(there[frame - 1], 1 - rate * (1 - occupied), rate * occupied)
        there[frame] = rng.random(pairs) < chance
    recorder = SpellRecorder()
    keys = [np.flatnonzero(frame) for frame in there]
    recorder.add(np.concatenate(keys), np.concatenate([[0], np.cumsum([len(frame) for frame in keys])]))
    return recorder.spells()


@pytest.mark.parametrize("occupied", [0.06, 0.15, 0.30, 0.5])
def test_residence_is_the_relaxation_however_often_pairs_meet(occupied):
    # Four cations with four anions, 20 ps. Uncorrected, 0.15 gave 26 ps, 0.30 gave 49 ps, and 0.5 none at all.
    rng, found, errors = np.random.default_rng(int(100 * occupied)), [], []
    for _ in range(20):
        spells = two_state(rng, 16, 2000, occupied, 20.0)
        decay = decay_time(spells, 1.0, 16)
        found.append(decay.value)
        errors.append(decay.sem)
    assert np.mean(found) == pytest.approx(20.0, abs=1.0)
    assert np.mean(np.abs(np.array(found) - 20) < 2 * np.array(errors)) >= 0.85


def test_contacts_that_outlive_half_the_run_have_a_bound_and_no_value():
    spells = two_state(np.random.default_rng(1), 50, 100, 0.2, 1000.0)
    assert decay_time(spells, 0.5, 50) == Decay(None, at_least=25.0)


def test_contacts_that_are_always_there_have_a_bound():
    spells = SpellRecorder()
    spells.add(np.zeros(60, int), np.arange(61))
    assert decay_time(spells.spells(), 1.0, 1) == Decay(None, at_least=30.0)
    assert decay_time(spells.spells(), 1.0) == Decay(None, at_least=30.0)
