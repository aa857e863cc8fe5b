"""Unwrapped positions against walks known before they were wrapped, in cells of every shape, fixed and changing."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autodisco_kernels import Unwrapper, unwrap, without_drift


def narrowest_width(cell):
    """Least distance between two opposite faces."""
    return 1 / np.linalg.norm(np.linalg.inv(cell), axis=0).max()


def walk_in_cells(rng, cells, n, longest=0.49):
    """Walks relative to the cells, steps up to `longest` widths: unwrapped and wrapped positions (F, n, 3)."""
    corner = rng.uniform(-4, 4, 3)
    fractions = corner + rng.random((n, 3))
    unwrapped, wrapped = [fractions @ cells[0]], [fractions @ cells[0]]
    for before, cell in itertools.pairwise(cells):
        step = rng.normal(size=(n, 3))
        step *= longest * narrowest_width(cell) * rng.random((n, 1)) / np.linalg.norm(step, axis=1, keepdims=True)
        step = step @ np.linalg.inv(cell)
        fractions = fractions + step
        wrapped.append((corner + (fractions - corner) % 1.0) @ cell)
        unwrapped.append(unwrapped[-1] + step @ (before + cell) / 2)
    return np.array(unwrapped), np.array(wrapped)


def random_cells(rng, n_frames, triclinic, changing):
    """Cell matrices (F, 3, 3); those that change do so by up to a tenth."""
    cell = np.diag(rng.uniform(5, 30, 3))
    if triclinic:
        edges = np.diag(cell)
        cell[1, 0], cell[2, 0], cell[2, 1] = rng.uniform(-0.9, 0.9, 3) * edges[[0, 0, 1]]
    scale = rng.uniform(0.9, 1.1, (n_frames, 1, 1)) if changing else np.ones((n_frames, 1, 1))
    return cell * scale


cases = given(
    seed=st.integers(0, 2**32 - 1), triclinic=st.booleans(), changing=st.booleans(), n_frames=st.integers(1, 40)
)


@settings(deadline=None)
@cases
def test_walks_come_back_as_they_were(seed, triclinic, changing, n_frames):
    rng = np.random.default_rng(seed)
    cells = random_cells(rng, n_frames, triclinic, changing)
    unwrapped, wrapped = walk_in_cells(rng, cells, 5)
    np.testing.assert_allclose(unwrap(wrapped, cells), unwrapped, rtol=0, atol=1e-9)


@settings(deadline=None)
@cases
def test_chunks_equal_the_whole(seed, triclinic, changing, n_frames):
    rng = np.random.default_rng(seed)
    cells = random_cells(rng, n_frames, triclinic, changing)
    wrapped = walk_in_cells(rng, cells, 4)[1]
    edges = np.sort(rng.integers(0, n_frames + 1, 3))
    follow = Unwrapper()
    chunks = [follow.next(*part) for part in zip(np.split(wrapped, edges), np.split(cells, edges), strict=True)]
    np.testing.assert_array_equal(np.concatenate(chunks), unwrap(wrapped, cells))


def test_edge_lengths_serve_as_a_box():
    rng = np.random.default_rng(1)
    edges = np.array([8.0, 11.0, 14.0])
    unwrapped, wrapped = walk_in_cells(rng, np.broadcast_to(np.diag(edges), (50, 3, 3)), 6)
    np.testing.assert_allclose(unwrap(wrapped, edges), unwrapped, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(unwrap(wrapped, np.tile(edges, (50, 1))), unwrap(wrapped, edges))


def test_a_breathing_cell_does_not_shake_particles_that_have_travelled_far():
    # One particle crosses a face at every tenth step of a tenth of the cell; counting whole images of the present cell
    # would move it by hundreds of Å at the end.
    edges = 10.0 + 0.5 * np.sin(np.arange(5000.0))
    x = (0.1 * np.arange(5000.0) % 1.0)[:, None, None] * edges[:, None, None] * [1.0, 0.0, 0.0]
    steps = np.diff(unwrap(x, np.repeat(edges[:, None], 3, axis=1))[:, 0, 0])
    np.testing.assert_allclose(steps, 0.1 * (edges[1:] + edges[:-1]) / 2, atol=1e-9)


@pytest.mark.parametrize("continuous", [True, False])
@pytest.mark.parametrize("origin", [0.0, -0.5, 7.3])
def test_particles_at_rest_in_a_breathing_cell_stay_though_they_hover_at_a_face_or_lie_many_cells_away(
    continuous, origin
):
    rng = np.random.default_rng(4)
    edges = 10.0 + 0.1 * rng.normal(size=200)
    cells, inside = edges[:, None, None] * np.eye(3), rng.random((50, 3)) + origin
    inside[:5] = origin
    away = (inside + rng.integers(-30, 31, (50, 3))) @ cells
    x = Unwrapper(continuous).next(away, cells)
    np.testing.assert_allclose(x, np.broadcast_to(away[0], x.shape), atol=1e-9)
    if not continuous:
        # Which image a frame holds does not matter: all inside, slightly outside, or now here and now there.
        hopping = (inside + rng.integers(-1, 2, (200, 50, 3))) @ cells
        x = Unwrapper().next(hopping, cells)
        np.testing.assert_allclose(x, np.broadcast_to(hopping[0], x.shape), atol=1e-9)


@pytest.mark.parametrize("continuous", [True, False])
def test_a_skewed_cell_that_is_flipped_moves_nothing(continuous):
    # LAMMPS replaces b by b - a, and c by c + b, when a box has become too skewed.
    rng = np.random.default_rng(6)
    cell = np.array([[10.0, 0, 0], [5.1, 11, 0], [1, -5.6, 12]])
    flipped = np.array([cell[0], cell[1] - cell[0], cell[2] + cell[1]])
    x = rng.random((40, 3)) @ cell
    steps = rng.normal(size=(40, 3))
    later = x + steps
    if not continuous:
        later += rng.integers(-2, 3, (40, 3)) @ flipped
    found = Unwrapper(continuous).next([x, later], [cell, flipped])
    np.testing.assert_allclose(found[1] - found[0], steps, atol=1e-9)


def test_long_rest_after_many_crossings_adds_no_rounding():
    wrapped = np.concatenate([np.arange(0, 3000, 3.0) % 7.3, np.full(1000, 0.4)])[:, None, None] * [1.0, 0.0, 0.0]
    assert len(np.unique(unwrap(wrapped, [7.3, 9.0, 9.0])[1000:, 0, 0])) == 1


@pytest.mark.parametrize(
    ("wrapped", "box", "message"),
    [
        (np.zeros((4, 2, 2)), [9, 9, 9], "wrapped"),
        (np.full((4, 2, 3), np.nan), [9, 9, 9], "wrapped"),
        (np.zeros((4, 2, 3)), np.ones((5, 3, 3)), "box"),
        (np.zeros((4, 2, 3)), [9, 9, 0], "box"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(wrapped, box, message):
    with pytest.raises(ValueError, match=message):
        unwrap(wrapped, box)


def test_chunks_of_different_particles_are_refused():
    follow = Unwrapper()
    follow.next(np.zeros((2, 4, 3)), [9, 9, 9])
    with pytest.raises(ValueError, match="5 particles; 4"):
        follow.next(np.zeros((2, 5, 3)), [9, 9, 9])


# Drift


def test_the_centre_of_mass_rests_at_the_origin():
    rng = np.random.default_rng(2)
    x, masses = rng.normal(size=(20, 7, 3)) + np.arange(20.0)[:, None, None], rng.uniform(1, 30, 7)
    relative = without_drift(x, masses)
    np.testing.assert_allclose(np.average(relative, axis=1, weights=masses), 0.0, atol=1e-12)
    np.testing.assert_allclose(np.diff(relative, axis=1), np.diff(x, axis=1), atol=1e-12)


def test_a_common_drift_of_all_particles_disappears():
    rng = np.random.default_rng(3)
    x, masses = rng.normal(size=(20, 7, 3)), rng.uniform(1, 30, 7)
    drifting = x + rng.normal(size=(20, 1, 3))
    np.testing.assert_allclose(without_drift(drifting, masses), without_drift(x, masses), atol=1e-12)


def test_a_heavy_particle_holds_the_frame():
    x = np.array([[[0.0, 0.0, 0.0], [4.0, 0.0, 0.0]]])
    np.testing.assert_allclose(without_drift(x, [3.0, 1.0])[0, :, 0], [-1.0, 3.0])


@pytest.mark.parametrize("masses", [[1.0], [1.0, -1.0], [0.0, 0.0], [1.0, np.nan], [[1.0, 1.0]]])
def test_masses_that_make_no_sense_are_refused(masses):
    with pytest.raises(ValueError, match="masses"):
        without_drift(np.zeros((3, 2, 3)), masses)
