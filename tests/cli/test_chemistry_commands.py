"""Commands about polymers, files of polymers and trajectories."""

import subprocess
import sys

import numpy as np
import pytest

from autodisco.campaign.seeds import read_seeds
from autodisco.decide.objective import CONDUCTIVITY
from autodisco.files import read_json
from autodisco.simulation import protocols
from autodisco.simulation.engines import lammps


def test_dedupe_counts_spellings_of_one_chain_once(call, here):
    (here / "list.txt").write_text("# polymers\n*OCC*\n*COC*\n*CC*\n\n*OCCOCC*\nC(\n")
    said = call("dedupe", "list.txt", "--json")
    assert said.code == 0
    assert {name: said.json[name] for name in ("rows", "distinct", "duplicates", "invalid")} == {
        "rows": 5,
        "distinct": 2,
        "duplicates": 2,
        "invalid": 1,
    }
    first = said.json["groups"][0]
    assert (first["members"], first["lines"], first["count"]) == (["*OCC*", "*COC*", "*OCCOCC*"], [2, 3, 6], 3)
    assert first["canonical"] == "*CCO*"
    assert said.json["not_valid"][0]["line"] == 7
    assert "5 rows: 2 distinct polymers, 2 duplicates, 1 not valid" in said.err


def test_dedupe_reads_a_column_of_a_table(call, here):
    (here / "a.csv").write_text('name,unit\n"x, y",*OCC*\nz,*COC*\n')
    assert call("dedupe", "a.csv", "--column", "unit", "--json").json["distinct"] == 1
    (here / "a.tsv").write_text("name\tsmiles\nz\t*OCC*\n")
    assert call("dedupe", "a.tsv", "--json").json["distinct"] == 1


def test_dedupe_says_which_columns_there_are(call, here):
    (here / "a.csv").write_text("name,unit\nz,*COC*\n")
    assert call("dedupe", "a.csv").code == 2
    said = call("dedupe", "a.csv", "--column", "units")
    assert said.code == 2
    assert "name, unit" in said.err
    assert call("dedupe", "none.csv").code == 2


@pytest.mark.parametrize("text", ["", "# a comment\n\n", "monomer_smiles,conductivity\n"])
def test_files_without_a_repeat_unit_are_refused(call, here, text):
    (here / "empty.csv").write_text(text)
    for said in (call("dedupe", "empty.csv", "--out", "out.csv"), call("data", "import", "empty.csv")):
        assert said.code == 2
        assert len(said.err.splitlines()) == 1
        assert "error: empty.csv: " in said.err
    assert not (here / "out.csv").exists()


def test_dedupe_of_what_holds_no_repeat_unit_is_an_error_without_control_characters(call, here):
    (here / "list.txt").write_text("*OCC* 0.1\n*O\x1b[2JCC*\n")
    said = call("dedupe", "list.txt")
    assert said.code == 2
    assert "error: list.txt: no row holds a repeat unit" in said.err
    assert "\x1b" not in said.err


def test_dedupe_finds_the_published_candidates_that_were_simulated_twice(call, reference):
    said = call("dedupe", reference / "polygen" / "generated_polymers_in_two_iterations.csv", "--json")
    assert said.json["rows"] == 101
    assert said.json["invalid"] == 0
    assert said.json["duplicates"] == 18
    assert any({"*NCCOC*", "*COCCN*"} <= set(group["members"]) for group in said.json["groups"])


def test_dedupe_writes_a_table_of_polymers(call, here):
    (here / "list.smi").write_text("*OCC* PEO\n*CC* PE\n*COC* the same\n")
    said = call("dedupe", "list.smi", "--out", "polymers.csv")
    assert said.code == 0
    assert (here / "polymers.csv").read_text().splitlines() == [
        "name,representative,canonical,key,count,lines",
        "PEO,*OCC*,*CCO*,17bb5365fff8b9f8,2,1 3",
        f"PE,*CC*,*C*,{call('check', '*C*', '--json').json[0]['key']},1,2",
    ]


def test_dedupe_writes_a_seed_file_that_a_campaign_accepts_and_keeps_the_names(call, here):
    rows = ["PEO;*CCO*", "PDMS;*O[Si](C)(C)*", "PVDF;*CC(F)(F)", "PEG;*OCCOCC*", "PPO;[*]CC(C)O[*]"]
    (here / "list.csv").write_text("\n".join(["Name;Wiederholeinheit", *rows]))
    said = call("dedupe", "list.csv", "--column", "wiederholeinheit", "--seeds", "seeds.csv")
    assert said.code == 0
    assert "list.csv, line 3: '*O[Si](C)(C)*' holds Si" in said.err
    assert "line 4: *CC(F)(F): " in said.err
    assert "seed file of 2 polymers: seeds.csv" in said.err
    found = read_seeds(here / "seeds.csv", CONDUCTIVITY)
    assert [(seed.name, seed.unit.smiles) for seed in found.seeds] == [("PEO", "*CCO*"), ("PPO", "*C(C)CO*")]


def test_dedupe_of_several_files_names_the_command_that_makes_one_of_them(call, here):
    (here / "a.csv").write_text("name,smiles\nPEO,*OCC*\n")
    (here / "b.csv").write_text("smiles\n*COC*\n*CC*\n")
    said = call("dedupe", "a.csv", "b.csv")
    assert said.code == 2
    assert "'autodisco check a.csv b.csv --out ALL.csv' makes one of several" in said.err
    assert call("check", "a.csv", "b.csv", "--out", "ALL.csv").code == 0
    assert "3 rows: 2 distinct polymers, 1 duplicate, 0 not valid" in call("dedupe", "ALL.csv").err


def test_a_seed_with_a_weak_bond_is_told_and_kept(call, here):
    (here / "list.csv").write_text("name,smiles\nPEO,*OCC*\nPolysulfid,*SCCOCCOCCS*\n")
    said = call("dedupe", "list.csv", "--seeds", "seeds.csv")
    assert "list.csv, line 3: *SCCOCCOCCS* (Polysulfid): weak bond S-S, kept" in said.err
    assert said.err.count("weak bond") == 1
    assert "Polysulfid,*SCCOCCOCCS*" in (here / "seeds.csv").read_text()


def test_dedupe_shows_the_names_of_the_file(call, here):
    (here / "list.csv").write_text("Name,smiles\nPEO,*CCO*\nPEG,*OCCOCC*\n")
    said = call("dedupe", "list.csv", "--out", "out.csv", "--json")
    assert said.json["groups"][0]["name"] == "PEO"
    assert (here / "out.csv").read_text().splitlines()[1].startswith("PEO,*CCO*,*CCO*,")
    assert "*OCCOCC* (PEG, line 3)" in call("dedupe", "list.csv").out


def test_a_file_without_a_known_column_says_how_one_is_chosen(call, here):
    (here / "list.csv").write_text("Name,Einheit\nPEO,*CCO*\n")
    for command in (["dedupe", "list.csv"], ["check", "*CCO*", "--against", "list.csv"], ["predict", "list.csv"]):
        said = call(*command)
        assert said.code == 2
        assert "wiederholeinheit (columns: Name, Einheit" in said.err
        assert "choose one with --column" in said.err


def test_dedupe_of_a_broken_table_names_the_line_and_leaves_nothing(call, here):
    (here / "a.csv").write_text('name,smiles\nz,*COC*\ny,"*CC*\n')
    said = call("dedupe", "a.csv", "--out", "out.csv")
    assert said.code == 2
    assert "a.csv, line 3" in said.err
    assert not (here / "out.csv").exists()


def test_analyze_reproduces_the_published_values(call, reference):
    # HTP-MD's own results for this trajectory
    published = {
        "conductivity_s_per_cm": 0.0047982559,
        "transference_number": 0.1211187893,
        "cation_diffusivity_cm2_per_s": 1.2874560352e-6,
        "anion_diffusivity_cm2_per_s": 2.5612469518e-6,
        "polymer_diffusivity_cm2_per_s": 1.4832525239e-6,
        "concentration_actual_molal": 1.4631208109,
        "density_g_per_cm3": 1.192123630,
    }
    folder = reference / "htp_md" / "9-0-246295613-0"
    seen = call("analyze", "--htp-md", "--json", folder).json
    assert {name: seen[name] for name in published} == pytest.approx(published, rel=1e-4)
    assert "0.004798" in call("analyze", "--htp-md", folder).out


def test_a_folder_that_is_given_twice_is_no_second_replica(call, reference):
    folder = reference / "htp_md" / "9-0-246295613-0"
    said = call("analyze", "--htp-md", "--json", folder, folder)
    assert said.code == 2
    assert "twice" in said.err


def test_simulate_gives_properties_and_leaves_a_trajectory_that_opens(call, here):
    said = call("simulate", "*OCC*", "--protocol", "smoke", "--replicas", "1", "--out", "box", "--json")
    assert said.code == 0, said.err
    seen = said.json
    assert seen["n_replicas"] == 1
    assert seen["force_field"] == "pcff+"
    assert seen["properties"]["temperature_k"] == 500
    assert 0.3 < seen["properties"]["density_g_per_cm3"] < 3
    assert "replica 0: done" in said.err
    molality = "molality (mol/kg): 1.5 asked for, 1.21 in the box"
    assert seen["warnings"][0] == seen["replicas"][0]["warnings"][0] == molality

    import MDAnalysis

    folder = here / "box" / seen["key"] / "smoke" / "seed-1" / "0"
    universe = MDAnalysis.Universe(str(folder / "topology.pdb"), str(folder / "trajectory.dcd"))
    assert {"POL", "LI", "TFSI"} == set(universe.residues.resnames)
    assert np.isfinite(universe.trajectory[-1].positions).all()

    assert seen["engine"] in ("lammps", "openmm")
    again = call("simulate", "*OCC*", "--protocol", "smoke", "--replicas", "1", "--out", "box")
    assert "smoke, pcff+, 1 replica" in again.out
    assert f"warning: {molality}" in again.err
    assert again.out.startswith("conductivity (cluster Nernst–Einstein) at 500 K, mean of 1 build: ")
    assert "conductivity_s_per_cm" in again.out
    assert f"{seen['properties']['density_g_per_cm3']:.4g}" in again.out


def test_simulate_writes_folders_that_run_elsewhere(call, here):
    said = call(
        "simulate", "*OCC*", "--protocol", "smoke", "--replicas", "2", "--engine", "lammps", "--write-only", "out"
    )
    assert said.code == 0
    assert "lmp -in in.lammps" in said.err
    assert not (here / "simulations").exists()
    program, environment = lammps.command()
    subprocess.run([*program, "-in", "in.lammps", "-screen", "none"], cwd=here / "out/1", env=environment, check=True)
    analysed = call("analyze", "out/1", "--json")
    assert analysed.code == 0, analysed.err
    assert 0.3 < analysed.json["density_g_per_cm3"] < 3
    assert not (here / "out/0/trajectory.dcd").exists()


@pytest.mark.slow
def test_a_box_that_is_written_for_openmm_runs_elsewhere_with_the_worker(call, here):
    options = ("--protocol", "smoke", "--replicas", "1", "--engine", "openmm", "--write-only", "out")
    said = call("simulate", "*OCC*", *options)
    assert said.code == 0
    assert "run each with: python -m autodisco.simulation.worker job.json" in said.err
    box = (here / "out/0").rename(here / "moved")
    before = {name: (box / name).stat().st_mtime_ns for name in ("start.npz", "system.xml", "topology.pdb")}
    worker = [sys.executable, "-m", "autodisco.simulation.worker", "job.json"]
    assert subprocess.run(worker, cwd=box).returncode == 0
    assert read_json(box / "outcome.json")["ok"]
    assert {name: (box / name).stat().st_mtime_ns for name in before} == before  # it was not built again
    assert call("analyze", "moved", "--json").json["frames"] == 51


def test_what_is_written_is_at_the_temperature_asked_for(call, here):
    options = ("--protocol", "smoke", "--replicas", "1", "--write-only", "out", "--temperature", "450")
    assert call("simulate", "*OCC*", *options).code == 0
    assert "fix move all nvt temp 450.0 450.0" in (here / "out/0/in.lammps").read_text()
    assert call("simulate", "*OCC*", *options, "--temperature", "400").code == 0
    assert (here / "out/smoke@400/0/in.lammps").is_file()


def test_a_protocol_can_name_its_temperatures(call, here):
    text = (
        (protocols.SHIPPED / "smoke.toml")
        .read_text()
        .replace('name = "smoke"', 'name = "mine"\ntemperatures = [450, 400]')
    )
    (here / "mine.toml").write_text(text)
    options = ("--protocol", "mine.toml", "--replicas", "1", "--write-only", "out")
    assert call("simulate", "*OCC*", *options).code == 0
    for kelvin in (450, 400):
        assert f"fix move all nvt temp {kelvin}.0 {kelvin}.0" in (here / f"out/mine@{kelvin}/0/in.lammps").read_text()


def test_simulate_refuses_an_engine_that_does_not_exist(call):
    said = call("simulate", "*OCC*", "--engine", "gromacs")
    assert said.code == 2
    assert "engine 'gromacs' does not exist; known: lammps, openmm" in said.err


def test_simulate_at_several_temperatures_fits_them(call, here):
    options = ("--protocol", "smoke", "--replicas", "1", "--out", "box", "--temperature", "600", "--temperature", "450")
    said = call("simulate", "*OCC*", *options, "--json")
    assert [row["temperature_k"] for row in said.json["values"]] == [600, 450]
    assert [result["protocol"] for result in said.json["temperatures"]] == ["smoke@600", "smoke@450"]
    above = [row["conductivity_s_per_cm"] > 0 for row in said.json["values"]]
    assert (said.code == 0) == all(above) == (said.json["arrhenius"] is not None)


@pytest.mark.parametrize(
    ("flag", "value", "allowed"),
    [
        ("--molality", "31", "less than or equal to 30 "),
        ("--temperature", "4000", "less than or equal to 3000 "),
        ("--timeout-minutes", "0", "greater than or equal to 0.01 "),
    ],
)
def test_limits_of_files_hold_for_flags(call, flag, value, allowed):
    said = call("simulate", "*OCC*", flag, value)
    assert said.code == 2
    assert f"'{flag}'" in said.err
    assert allowed in said.err
