"""Displacements against direct sums, an independent program and motions whose statistics are known."""

import numpy as np
import pytest

from autodisco_kernels import (
    DisplacementSum,
    cross_displacement,
    displacement_moments,
    end_to_end_msd,
    msd,
    non_gaussian,
    non_gaussian_from_moments,
)


def direct(x):
    """The definition: all origins, all lags."""
    return direct_at(x, range(len(x)))


def direct_at(x, lags):
    return np.array([np.mean(np.sum((x[k:] - x[: len(x) - k]) ** 2, axis=-1)) for k in lags])


def direct_cross(a, b):
    return np.array(
        [np.mean(np.sum((a[k:] - a[: len(a) - k]) * (b[k:] - b[: len(b) - k]), axis=-1)) for k in range(len(a))]
    )


def direct_alpha(x, lag):
    square = np.sum((x[lag:] - x[: len(x) - lag]) ** 2, axis=-1)
    return 3 * np.mean(square**2) / (5 * np.mean(square) ** 2) - 1


def walk(n_frames, n, seed=0, far=0.0):
    return far + np.cumsum(np.random.default_rng(seed).normal(size=(n_frames, n, 3)), axis=0)


def time_last(x):
    return np.ascontiguousarray(x.transpose(1, 2, 0))


def series(n_frames, seed):
    return walk(n_frames, 1, seed)[:, 0]


# Mean squares


@pytest.mark.parametrize("n_frames", [1, 2, 3, 10, 16, 17, 128, 129, 201, 400, 641])
@pytest.mark.parametrize("n", [1, 2, 7])
def test_every_lag_equals_the_direct_sum(n_frames, n):
    x = walk(n_frames, n)
    np.testing.assert_allclose(msd(x), direct(x), rtol=1e-10, atol=1e-10)


# Half the lengths that are transformed, 2ⁿ, 5·2ⁿ and 25·2ⁿ, and one frame more.
@pytest.mark.parametrize("n_frames", [2048, 2049, 2560, 3200, 4096])
def test_long_series_equal_the_direct_sum_at_short_and_long_lags(n_frames):
    x = walk(n_frames, 3)
    lags = [1, 2, 3, 10, 100, n_frames // 2, n_frames - 100, n_frames - 2, n_frames - 1]
    np.testing.assert_allclose(msd(x)[lags], direct_at(x, lags), rtol=1e-10)


def test_positions_far_from_the_origin_lose_no_digits():
    x = walk(300, 5)
    np.testing.assert_allclose(msd(x + 1e5), msd(x), rtol=1e-8)


def test_result_does_not_depend_on_the_size_of_the_blocks():
    x = walk(120, 11)
    np.testing.assert_allclose(msd(x, block_bytes=1), msd(x), rtol=1e-12, atol=1e-12)


def test_threads_change_no_bit():
    x = walk(300, 23)
    lags = [1, 7, 50]
    for threads in (2, 3, 8):
        assert (msd(x, block_bytes=20_000, threads=threads) == msd(x, block_bytes=20_000)).all()
        alone = non_gaussian(x, lags, block_bytes=20_000)
        assert (non_gaussian(x, lags, block_bytes=20_000, threads=threads) == alone).all()


def test_neither_a_common_shift_nor_another_order_of_the_particles_matters():
    x = walk(250, 9)
    moved = (x + [12.0, -7.0, 3.0])[:, np.random.default_rng(1).permutation(9)]
    np.testing.assert_allclose(msd(moved), msd(x), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(non_gaussian(moved, [1, 20]), non_gaussian(x, [1, 20]), rtol=1e-10)


def test_single_precision_and_views_are_taken_as_they_are():
    x = walk(90, 12)
    single = x.astype(np.float32)
    np.testing.assert_array_equal(msd(single), msd(single.astype(np.float64)))
    np.testing.assert_array_equal(msd(x[::2, 1::3]), msd(x[::2, 1::3].copy()))
    np.testing.assert_array_equal(msd(np.round(x).astype(int)), msd(np.round(x)))


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


@pytest.mark.parametrize("function", [msd, end_to_end_msd, lambda x: non_gaussian(x, [0])])
@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((5, 0, 3)),
        np.zeros((0, 5, 3)),
        np.zeros((5, 3, 2)),
        np.full((4, 1, 3), np.inf),
        np.full((4, 1, 3), np.nan),
    ],
)
def test_arrays_that_make_no_sense_are_refused(function, bad):
    with pytest.raises(ValueError, match=r"positions|no particle"):
        function(bad)


# Blocks of particles


def test_particles_handed_over_in_blocks_equal_the_whole():
    x = walk(333, 10)
    total = DisplacementSum(333)
    for first, last in [(0, 1), (1, 4), (4, 4), (4, 10)]:
        total.add(time_last(x[:, first:last]))
    assert total.n_particles == 10
    np.testing.assert_allclose(total.msd(), direct(x), rtol=1e-10, atol=1e-10)


def test_sums_of_groups_add_up_and_stay_as_they_were():
    x = walk(150, 12)
    groups = [DisplacementSum(150) for _ in range(4)]
    for k, group in enumerate(groups):
        group.add(time_last(x[:, 3 * k : 3 * k + 3]))
    total = groups[0] + groups[1] + groups[2] + groups[3]
    assert (total.n_particles, groups[0].n_particles) == (12, 3)
    np.testing.assert_allclose(total.msd(), direct(x), rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(groups[2].msd(), direct(x[:, 6:9]), rtol=1e-10, atol=1e-10)


def test_a_block_in_another_layout_or_precision_gives_the_same():
    x = walk(70, 5)
    expected, other = DisplacementSum(70), DisplacementSum(70)
    expected.add(time_last(x))
    other.add(x.transpose(1, 2, 0))
    assert (other.msd() == expected.msd()).all()
    np.testing.assert_array_equal(
        displacement_moments(x.transpose(1, 2, 0), [3]), displacement_moments(time_last(x), [3])
    )


def test_a_block_that_is_refused_leaves_the_sum_unchanged():
    x = time_last(walk(60, 4))
    total = DisplacementSum(60)
    total.add(x)
    before, broken = total.msd(), x.copy()
    broken[2, 1, 30] = np.nan
    with pytest.raises(ValueError, match="finite"):
        total.add(broken)
    with pytest.raises(ValueError, match="59 frames"):
        total.add(x[:, :, 1:])
    with pytest.raises(ValueError, match="shape"):
        total.add(x[:, :2])
    assert (total.msd() == before).all()
    assert total.n_particles == 4


def test_sums_that_do_not_fit_together_are_refused():
    with pytest.raises(ValueError, match="5 and 6 frames"):
        DisplacementSum(5) + DisplacementSum(6)
    with pytest.raises(ValueError, match="no particle"):
        DisplacementSum(5).msd()
    with pytest.raises(ValueError, match="n_frames"):
        DisplacementSum(0)


# Cross terms


@pytest.mark.parametrize("n_frames", [1, 2, 9, 300])
def test_cross_term_equals_the_direct_sum(n_frames):
    a, b = series(n_frames, 1), series(n_frames, 2)
    scale = np.sqrt(direct(a) * direct(b)).max()
    np.testing.assert_allclose(cross_displacement(a, b), direct_cross(a, b), rtol=1e-10, atol=1e-12 * scale)


def test_cross_term_with_itself_is_the_mean_square():
    a = series(400, 3)
    np.testing.assert_allclose(cross_displacement(a, a), msd(a[:, None]), rtol=1e-10, atol=1e-10)


def test_cross_term_is_the_difference_between_moving_together_and_against_each_other():
    a, b = series(256, 4), series(256, 5)
    difference = msd((a + b)[:, None]) - msd((a - b)[:, None])
    np.testing.assert_allclose(4 * cross_displacement(a, b), difference, rtol=1e-9, atol=1e-9)


def test_cross_term_equals_tidynamics():
    tidynamics = pytest.importorskip("tidynamics")
    a = series(200, 6)
    x, y = a * [1, 0, 0], a[:, [1, 0, 2]] * [1, 0, 0]
    other = tidynamics.cross_displacement(a)[0][1]
    np.testing.assert_allclose(cross_displacement(x, y)[1:], other[1:], rtol=1e-8, atol=1e-9)


def test_the_axes_of_a_cross_term_add_up():
    a, b = series(80, 8), series(80, 9)
    parts = sum(cross_displacement(a[:, [axis]], b[:, [axis]]) for axis in range(3))
    np.testing.assert_allclose(parts, cross_displacement(a, b), rtol=1e-10, atol=1e-10)


def test_opposite_motion_gives_a_negative_cross_term():
    a = series(100, 7)
    np.testing.assert_allclose(cross_displacement(a, 3.0 - 2 * a), -2 * direct(a), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (np.zeros((4, 3)), np.zeros((5, 3))),
        (np.zeros((4, 2)), np.zeros((4, 3))),
        (np.zeros(4), np.zeros(4)),
        (np.zeros((0, 3)), np.zeros((0, 3))),
        (np.zeros((4, 3)), np.full((4, 3), np.nan)),
    ],
)
def test_series_that_make_no_sense_are_refused(a, b):
    with pytest.raises(ValueError, match="series"):
        cross_displacement(a, b)


# Deviation from Gaussian spreading


def test_non_gaussian_parameter_equals_its_definition():
    x = walk(80, 6) ** 3
    lags = [1, 2, 40, 79]
    np.testing.assert_allclose(non_gaussian(x, lags), [direct_alpha(x, lag) for lag in lags], rtol=1e-10)


def test_brownian_particles_are_gaussian():
    n, n_frames, lags = 400, 2000, np.array([1, 3, 10])
    # One displacement has r² = χ² with three degrees of freedom: by its moments α₂ scatters by √(8/15) / √samples.
    error = np.sqrt(8 / 15 * lags / (n * (n_frames - lags)))
    assert (np.abs(non_gaussian(walk(n_frames, n, seed=2), lags)) < 4 * error).all()


def test_a_mixture_of_slow_and_fast_particles_shows_the_spread_of_its_diffusivities():
    # α₂ = ⟨D²⟩ / ⟨D⟩² - 1, here with D = 0.5 and 2 in equal parts.
    x = walk(2000, 400, seed=3)
    x[:, 200:] *= 2.0
    np.testing.assert_allclose(non_gaussian(x, [1, 5]), 2.125 / 1.25**2 - 1, atol=0.02)


def test_free_flight_at_one_speed_gives_minus_two_fifths():
    v = np.random.default_rng(4).normal(size=(5, 3))
    x = np.arange(30)[:, None, None] * v / np.linalg.norm(v, axis=1, keepdims=True)
    np.testing.assert_allclose(non_gaussian(x, [1, 10, 29]), 3 / 5 - 1, rtol=1e-10)


def test_where_nothing_moves_the_parameter_is_not_a_number():
    assert np.isnan(non_gaussian(walk(20, 3), [0, 5])).tolist() == [True, False]
    assert np.isnan(non_gaussian(np.ones((20, 3, 3)), [5])).all()


def test_moments_of_blocks_add_up():
    x, lags = walk(100, 9), [1, 10, 99]
    moments = sum(displacement_moments(time_last(x[:, k : k + 3]), lags) for k in (0, 3, 6))
    assert moments[0].tolist() == [9 * 99, 9 * 90, 9]
    np.testing.assert_allclose(moments[1] / moments[0], direct(x)[lags], rtol=1e-10)
    np.testing.assert_allclose(non_gaussian_from_moments(moments), non_gaussian(x, lags), rtol=1e-10)


@pytest.mark.parametrize("lags", [[-1], [20], [0.5], [[1]], 1])
def test_lags_that_make_no_sense_are_refused(lags):
    with pytest.raises(ValueError, match="lags"):
        non_gaussian(walk(20, 2), lags)
