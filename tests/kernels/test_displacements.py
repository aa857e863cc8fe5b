"""Displacements against the direct sum, an independent program and Brownian motion."""

import numpy as np
import pytest

from autodisco_kernels import end_to_end_msd, msd


def direct(x):
    """The definition: all origins, all lags."""
    return np.array([np.mean(np.sum((x[k:] - x[: len(x) - k]) ** 2, axis=-1)) for k in range(len(x))])


def walk(n_frames, n, seed=0, far=0.0):
    return far + np.cumsum(np.random.default_rng(seed).normal(size=(n_frames, n, 3)), axis=0)


@pytest.mark.parametrize("n_frames", [1, 2, 3, 10, 201, 400])
def test_every_lag_equals_the_direct_sum(n_frames):
    x = walk(n_frames, 7)
    np.testing.assert_allclose(msd(x), direct(x), rtol=1e-10, atol=1e-10)


def test_positions_far_from_the_origin_lose_no_digits():
    x = walk(300, 5)
    np.testing.assert_allclose(msd(x + 1e5), msd(x), rtol=1e-8)


def test_result_does_not_depend_on_the_size_of_the_blocks():
    x = walk(120, 11)
    np.testing.assert_allclose(msd(x, block_bytes=1), msd(x), rtol=1e-12, atol=1e-12)


def test_equals_tidynamics():
    tidynamics = pytest.importorskip("tidynamics")
    x = walk(500, 4)
    other = np.mean([tidynamics.msd(x[:, k]) for k in range(4)], axis=0)
    np.testing.assert_allclose(msd(x)[1:], other[1:], rtol=1e-10)


def test_brownian_particles_spread_by_six_d_t():
    # Steps of variance 2 D dt per axis with D = 0.5, dt = 1: MSD(k) = 3 k, here within a few standard errors.
    curve = msd(walk(2000, 400, seed=1))
    np.testing.assert_allclose(curve[1:11], 3.0 * np.arange(1, 11), rtol=0.02)


def test_particles_at_rest_do_not_move():
    assert (msd(np.full((50, 3, 3), 7.3)) == 0).all()


def test_steady_motion_is_quadratic():
    x = np.arange(40.0)[:, None, None] * [1.0, 2.0, 2.0]
    np.testing.assert_allclose(msd(x), 9.0 * np.arange(40) ** 2, rtol=1e-10, atol=1e-8)


def test_end_to_end_looks_at_the_first_and_last_frame_only():
    x = walk(30, 6)
    assert end_to_end_msd(x) == pytest.approx(direct(x)[-1])


@pytest.mark.parametrize(
    "bad", [np.zeros((5, 0, 3)), np.zeros((0, 5, 3)), np.zeros((5, 3, 2)), np.full((4, 1, 3), np.inf)]
)
def test_arrays_that_make_no_sense_are_refused(bad):
    with pytest.raises(ValueError, match=r"positions|no particle"):
        msd(bad)
