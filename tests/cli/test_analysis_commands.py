"""`autodisco analyze` on files: what it prints, writes and refuses."""

import csv
import io
import json
import re
from contextlib import redirect_stderr, redirect_stdout

import numpy as np
import pytest

from autodisco.cli import run


def write_dump(path):
    """Ions (types 1 and 2) and host atoms (3 and 4) on random walks, unwrapped, as LAMMPS writes them."""
    rng = np.random.default_rng(0)
    kinds = np.array([1] * 8 + [2] * 8 + [3, 4] * 20)
    masses = np.array([0, 6.94, 35.45, 15.999, 12.011])[kinds]
    x = rng.random((56, 3)) * 30
    with open(path, "w") as file:
        for step in range(60):
            x += rng.normal(scale=0.3, size=x.shape)
            file.write(f"ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n56\nITEM: BOX BOUNDS pp pp pp\n" + "0 30\n" * 3)
            file.write("ITEM: ATOMS id type mass xu yu zu\n")
            for k, (a, b, c) in enumerate(x):
                file.write(f"{k + 1} {kinds[k]} {masses[k]} {a:.5f} {b:.5f} {c:.5f}\n")
    return path


@pytest.fixture
def dump(tmp_path):
    """A trajectory for this test alone."""
    return write_dump(tmp_path / "run.lammpstrj")


IONS = ("--cation", "type 1", "--anion", "type 2", "--temperature", "353", "--dt", "2")


def test_table_json_and_csv_hold_the_same_numbers(call, dump):
    seen = call("analyze", dump, *IONS, "--json").json
    assert seen["conductivity_s_per_cm"] > 0
    table = call("analyze", dump, *IONS)
    assert f"{seen['conductivity_s_per_cm']:.4g}" in table.out
    rows = list(csv.DictReader(io.StringIO(call("analyze", dump, *IONS, "--csv").out)))
    for row in rows:
        if row["value"] and row["quantity"] in seen:
            assert float(row["value"]) == pytest.approx(seen[row["quantity"]])
            error = seen.get(row["quantity"] + "_sem")
            assert (float(row["standard_error"]) if row["standard_error"] else None) == pytest.approx(error)
    assert {"haven_ratio", "onsager_cation_anion_s_per_cm", "ion_pair_lifetime_ps"} <= {row["quantity"] for row in rows}


@pytest.fixture(scope="module")
def plotted(tmp_path_factory):
    """The folder of the plots of a trajectory, and what the command said: its JSON and its messages."""
    folder = tmp_path_factory.mktemp("plotted")
    dump, out, err = write_dump(folder / "run.lammpstrj"), io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(["analyze", str(dump), *IONS, "--plots", str(folder / "plots"), "--json"])
    assert code == 0, err.getvalue()
    return folder / "plots", json.loads(out.getvalue()), err.getvalue()


def test_plots_are_written_as_png_and_pdf(plotted):
    folder, _, messages = plotted
    names = {"displacement", "clusters", "cluster_sizes", "surroundings", "lifetimes", "non_gaussian"}
    for name in names:
        assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert (folder / f"{name}.pdf").read_bytes().startswith(b"%PDF")
        assert f"{name}.png" in messages


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


@pytest.fixture
def second(dump, tmp_path):
    """Another run from the same start."""
    rng = np.random.default_rng(1)
    head, *frames = dump.read_text().split("ITEM: TIMESTEP\n")
    path = tmp_path / "second.lammpstrj"
    moved = np.zeros((56, 3))
    texts = []
    for text in frames:
        lines = text.splitlines()
        for k, line in enumerate(lines[8:]):
            *start, x, y, z = line.split()
            x, y, z = (float(value) + d for value, d in zip((x, y, z), moved[k], strict=True))
            lines[8 + k] = " ".join([*start, f"{x:.5f}", f"{y:.5f}", f"{z:.5f}"])
        texts.append("\n".join(lines) + "\n")
        moved += rng.normal(scale=0.3, size=moved.shape)
    path.write_text(head + "".join(f"ITEM: TIMESTEP\n{text}" for text in texts))
    return path


def test_runs_with_a_plus_between_them_are_replicas(call, dump, second):
    alone = [call("analyze", path, *IONS, "--json").json for path in (dump, second)]
    said = call("analyze", dump, "+", second, *IONS, "--json")
    assert "warning: 2 replicas hardly tell an error: 95 % lies within 12.7 errors" in said.err
    both = said.json
    name = "conductivity_ne_s_per_cm"
    values = [one[name] for one in alone]
    assert values[0] != values[1]
    assert [one[name] for one in both["replicas"]] == values
    assert [one["run"] for one in both["replicas"]] == [str(dump), str(second)]
    assert both["combined"]["n_replicas"] == 2
    assert both["combined"][name] == pytest.approx(np.mean(values))
    assert both["combined"][f"{name}_sem"] == pytest.approx(np.std(values, ddof=1) / np.sqrt(2))
    said = call("analyze", dump, second, *IONS)
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "second.lammpstrj: begins again where the run before it began" in said.err
    assert "a + between them" in said.err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("a", "+", "a"), "run.lammpstrj: is given twice; a replica counts once"),
        (("+", "a"), "a + stands between two of them"),
        (("a", "+", "copy"), "copy: gives the values of"),
        (("a", "+", "rounded"), "rounded: has the diffusivities of"),
        (("a", "+", "missing"), "missing: no such file or folder"),
        (("a", "+", "bare"), "bare: a trajectory without its topology; it is named again after each +"),
    ],
)
def test_a_run_counts_once(call, dump, arguments, complaint):
    files = {"a": dump, "+": "+"} | {name: dump.with_name(name) for name in ("copy", "rounded", "missing", "bare")}
    files["copy"].write_text(dump.read_text())
    files["rounded"].write_text(re.sub(r"(\.\d{4})\d\b", r"\1", dump.read_text()))
    files["bare"].write_bytes(b"\x00\x00\x07\xcb")  # as an XTC file begins
    said = call("analyze", *(files[name] for name in arguments), *IONS)
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert complaint in said.err


def test_the_fitted_lags_are_in_table_json_and_csv(call, dump):
    seen = call("analyze", dump, *IONS, "--json").json
    assert seen["fit_from_ps"] == {"Li": 18, "Cl": 18, "polymer": 18, "charge of all ions": 18}
    assert seen["fit_to_ps"]["Li"] == 58
    assert seen["fit_window"]["Cl"] == "15 to 50 % of the run"
    assert "fitted lags: Li 18 to 58 ps (15 to 50 % of the run); Cl" in call("analyze", dump, *IONS).out
    rows = csv.DictReader(io.StringIO(call("analyze", dump, *IONS, "--fit", "4", "20", "--csv").out))
    values = {row["quantity"]: row["value"] for row in rows}
    assert (float(values["fit_from_ps[Li]"]), float(values["fit_to_ps[polymer]"])) == (4, 20)
    assert values["fit_window[Cl]"] == "asked for"


def test_csv_holds_the_name_of_the_run_populations_and_warnings(call, dump):
    said = call("analyze", dump, *IONS, "--csv")
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert {row["run"] for row in rows} == {str(dump)}
    seen = call("analyze", dump, *IONS, "--json").json
    populations = {row["quantity"]: float(row["value"]) for row in rows if row["quantity"].startswith("cluster_popul")}
    assert populations == pytest.approx({f"cluster_population[{k}]": v for k, v in seen["cluster_population"].items()})
    warnings = [row["value"] for row in rows if row["quantity"] == "warning"]
    assert [f"warning: {warning}" for warning in warnings] == said.err.splitlines() != []


def test_numbers_of_the_plots_are_beside_them(plotted):
    folder, seen, _ = plotted
    pictures = {path.stem for path in folder.glob("*.png")}
    tables = {path.stem: list(csv.DictReader(path.open())) for path in folder.glob("*.csv")}
    assert set(tables) == pictures
    first = tables["displacement"][0]
    assert float(first["lag_ps"]) == 2
    assert float(first["msd_cations_angstrom2"]) == pytest.approx(3 * 0.3**2, rel=0.1)
    assert float(first["msd_cations_sem_angstrom2"]) > 0
    assert len(tables["displacement"]) == 59
    charge = tables["charge_displacement"][0]  # of 16 independent ions, about the centre of mass
    assert float(charge["all_e2_angstrom2"]) == pytest.approx(16 * 3 * 0.3**2, rel=0.3)
    parts = [float(charge[f"{part}_e2_angstrom2"]) for part in ("cation_cation", "cation_anion", "anion_anion")]
    assert float(charge["all_e2_angstrom2"]) == pytest.approx(parts[0] + 2 * parts[1] + parts[2])
    assert sum(float(row["share_of_ions"]) for row in tables["cluster_sizes"]) == pytest.approx(1)
    at_cutoff = min(tables["surroundings"], key=lambda row: abs(float(row["up_to_angstrom"]) - 2.8))
    assert float(at_cutoff["number_anions"]) == pytest.approx(seen["li_anion_coordination"], abs=1e-6)


@pytest.mark.parametrize(
    ("lags", "complaint"),
    [
        (("40", "4"), "the first lag has to be below the last"),
        (("4", "400"), "the run has 118 ps only"),
        (("4", "4.5"), "two lags or more between 2 and 118 ps expected, at frames (every 2 ps)"),
    ],
)
def test_a_fit_over_lags_that_the_run_does_not_have_is_explained(call, dump, lags, complaint):
    said = call("analyze", dump, *IONS, "--fit", *lags)
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert complaint in said.err


def test_replicas_have_plots_of_their_own_and_of_the_mean(call, dump, second, tmp_path):
    said = call("analyze", dump, "+", second, *IONS, "--plots", tmp_path / "plots")
    assert said.code == 0, said.err
    tables = [
        list(csv.DictReader((tmp_path / "plots" / folder / "displacement.csv").open()))
        for folder in ("run", "second", ".")
    ]
    own, other, mean = (np.array([float(row["msd_cations_angstrom2"]) for row in table]) for table in tables)
    np.testing.assert_allclose(mean, (own + other) / 2, rtol=1e-6)
    error = np.array([float(row["msd_cations_sem_angstrom2"]) for row in tables[2]])
    np.testing.assert_allclose(error, np.abs(own - other) / 2, rtol=1e-3, atol=1e-5)
    assert (tmp_path / "plots" / "charge_displacement.png").exists()
    assert f"curves: {tmp_path / 'plots' / 'displacement.csv'}" in said.err
    assert f"fitted lags of {second}: Li 18 to 58 ps" in call("analyze", dump, "+", second, *IONS).out
    combined = call("analyze", dump, "+", second, *IONS, "--json").json["combined"]
    assert "fit_from_ps" not in combined
    assert any("2 replicas" in warning for warning in combined["warnings"])


def test_replicas_of_unequal_length_and_a_time_between_frames_in_fs_are_warned_of(call, dump, second):
    text = second.read_text()
    second.write_text(text[: text.index("ITEM: TIMESTEP\n40\n")])
    assert "the runs are of unequal length (0.078 to 0.118 ns)" in call("analyze", dump, "+", second, *IONS).err
    dump.write_text(re.sub(r"(?<=TIMESTEP\n)(\d+)", r"\g<1>000", dump.read_text()))
    said = call("analyze", dump, *IONS[:-1], "2000")
    assert "frames are 1000 steps apart, and --dt 2000 ps makes a time step of 2000 fs" in said.err
    assert "time step" not in call("analyze", dump, *IONS).err
