"""Contacts and clusters against a tree over explicit images, and the situations in which other codes go wrong."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from autodisco_kernels import clusters_from_contacts, contacts, ion_clusters, populations

CUTOFF = 3.4


def random_box(rng, shape):
    """Cell (3, 3) with rows a, b, c: cubic, orthorhombic or triclinic, some narrower than twice the cutoff."""
    edges = rng.uniform(5.0, 30.0, 3)
    if shape == "cubic":
        edges[:] = edges[0]
    cell = np.diag(edges)
    if shape == "triclinic":
        cell[1, 0], cell[2, 0], cell[2, 1] = rng.uniform(-0.9, 0.9, 3) * [edges[0], edges[0], edges[1]]
    return cell


def random_ions(rng, cell, n_cations, n_anions, atoms_per_anion):
    """Cations (n, 3), anion atoms (n, 3) within 1.5 Å of their centre, owner of each atom; unwrapped, any origin."""
    origin = rng.uniform(-100, 100, 3)

    def scattered(n):
        return origin + (rng.random((n, 3)) + rng.integers(-2, 3, (n, 3))) @ cell

    owner = np.repeat(np.arange(n_anions), atoms_per_anion)
    spread = rng.uniform(-1.5, 1.5, (len(owner), 3)) if atoms_per_anion > 1 else 0.0
    return scattered(n_cations), scattered(n_anions)[owner] + spread, owner


def images(cell, reach):
    """Lattice vectors of all images that can lie within `reach` of a point of the cell."""
    widths = 1 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    ranges = [range(-n, n + 1) for n in np.ceil(reach / widths).astype(int) + 1]
    return np.array(list(itertools.product(*ranges))) @ cell


def tree_pairs(points, others, cell, cutoff):
    """(point, other) for every image within the cutoff, by a tree over explicit images without any periodicity."""

    def inside(x):
        fractional = x @ np.linalg.inv(cell)
        return (fractional - np.floor(fractional)) @ cell

    shifts = images(cell, cutoff)
    copies = (inside(others)[None] + shifts[:, None]).reshape(-1, 3)
    near = cKDTree(copies).query_ball_point(inside(points), cutoff)
    return sorted((i, k % len(others)) for i, found in enumerate(near) for k in found)


def tree_labels(pairs, owner, n_cations, n_anions):
    """Lowest member of the cluster of every ion, by scipy's connected components."""
    n = n_cations + n_anions
    edges = np.array([(i, n_cations + owner[j]) for i, j in pairs]).reshape(-1, 2)
    graph = coo_matrix((np.ones(len(edges)), edges.T), shape=(n, n))
    _, component = connected_components(graph, directed=False)
    lowest = np.full(n, n)
    np.minimum.at(lowest, component, np.arange(n))
    return lowest[component]


@settings(max_examples=300, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    shape=st.sampled_from(["cubic", "orthorhombic", "triclinic"]),
    n_cations=st.integers(1, 25),
    n_anions=st.integers(1, 25),
    atoms_per_anion=st.sampled_from([1, 1, 5, 7]),
    cutoff=st.sampled_from([1.0, 2.8, CUTOFF, 9.0]),
)
def test_partition_equals_a_tree_and_connected_components(seed, shape, n_cations, n_anions, atoms_per_anion, cutoff):
    rng = np.random.default_rng(seed)
    cell = random_box(rng, shape)
    cations, atoms, owner = random_ions(rng, cell, n_cations, n_anions, atoms_per_anion)
    pairs = tree_pairs(cations, atoms, cell, cutoff)
    found = contacts(cations, atoms, cell, cutoff)
    assert sorted(zip(found.points.tolist(), found.others.tolist(), strict=True)) == pairs
    labels = clusters_from_contacts(found, n_cations, owner)
    assert labels[0].tolist() == tree_labels(pairs, owner, n_cations, n_anions).tolist()


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32), shape=st.sampled_from(["orthorhombic", "triclinic"]))
def test_clusters_do_not_change_when_the_box_is_moved_wrapped_or_relabelled(seed, shape):
    rng = np.random.default_rng(seed)
    cell = random_box(rng, shape)
    cations, atoms, owner = random_ions(rng, cell, 12, 12, 5)
    before = ion_clusters(cations[None], atoms[None], owner, cell, CUTOFF)
    moved = rng.uniform(-50, 50, 3)
    wrapped = [x + moved + rng.integers(-3, 4, (len(x), 3)) @ cell for x in (cations, atoms)]
    assert (ion_clusters(wrapped[0][None], wrapped[1][None], owner, cell, CUTOFF) == before).all()
    order = rng.permutation(len(atoms))
    assert (ion_clusters(cations[None], atoms[order][None], owner[order], cell, CUTOFF) == before).all()


def test_each_frame_has_its_own_box_and_threads_change_nothing():
    rng = np.random.default_rng(3)
    cells = np.array([random_box(rng, "triclinic") for _ in range(7)])
    frames = [random_ions(rng, cell, 20, 20, 5) for cell in cells]
    cations, atoms, owner = np.array([f[0] for f in frames]), np.array([f[1] for f in frames]), frames[0][2]
    together = ion_clusters(cations, atoms, owner, cells, CUTOFF)
    for k, cell in enumerate(cells):
        assert (ion_clusters(cations[[k]], atoms[[k]], owner, cell, CUTOFF)[0] == together[k]).all()
    for threads in (2, 3, 16):
        assert (ion_clusters(cations, atoms, owner, cells, CUTOFF, threads) == together).all()


def test_cation_between_two_monatomic_anions_makes_one_cluster():
    # A list that is changed while it is walked through loses the second anion.
    labels = ion_clusters([[[10.0, 10, 10]]], [[[12.8, 10, 10], [7.2, 10, 10]]], [0, 1], [20.0, 20, 20], 3.4)
    assert labels.tolist() == [[0, 0, 0]]


def test_neighbours_across_the_edge_of_a_box_that_does_not_start_at_zero():
    found = contacts([[-19.0, 0, 0]], [[19.0, 0, 0]], [40.0, 40, 40], 3.4)
    assert found.distances == pytest.approx([2.0])


@pytest.mark.parametrize("edges", [(60.0, 20.0, 20.0), (20.0, 60.0, 20.0), (20.0, 20.0, 60.0)])
def test_short_sides_of_an_elongated_box_wrap_at_their_own_length(edges):
    for axis in range(3):
        near, far = np.full(3, 10.0), np.full(3, 10.0)
        near[axis], far[axis] = 0.5, edges[axis] - 0.5
        assert contacts([near], [far], edges, 3.4).distances == pytest.approx([1.0])


def test_distance_is_to_the_nearest_image_of_a_strongly_skewed_cell():
    cell = np.array([[10.0, 0, 0], [9.0, 10, 0], [0, 0, 10]])
    found = contacts([[0.5, 0.0, 0.0]], [[9.0, 10.0, 0.0]], cell, 3.4)
    assert found.distances == pytest.approx([0.5])


def test_all_images_count_in_a_box_narrower_than_the_cutoff():
    found = contacts([[0.0, 0, 0]], [[1.0, 0, 0]], [4.0, 50, 50], 3.4)
    assert sorted(found.distances) == pytest.approx([1.0, 3.0])


def test_cluster_of_all_ions_is_counted_however_large_it_is():
    n = 300
    line = np.zeros((1, n, 3))
    line[0, :, 0] = 6.0 * np.arange(n)
    labels = ion_clusters(line, line + [3.0, 0, 0], np.arange(n), [6.0 * n + 100, 30, 30], 3.4)
    population = populations(labels, n)
    assert (population.cations.tolist(), population.anions.tolist(), population.mean.tolist()) == ([n], [n], [1.0])
    assert population.matrix().shape == (n + 1, n + 1)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_population_conserves_the_ions(seed):
    rng = np.random.default_rng(seed)
    cell = random_box(rng, "triclinic")
    frames = [random_ions(rng, cell, 9, 14, 3) for _ in range(4)]
    labels = ion_clusters([f[0] for f in frames], [f[1] for f in frames], frames[0][2], cell, CUTOFF)
    population = populations(labels, 9)
    assert np.sum(population.cations * population.mean) == pytest.approx(9)
    assert np.sum(population.anions * population.mean) == pytest.approx(14)


def test_buffer_grows_when_a_frame_has_more_contacts_than_expected():
    rng = np.random.default_rng(0)
    points, others = rng.random((1, 40, 3)), rng.random((1, 500, 3))
    found = contacts(points, others, [50.0, 50, 50], 10.0)
    assert len(found.points) == 40 * 500
    assert found.frames.tolist() == [0, 20000]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (([[0.0, 0, np.nan]], [[1.0, 0, 0]], [9.0, 9, 9], 3.0), "not finite"),
        (([[0.0, 0]], [[1.0, 0, 0]], [9.0, 9, 9], 3.0), "points has shape"),
        (([[0.0, 0, 0]], [[1.0, 0, 0]], [9.0, 9, 0], 3.0), "no volume"),
        (([[0.0, 0, 0]], [[1.0, 0, 0]], [9.0, 9], 3.0), "box has shape"),
        (([[0.0, 0, 0]], [[1.0, 0, 0]], [9.0, 9, 9], 0.0), "cutoff"),
        (([[[0.0, 0, 0]]] * 2, [[1.0, 0, 0]], [9.0, 9, 9], 3.0), "2 frames"),
    ],
)
def test_arrays_that_make_no_sense_are_refused(arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        contacts(*arguments)


def test_anions_have_to_be_numbered_without_a_gap():
    with pytest.raises(ValueError, match="without a gap"):
        ion_clusters([[[0.0, 0, 0]]], [[[1.0, 0, 0]]], [1], [9.0, 9, 9], 3.0)
