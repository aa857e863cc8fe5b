"""Which contacts join ions to one cluster: the setting, and HTP-MD's rule against LAMMPS and a graph library."""

import itertools
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from autodisco.analysis import analyze
from autodisco.errors import InputError
from autodisco_kernels import LammpsDump

CUTOFF, N_PAIRS, N_FRAMES = 3.4, 14, 12
EDGES = np.array([17.0, 18.0, 19.0])
SHAPE = np.array([[0.0, 0, 0], [1.5, 0, 0], [0, 1.6, 0]])  # N, S, O of a small anion
MASSES = {1: 6.94, 2: 14.007, 3: 32.06, 4: 15.999, 5: 12.011}
CHOSEN = {"cation": "type 1", "anion": "type 2 3 4", "temperature_k": 353.0, "dt_ps": 1.0}


@pytest.fixture(scope="module")
def system():
    """Types and molecules of the atoms, and whole positions (F, n, 3) so dense that all kinds of contacts occur."""
    rng = np.random.default_rng(7)
    types = np.array([1] * N_PAIRS + [2, 3, 4] * N_PAIRS + [5] * 10)
    molecules = np.concatenate([np.arange(N_PAIRS), N_PAIRS + np.repeat(np.arange(N_PAIRS), 3), np.arange(10) + 28])
    n_molecules = molecules.max() + 1
    centres = rng.random((n_molecules, 3)) * EDGES
    walks = centres + np.cumsum(rng.normal(size=(N_FRAMES, n_molecules, 3)) * 0.7, axis=0)
    shifts = np.zeros((len(types), 3))
    shifts[N_PAIRS : 4 * N_PAIRS] = np.tile(SHAPE, (N_PAIRS, 1))
    return types, molecules, walks[:, molecules] + shifts


@pytest.fixture(scope="module")
def dump(system, tmp_path_factory):
    types, molecules, positions = system
    path = tmp_path_factory.mktemp("joins") / "run.lammpstrj"
    with open(path, "w") as file:
        for step, x in enumerate(positions):
            file.write(f"ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n{len(x)}\nITEM: BOX BOUNDS pp pp pp\n")
            file.write("".join(f"0 {edge}\n" for edge in EDGES) + "ITEM: ATOMS id mol type mass xu yu zu\n")
            rows = zip(molecules + 1, types, x.round(6).tolist(), strict=True)
            file.writelines(f"{k} {m} {t} {MASSES[t]} {a} {b} {c}\n" for k, (m, t, (a, b, c)) in enumerate(rows, 1))
    return path


def by_graph(system, joins):
    """Mean number of clusters of each kind, from the connected components of the graph of all contacts."""
    types, molecules, positions = system
    ions = np.flatnonzero(types < 5)
    cation = types[ions] == 1
    counts = Counter()
    for x in positions.round(6):
        apart = x[ions, None] - x[ions]
        apart -= np.rint(apart / EDGES) * EDGES
        near = (apart**2).sum(axis=-1) <= CUTOFF**2
        allowed = np.zeros_like(near)
        for name in joins:
            one, other = (cation if word == "cation" else ~cation for word in name.split("-"))
            allowed |= (one[:, None] & other) | (other[:, None] & one)
        same = molecules[ions, None] == molecules[ions]
        i, j = np.nonzero(near & allowed | same)
        _, label = connected_components(coo_matrix((np.ones(len(i)), (i, j)), shape=(len(ions),) * 2), directed=False)
        for cluster in range(label.max() + 1):
            members = label == cluster
            kinds = len(set(molecules[ions][members & cation])), len(set(molecules[ions][members & ~cation]))
            counts[f"{kinds[0]},{kinds[1]}"] += 1 / N_FRAMES
    return dict(counts)


PAIRS = ("cation-anion", "anion-anion", "cation-cation")


@pytest.mark.parametrize("joins", [joins for n in (1, 2, 3) for joins in itertools.combinations(PAIRS, n)])
def test_clusters_of_chosen_pairs_are_connected_components(system, dump, joins):
    found = analyze(dump, **CHOSEN, cluster_joins=joins).properties
    assert found.cluster_population == pytest.approx(by_graph(system, joins))


def test_default_joins_unlike_ions_only_and_htp_md_joins_all(system, dump):
    default, theirs = analyze(dump, **CHOSEN).properties, analyze(dump, **CHOSEN, mode="htp-md").properties
    assert default.cluster_population == pytest.approx(by_graph(system, ["cation-anion"]))
    assert theirs.cluster_population == pytest.approx(by_graph(system, PAIRS))
    assert theirs.cluster_population != default.cluster_population
    overruled = analyze(dump, **CHOSEN, mode="htp-md", cluster_joins="cation-anion").properties
    assert overruled.cluster_population == default.cluster_population
    # A contact of two anions alone changes neither the free cations nor the pairs that are timed.
    anions = analyze(dump, **CHOSEN, cluster_joins=("cation-anion", "anion-anion")).properties
    assert anions.free_cation_fraction == default.free_cation_fraction
    assert anions.ion_pair_residence_ps == default.ion_pair_residence_ps


def test_htp_md_clusters_are_those_of_lammps_aggregate_atom(system, dump, tmp_path):
    types, molecules, positions = system
    bonds = [(k, k + 1 + j) for k in range(N_PAIRS, 4 * N_PAIRS, 3) for j in (0, 1)]
    rows = zip(molecules + 1, types, *(positions[0] % EDGES).T, strict=True)
    box = "".join(f"0 {edge} {axis}lo {axis}hi\n" for edge, axis in zip(EDGES, "xyz", strict=True))
    (tmp_path / "ions.data").write_text(
        f"ions\n\n{len(types)} atoms\n{len(bonds)} bonds\n5 atom types\n1 bond types\n{box}\nMasses\n\n"
        + "".join(f"{kind} {mass}\n" for kind, mass in MASSES.items())
        + "\nAtoms # bond\n\n"
        + "".join(f"{k} {m} {t} {x} {y} {z}\n" for k, (m, t, x, y, z) in enumerate(rows, 1))
        + "\nBonds\n\n"
        + "".join(f"{k} 1 {i + 1} {j + 1}\n" for k, (i, j) in enumerate(bonds, 1))
    )
    (tmp_path / "in.lammps").write_text(
        "units real\natom_style bond\npair_style zero 6.0\nbond_style zero\nread_data ions.data\npair_coeff * *\n"
        f"bond_coeff *\ngroup ions type 1 2 3 4\ncompute c ions aggregate/atom {CUTOFF}\n"
        f"dump d ions custom 1 clusters.dump id c_c\ndump_modify d sort id\nrerun {dump} dump x y z\n"
    )
    lmp = Path(sys.executable).with_name("lmp")
    done = subprocess.run(
        [lmp, "-in", "in.lammps"], cwd=tmp_path, env={"OMP_NUM_THREADS": "1"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-500:]
    counts = Counter()
    with open(tmp_path / "clusters.dump", "rb") as stream:
        for frame in LammpsDump(stream, ["id", "c_c"]):
            clusters = {}
            for atom, label in frame.values.astype(int):
                clusters.setdefault(label, set()).add((types[atom - 1] == 1, molecules[atom - 1]))
            for members in clusters.values():
                n_cations = sum(is_cation for is_cation, _ in members)
                counts[f"{n_cations},{len(members) - n_cations}"] += 1 / N_FRAMES
    theirs = analyze(dump, **CHOSEN, mode="htp-md").properties.cluster_population
    assert theirs == pytest.approx(dict(counts))


def test_unknown_pairs_are_named(dump):
    with pytest.raises(InputError, match=r"'anion-cation'; allowed is cation-anion, anion-anion, cation-cation"):
        analyze(dump, **CHOSEN, cluster_joins="anion-cation")
