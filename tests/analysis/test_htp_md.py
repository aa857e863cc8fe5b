"""The published values of the HTP-MD database, digit by digit, on its own trajectory."""

import json
import shutil

import numpy as np
import pytest

from autodisco.analysis import analyze
from autodisco.errors import InputError

# HTP-MD's program on this folder with drift removed.
PUBLISHED = {
    "cation_diffusivity_cm2_per_s": 1.2874560352e-6,
    "anion_diffusivity_cm2_per_s": 2.5612469518e-6,
    "polymer_diffusivity_cm2_per_s": 1.4832525239e-6,
    "conductivity_s_per_cm": 0.0047982558671,
    "transference_number": 0.1211187893,
    "conductivity_ne_s_per_cm": 0.0149945496,
    "transference_number_ne": 0.3345168592,
    "concentration_actual_molal": 1.4631208109,
    "density_g_per_cm3": 1.192123630,
    "length_ns": 0.012,
    "temperature_k": 353.0,
}
DIGITS = {"conductivity_ne_s_per_cm": 5e-9}


@pytest.fixture(scope="module")
def folder(reference):
    return reference / "htp_md" / "9-0-246295613-0"


@pytest.fixture
def copy(folder, tmp_path):
    """A writable copy of what the reader needs."""
    for name in ("meta.json", "traj.lammpstrj"):
        shutil.copyfile(folder / name, tmp_path / name)
    return tmp_path


def test_published_values_are_met(folder):
    values = analyze(folder, mode="htp-md").properties.to_dict()
    for name, published in PUBLISHED.items():
        assert values[name] == pytest.approx(published, rel=DIGITS.get(name, 1e-9)), name
    assert values["monomer_smiles"] == "CC(CCNCC(C)OC(=O)*)CCO*"


def test_population_matrix_equals_the_published_one(folder):
    published = np.loadtxt(folder / "population.txt")
    expected = {f"{i},{j}": published[i, j] for i, j in zip(*np.nonzero(published), strict=True)}
    assert analyze(folder, mode="htp-md").properties.cluster_population == pytest.approx(expected)


def test_default_mode_sees_the_same_clusters_but_fits_the_displacement(folder):
    theirs, ours = analyze(folder, mode="htp-md").properties, analyze(folder).properties
    assert ours.cluster_population == theirs.cluster_population
    assert ours.density_g_per_cm3 == pytest.approx(theirs.density_g_per_cm3, rel=1e-6)
    assert ours.cation_diffusivity_cm2_per_s_sem is not None
    assert theirs.cation_diffusivity_cm2_per_s_sem is None
    assert any("sub-diffusive" in warning for warning in ours.warnings)


def test_temperature_can_be_given_and_divides_the_conductivity(folder):
    hot = analyze(folder, mode="htp-md", temperature_k=706.0).properties
    assert hot.conductivity_s_per_cm == pytest.approx(PUBLISHED["conductivity_s_per_cm"] / 2)


def test_order_of_the_lines_of_a_frame_does_not_matter(copy):
    lines = (copy / "traj.lammpstrj").read_text().splitlines()
    rng, n = np.random.default_rng(0), int(lines[3])
    for start in range(9, len(lines), n + 9):
        lines[start : start + n] = rng.permutation(lines[start : start + n]).tolist()
    (copy / "traj.lammpstrj").write_text("\n".join(lines) + "\n")
    assert analyze(copy, mode="htp-md").properties.conductivity_s_per_cm == pytest.approx(
        PUBLISHED["conductivity_s_per_cm"], rel=1e-9
    )


def test_box_that_does_not_start_at_zero_gives_the_same_clusters(copy, folder):
    lines = (copy / "traj.lammpstrj").read_text().splitlines()
    n = int(lines[3])
    for start in range(0, len(lines), n + 9):
        for axis in range(3):
            low, high = map(float, lines[start + 5 + axis].split())
            lines[start + 5 + axis] = f"{low - 20.25} {high - 20.25}"
        for k in range(start + 9, start + 9 + n):
            words = lines[k].split()
            words[5:8] = [f"{float(word) - 20.25:.6f}" for word in words[5:8]]
            lines[k] = " ".join(words)
    (copy / "traj.lammpstrj").write_text("\n".join(lines) + "\n")
    shifted, plain = analyze(copy).properties, analyze(folder).properties
    assert shifted.cluster_population == plain.cluster_population
    assert shifted.conductivity_s_per_cm == pytest.approx(plain.conductivity_s_per_cm, rel=1e-5)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda text: text[: len(text) // 10], "not a complete LAMMPS dump"),
        (lambda text: text.replace("ITEM: ATOMS id mol", "ITEM: ATOMS id molecule"), "columns mol are missing"),
        (lambda text: "", "holds no frame"),
    ],
    ids=["broken off", "column", "empty"],
)
def test_broken_dump_is_named(copy, change, complaint):
    dump = copy / "traj.lammpstrj"
    dump.write_text(change(dump.read_text()))
    with pytest.raises(InputError, match=complaint) as caught:
        analyze(copy)
    assert "traj.lammpstrj" in str(caught.value)


def test_missing_key_is_named(copy):
    meta = json.loads((copy / "meta.json").read_text())
    del meta["anion_raw_type"]
    (copy / "meta.json").write_text(json.dumps(meta))
    with pytest.raises(InputError, match=r"meta\.json: key 'anion_raw_type' is missing"):
        analyze(copy)


def test_tilted_bounds_of_a_dump_are_undone(tmp_path):
    # LAMMPS writes the bounding box of a tilted cell: edges 10, 20, 30 and tilts 2, -3, 4.
    atoms = "1 1 1 6.94 11.0 1.0 1.0 1 2 -1\n2 2 2 35.45 13.0 1.0 1.0 0 0 0\n3 3 3 12.011 5 5 5 0 0 0\n"
    frame = (
        "ITEM: TIMESTEP\n{}\nITEM: NUMBER OF ATOMS\n3\nITEM: BOX BOUNDS xy xz yz pp pp pp\n"
        "-3 12 2\n0 24 -3\n0 30 4\nITEM: ATOMS id mol type mass x y z ix iy iz\n" + atoms
    )
    (tmp_path / "traj.lammpstrj").write_text("".join(frame.format(k) for k in range(8)))
    meta = {
        "cation_raw_type": 1, "anion_raw_type": 2, "polymer_raw_type_range": [3, 3], "time_step": 1.0,
        "mol_smiles": "*C*", "temperature": 300.0,
    }  # fmt: skip
    (tmp_path / "meta.json").write_text(json.dumps(meta))
    values = analyze(tmp_path).properties
    assert values.cluster_population == {"1,1": 1.0}
    assert values.density_g_per_cm3 == pytest.approx((6.94 + 35.45 + 12.011) / 0.602214076 / (10 * 20 * 30))
    assert (values.conductivity_s_per_cm, values.transference_number) == (0.0, None)
    with pytest.raises(InputError, match="constant orthorhombic box"):
        analyze(tmp_path, mode="htp-md")
