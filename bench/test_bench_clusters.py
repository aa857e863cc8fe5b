"""Ion clusters, frame by frame from coordinates to the cluster of every ion, against what else one would use.

Every tool answers the same question (which cations touch an atom of which anion) with its own periodic neighbour
search; scipy joins the ions where the tool does not. CPU time of one thread; all results are checked to be the same.
"""

import time

import numpy as np
import pytest
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from autodisco_kernels import ion_clusters

CUTOFF = 3.4
VOLUME_PER_PAIR = 1352.0  # Å³, LiTFSI at 1.5 mol/kg
ATOMS_PER_ANION = 7  # O4 N S2
SIZES = {50: 20, 1000: 10, 10000: 3}  # ion pairs: frames


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


def with_numba(cations, atoms, owner, edge):
    return ion_clusters(cations, atoms, owner, [edge] * 3, CUTOFF)


def with_freud(cations, atoms, owner, edge):
    freud = pytest.importorskip("freud")
    freud.parallel.set_num_threads(1)
    box, found = freud.box.Box.cube(edge), []
    for x, y in zip(cations, atoms, strict=True):
        # freud's boxes are centred on the origin.
        search = freud.locality.AABBQuery(box, y - edge / 2).query(x - edge / 2, {"r_max": CUTOFF})
        found.append(joined(np.asarray(search.toNeighborList())[:, :2].astype(int), owner, x.shape[0]))
    return found


def with_mdanalysis(cations, atoms, owner, edge):
    capped_distance = pytest.importorskip("MDAnalysis.lib.distances").capped_distance
    box = np.array([edge, edge, edge, 90, 90, 90], dtype=np.float32)
    found = []
    for x, y in zip(cations.astype(np.float32), atoms.astype(np.float32), strict=True):
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


def lowest_member(labels):
    """The same name for the same partition, whatever numbers a tool gives its clusters."""
    labels = np.asarray(labels)
    first = np.full(labels.max() + 1, len(labels))
    np.minimum.at(first, labels, np.arange(len(labels)))
    return first[labels]


@pytest.mark.bench
@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize("tool", [with_numba, with_freud, with_mdanalysis, with_scipy], ids=lambda f: f.__name__)
def test_clusters(benchmark, frames, tool):
    cations, atoms = frames[:2]
    benchmark.group = f"clusters of {cations.shape[1]} ion pairs, {len(cations)} frames"
    benchmark.extra_info["ion_atoms"] = cations.shape[1] + atoms.shape[1]
    found = benchmark.pedantic(tool, args=frames, rounds=5, warmup_rounds=1)
    # Single precision may decide a pair at the very cutoff differently, hence nearly all.
    same = [lowest_member(a) == lowest_member(b) for a, b in zip(found, with_numba(*frames), strict=True)]
    assert np.mean(same) > 0.999
