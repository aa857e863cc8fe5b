"""Radial distributions against an ideal gas, a crystal and freud."""

import numpy as np
import pytest

from autodisco_kernels import RadialDistribution, contacts, radial_distribution


def test_ideal_gas_is_uniform_in_boxes_that_change_their_shape_and_size():
    rng = np.random.default_rng(1)
    cells = np.array([np.diag([20.0, 25, 30]) * (1 + 0.2 * k / 39) for k in range(40)])
    cells[:, 1, 0], cells[:, 2, 1] = 7.0, -4.0
    a, b = rng.random((40, 60, 3)) @ cells, rng.random((40, 500, 3)) @ cells
    found = radial_distribution(a, b, cells, r_max=12.0, bins=24)
    expected = 60 * 500 * 40 * 4 / 3 * np.pi * np.diff(found.edges**3) / np.abs(np.linalg.det(cells)).mean()
    # Counting noise of each shell, four standard deviations.
    assert (np.abs(found.g - 1) < 4 / np.sqrt(expected)).all()
    volume = 1 / np.mean(1 / np.abs(np.linalg.det(cells)))
    assert found.coordination[-1] == pytest.approx(500 * 4 / 3 * np.pi * 12**3 / volume, rel=0.01)


def test_simple_cubic_crystal_has_six_twelve_and_eight_neighbours():
    grid = np.stack(np.meshgrid(*[np.arange(4.0)] * 3), axis=-1).reshape(1, -1, 3) * 3.0
    found = radial_distribution(grid, grid, [12.0, 12, 12], r_max=6.5, bins=65, same=True)
    after = {
        distance: found.coordination[np.searchsorted(found.edges[1:], distance + 0.05)]
        for distance in (3, 4.25, 5.2, 6)
    }
    assert list(after.values()) == [6, 18, 26, 32]


def test_equals_freud():
    freud = pytest.importorskip("freud")
    rng = np.random.default_rng(2)
    x = rng.random((3, 300, 3)) * 20
    other = freud.density.RDF(bins=30, r_max=9.0)
    for frame in x:
        other.compute((freud.box.Box.cube(20), frame - 10), reset=False)
    ours = radial_distribution(x, x, [20.0, 20, 20], r_max=9.0, bins=30, same=True)
    # freud divides by all 300 points, though a point is not its own neighbour.
    np.testing.assert_allclose(ours.g * 299 / 300, other.rdf, rtol=1e-4, atol=1e-4)


def test_chunks_add_up():
    rng = np.random.default_rng(3)
    x, y = rng.random((6, 20, 3)) * 15, rng.random((6, 50, 3)) * 15
    whole = radial_distribution(x, y, [15.0, 15, 15], 5.0)
    parts = RadialDistribution(20, 50, 5.0)
    for part in (slice(0, 2), slice(2, 6)):
        parts.add(contacts(x[part], y[part], [15.0, 15, 15], 6.0), [15.0, 15, 15])
    np.testing.assert_allclose(parts.g, whole.g, rtol=1e-12)
    np.testing.assert_allclose(parts.coordination, whole.coordination, rtol=1e-12)


def test_impossible_shells_are_refused():
    with pytest.raises(ValueError, match="positive values expected"):
        RadialDistribution(1, 1, 0.0)


def test_error_of_a_distribution_covers_its_scatter():
    # Twenty ideal gases: the spread of their g(r) is what each tells as its own error.
    found, edge = [], 30.0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        points, others = rng.random((4, 50, 3)) * edge, rng.random((4, 60, 3)) * edge
        distribution = RadialDistribution(50, 60, 8.0, bins=4, groups=np.arange(50) % 10)
        distribution.add(contacts(points, others, [edge] * 3, 8.0), [edge] * 3)
        found.append((distribution.g, distribution.g_sem))
    g, sem = np.array(found).transpose(1, 0, 2)
    np.testing.assert_allclose(sem.mean(axis=0), g.std(axis=0), rtol=0.5)


def test_groups_have_to_fit_the_points():
    with pytest.raises(ValueError, match=r"\(3,\) whole numbers"):
        RadialDistribution(3, 4, 5.0, groups=[0, 1])
