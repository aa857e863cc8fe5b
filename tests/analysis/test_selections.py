"""Trajectories of other programs: formats, selections, wrapped molecules, several species; all give the same values."""

import re
import warnings

import numpy as np
import pytest

from autodisco.analysis import analyze
from autodisco.analysis.selections import _select
from autodisco.analysis.trajectory import sites_of
from autodisco.errors import InputError

EDGES = np.array([24.0, 26.0, 28.0])
N_PAIRS, N_WATER, N_FRAMES = 12, 40, 80
MASS = {"LI": [6.94], "TFS": [14.007, 15.999, 12.011], "PEO": [15.999, 12.011]}
NAMES = {"LI": ["LI"], "TFS": ["N", "O", "C"], "PEO": ["O", "C"]}
ELEMENTS = {"LI": ["Li"], "TFS": ["N", "O", "C"], "PEO": ["O", "C"]}
SELECTIONS = {"cation": "resname LI", "anion": "resname TFS", "temperature_k": 400.0}


@pytest.fixture(scope="module")
def system():
    """An MDAnalysis universe of small rigid molecules on random walks, whole and unwrapped."""
    mda = pytest.importorskip("MDAnalysis")
    rng = np.random.default_rng(0)
    kinds = ["LI"] * N_PAIRS + ["TFS"] * N_PAIRS + ["PEO"] * N_WATER
    residue = np.repeat(np.arange(len(kinds)), [len(MASS[k]) for k in kinds])
    steps = rng.normal(size=(N_FRAMES, len(kinds), 3)) * [
        {"LI": 0.5, "TFS": 0.3, "PEO": 0.2}[k] * np.ones(3) for k in kinds
    ]
    centres = rng.random((len(kinds), 3)) * EDGES + np.cumsum(steps, axis=0)
    shape = {"LI": [[0, 0, 0]], "TFS": [[0, 0, 0], [1.4, 0, 0], [0, 1.5, 0]], "PEO": [[0, 0, 0], [1.4, 0, 0]]}
    offsets = np.concatenate([shape[k] for k in kinds])
    universe = mda.Universe.empty(len(residue), len(kinds), atom_resindex=residue, trajectory=True)
    for name, values in {
        "names": [atom for k in kinds for atom in NAMES[k]],
        "elements": [atom for k in kinds for atom in ELEMENTS[k]],
        "types": [atom for k in kinds for atom in NAMES[k]],
        "masses": [atom for k in kinds for atom in MASS[k]],
        "resnames": kinds,
        "resids": np.arange(1, len(kinds) + 1),
    }.items():
        universe.add_TopologyAttr(name, values)
    universe.load_new(
        (centres[:, residue] + offsets).astype(np.float32), order="fac", dimensions=[*EDGES, 90, 90, 90], dt=2.0
    )
    return universe


def written(system, folder, name, wrapped=True):
    """The trajectory in the format that the name asks for, atoms wrapped one by one, which tears molecules."""
    mda = pytest.importorskip("MDAnalysis")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        system = system.copy()  # wrapping below must not stay
        system.atoms.write(str(folder / "topology.pdb"), bonds=None)
        system.trajectory.units = {"time": "ps", "length": "Angstrom", "velocity": None, "force": None}
        if name.endswith(".gsd"):
            return folder / "topology.pdb", write_gsd(system, folder / name)
        with mda.Writer(str(folder / name), n_atoms=len(system.atoms), dt=2.0) as writer:
            for _ in system.trajectory:
                if wrapped:
                    system.atoms.positions = system.atoms.positions % EDGES.astype(np.float32)
                writer.write(system.atoms)
    return folder / "topology.pdb", folder / name


def write_gsd(system, path):
    """HOOMD's format, which MDAnalysis reads only; its box is centred on the origin."""
    import gsd.hoomd

    with gsd.hoomd.open(str(path), "w") as file:
        for step in system.trajectory:
            frame = gsd.hoomd.Frame()
            frame.configuration.step = step.frame
            frame.configuration.box = [*EDGES, 0, 0, 0]
            frame.particles.N = len(system.atoms)
            frame.particles.position = step.positions % EDGES - EDGES / 2
            file.append(frame)
    return path


def dump(system, path, wrapped, masses=True):
    """The same as a LAMMPS text dump with shuffled atoms."""
    rng = np.random.default_rng(1)
    kind = {name: k + 1 for k, name in enumerate(["LI", "N", "O", "C"])}
    with open(path, "w") as file:
        for step in system.trajectory:
            x = step.positions.astype(float)
            x, flags = (x % EDGES, "") if wrapped else (x, "u")
            file.write(f"ITEM: TIMESTEP\n{step.frame}\nITEM: NUMBER OF ATOMS\n{len(x)}\nITEM: BOX BOUNDS pp pp pp\n")
            file.write("".join(f"0 {edge}\n" for edge in EDGES))
            file.write(f"ITEM: ATOMS mol x{flags} y{flags} z{flags} id type{' mass' if masses else ''}\n")
            for k in rng.permutation(len(x)):
                atom = system.atoms[k]
                mass = f" {atom.mass}" if masses else ""
                file.write(f"{atom.resid} {x[k, 0]:.6f} {x[k, 1]:.6f} {x[k, 2]:.6f} {k + 1} {kind[atom.name]}{mass}\n")
    return path


@pytest.fixture(scope="module")
def expected(system, tmp_path_factory):
    files = written(system, tmp_path_factory.mktemp("xyz"), "whole.dcd", wrapped=False)
    return analyze(*files, **SELECTIONS, dt_ps=2.0).properties.to_dict()


def assert_same(found, expected, rel=1e-3):
    for name, value in expected.items():
        if not name.endswith("_sem") and isinstance(value, float) and abs(value) > 1e-12:
            # Cross terms are small differences of large ones.
            least = rel * expected["conductivity_ne_s_per_cm"] if name.startswith("onsager") else 1e-9
            assert found[name] == pytest.approx(value, rel=rel, abs=least), name
    assert found["cluster_population"] == pytest.approx(expected["cluster_population"], abs=0.02)


@pytest.mark.parametrize("name", ["a.dcd", "a.xtc", "a.trr", "a.ncdf", "a.gsd", "a.h5md"])
def test_every_format_gives_the_same_though_molecules_are_torn_apart(system, tmp_path, expected, name):
    pytest.importorskip({"a.gsd": "gsd", "a.h5md": "h5py"}.get(name, "MDAnalysis"))
    try:
        files = written(system, tmp_path, name)
    except (TypeError, ValueError, NotImplementedError) as error:
        pytest.skip(f"MDAnalysis writes no {name}: {error}")
    found = analyze(*files, **SELECTIONS, dt_ps=2.0).properties.to_dict()
    # XTC rounds to 0.01 Å.
    assert_same(found, expected, rel=0.05 if name == "a.xtc" else 1e-3)


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_lammps_dump_is_its_own_topology(system, tmp_path, expected, wrapped):
    path = dump(system, tmp_path / "run.lammpstrj", wrapped)
    found = analyze(
        path, cation="type 1", anion="type 2 or (type 3 4 and same residue as type 2)", temperature_k=400.0, dt_ps=2.0
    ).properties.to_dict()
    assert_same(found, expected)


def test_compressed_dumps_and_dumps_in_parts_are_the_same(system, tmp_path):
    import gzip

    import zstandard

    path = dump(system, tmp_path / "run.lammpstrj", True)
    text = path.read_bytes()
    half = text.index(b"ITEM: TIMESTEP\n40\n")
    (tmp_path / "one.dump").write_bytes(text[:half])
    (tmp_path / "two.dump.gz").write_bytes(gzip.compress(text[half:]))
    (tmp_path / "all.lammpstrj.zst").write_bytes(zstandard.ZstdCompressor().compress(text))
    chosen = {"cation": "type 1", "anion": "type 2", "temperature_k": 400.0, "dt_ps": 2.0}
    whole = analyze(path, **chosen).properties
    assert analyze(tmp_path / "all.lammpstrj.zst", **chosen).properties == whole
    first, second = tmp_path / "one.dump", tmp_path / "two.dump.gz"
    assert analyze(first, second, **chosen).properties == whole
    assert analyze(first, first, second, **chosen).properties == whole
    last = text[text.index(b"ITEM: TIMESTEP\n39\n") : half]
    second.write_bytes(gzip.compress(last + text[half:]))
    assert analyze(first, second, **chosen).properties == whole
    second.write_bytes(gzip.compress(text[text.index(b"ITEM: TIMESTEP\n45\n") :]))
    with pytest.raises(InputError, match="a frame at 45 steps follows one at 39; one 1 steps later expected"):
        analyze(first, second, **chosen)
    (tmp_path / "all.lammpstrj.zst").write_bytes(zstandard.ZstdCompressor().compress(text)[:-2000] + b"x" * 2000)
    with pytest.raises(InputError, match=r"all\.lammpstrj\.zst: "):
        analyze(tmp_path / "all.lammpstrj.zst", **chosen)


HALVES = {"cation": [f"resname LI and resid 1:{N_PAIRS // 2}", f"resname LI and resid {N_PAIRS // 2 + 1}:{N_PAIRS}"]}


def test_two_kinds_of_cations_that_move_alike_have_the_diffusivity_and_conductivity_of_one_kind(system, tmp_path):
    """Alike, because how much ions rattle is judged for each kind, which weights the lags."""
    frames = system.trajectory.timeseries(order="fac").copy()
    frames[:, N_PAIRS // 2 : N_PAIRS] = frames[:, : N_PAIRS // 2] + 8.0
    alike = system.copy()
    alike.load_new(frames, order="fac", dimensions=[*EDGES, 90, 90, 90], dt=2.0)
    files = written(alike, tmp_path, "alike.dcd", wrapped=False)
    one = analyze(*files, **SELECTIONS, dt_ps=2.0).properties
    two = analyze(*files, **SELECTIONS | HALVES, dt_ps=2.0).properties
    for name in ("conductivity_ne_s_per_cm", "conductivity_einstein_s_per_cm", "cation_diffusivity_cm2_per_s"):
        assert getattr(two, name) == pytest.approx(getattr(one, name), rel=1e-6)  # DCD holds single precision


def test_two_kinds_of_cations_and_a_divalent_one(system, tmp_path):
    files = written(system, tmp_path, "a.dcd")
    one = analyze(*files, **SELECTIONS, dt_ps=2.0).properties
    two = analyze(*files, **SELECTIONS | HALVES, dt_ps=2.0).properties
    assert two.conductivity_einstein_s_per_cm == pytest.approx(one.conductivity_einstein_s_per_cm, rel=1e-9)
    assert sum(map(int, next(iter(two.cluster_population)).split(","))) >= 1
    assert len(next(iter(two.cluster_population)).split(",")) == 3
    assert list(two.species_count) == [f"Li ({selection})" for selection in HALVES["cation"]] + ["TFS"]
    assert list(one.species_count) == ["Li", "TFS"]
    divalent = analyze(*files, **SELECTIONS, dt_ps=2.0, cation_charge=2.0).properties
    assert any("net charge of +12" in warning for warning in divalent.warnings)
    assert divalent.onsager_cation_cation_s_per_cm == pytest.approx(4 * one.onsager_cation_cation_s_per_cm)


@pytest.mark.parametrize(
    ("charges", "cations_per_formula_unit"),
    [((1, -1), 1), ((2, -1), 1), ((1, -2), 2), ((0.7, -0.7), 1), ((0.7, -1.4), 2), ((3, -2), 2)],
)
def test_the_concentration_counts_formula_units_of_salt(system, tmp_path, charges, cations_per_formula_unit):
    files = written(system, tmp_path, "a.dcd")
    cation, anion = charges
    values = analyze(*files, **SELECTIONS, dt_ps=2.0, cation_charge=cation, anion_charge=anion).properties
    expected = 1000 * N_PAIRS / cations_per_formula_unit / (N_WATER * (15.999 + 12.011))
    assert values.concentration_actual_molal == pytest.approx(expected, rel=1e-3)


def test_coordinating_atoms_can_be_chosen(system, tmp_path):
    files = written(system, tmp_path, "a.dcd")
    all_of_them = analyze(*files, **SELECTIONS, dt_ps=2.0).properties
    carbons = analyze(*files, **SELECTIONS, dt_ps=2.0, coordinating="name C").properties
    assert carbons.li_polymer_coordination != all_of_them.li_polymer_coordination
    assert carbons.cluster_population != all_of_them.cluster_population


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"cation": "resname K"}, "--cation 'resname K': selects no atom"),
        ({"cation": "resname ("}, "--cation 'resname \\('"),
        ({"cation": ()}, "say which atoms are ions"),
        ({"temperature_k": None}, "the temperature is needed"),
        ({"anion": "resname TFS or resname LI"}, "holds atoms of an ion selected before"),
        ({"cation": "resname TFS", "anion": "resname LI"}, "selects Li, which is a cation"),
        ({"anion": "resname TFS or (resname PEO and name O)"}, "ions of 1 to 3 atoms"),
        ({"cation_charge": (1.0, 2.0)}, "--cation-charge: 2 charges for 1 selections"),
        ({"dt_ps": -1.0}, "dt is -1.0; a positive number"),
        ({"temperature_k": float("inf")}, "temperature is inf; a positive number"),
        ({"cation_charge": -1.0}, "--cation-charge is -1; a positive number"),
        ({"anion_charge": 2.0}, "--anion-charge is 2; a negative number"),
        ({"coordinating": "resname PEO and name O"}, "--anion 'resname TFS': 12 of 12 ions have none of the atoms"),
        ({"coordinating": "name C and resid 1:20"}, "--anion 'resname TFS': 4 of 12 ions have none of the atoms"),
        ({"memory_mb": 0.0}, "memory is 0.0"),
    ],
)
def test_selections_that_make_no_sense_are_explained(system, tmp_path, changes, complaint):
    files = written(system, tmp_path, "a.dcd")
    with pytest.raises(InputError, match=complaint):
        analyze(*files, **{**SELECTIONS, "dt_ps": 2.0, **changes})


def test_the_time_of_a_dump_counts_where_its_units_are_known(system, tmp_path):
    path, chosen = dump(system, tmp_path / "a.lammpstrj", True), {"cation": "type 1", "anion": "type 2"}
    text = path.read_text()
    for style, per_ps in (("real", 1000), ("metal", 1), ("lj", None)):
        frames = text.split("ITEM: TIMESTEP\n")[1:]
        timed = [f"ITEM: TIME\n{2 * k * (per_ps or 1)}\nITEM: TIMESTEP\n{frame}" for k, frame in enumerate(frames)]
        path.write_text(f"ITEM: UNITS\n{style}\n" + "".join(timed))
        if per_ps:
            assert analyze(path, **chosen, temperature_k=400.0).properties.length_ns == pytest.approx(0.158)
        else:
            with pytest.raises(InputError, match="UNITS lj are reduced"):
                analyze(path, **chosen, temperature_k=400.0)


def test_frames_that_are_not_evenly_spaced_are_refused(system, tmp_path):
    mda = pytest.importorskip("MDAnalysis")
    topology, _ = written(system, tmp_path, "a.dcd")
    with mda.Writer(str(tmp_path / "gap.xtc"), n_atoms=len(system.atoms)) as writer:
        for step in system.trajectory:
            if step.frame not in (30, 31):
                writer.write(system.atoms)
    with pytest.raises(InputError, match=r"a frame at 64 ps follows one at 58; one 2 ps later expected"):
        analyze(topology, tmp_path / "gap.xtc", **SELECTIONS)


def test_masses_of_no_element_need_named_atoms(system, tmp_path):
    path = dump(system, tmp_path / "a.lammpstrj", True)
    path.write_text(path.read_text().replace(" 12.011\n", " 15.035\n"))
    chosen = {"cation": "type 1", "anion": "type 2", "temperature_k": 400.0, "dt_ps": 2.0}
    with pytest.raises(InputError, match=r"a mass of 15\.035 g/mol belongs to no element"):
        analyze(path, **chosen)
    assert analyze(path, **chosen, coordinating="type 3 or type 2").properties.li_polymer_coordination > 0


def test_anions_of_two_sizes_keep_their_sites_apart(system, tmp_path):
    # One selection for TFSI (three atoms) and some of the solvent (two); each ion is its first atom.
    files = written(system, tmp_path, "a.dcd")
    chosen = SELECTIONS | {"anion": "(resname TFS and name N) or (resname PEO and resid 25:30 and name C)"}
    found = analyze(*files, **chosen, dt_ps=2.0)
    kind = found.run.composition.anions[0]
    molecules = np.array([residue.resindex for residue in system.atoms.residues])[system.atoms.resindices]
    assert kind.n == 18
    assert (molecules[kind.sites] == molecules[kind.bodies[kind.site_of, 0]]).all()


@pytest.mark.parametrize(
    ("elements", "sites"),
    [("PFFFFFF", "FFFFFF"), ("BFFFF", "FFFF"), ("NSOOCFFF", "NSOO"), ("ClOOOO", "OOOO"), ("CC", "CC"), ("PC", "P")],
)
def test_sites_of_anions_are_the_atoms_that_cations_reach(elements, sites):
    symbols = np.array(re.findall("[A-Z][a-z]?", elements))
    assert "".join(symbols[sites_of(np.arange(len(symbols)), symbols)]) == sites


def test_files_that_cannot_be_read_are_named(system, tmp_path):
    files = written(system, tmp_path, "a.dcd")
    (tmp_path / "broken.dcd").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"broken\.dcd: MDAnalysis cannot read this"):
        analyze(files[0], tmp_path / "broken.dcd", **SELECTIONS)
    with pytest.raises(InputError, match=r"absent\.dcd: no such file"):
        analyze(files[0], tmp_path / "absent.dcd", **SELECTIONS)
    path = dump(system, tmp_path / "bare.lammpstrj", True, masses=False)
    with pytest.raises(InputError, match="neither elements nor masses"):
        analyze(path, cation="type 1", anion="type 2", temperature_k=300.0, dt_ps=1.0)
    with pytest.raises(InputError, match="time between frames"):
        analyze(dump(system, tmp_path / "a.lammpstrj", True), cation="type 1", anion="type 2", temperature_k=300.0)


@pytest.mark.parametrize("name", ["run.dcd", "run.xtc"])
def test_a_trajectory_in_front_of_its_topology_is_told_so(system, tmp_path, name):
    topology, file = written(system, tmp_path, name)
    with pytest.raises(InputError, match=rf"{name}: holds no topology; give the topology first: .*pdb .*{name}$"):
        analyze(file, topology, **SELECTIONS)


def test_a_property_that_the_topology_does_not_hold_is_named_with_those_it_holds(system, tmp_path):
    mda = pytest.importorskip("MDAnalysis")
    topology, _ = written(system, tmp_path, "run.xtc")
    bare = mda.Universe(str(topology), to_guess=())
    for name in ("elements", "resnames"):
        bare.del_TopologyAttr(name)
    with pytest.raises(InputError, match=r"--cation 'element Li': the topology does not hold .* it holds type, name"):
        _select(bare, "element Li", "--cation")
    with pytest.raises(InputError, match="'resname LI and': "):
        _select(mda.Universe(str(topology), to_guess=()), "resname LI and", "--cation")


def test_a_residue_name_that_all_atoms_have_names_no_ion(system, tmp_path):
    topology, file = written(system, tmp_path, "run.xtc")
    found = analyze(topology, file, **SELECTIONS).properties
    assert set(found.species_count) == {"Li", "TFS"}
    alike = re.sub(r"(?m)^(ATOM.{13})(LI |TFS|PEO)", r"\1SYS", topology.read_text())
    assert alike.count("SYS") == len(system.atoms)
    topology.write_text(alike)
    chosen = SELECTIONS | {"cation": "name LI", "anion": f"resid {N_PAIRS + 1}:{2 * N_PAIRS}"}
    assert set(analyze(topology, file, **chosen).properties.species_count) == {"Li", "CNO"}
