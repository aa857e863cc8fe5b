"""Contacts and clusters against a tree over explicit images, and the situations in which other codes go wrong."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from autodisco_kernels import contacts, ion_clusters, populations

CUTOFF = 3.4


def salt_clusters(cations, anion_atoms, owner, box, cutoff, threads=1):
    """Clusters of one salt: cations first, then the anions that `owner` numbers; only unlike ions join."""
    x = np.concatenate([np.asarray(cations, float), np.asarray(anion_atoms, float)], axis=-2)
    n, m = np.shape(cations)[-2], int(np.max(owner)) + 1
    ions = np.concatenate([np.arange(n), n + np.asarray(owner)])
    return ion_clusters(x, ions, salt_species(n, m), [[0, cutoff], [cutoff, 0]], box, threads)


def salt_species(n_cations, n_anions):
    return np.repeat([0, 1], [n_cations, n_anions])


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
    labels = salt_clusters(cations, atoms, owner, cell, cutoff)
    assert labels[0].tolist() == tree_labels(pairs, owner, n_cations, n_anions).tolist()


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32), shape=st.sampled_from(["orthorhombic", "triclinic"]))
def test_clusters_do_not_change_when_the_box_is_moved_wrapped_or_relabelled(seed, shape):
    rng = np.random.default_rng(seed)
    cell = random_box(rng, shape)
    cations, atoms, owner = random_ions(rng, cell, 12, 12, 5)
    before = salt_clusters(cations[None], atoms[None], owner, cell, CUTOFF)
    moved = rng.uniform(-50, 50, 3)
    wrapped = [x + moved + rng.integers(-3, 4, (len(x), 3)) @ cell for x in (cations, atoms)]
    assert (salt_clusters(wrapped[0][None], wrapped[1][None], owner, cell, CUTOFF) == before).all()
    order = rng.permutation(len(atoms))
    assert (salt_clusters(cations[None], atoms[order][None], owner[order], cell, CUTOFF) == before).all()


def test_each_frame_has_its_own_box_and_threads_change_nothing():
    rng = np.random.default_rng(3)
    cells = np.array([random_box(rng, "triclinic") for _ in range(7)])
    frames = [random_ions(rng, cell, 20, 20, 5) for cell in cells]
    cations, atoms, owner = np.array([f[0] for f in frames]), np.array([f[1] for f in frames]), frames[0][2]
    together = salt_clusters(cations, atoms, owner, cells, CUTOFF)
    for k, cell in enumerate(cells):
        assert (salt_clusters(cations[[k]], atoms[[k]], owner, cell, CUTOFF)[0] == together[k]).all()
    for threads in (2, 3, 16):
        assert (salt_clusters(cations, atoms, owner, cells, CUTOFF, threads) == together).all()


def test_cation_between_two_monatomic_anions_makes_one_cluster():
    # A list that is changed while it is walked through loses the second anion.
    labels = salt_clusters([[[10.0, 10, 10]]], [[[12.8, 10, 10], [7.2, 10, 10]]], [0, 1], [20.0, 20, 20], 3.4)
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
    labels = salt_clusters(line, line + [3.0, 0, 0], np.arange(n), [6.0 * n + 100, 30, 30], 3.4)
    population = populations(labels, salt_species(n, n))
    assert (population.counts.tolist(), population.mean.tolist()) == ([[n, n]], [1.0])
    assert population.matrix().shape == (n + 1, n + 1)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_population_conserves_the_ions(seed):
    rng = np.random.default_rng(seed)
    cell = random_box(rng, "triclinic")
    frames = [random_ions(rng, cell, 9, 14, 3) for _ in range(4)]
    labels = salt_clusters([f[0] for f in frames], [f[1] for f in frames], frames[0][2], cell, CUTOFF)
    population = populations(labels, salt_species(9, 14))
    assert population.mean @ population.counts[:, 0] == pytest.approx(9)
    assert population.mean @ population.counts[:, 1] == pytest.approx(14)


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


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"ion_of": [0, 2]}, "at least one site"),
        ({"ion_of": [0]}, "one ion per site"),
        ({"species": [0, 2]}, "there is a species 2"),
        ({"cutoffs": [[0, 3.0], [2.0, 0]]}, "not a symmetric table"),
        ({"cutoffs": [[0, -3.0], [-3.0, 0]]}, "not a symmetric table"),
        ({"cutoffs": [0, 3.0]}, "do not fit"),
        ({"sites": [[0.0, 0, np.inf], [1.0, 0, 0]]}, "not finite"),
    ],
)
def test_ions_that_make_no_sense_are_refused(changes, complaint):
    given = {
        "sites": [[0.0, 0, 0], [1.0, 0, 0]], "ion_of": [0, 1], "species": [0, 1],
        "cutoffs": [[0, 3.0], [3.0, 0]], "box": [9.0, 9, 9],
    }  # fmt: skip
    assert ion_clusters(**given).tolist() == [[0, 0]]
    with pytest.raises(ValueError, match=complaint):
        ion_clusters(**given | changes)


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    shape=st.sampled_from(["cubic", "orthorhombic", "triclinic"]),
    n_species=st.integers(1, 4),
)
def test_any_species_with_any_cutoffs_join_as_a_tree_over_all_atoms_says(seed, shape, n_species):
    rng = np.random.default_rng(seed)
    cell = random_box(rng, shape)
    species = rng.integers(0, n_species, 20)
    cutoffs = rng.choice([0.0, 1.5, 3.4, 6.0], (n_species, n_species))
    cutoffs = np.maximum(cutoffs, cutoffs.T)
    ion_of = rng.permutation(np.repeat(np.arange(20), rng.integers(1, 6, 20)))
    centres = rng.random((20, 3)) @ cell
    # Atoms of one ion far apart in space, and each in an image of its own.
    spread = rng.uniform(-1.5, 1.5, (len(ion_of), 3)) + rng.integers(-2, 3, (len(ion_of), 3)) @ cell
    sites = centres[ion_of] + spread
    parent = np.arange(20)
    for s in range(n_species):
        for t in range(n_species):
            if cutoffs[s, t] > 0:
                a, b = (np.flatnonzero(species[ion_of] == kind) for kind in (s, t))
                for i, j in tree_pairs(sites[a], sites[b], cell, cutoffs[s, t]) if len(a) and len(b) else ():
                    one, other = parent[ion_of[a[i]]], parent[ion_of[b[j]]]
                    parent[parent == max(one, other)] = min(one, other)
    assert ion_clusters(sites, ion_of, species, cutoffs, cell)[0].tolist() == parent.tolist()


def test_divalent_and_two_kinds_of_anions_are_counted_apart():
    # Mg between two PF6, a free Mg, a TFSI with a Na.
    x = [[5.0, 5, 5], [20.0, 20, 20], [30.0, 5, 5], [7.0, 5, 5], [3.0, 5, 5], [32.0, 5, 5]]
    species = np.array([0, 0, 1, 2, 2, 3])
    table = np.zeros((4, 4))
    table[0, 2] = table[2, 0] = 2.5
    table[1, 3] = table[3, 1] = 2.5
    found = populations(ion_clusters(x, np.arange(6), species, table, [40.0, 40, 40]), species)
    assert dict(zip(map(tuple, found.counts.tolist()), found.mean.tolist(), strict=True)) == {
        (0, 1, 0, 1): 1.0, (1, 0, 0, 0): 1.0, (1, 0, 2, 0): 1.0,
    }  # fmt: skip
    assert found.matrix()[1, 0, 2, 0] == 1.0


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_population_equals_a_count_in_plain_python(seed):
    rng = np.random.default_rng(seed)
    species = np.sort(rng.integers(0, 3, 300))
    raw = rng.integers(0, rng.integers(2, 300), (4, 300))
    # Labels as the clusters have them: the lowest member.
    labels = np.array([[int(np.flatnonzero(frame == value)[0]) for value in frame] for frame in raw])
    expected = {}
    for frame in labels:
        for label in set(frame.tolist()):
            kind = tuple(int(np.sum((frame == label) & (species == s))) for s in range(species.max() + 1))
            expected[kind] = expected.get(kind, 0) + 0.25
    found = populations(labels, species)
    assert dict(zip(map(tuple, found.counts.tolist()), found.mean.tolist(), strict=True)) == expected


def test_equals_freud_and_lammps_style_clusters_of_atoms():
    freud = pytest.importorskip("freud")
    rng = np.random.default_rng(5)
    for skew in (0.0, 6.0):
        box = freud.box.Box(24.0, 20.0, 22.0, skew / 20, 0.0, skew / 22)
        cell = np.array(box.to_matrix()).T
        x = (rng.random((500, 3)) - 0.5) @ cell
        search = freud.cluster.Cluster()
        search.compute((box, x.astype(np.float32)), neighbors={"r_max": 1.6, "exclude_ii": True})
        _, first = np.unique(search.cluster_idx, return_index=True)
        ours = ion_clusters(x, np.arange(500), np.zeros(500, int), [[1.6]], cell)[0]
        assert (first[search.cluster_idx] == ours).all()
        assert len(set(ours.tolist())) > 20
