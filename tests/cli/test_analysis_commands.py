"""`autodisco analyze` on files: what it prints, writes and refuses."""

import csv
import io
import json

import numpy as np
import pytest


@pytest.fixture
def dump(tmp_path):
    """Ions (types 1 and 2) and host atoms (3 and 4) on random walks, unwrapped, as LAMMPS writes them."""
    rng = np.random.default_rng(0)
    kinds = np.array([1] * 8 + [2] * 8 + [3, 4] * 20)
    masses = np.array([0, 6.94, 35.45, 15.999, 12.011])[kinds]
    x = rng.random((56, 3)) * 30
    path = tmp_path / "run.lammpstrj"
    with open(path, "w") as file:
        for step in range(60):
            x += rng.normal(scale=0.3, size=x.shape)
            file.write(f"ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n56\nITEM: BOX BOUNDS pp pp pp\n" + "0 30\n" * 3)
            file.write("ITEM: ATOMS id type mass xu yu zu\n")
            for k, (a, b, c) in enumerate(x):
                file.write(f"{k + 1} {kinds[k]} {masses[k]} {a:.5f} {b:.5f} {c:.5f}\n")
    return path


IONS = ("--cation", "type 1", "--anion", "type 2", "--temperature", "353", "--dt", "2")


def test_table_json_and_csv_hold_the_same_numbers(call, dump):
    seen = call("analyze", dump, *IONS, "--json").json
    assert seen["conductivity_s_per_cm"] > 0
    table = call("analyze", dump, *IONS)
    assert f"{seen['conductivity_s_per_cm']:.4g}" in table.out
    rows = list(csv.DictReader(io.StringIO(call("analyze", dump, *IONS, "--csv").out)))
    for row in rows:
        if row["value"]:
            assert float(row["value"]) == pytest.approx(seen[row["quantity"]])
            error = seen.get(row["quantity"] + "_sem")
            assert (float(row["standard_error"]) if row["standard_error"] else None) == pytest.approx(error)
    assert {"haven_ratio", "onsager_cation_anion_s_per_cm", "ion_pair_lifetime_ps"} <= {row["quantity"] for row in rows}


def test_plots_are_written_as_png_and_pdf(call, dump, tmp_path):
    said = call("analyze", dump, *IONS, "--plots", tmp_path / "plots", "--json")
    assert said.code == 0, said.err
    json.loads(said.out)
    names = {"displacement", "clusters", "cluster_sizes", "surroundings", "lifetimes", "non_gaussian"}
    for name in names:
        assert (tmp_path / "plots" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert (tmp_path / "plots" / f"{name}.pdf").read_bytes().startswith(b"%PDF")
        assert f"{name}.png" in said.err


def test_short_run_is_said_to_be_rough(call, dump):
    text = dump.read_text()
    dump.write_text(text[: text.index("ITEM: TIMESTEP\n20\n")])
    assert "warning: " in (said := call("analyze", dump, *IONS)).err
    assert "only 20 frames: fits and errors are rough" in said.err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--cation", "type 1", "--anion", "type 2", "--dt", "2"), "the temperature is needed: --temperature"),
        (("--temperature", "353"), "say which atoms are ions with --cation and --anion"),
        ((*IONS, "--cation", "type 9"), "--cation 'type 9': selects no atom"),
        ((*IONS, "--json", "--csv"), "--json and --csv exclude each other"),
        ((*IONS, "--htp-md", "--plots", "p"), "leave one of the two out"),
        (IONS[:-2], "give it with --dt, in ps"),
        ((*IONS, "--memory", "-1"), "memory is -1.0"),
    ],
)
def test_what_makes_no_sense_is_one_line_and_exit_2(call, dump, arguments, complaint):
    said = call("analyze", dump, *arguments)
    assert said.code == 2
    assert complaint in said.err
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.err


def test_folder_among_files_is_refused(call, dump, tmp_path):
    said = call("analyze", tmp_path, dump)
    assert (said.code, said.err.count("\n")) == (2, 1)


def test_what_readers_noted_is_a_warning_of_one_line_and_in_the_result(call, dump):
    dump.write_text(dump.read_text()[:-30])
    said = call("analyze", dump, *IONS, "--json")
    assert said.code == 0
    (line,) = [line for line in said.err.splitlines() if "breaks off" in line]
    assert line.startswith(f"warning: {dump}: a frame is incomplete and left out")
    assert any("breaks off" in warning for warning in said.json["warnings"])
    dump.write_text(dump.read_text().replace("pp pp pp", "pp pp ff"))
    said = call("analyze", dump, *IONS)
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "not periodic along z" in said.err


def test_pairs_that_join_are_chosen_by_an_option(call, dump):
    plain = call("analyze", dump, *IONS, "--json").json
    pairs = [part for pair in ("cation-anion", "anion-anion", "cation-cation") for part in ("--cluster-join", pair)]
    joined = call("analyze", dump, *IONS, *pairs, "--cluster-cutoff", "8", "--json").json
    theirs = call("analyze", dump, *IONS, "--htp-md", "--cluster-cutoff", "8", "--json").json
    assert joined["cluster_population"] == theirs["cluster_population"] != plain["cluster_population"]
    said = call("analyze", dump, *IONS, "--cluster-join", "ion-ion")
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "'ion-ion'; allowed is cation-anion" in said.err
