"""Lifetimes against direct counts over all origins, and against a process with a known decay."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autodisco_kernels import SpellRecorder, cluster_names


def recorded(there, chunks=(None,)):
    """Spells of contacts given as booleans (F, n), handed over in chunks that end at the given frames."""
    recorder, start = SpellRecorder(), 0
    for stop in (*chunks[:-1], len(there)):
        frame, key = np.nonzero(there[start:stop])
        shuffled = np.random.default_rng(0).permutation(len(key))
        order = shuffled[np.argsort(frame[shuffled], kind="stable")]
        edges = np.concatenate([[0], np.cumsum(there[start:stop].sum(axis=1))])
        recorder.add(key[order] * 7, edges)
        start = stop
    return recorder.spells()


def shares(there, lag):
    """Of the contacts at all origins that allow the lag, the share there again and the share never broken."""
    origins = there[: len(there) - lag]
    kept = np.array([there[k : k + lag + 1].all(axis=0) for k in range(len(origins))])
    total = origins.sum()
    return ((origins & there[lag:]).sum() / total, kept.sum() / total) if total else (np.nan, np.nan)


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 2**32), n_frames=st.integers(1, 25), density=st.floats(0.05, 0.95))
def test_every_lag_equals_a_direct_count_over_all_origins(seed, n_frames, density):
    rng = np.random.default_rng(seed)
    there = rng.random((n_frames, 5)) < density
    cut = int(rng.integers(0, n_frames + 1))
    spells = recorded(there, (cut, None))
    lags = np.arange(n_frames)
    expected = np.array([shares(there, lag) for lag in lags])
    np.testing.assert_allclose(spells.intermittent(lags), expected[:, 0], rtol=1e-12)
    np.testing.assert_allclose(spells.continuous(lags), expected[:, 1], rtol=1e-12)
    assert spells.present.tolist() == there.sum(axis=1).tolist()


def test_chunks_change_nothing():
    there = np.random.default_rng(1).random((200, 30)) < 0.4
    whole, parts = recorded(there), recorded(there, (1, 2, 77, 150, None))
    for name in ("keys", "starts", "stops"):
        assert (getattr(whole, name) == getattr(parts, name)).all()


def test_random_breaking_decays_exponentially():
    # A contact breaks with a chance of 2 % per frame and then makes way for a new one.
    rng = np.random.default_rng(2)
    breaks = rng.random((20000, 50)) < 0.02
    number = np.cumsum(breaks, axis=0)
    recorder = SpellRecorder()
    recorder.add((number * 50 + np.arange(50)).ravel(), np.arange(20001) * 50)
    lags = np.array([0, 10, 50, 100])
    np.testing.assert_allclose(recorder.spells().continuous(lags), 0.98**lags, rtol=0.08)


def test_parts_are_disjoint_and_together_the_whole():
    spells = recorded(np.random.default_rng(3).random((50, 12)) < 0.5)
    parts = spells.parts(5)
    assert sum(len(part.keys) for part in parts) == len(spells.keys)
    assert not set(parts[0].keys.tolist()) & set(parts[1].keys.tolist())
    assert (sum(part.present for part in parts) == spells.present).all()


def test_cluster_keeps_its_name_as_long_as_its_members_do():
    # {0,1} and {2,3}; then 1 leaves 0 for {2,3}; then as at first.
    keys, frames = cluster_names([[0, 0, 2, 2], [0, 1, 1, 1], [0, 0, 2, 2]])
    assert frames.tolist() == [0, 2, 3, 5]
    assert sorted(keys[:2]) == sorted(keys[3:])
    assert keys[2] not in keys[:2]
    recorder = SpellRecorder()
    recorder.add(keys, frames)
    assert recorder.spells().continuous([0, 1, 2]).tolist() == [1.0, 0.0, 0.0]
    assert recorder.spells().intermittent([0, 1, 2]).tolist() == [1.0, 0.0, 1.0]


def test_nothing_ever_in_contact_has_no_lifetime():
    spells = recorded(np.zeros((5, 3), bool))
    assert np.isnan(spells.continuous([0, 1])).all()
    assert np.isnan(spells.intermittent([0, 1])).all()


def test_lags_beyond_the_record_are_refused():
    with pytest.raises(ValueError, match="from 0 to 4"):
        recorded(np.ones((5, 1), bool)).continuous([5])
