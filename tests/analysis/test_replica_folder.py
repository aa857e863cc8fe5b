"""Replica folders as a simulation leaves them, filled with random walkers whose transport is known exactly."""

import json

import numpy as np
import pytest

from autodisco.analysis import analyze
from autodisco.errors import InputError
from autodisco_kernels import nernst_einstein

# The writer of the topology remarks on every PDB column it has to fill in.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:MDAnalysis")

CHAIN = ["C", "C", "O", "C", "C", "C", "N", "C"]
MASS = {"C": 12.011, "O": 15.999, "N": 14.007, "Li": 6.94, "S": 32.06}


def write_replica(folder, positions, box, n_ions, changes=None):
    """A replica folder whose atoms are the chain, then Li, then anions of three atoms O N S, unwrapped (F, n, 3)."""
    MDAnalysis = pytest.importorskip("MDAnalysis")
    n_chain = len(CHAIN)
    elements = CHAIN + ["Li"] * n_ions + ["O", "N", "S"] * n_ions
    first_anion = n_chain + n_ions
    residues = [0] * n_chain + list(range(1, n_ions + 1)) + np.repeat(np.arange(n_ions) + n_ions + 1, 3).tolist()
    universe = MDAnalysis.Universe.empty(
        len(elements), n_residues=2 * n_ions + 1, atom_resindex=residues, trajectory=True
    )
    universe.add_TopologyAttr("names", elements)
    universe.add_TopologyAttr("elements", elements)
    universe.add_TopologyAttr("resnames", ["POL"] + ["LI"] * n_ions + ["TFS"] * n_ions)
    universe.load_new(positions.astype(np.float32), order="fac", dimensions=[*box, 90, 90, 90])
    universe.atoms.write(str(folder / "topology.pdb"))
    with MDAnalysis.Writer(str(folder / "trajectory.dcd"), len(elements)) as writer:
        for _ in universe.trajectory:
            writer.write(universe.atoms)
    system = {
        "monomer_smiles": "*CCO*",
        "force_field": "none",
        "protocol": "random walk",
        "temperature_k": 500.0,
        "frame_interval_ps": 0.5,
        "box_a": list(box),
        "n_polymer_atoms": n_chain,
        "cations": list(range(n_chain, first_anion)),
        "anions": [[first_anion + 3 * k, first_anion + 3 * k + 1] for k in range(n_ions)],
        "anion_centres": [first_anion + 3 * k + 1 for k in range(n_ions)],
        "masses": [MASS[element] for element in elements],
        "elements": elements,
        "cation_charge": 1,
        "anion_charge": -1,
        "polymer_mass_g_per_mol": 1000.0,
        **(changes or {}),
    }
    (folder / "system.json").write_text(json.dumps(system))
    return folder


def walkers(box, n_ions, n_frames, steps, seed=0, bound=False):
    """Chain at rest, ions on random walks of (cation, anion) step lengths in Å per axis; `bound` ions stay pairs."""
    rng = np.random.default_rng(seed)
    box = np.asarray(box)
    n_chain = len(CHAIN)
    chain = np.broadcast_to(np.linspace(0.05, 0.1, n_chain)[:, None] * box, (n_frames, n_chain, 3))

    def walk(step):
        moves = rng.normal(scale=step, size=(n_frames, n_ions, 3))
        return rng.random((n_ions, 3)) * box + np.cumsum(moves, axis=0)

    anions = walk(steps[1])
    cations = anions + [2.0, 0, 0] if bound else walk(steps[0])
    shape = np.array([[1.0, 0, 0], [0, 0, 0], [0, 1.5, 0]])
    return np.concatenate([chain, cations, (anions[:, :, None] + shape).reshape(n_frames, -1, 3)], axis=1)


@pytest.fixture(scope="module")
def free(tmp_path_factory):
    """Two hundred ion pairs that hardly ever meet, D₊ = 1e-4 and D₋ = 4e-5 cm²/s."""
    folder, box = tmp_path_factory.mktemp("free"), (600.0, 700.0, 650.0)
    # D = step² / (2 dt): 1 Å²/ps is 1e-4 cm²/s.
    positions = walkers(box, 200, 400, np.sqrt(2 * 0.5 * np.array([1.0, 0.4])))
    return analyze(write_replica(folder, positions, box, 200)).properties, box


def test_random_walkers_give_their_diffusivities_within_the_stated_error(free):
    values, _ = free
    for name, known in (("cation", 1.0e-4), ("anion", 0.4e-4)):
        value = getattr(values, f"{name}_diffusivity_cm2_per_s")
        error = getattr(values, f"{name}_diffusivity_cm2_per_s_sem")
        assert abs(value - known) < 4 * error
        assert 0 < error < 0.1 * known
    assert values.diffusive_exponent_cation == pytest.approx(1.0, abs=0.1)
    assert values.polymer_diffusivity_cm2_per_s < 1e-6


def test_random_walkers_conduct_as_nernst_and_einstein_say(free):
    values, box = free
    known = nernst_einstein([(200, 1, 1.0e-4), (200, -1, 0.4e-4)], float(np.prod(box)), 500.0)
    assert known == pytest.approx(
        1.602176634e-19**2 * 200 * 1.4e-4 / (np.prod(box) * 1e-24 * 1.380649e-23 * 500), rel=1e-12
    )
    assert abs(values.conductivity_ne_s_per_cm - known) < 4 * values.conductivity_ne_s_per_cm_sem
    # One collective coordinate in a single run: right within a factor, not within per cents.
    assert known / 4 < values.conductivity_einstein_s_per_cm < known * 4
    assert values.transference_number_ne == pytest.approx(1 / 1.4, abs=0.05)


def test_without_clusters_the_cluster_conductivity_is_nernst_einstein(free):
    values, _ = free
    assert values.free_cation_fraction > 0.99
    assert values.conductivity_s_per_cm == pytest.approx(values.conductivity_ne_s_per_cm, rel=0.02)
    assert values.transference_number == pytest.approx(values.transference_number_ne, rel=0.02)


def test_bound_pairs_conduct_nothing_and_have_no_transference_number(tmp_path):
    box = (300.0, 300.0, 300.0)
    # Far apart, so that pairs do not touch each other.
    positions = walkers(box, 4, 60, (0.1, 0.1), seed=5, bound=True)
    values = analyze(write_replica(tmp_path, positions, box, 4)).properties
    assert values.cluster_population == {"1,1": 4.0}
    assert (values.conductivity_s_per_cm, values.transference_number) == (0.0, None)
    assert values.conductivity_ne_s_per_cm > 0
    assert values.free_cation_fraction == 0
    assert values.conductivity_einstein_s_per_cm == pytest.approx(0.0, abs=1e-9)


def test_drift_of_the_whole_box_is_not_diffusion(tmp_path):
    box = (300.0, 300.0, 300.0)
    positions = walkers(box, 6, 80, (0.3, 0.2), seed=2)
    still = analyze(write_replica(tmp_path, positions, box, 6)).properties
    drifting = positions + np.arange(80)[:, None, None] * [0.5, 0.3, -0.2]
    moved = analyze(write_replica(tmp_path, drifting, box, 6)).properties
    assert moved.cation_diffusivity_cm2_per_s == pytest.approx(still.cation_diffusivity_cm2_per_s, rel=1e-3)
    assert moved.polymer_diffusivity_cm2_per_s == pytest.approx(still.polymer_diffusivity_cm2_per_s, rel=1e-2)


def test_coordination_counts_heteroatoms_of_chain_and_anion(tmp_path):
    box = np.array([60.0, 60.0, 60.0])
    positions = walkers(box, 1, 20, (0.0, 0.0))
    n = len(CHAIN)
    positions[:, :n] = np.arange(n)[:, None] * [3.0, 0, 0]
    # Between the chain's third atom, an O at 2 Å, and the anion's O at 2.5 Å; its N is at 3.5 Å.
    positions[:, n] = [6.0, 2.0, 0.0]
    positions[:, n + 1 :] = [[6.0, 4.5, 0.0], [6.0, 5.5, 0.0], [6.0, 6.5, 0.0]]
    values = analyze(write_replica(tmp_path, positions, box, 1)).properties
    assert (values.li_polymer_coordination, values.li_anion_coordination) == (1.0, 1.0)
    assert values.cluster_population == {"1,1": 1.0}
    assert values.density_g_per_cm3 == pytest.approx(
        (6 * 12.011 + 2 * 15.999 + 2 * 14.007 + 6.94 + 32.06) / 0.602214076 / 6e1**3
    )
    assert values.concentration_actual_molal == pytest.approx(1.0)
    assert values.length_ns == pytest.approx(19 * 0.5 / 1000)


def test_result_is_plain_json(free):
    values, _ = free
    assert json.loads(json.dumps(values.to_dict(), allow_nan=False)) == values.to_dict()


def test_wrapped_positions_are_noticed(tmp_path):
    box = (20.0, 20.0, 20.0)
    positions = walkers(box, 4, 60, (0.5, 0.5))
    n = len(CHAIN)
    positions[:, n:] %= 20.0
    with pytest.raises(InputError, match="ions jump by whole boxes"):
        analyze(write_replica(tmp_path, positions, box, 4))


@pytest.mark.parametrize(
    ("n_frames", "changes", "complaint"),
    [
        (3, {}, "3 frames; a fit needs"),
        (9, {"masses": [1.0]}, r"17 atoms, but system\.json describes 1"),
        (9, {"cations": []}, "0 cations"),
    ],
)
def test_trajectory_that_does_not_fit_is_refused(tmp_path, n_frames, changes, complaint):
    box = (60.0, 60.0, 60.0)
    positions = walkers(box, 2, n_frames, (0.1, 0.1))[:, : len(CHAIN) + 8]
    folder = write_replica(tmp_path, positions, box, 2, changes)
    with pytest.raises(InputError, match=complaint.replace("17", str(positions.shape[1]))):
        analyze(folder)


def test_folder_or_mode_that_cannot_be_analyzed_is_named(tmp_path):
    with pytest.raises(InputError, match="neither a replica"):
        analyze(tmp_path)
    with pytest.raises(InputError, match="no such file or folder"):
        analyze(tmp_path / "absent")
    with pytest.raises(InputError, match="mode 'htpmd' is unknown"):
        analyze(tmp_path, mode="htpmd")
    with pytest.raises(InputError, match="temperature is -3"):
        analyze(tmp_path, temperature_k=-3)
    (tmp_path / "system.json").write_text("{}")
    with pytest.raises(InputError, match="key 'elements' is missing"):
        analyze(tmp_path)
    (tmp_path / "system.json").write_text("{")
    with pytest.raises(InputError, match="not JSON"):
        analyze(tmp_path)
