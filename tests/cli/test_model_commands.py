"""Commands about generators, data sets and the machine."""

import csv
import tomllib

import pytest

from autodisco.campaign import doctor
from autodisco.files import runs_folder
from autodisco.generator import DatasetRow, Generator
from autodisco.generator.dataset import merge_rows
from autodisco.polymer import ORGANIC_ELEMENTS, parse
from tests.campaign.test_faults import small_disk


def test_train_then_generate_draws_the_same_strings_for_a_seed(call, here):
    (here / "set.csv").write_text("smiles,conductivity\n" + "".join(f"*O{'C' * n}*,{n}e-4\n" for n in range(1, 9)))
    trained = call(
        "train", "set.csv", "--out", "m.safetensors", "--iterations", "30", "--top-fraction", "0.3", "--json"
    )
    assert trained.code == 0, trained.err
    assert trained.json["rows"] == 8
    assert 0 <= trained.json["metrics"]["validity"] <= 1
    first, second = (call("generate", "--model", "m.safetensors", "-n", "40", "--seed", "3") for _ in range(2))
    assert first.out == second.out
    assert first.out.count("\n") == 40
    assert "40 draws" in first.err
    rows = call("generate", "--model", "m.safetensors", "-n", "200", "--valid", "--json").json
    assert len({row["key"] for row in rows}) == len(rows)


def test_generate_leaves_out_what_is_known(call, here):
    (here / "a.csv").write_text("smiles,conductivity\n*OCC*,1\n*CC*,0\n*NCC*,0\n")
    assert call("train", "a.csv", "--out", "a.safetensors", "--iterations", "30", "--augment", "symmetry").code == 0
    everything = call("generate", "--model", "a.safetensors", "-n", "40", "--valid").out.split()
    (here / "known.txt").write_text("*COC*\n" + "\n".join(everything[:1]) + "\n")
    new = call("generate", "--model", "a.safetensors", "-n", "40", "--valid", "--against", "known.txt").out.split()
    assert new == [text for text in everything[1:] if parse(text, ORGANIC_ELEMENTS) != parse("*OCC*")]
    # Without the grammar an untrained model writes little that is a repeat unit.
    plain = call("generate", "--model", "a.safetensors", "-n", "40", "--valid", "--no-grammar").out.split()
    assert len(plain) < len(everything)


def test_generate_without_a_model_says_what_is_missing(call, here, ended):
    assert "m.safetensors" in call("generate", "--model", "m.safetensors").err
    assert call("generate").code == 2


def test_data_import_writes_each_polymer_once(call, here):
    (here / "set.csv").write_text("mol_smiles\tconductivity\nC(O[Cu])C[Au]\t1e-4\n*COC*\t3e-4\n[Cu]CC[Au]\t0\n")
    said = call("data", "import", "set.csv", "--json")
    assert said.code == 0, said.err
    assert said.json == {"file": "data/set.csv", "rows": 3, "polymers": 2, "with_value": 2}
    rows = list(csv.DictReader((here / "data" / "set.csv").open()))
    assert float(rows[0]["conductivity"]) == pytest.approx(2e-4)


def test_data_import_names_the_line_it_cannot_read(call, here):
    (here / "set.csv").write_text("mol_smiles,conductivity\n*OCC*,1e-4\n*OCC*,much\n")
    said = call("data", "import", "set.csv")
    assert said.code == 2
    assert "line 3" in said.err
    assert "much" in said.err
    assert not (here / "data").exists()


def test_data_import_says_why_there_are_no_values(call, here):
    for text, why in (
        (
            "smiles,sigma\n*OCC*,1e-4\n",
            "no column is named conductivity or conductivity_s_per_cm (columns: smiles, sigma)",
        ),
        ("smiles,conductivity\n*OCC*,\n", "all cells of column conductivity are empty"),
        ("*OCC*\n", "the file is a list of repeat units"),
    ):
        (here / "set.csv").write_text(text)
        said = call("data", "import", "set.csv")
        assert said.code == 0, said.err
        assert f"1 polymer from 1 row, none with a value: {why}" in said.err
        assert why in call("predict", "*CC*", "--data", "set.csv").err


def test_data_import_counts_contradicting_classes(call, here):
    (here / "set.csv").write_text("smiles,conductivity\n*OCC*,1\n*CCO*,0\n*CC*,1\n")
    said = call("data", "import", "set.csv")
    assert "2 polymers from 3 rows, 1 with a value" in said.err
    assert "1 polymer with rows of both classes" in said.err


def test_data_import_names_polymers_whose_values_are_far_apart(call, here):
    (here / "set.csv").write_text(
        "smiles,conductivity\n*OCC*,1e-4\n*CCO*,5e-2\n*CCN*,1e-4\n*CCN*,9e-4\n*CC*,0\n*C*,1\n"
    )
    said = call("data", "import", "set.csv")
    assert "2 polymers with values that differ by more than a factor of 10" in said.err
    assert "*CCO* (0.0001 to 0.05 S/cm)" in said.err


def test_data_import_does_not_write_over_its_input(call, here):
    (here / "set.csv").write_text("mol_smiles\n*OCC*\n")
    assert call("data", "import", "set.csv", "--out", "set.csv").code == 2
    assert (here / "set.csv").read_text() == "mol_smiles\n*OCC*\n"


@pytest.mark.slow
def test_data_import_reads_the_published_set(call, here, reference):
    said = call("data", "import", reference / "polygen" / "PolyGen-train-set-from-HTP-MD.csv", "--json")
    assert said.code == 0, said.err
    assert said.json["rows"] == 6024
    assert said.json["with_value"] == said.json["polymers"] <= 6024


def test_classes_that_contradict_each_other_become_unknown():
    rows = [DatasetRow("*CCO*", label="high"), DatasetRow("*CCO*", label="low"), DatasetRow("*CC*", label="high")]
    assert merge_rows(rows) == [("*CCO*", ""), ("*CC*", "1")]


def test_doctor_looks_at_packages_engine_and_machine(call, here):
    said = call("doctor", "--json")
    assert said.code == 0, said.out
    found = {row["what"]: row for row in said.json}
    assert {
        "numba",
        "rdkit",
        "torch",
        "engine lammps",
        "engine openmm",
        "force field",
        "memory",
        "free disk space",
    } <= found.keys()
    assert "2025" in found["engine lammps"]["found"]


def test_doctor_looks_at_a_campaign_file_and_its_shared_folder(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('name = "mine"\n[simulation]\nengine = "lammps"\nfolder = "disk"\nthreads = 0\n')
    threads = "simulation.threads = 0: allowed is greater than or equal to 1"
    (row,) = doctor._campaign(file, tmp_path / "runs")
    assert (row["ok"], row["found"]) == (False, f"{file}: {threads}")
    file.write_text(file.read_text().replace("threads = 0", "threads = 1"))
    rows = {row["what"]: row for row in doctor._campaign(file, tmp_path / "runs")}
    assert rows["campaign file"]["found"] == "mine: executor local"
    assert rows["engine lammps"]["found"] == "lammps, on cores"
    assert not rows["shared folder"]["ok"]
    assert "there is no such folder" in rows["shared folder"]["found"]
    (tmp_path / "disk").mkdir()
    rows = {row["what"]: row for row in doctor._campaign(file, tmp_path / "runs")}
    assert rows["shared folder"]["ok"]


def test_doctor_measures_the_disk_on_which_campaigns_lie(tmp_path, monkeypatch):
    """Also before the folder is there: the disk of the folder that will hold it."""
    with small_disk(tmp_path / "small", "1m"):
        monkeypatch.setenv("AUTODISCO_RUNS", str(tmp_path / "small" / "not" / "yet"))
        monkeypatch.chdir(tmp_path)
        assert doctor._disk(runs_folder()) == (False, f"0.0 GiB for {tmp_path}/small/not/yet")


SET = "smiles,conductivity\n" + "".join(f"*{'O' * (n % 2)}{'C' * (1 + n // 2)}*,{n}e-4\n" for n in range(1, 31))
FAST = ("--iterations", "5", "--device", "cpu")


def test_train_takes_settings_from_a_file_and_options_win(call, here):
    (here / "set.csv").write_text(SET)
    (here / "s.toml").write_text('[generator]\nkind = "lstm"\niterations = 900\nmax_tokens = 7\n')
    assert call("train", "set.csv", "--out", "m", "--settings", "s.toml", *FAST).code == 0
    settings = Generator.load(here / "m").settings
    assert (settings.kind, settings.iterations) == ("lstm", 5)
    assert not (here / "m.checkpoint").exists()
    for text, message in (
        ("[generator]\nkind = 'vae'\n", "s.toml: generator.kind"),
        ("[generator]\nspeed = 1\n", "s.toml: unknown key generator.speed"),
        ("[seeds]\n", "s.toml: there is no table [generator]"),
        ("[generator", "s.toml: not valid TOML"),
    ):
        (here / "s.toml").write_text(text)
        said = call("train", "set.csv", "--out", "n", "--settings", "s.toml", *FAST)
        assert said.code == 2
        assert message in said.err
    said = call("train", "set.csv", "--out", "n", "--augment", "twice")
    assert "generator.augment" in said.err
    assert "symmetry" in said.err


def test_train_learns_classes_of_columns_and_generate_draws_them(call, here):
    lines = SET.replace("conductivity", "conductivity,length").split()
    (here / "set.csv").write_text("\n".join([lines[0], *(f"{line},{len(line)}" for line in lines[1:])]))
    trained = call(
        "train", "set.csv", "--out", "m", *FAST, "--condition", "conductivity:5", "--condition", "length:2", "--json"
    )
    assert trained.code == 0, trained.err
    assert "class 'q4 q1'" in trained.err
    assert (
        call("generate", "--model", "m", "-n", "5", "--label", "q4 q1", "--guidance", "1", "--away-from", "q0 q0").code
        == 0
    )
    assert (
        call("generate", "--model", "m", "-n", "5", "--seed", "1").out
        == call("generate", "--model", "m", "-n", "5", "--seed", "1", "--label", "q4 q1").out
    )  # the best is drawn unless another is named
    assert "did not occur" in call("generate", "--model", "m", "--label", "high").err
    for condition, message in (
        ("length", "conductivity:10"),
        ("mass:3", "no column 'mass'"),
        ("length:99", "99 classes"),
        ("length:²", "conductivity:10"),
    ):
        said = call("train", "set.csv", "--out", "n", *FAST, "--condition", condition)
        assert said.code == 2
        assert message in said.err


def test_train_scores_by_a_property_model_of_rows_put_aside(call, here):
    (here / "set.csv").write_text(SET)
    trained = call("train", "set.csv", "--out", "m", *FAST, "--judge", "0.7", "--json")
    assert trained.code == 0, trained.err
    assert trained.json["rows"] == 9
    assert 0 <= trained.json["metrics"]["new_above_border"] <= 1
    big = call("train", "set.csv", "--out", "m", *FAST, "--judge", "0.7", "--seed", "50000000000")
    assert big.code == 0, big.err
    bad = call("train", "set.csv", "--out", "m", *FAST, "--judge", "0.7", "--top-fraction", "5")
    assert "--top-fraction 5" in bad.err
    assert "20 conductivities" in call("train", "set.csv", "--out", "m", *FAST, "--judge", "0.1").err


def test_generate_goes_on_until_there_are_enough_new_ones(call, here):
    (here / "set.csv").write_text(SET)
    assert call("train", "set.csv", "--out", "m", "--kind", "random").code == 0
    said = call(
        "generate", "--model", "m", "-n", "30", "--valid", "--max-draws", "5000", "--against", "set.csv", "--json"
    )
    assert said.code == 0, said.err
    keys = [row["key"] for row in said.json]
    assert len(keys) == len(set(keys)) == 30
    known = {parse(line.split(",")[0]).key for line in SET.split()[1:]}
    assert not known & set(keys)
    assert "30 different polymers that set.csv does not hold" in said.err
    few = call("generate", "--model", "m", "-n", "30", "--valid", "--max-draws", "10")
    assert "10 draws" in few.err
    assert "raise --max-draws" in few.err
    assert "--valid" in call("generate", "--model", "m", "--max-draws", "10").err


def test_tune_finds_the_best_setting_and_writes_it(call, here):
    (here / "set.csv").write_text(SET)
    (here / "s.toml").write_text('[generator]\ndevice = "cpu"\nbatch_size = 8\n')
    command = (
        "tune", "set.csv", "--out", "t", "--settings", "s.toml", "--over", "iterations=2,4", "--over",
        "temperature=0.5,2.0", "--draws", "50", "--judge", "0.7",
    )  # fmt: skip
    first = call(*command)
    assert first.code == 0, first.err
    assert first.err.count("trial ") == 4
    rows = list(csv.DictReader((here / "t" / "trials.csv").open()))
    best = max(rows, key=lambda row: float(row["new_above_border"] or 0))
    table = tomllib.loads((here / "t" / "best.toml").read_text())["generator"]
    assert table == {
        "device": "cpu", "batch_size": 8, "iterations": int(best["iterations"]),
        "temperature": float(best["temperature"]),
    }  # fmt: skip
    assert call("train", "set.csv", "--out", "m", "--settings", "t/best.toml").code == 0
    again = call(*command, "--json")
    assert "4 trials were already done" in again.err
    assert again.err.count("trial ") == 0
    assert len(again.json) == 4
    assert (here / "t" / "trials.png").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--over", "heat=1,2"), "generator.heat"),
        (("--over", "temperature"), "temperature=0.8,1.0,1.2"),
        (("--over", "temperature=2..1"), "lower one first"),
        (("--over", "temperature=-1,1"), "generator.temperature = -1"),
        (("--over", "temperature=0.5..1"), "range"),
        (("--over", "temperature=0.5..inf"), "two numbers"),
        (("--over", "grammar=false..true"), "two numbers"),
        (("--over", "temperature=1", "--over", "temperature=2"), "given twice"),
        (("--over", "temperature=1", "--objective", "beauty"), "valid_unique_novel"),
        (("--over", "temperature=1", "--search", "luck"), "grid or bayes"),
    ],
)
def test_tune_says_what_is_wrong_before_it_begins(call, here, options, message):
    (here / "set.csv").write_text(SET)
    said = call("tune", "set.csv", "--out", "t", "--judge", "0", "--draws", "10", *options)
    assert said.code == 2
    assert message in said.err
    assert said.err.count("\n") == 1
    assert not (here / "t" / "trials.csv").exists()


def test_train_learns_conditions_and_generate_draws_at_them(call, here):
    lines = [f"*O{'C' * n}*,{n}e-4,{kelvin}" for n in range(1, 6) for kelvin in (333, 400, 500)]
    (here / "set.csv").write_text("\n".join(["smiles,conductivity,temperature_k", *lines]))
    trained = call("train", "set.csv", "--out", "m", *FAST, "--top-fraction", "0.4", "--given", "temperature_k")
    assert trained.code == 0, trained.err
    assert "15 repeat units, 6 of them in class 'high'\ntemperature_k: q0 333, q1 400, q2 500\n" in trained.err

    def drawn(*words):
        said = call("generate", "--model", "m", "-n", "5", "--seed", "1", *words)
        assert said.code == 0, said.err
        return said

    assert "class high q2 (temperature_k: q0 333" in drawn("--given", "temperature_k=500").err
    assert "class low q0 (" in drawn("--given", "temperature_k=340", "--label", "low", "--guidance", "0.5").err
    for words, said in (
        (
            ("--given", "temperature_k=900"),
            "temperature_k 900: allowed is a value between those of the training rows, 333 to 500",
        ),
        (("--given", "pressure=1"), "pressure is no condition of this model"),
        (("--given", "temperature_k"), "--given temperature_k: name a condition and its value"),
    ):
        refused = call("generate", "--model", "m", *words)
        assert (refused.code, refused.err.count("\n")) == (2, 1)
        assert said in refused.err
