"""Files of other programs: headers that do not tell the time, frames without positions, names, cuts and restarts."""

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from autodisco.analysis import analyze
from autodisco.errors import InputError
from tests.analysis.walks import CHOSEN, ELEMENTS, dump_text, salt

mda = pytest.importorskip("MDAnalysis")
FILES = {"cation": "resname LI", "anion": "resname TFS", "temperature_k": 353.0}


@pytest.fixture(scope="module")
def it():
    return salt()


@pytest.fixture(scope="module")
def universe(it):
    """The salt with names and residues and nothing else, so that a topology holds what its format does."""
    numbers, residue = np.unique(it.molecules, return_inverse=True)
    found = mda.Universe.empty(len(it.types), len(numbers), atom_resindex=residue, trajectory=True, velocities=True)
    found.add_TopologyAttr("names", [ELEMENTS[kind].upper() + ("" if kind == 1 else "1") for kind in it.types])
    kinds = ["LI"] * 8 + ["TFS"] * 8 + ["PEO"] * 4
    found.add_TopologyAttr("resnames", kinds)
    found.add_TopologyAttr("resids", np.arange(1, len(kinds) + 1))
    found.load_new(it.positions.astype(np.float32), order="fac", dimensions=[*it.edges, 90, 90, 90], dt=1.0)
    return found


@pytest.fixture(scope="module")
def topology(universe, tmp_path_factory):
    path = tmp_path_factory.mktemp("topology") / "salt.gro"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        universe.atoms.write(str(path))
    return path


@pytest.fixture(scope="module")
def whole(it, tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "run.lammpstrj"
    path.write_text(dump_text(it))
    return analyze(path, **CHOSEN).properties


def written(universe, path, frames=slice(None), time=None, **header):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with mda.Writer(str(path), n_atoms=len(universe.atoms), **header) as writer:
            for step in universe.trajectory[frames]:
                kept = step.time
                if time:
                    step.time = time(step.frame)
                writer.write(universe.atoms)
                step.time = kept
    return path


def assert_same(found, whole, rel=2e-2):
    for name in (
        "cation_diffusivity_cm2_per_s",
        "anion_diffusivity_cm2_per_s",
        "conductivity_ne_s_per_cm",
        "length_ns",
    ):
        assert getattr(found, name) == pytest.approx(getattr(whole, name), rel=rel), name
    assert found.frames == whole.frames


def said(found, sentence):
    return any(sentence in warning for warning in found.warnings)


@pytest.mark.parametrize(
    ("header", "known"),
    [
        ({"dt": 48.88821, "nsavc": 1000, "remarks": "Created by DCD plugin"}, False),  # delta of 1.0, a placeholder
        ({"dt": 0.04888821, "nsavc": 1}, False),
        ({"dt": 5.0, "nsavc": 1000, "remarks": "Prefix by LAMMPS"}, False),  # a number of fs, but in whose unit
        ({"dt": 2.0, "nsavc": 1000, "remarks": "Created by NAMD"}, True),
        ({"dt": 20.0, "nsavc": 1}, True),
        ({"dt": 0.625, "nsavc": 500}, True),
    ],
)
def test_time_steps_of_dcd_headers_count_where_they_are_none_of_the_known_placeholders(
    universe, topology, tmp_path, header, known
):
    file = written(universe, tmp_path / "run.dcd", **header)
    if not known:
        with pytest.raises(InputError, match="does not tell the time between frames; give it with --dt"):
            analyze(topology, file, **FILES)
        assert analyze(topology, file, **FILES, dt_ps=1.0).properties.length_ns == pytest.approx(0.023)
    else:
        assert analyze(topology, file, **FILES).properties.length_ns == pytest.approx(0.023 * header["dt"])


def test_a_dcd_file_of_lammps_asks_for_dt(it, whole, topology, tmp_path):
    (tmp_path / "run.lammpstrj").write_text(dump_text(it))
    rows = "".join(f"{k} {t} 0 0 0\n" for k, t in enumerate(it.types, 1))
    (tmp_path / "a.data").write_text(
        f"salt\n\n{len(it.types)} atoms\n6 atom types\n0 22 xlo xhi\n0 22 ylo yhi\n0 22 zlo zhi\n\n"
        f"Atoms # atomic\n\n{rows}"
    )
    (tmp_path / "in.lammps").write_text(
        "units real\natom_style atomic\natom_modify map array\nread_data a.data\nmass * 1.0\npair_style zero 3.0\n"
        "pair_coeff * *\ndump d all dcd 1000 run.dcd\ndump_modify d unwrap yes\n"
        "rerun run.lammpstrj dump x y z box yes\n"
    )
    lmp = Path(sys.executable).with_name("lmp")
    done = subprocess.run(
        [lmp, "-in", "in.lammps"], cwd=tmp_path, env={"OMP_NUM_THREADS": "1"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-500:]
    with pytest.raises(InputError, match="give it with --dt"):
        analyze(topology, tmp_path / "run.dcd", **FILES)
    assert_same(analyze(topology, tmp_path / "run.dcd", **FILES, dt_ps=1.0).properties, whole)


def test_a_time_that_programs_make_up_is_noted(universe, topology, tmp_path):
    for name in ("run.dcd", "run.xtc"):
        file = written(universe, tmp_path / name)
        assert said(analyze(topology, file, **FILES).properties, "one step and 1 ps apart")
        assert not said(analyze(topology, file, **FILES, dt_ps=1.0).properties, "one step and 1 ps apart")


def test_frames_without_positions_are_left_out(universe, whole, topology, tmp_path):
    file = tmp_path / "run.trr"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from MDAnalysis.lib.formats.libmdaxdr import TRRFile

        with TRRFile(str(file), "w") as target:
            box = np.diag(universe.dimensions[:3] / 10).astype(np.float32)
            for step in universe.trajectory:
                x = step.positions / 10
                target.write(x, x, None, box, 10 * step.frame, float(step.frame), 0.0, len(x))
                target.write(None, x, None, box, 10 * step.frame + 5, step.frame + 0.5, 0.0, len(x))
    found = analyze(topology, file, **FILES).properties
    assert_same(found, whole)
    assert said(found, "24 frames without positions are left out")


@pytest.mark.parametrize("name", ["cut.xtc", "cut.trr", "cut.dcd"])
def test_the_whole_frames_of_a_cut_file_are_read(universe, topology, tmp_path, name):
    file = written(universe, tmp_path / name)
    content = file.read_bytes()
    file = tmp_path / f"short-{name}"
    file.write_bytes(content[: len(content) - len(content) // 60])
    found = analyze(topology, file, **FILES, dt_ps=1.0).properties
    assert found.frames == 23
    if name != "cut.dcd":  # whose header does not tell how many there should be
        assert said(found, "the last frame is incomplete and left out, which leaves ")


def test_files_that_follow_each_other_may_overlap(universe, whole, topology, tmp_path):
    first = written(universe, tmp_path / "a.xtc", slice(0, 15))
    second = written(universe, tmp_path / "b.xtc", slice(10, None))
    found = analyze(topology, first, second, **FILES).properties
    assert_same(found, whole)
    assert said(found, "b.xtc: begins again at 10 ps; of the 5 frames")
    late = written(universe, tmp_path / "c.xtc", slice(17, None))
    with pytest.raises(InputError, match="a frame at 17 ps follows one at 14; one 1 ps later"):
        analyze(topology, first, late, **FILES)


@pytest.mark.parametrize("name", ["run.xtc", "run.dcd", "run.trr", "run.ncdf"])
def test_trajectories_are_known_by_their_first_bytes(universe, whole, topology, tmp_path, name):
    file = written(universe, tmp_path / name)
    for other in (f"{name}.1", "production", name.upper()):
        (tmp_path / other).write_bytes(file.read_bytes())
        assert_same(analyze(topology, tmp_path / other, **FILES, dt_ps=1.0).properties, whole)


def test_arrays_written_as_the_page_shows_are_read(it, whole, tmp_path, monkeypatch):
    page = (Path(__file__).parents[2] / "docs" / "analysis.md").read_text()
    code = "universe = MDAnalysis" + page.split("```python\nuniverse = MDAnalysis")[1].split("```")[0]
    monkeypatch.chdir(tmp_path)
    names = [ELEMENTS[kind].upper() + ("" if kind == 1 else "1") for kind in it.types]
    given = {
        "names": names, "residues": ["LI"] * 8 + ["TFS"] * 8 + ["PEO"] * 4, "molecule": it.molecules,
        "positions": it.positions.astype(np.float32), "edges": it.edges, "dt": 2.0, "MDAnalysis": mda,
    }  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(code, given)
    found = analyze("box.gro", "run.xtc", **FILES).properties
    assert found.length_ns == pytest.approx(0.046)
    assert found.cation_diffusivity_cm2_per_s == pytest.approx(whole.cation_diffusivity_cm2_per_s / 2, rel=1e-2)


def test_a_structure_among_trajectories_is_refused_as_a_second_run(universe, topology, tmp_path):
    file = written(universe, tmp_path / "run.xtc")
    again = tmp_path / "again.gro"
    again.write_text(topology.read_text())
    (tmp_path / "sys.psf").write_text("PSF\n")
    for other in (again, tmp_path / "sys.psf"):
        with pytest.raises(InputError, match=rf"{other.name}: a structure or topology among trajectories"):
            analyze(topology, file, other, **FILES)


def test_a_run_of_one_structure_per_frame_is_read(universe, topology, tmp_path):
    files = []
    for k in range(8):
        files.append(tmp_path / f"frame{k}.gro")
        written(universe, files[-1], slice(k, k + 1))
    assert analyze(topology, *files, **FILES, dt_ps=1.0).properties.frames == 8


def test_a_topology_alone_asks_for_its_trajectory(it, topology, tmp_path):
    data = tmp_path / "sys.data"
    data.write_text("salt\n\n64 atoms\n6 atom types\n")
    for alone in (topology, data):
        with pytest.raises(InputError, match=rf"{alone.name}: a topology alone; name a trajectory after it"):
            analyze(alone, **FILES)
    (tmp_path / "run.lammpstrj").write_text(dump_text(it))
    with pytest.raises(InputError, match=r"sys\.data: a structure or topology among trajectories"):
        analyze(tmp_path / "run.lammpstrj", data, **CHOSEN)


def test_a_suffix_without_a_reader_is_answered_with_the_formats(topology, tmp_path):
    (tmp_path / "ions.csv").write_text("t,x,y,z\n")
    with pytest.raises(InputError, match=r"ions\.csv: no known format of trajectories; these are read: .*XTC"):
        analyze(topology, tmp_path / "ions.csv", **FILES)


def test_species_of_files_are_called_by_element_residue_or_formula(it, universe, topology, tmp_path):
    found = analyze(topology, written(universe, tmp_path / "run.xtc"), **FILES).properties
    assert found.species_count == {"Li": 8, "TFS": 8}
    assert set(found.fit_from_ps) == {"Li", "TFS", "polymer", "charge of all ions"}
    (tmp_path / "run.lammpstrj").write_text(dump_text(it))
    assert analyze(tmp_path / "run.lammpstrj", **CHOSEN).properties.species_count == {"Li": 8, "NOS": 8}


def test_elements_of_names_are_noted_and_what_is_none_is_named(universe, whole, topology, tmp_path):
    file = written(universe, tmp_path / "run.dcd")
    found = analyze(topology, file, **FILES, dt_ps=1.0).properties
    assert said(found, "elements are read from the names of atoms (Li: LI; N: N1; S: S1; O: O1; C: C1)")
    assert found.density_g_per_cm3 == pytest.approx(whole.density_g_per_cm3, rel=1e-3)
    odd = tmp_path / "odd.gro"
    odd.write_text(topology.read_text().replace("  S1", "  X1", 1))
    with pytest.raises(InputError, match=r"odd\.gro: tells neither.*atom 10 \(name X1, residue TFS\)"):
        analyze(odd, file, **FILES, dt_ps=1.0)


def test_a_gro_file_of_several_frames_is_refused_with_their_number(universe, topology, tmp_path):
    several = tmp_path / "several.gro"
    several.write_text(topology.read_text() * 12)
    with pytest.raises(InputError, match=r"several\.gro: 12 frames; only the first .* can be read: convert it to XTC"):
        analyze(several, **FILES, dt_ps=1.0)
    with pytest.raises(InputError, match="12 frames"):
        analyze(topology, several, **FILES, dt_ps=1.0)
    file = written(universe, tmp_path / "run.dcd")
    assert analyze(several, file, **FILES, dt_ps=1.0).properties.frames == len(universe.trajectory)


def test_residues_that_hold_all_ions_of_a_kind_are_told_from_molecules(universe, whole, topology, tmp_path):
    file = written(universe, tmp_path / "run.dcd")
    one = tmp_path / "one.gro"
    lines = topology.read_text().split("\n")
    lines[2:10] = [f"{1:5d}" + line[5:] for line in lines[2:10]]
    one.write_text("\n".join(lines))
    found = analyze(one, file, **FILES, dt_ps=1.0).properties
    assert_same(found, whole)
    assert said(found, "by the residues an ion of 8 atoms lies in 8 places")


def test_atoms_in_another_order_than_the_topology_has_them_are_refused(it, universe, whole, tmp_path):
    file = written(universe, tmp_path / "run.dcd")
    rng = np.random.default_rng(0)
    bonds = [(k, k + 1 + j) for k in range(8, 32, 3) for j in (0, 1)]
    for order, refused in ((np.arange(len(it.types)), False), (rng.permutation(len(it.types)), True)):
        rows = "".join(f"{k + 1} {it.molecules[n] + 1} {it.types[n]} 0 0 0 0\n" for k, n in enumerate(order))
        links = "".join(
            f"{k} 1 {np.flatnonzero(order == a)[0] + 1} {np.flatnonzero(order == b)[0] + 1}\n"
            for k, (a, b) in enumerate(bonds, 1)
        )
        masses = "".join(f"{k} {m}\n" for k, m in enumerate((6.94, 14.007, 32.06, 15.999, 12.011, 15.999), 1))
        (tmp_path / "sys.data").write_text(
            f"salt\n\n{len(it.types)} atoms\n{len(bonds)} bonds\n6 atom types\n1 bond types\n\n"
            f"0 22 xlo xhi\n0 22 ylo yhi\n0 22 zlo zhi\n\nMasses\n\n{masses}\nAtoms # full\n\n{rows}\nBonds\n\n{links}"
        )
        (tmp_path / "run.lammpstrj").write_text(dump_text(it))
        if not refused:
            assert_same(analyze(tmp_path / "sys.data", file, **CHOSEN).properties, whole)
            continue
        with pytest.raises(InputError, match=r"bonds are longer than 6 Å in the first frame.*same order"):
            analyze(tmp_path / "sys.data", file, **CHOSEN)
        with pytest.raises(InputError, match=r"atom 1 is of type \d, but of type 1 in the trajectory"):
            analyze(tmp_path / "sys.data", tmp_path / "run.lammpstrj", **CHOSEN)


def test_units_in_the_first_line_of_a_data_file_count(it, tmp_path):
    (tmp_path / "run.lammpstrj").write_text(dump_text(it, drop=["mass"]))
    masses = "".join(f"{k} {m}\n" for k, m in enumerate((6.94, 14.007, 32.06, 15.999, 12.011, 15.999), 1))
    rows = "".join(f"{k} {m + 1} {t} 0 0 0 0\n" for k, (t, m) in enumerate(zip(it.types, it.molecules, strict=True), 1))
    for units, complaint in (("real", None), ("lj", "UNITS lj are reduced")):
        (tmp_path / "sys.data").write_text(
            f"LAMMPS data file via write_data, version 2 Aug 2023, timestep = 0, units = {units}\n\n"
            f"{len(it.types)} atoms\n6 atom types\n\n0 22 xlo xhi\n0 22 ylo yhi\n0 22 zlo zhi\n\n"
            f"Masses\n\n{masses}\nAtoms # full\n\n{rows}"
        )
        if complaint:
            with pytest.raises(InputError, match=complaint):
                analyze(tmp_path / "sys.data", tmp_path / "run.lammpstrj", **CHOSEN)
        else:
            assert analyze(tmp_path / "sys.data", tmp_path / "run.lammpstrj", **CHOSEN).properties.frames == 24


@pytest.mark.parametrize(("style", "named"), [("charge", True), ("atomic", True), ("charge", False)])
def test_columns_of_a_data_file_are_those_of_the_atom_style_that_it_names(it, whole, tmp_path, style, named):
    (tmp_path / "run.lammpstrj").write_text(dump_text(it))
    masses = "".join(f"{k} {m}\n" for k, m in enumerate((6.94, 14.007, 32.06, 15.999, 12.011, 15.999), 1))
    charge = "0.0 " if style == "charge" else ""
    rows = "".join(f"{k} {kind} {charge}0 0 0\n" for k, kind in enumerate(it.types, 1))
    (tmp_path / "sys.data").write_text(
        f"salt\n\n{len(it.types)} atoms\n6 atom types\n\n0 22 xlo xhi\n0 22 ylo yhi\n0 22 zlo zhi\n\n"
        f"Masses\n\n{masses}\nAtoms{f' # {style}' if named else ''}\n\n{rows}"
    )
    if not named:
        with pytest.raises(InputError, match="write the style beside it, such as 'Atoms # charge'"):
            analyze(tmp_path / "sys.data", tmp_path / "run.lammpstrj", **CHOSEN)
        return
    found = analyze(tmp_path / "sys.data", tmp_path / "run.lammpstrj", **CHOSEN).properties
    assert_same(found, whole)
    assert said(found, "tells no molecules")


def pdb_text(it, serial, bonds):
    """A PDB of the first frame; `serial` numbers atoms, `bonds` are pairs of them."""
    names = {1: ("LI", "LI"), 2: ("N1", "TFS"), 3: ("S1", "TFS"), 4: ("O1", "TFS"), 5: ("C1", "PEO"), 6: ("O1", "PEO")}
    rows = [f"CRYST1{''.join(f'{edge:9.3f}' for edge in it.edges)}  90.00  90.00  90.00 P 1           1"]
    for k, kind in enumerate(it.types):
        place = "".join(f"{value:8.3f}" for value in it.positions[0, k])
        name, residue = names[kind]
        element = ELEMENTS[kind].upper()
        number = it.molecules[k] + 1
        rows.append(
            f"HETATM{serial(k + 1):5d}  {name:<3} {residue:>3} A{number:4d}    {place}{1:6.2f}{0:6.2f}{element:>12}"
        )
    rows += [f"CONECT{serial(i + 1):5d}{serial(j + 1):5d}" for i, j in bonds]
    return "\n".join([*rows, "END", ""])


@pytest.mark.parametrize(
    ("n_serials", "stray", "sentence"),
    [
        (1000, (), None),
        (1000, ((8, 40),), "1 of 45 bonds are longer than 6 Å in the first frame; these are left out"),
        (48, (), "several atoms have one serial number"),  # as beyond 99,999 atoms
    ],
)
def test_bonds_of_a_pdb_that_are_none_unite_no_molecules(it, universe, whole, tmp_path, n_serials, stray, sentence):
    ions = [(k, k + 1 + j) for k in range(8, 32, 3) for j in (0, 1)]
    chains = [(k, k + 1) for k in range(32, 64) if (k - 32) % 8 != 7]
    file = written(universe, tmp_path / "run.dcd")
    (tmp_path / "salt.pdb").write_text(pdb_text(it, lambda k: k % n_serials, [*ions, *chains, *stray]))
    found = analyze(tmp_path / "salt.pdb", file, **FILES, dt_ps=1.0).properties
    assert_same(found, whole)
    assert found.li_anion_coordination == pytest.approx(whole.li_anion_coordination, abs=1e-2)
    assert sentence is None or said(found, sentence)
    assert sentence is not None or not said(found, "bonds")
