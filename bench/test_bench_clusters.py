"""Ion clusters, frame by frame from coordinates to the cluster of every ion, against what else one would use.

Every tool answers the same question (which cations touch an atom of which anion) with its own periodic neighbour
search; scipy joins the ions where the tool does not. CPU time of one thread; all results are checked to be the same.
``all pairs in Python`` is the method of HTP-MD's script, a loop over all pairs of ion atoms that merges lists, written
anew; that program itself was measured at 496 ms for a frame of 400 atoms.
"""

import time

import numpy as np
import pytest
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from autodisco_kernels import ion_clusters, populations

CUTOFF = 3.4
VOLUME_PER_PAIR = 1352.0  # Å³, LiTFSI at 1.5 mol/kg
ATOMS_PER_ANION = 7  # O4 N1 S2
SIZES = {50: 100, 100: 50, 1000: 10, 10000: 3}  # ion pairs: frames


@pytest.fixture(scope="module", params=SIZES, ids=lambda pairs: f"{pairs} pairs")
def frames(request):
    """Cations (F, n, 3), anion atoms (F, 7 n, 3) wrapped into a cubic box, owner of each atom, edge."""
    n, rng = request.param, np.random.default_rng(1)
    edge = (n * VOLUME_PER_PAIR) ** (1 / 3)
    shape = rng.normal(size=(ATOMS_PER_ANION, 3)) * 1.3
    centres = rng.random((SIZES[n], n, 1, 3)) * edge
    atoms = ((centres + shape).reshape(SIZES[n], -1, 3)) % edge
    return rng.random((SIZES[n], n, 3)) * edge, atoms, np.repeat(np.arange(n), ATOMS_PER_ANION), edge


def joined(pairs, owner, n):
    """Component number of every ion from (cation, anion atom) pairs."""
    edges = (pairs[:, 0], n + owner[pairs[:, 1]])
    graph = coo_matrix((np.ones(len(pairs), np.int8), edges), shape=(2 * n, 2 * n))
    return connected_components(graph, directed=False)[1]


def as_numba(cations, atoms, owner, edge):
    n = cations.shape[1]
    return np.concatenate([cations, atoms], axis=1), np.concatenate([np.arange(n), n + owner]), edge


def with_numba(sites, ion_of, edge):
    species = np.repeat([0, 1], (ion_of.max() + 1) // 2)
    labels = ion_clusters(sites, ion_of, species, [[0, CUTOFF], [CUTOFF, 0]], [edge] * 3)
    populations(labels, species)
    return labels


def as_freud(cations, atoms, owner, edge):
    """freud's boxes are centred on the origin, and it computes in single precision."""
    return (cations - edge / 2).astype(np.float32), (atoms - edge / 2).astype(np.float32), owner, edge


def with_freud(cations, atoms, owner, edge):
    freud = pytest.importorskip("freud")
    freud.parallel.set_num_threads(1)
    box, found = freud.box.Box.cube(edge), []
    for x, y in zip(cations, atoms, strict=True):
        search = freud.locality.AABBQuery(box, y).query(x, {"r_max": CUTOFF})
        found.append(joined(np.asarray(search.toNeighborList())[:, :2].astype(int), owner, x.shape[0]))
    return found


def as_mdanalysis(cations, atoms, owner, edge):
    return cations.astype(np.float32), atoms.astype(np.float32), owner, edge


def with_mdanalysis(cations, atoms, owner, edge):
    capped_distance = pytest.importorskip("MDAnalysis.lib.distances").capped_distance
    box = np.array([edge, edge, edge, 90, 90, 90], dtype=np.float32)
    found = []
    for x, y in zip(cations, atoms, strict=True):
        pairs = capped_distance(x, y, CUTOFF, box=box, method="nsgrid", return_distances=False)
        found.append(joined(pairs, owner, len(x)))
    return found


def with_scipy(cations, atoms, owner, edge):
    found = []
    for x, y in zip(cations, atoms, strict=True):
        trees = cKDTree(x, boxsize=edge), cKDTree(y, boxsize=edge)
        pairs = trees[0].sparse_distance_matrix(trees[1], CUTOFF, output_type="ndarray")
        found.append(joined(np.stack([pairs["i"], pairs["j"]], axis=1), owner, len(x)))
    return found


def with_python_over_all_pairs(cations, atoms, owner, edge):
    """One frame; lists of clusters are merged whenever a close pair belongs to two of them."""
    n = cations.shape[1]
    ions = [*range(n), *(n + owner).tolist()]
    sites = [*cations[0].tolist(), *atoms[0].tolist()]
    cluster_of = {ion: [ion] for ion in ions}
    for i, (x, y, z) in enumerate(sites):
        for j in range(i + 1, len(sites)):
            if (ions[i] < n) == (ions[j] < n):
                continue
            square = 0.0
            for a, b in zip((x, y, z), sites[j], strict=True):
                d = abs(a - b) % edge
                square += min(d, edge - d) ** 2
            if square <= CUTOFF**2 and cluster_of[ions[i]] is not cluster_of[ions[j]]:
                cluster_of[ions[i]].extend(cluster_of[ions[j]])
                for ion in cluster_of[ions[j]]:
                    cluster_of[ion] = cluster_of[ions[i]]
    return [[min(cluster_of[ion]) for ion in range(2 * n)]]


def lowest_member(labels):
    """The same name for the same partition, whatever numbers a tool gives its clusters."""
    labels = np.asarray(labels)
    first = np.full(labels.max() + 1, len(labels))
    np.minimum.at(first, labels, np.arange(len(labels)))
    return first[labels]


TOOLS = [with_numba, with_freud, with_mdanalysis, with_scipy, with_python_over_all_pairs]
# Arrays in the form that a tool takes are made beforehand.
GIVEN = {with_numba: as_numba, with_freud: as_freud, with_mdanalysis: as_mdanalysis}


@pytest.mark.bench
@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize("tool", TOOLS, ids=lambda f: f.__name__)
def test_clusters(benchmark, frames, tool):
    n = frames[0].shape[1]
    if tool is with_python_over_all_pairs:
        if n > 50:
            pytest.skip("takes minutes a frame")
        frames = (frames[0][:1], frames[1][:1], *frames[2:])
    benchmark.group = f"clusters of {n} ion pairs"
    benchmark.extra_info.update(frames=len(frames[0]), atoms=frames[0].shape[1] + frames[1].shape[1])
    given = GIVEN.get(tool, lambda *arrays: arrays)(*frames)
    found = benchmark.pedantic(tool, args=given, rounds=7, warmup_rounds=1)
    # Single precision may decide a pair at the very cutoff differently, hence nearly all.
    same = [lowest_member(a) == lowest_member(b) for a, b in zip(found, with_numba(*as_numba(*frames)), strict=True)]
    assert np.mean(same) > 0.999


@pytest.mark.bench
@pytest.mark.parametrize("threads", [1, 2])
def test_threads_over_frames(benchmark, threads):
    """Wall time; the two cores have to be free for this to mean anything."""
    n, rng = 1000, np.random.default_rng(1)
    edge = (n * VOLUME_PER_PAIR) ** (1 / 3)
    sites, species = rng.random((200, 8 * n, 3)) * edge, np.repeat([0, 1], n)
    ion_of = np.concatenate([np.arange(n), n + np.repeat(np.arange(n), ATOMS_PER_ANION)])
    benchmark.group = "clusters of 1000 ion pairs over threads, wall time"
    benchmark.extra_info.update(frames=200, atoms=8 * n, threads=threads)
    table = [[0, CUTOFF], [CUTOFF, 0]]
    benchmark.pedantic(
        ion_clusters, args=(sites, ion_of, species, table, [edge] * 3, threads), rounds=5, warmup_rounds=1
    )
