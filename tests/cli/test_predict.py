"""predict: estimates for repeat units and files, with and without a table."""

import csv
import subprocess
import sys

import numpy as np
import pytest

from autodisco.polymer import parse
from autodisco.store import Store

TABLE = "monomer_smiles,conductivity\n*OCC*,0.0012\n*CCNOCO*,0.002\n*CC*,0\n*CCS*,\n*COC*,0.0015\n"


@pytest.fixture
def table(tmp_path):
    (tmp_path / "t.csv").write_text(TABLE)
    return tmp_path / "t.csv"


def test_any_repeat_unit_is_estimated_without_a_campaign(call):
    said = call("predict", "*CCO*", "[*]CC[*]", "*c1ccc(O*)cc1", "--json")
    assert said.code == 0
    rows = said.json
    assert [row["smiles"] for row in rows] == ["*CCO*", "[*]CC[*]", "*c1ccc(O*)cc1"]
    for row in rows:
        assert set(row) == {
            "name", "smiles", "key", "conductivity_s_per_cm", "interval", "p_better", "against_reference",
            "against_reference_interval", "contributions", "same_as", "caveats",
        }  # fmt: skip
        assert row["interval"][0] < row["conductivity_s_per_cm"] < row["interval"][1]
        assert list(row["contributions"]) == ["prior mean"]
    assert rows[0]["p_better"] == 0.5  # the reference, in another spelling
    assert (rows[0]["against_reference"], rows[0]["against_reference_interval"]) == (1.0, [1.0, 1.0])
    low, high = rows[1]["against_reference_interval"]
    assert low < rows[1]["against_reference"] < high
    both = (row["conductivity_s_per_cm"] for row in (rows[1], rows[0]))
    assert rows[1]["against_reference"] == pytest.approx(next(both) / next(both), rel=0.05)  # 1e-6 S/cm added to both
    alone = [np.log(row["interval"][1] / row["interval"][0]) for row in rows[:2]]
    assert np.log(high / low) < np.hypot(*alone)  # errors that both share cancel
    assert rows[1]["p_better"] < 0.3
    assert call("predict", "*CCO*", "[*]CC[*]", "*c1ccc(O*)cc1", "--json").out == said.out


def test_names_of_a_list_stay_as_they_are_written(call, tmp_path):
    (tmp_path / "l.csv").write_text("name,smiles\npolystyrene,*CC(*)c1ccccc1\n,*CC(*)C#N\n")
    said = call("predict", tmp_path / "l.csv", "--out", tmp_path / "r.csv")
    with (tmp_path / "r.csv").open() as opened:
        assert {row["name"] for row in csv.DictReader(opened)} == {"polystyrene", "PAN"}
    assert "polystyrene" in said.out


def test_a_table_is_a_source(call, table):
    said = call("predict", "*CCNOCO*", "--data", table, "--json")
    (row,) = said.json
    assert list(row["contributions"]) == ["prior mean", str(table)]
    assert row["contributions"][str(table)] > 0
    assert "4 values of 3 polymers" in said.err  # *OCC* and *COC* are one
    shown = call("predict", "*CCNOCO*", "--data", table)
    assert "90 % interval" in shown.out
    assert "PEO *OCC*: " in shown.err
    assert "*OCCCOCC*: " in call("predict", "*CCO*", "--reference", "*OCCCOCC*").err
    assert call("predict", "*CCNOCO*", "--data", table, "--no-prior-mean").code == 0


def test_a_value_far_off_all_others_is_told(call, tmp_path):
    units = [f"*OC{'C' * n}C{'O' * (n % 2)}C*" for n in range(12)] + [f"*NC{'C' * n}SC*" for n in range(12)]
    rows = [f"{unit},{0.4 if n == 5 else 0.0004 * (1 + n / 24)}" for n, unit in enumerate(units)]
    (tmp_path / "t.csv").write_text("smiles,conductivity\n" + "\n".join(rows) + "\n")
    said = call("predict", "*CCO*", "--data", tmp_path / "t.csv")
    unit, line = [line for line in said.err.splitlines() if "warning" in line]
    assert "1 value above 10 mS/cm, such as *" in unit
    assert "is the column in mS/cm?" in unit
    assert "has 0.40 S/cm; all other values say 0.000" in line


def test_a_file_of_repeat_units_is_read(call, table, tmp_path):
    assert [row["smiles"] for row in call("predict", table, "--json").json] == [
        "*OCC*", "*CCNOCO*", "*CC*", "*CCS*", "*COC*",
    ]  # fmt: skip
    (tmp_path / "list.smi").write_text("*CCO* oxide\n*CCX*\n")
    said = call("predict", tmp_path / "list.smi", "--reference", "*CC*", "--json")
    assert len(said.json) == 1
    assert said.json[0]["p_better"] > 0.7
    assert "list.smi, line 2" in said.err
    assert said.code != 0


LIST = "Name;Wiederholeinheit\nmine;*CCO*\nPTMC;*OC(=O)OCCC*\nPOM;*CO*\nPDMS;*O[Si](C)(C)*\nPEG;*OCCOCC*\n"


def test_names_of_a_file_duplicates_and_known_errors_stand_in_the_table(call, tmp_path):
    (tmp_path / "list.csv").write_text(LIST)
    said = call("predict", tmp_path / "list.csv", "--column", "wiederholeinheit")
    assert said.code == 0
    rows = {cells[0]: line for line in said.out.splitlines() if (cells := line.split())}
    assert "= mine" in rows["PEG"]
    assert rows["PTMC"].rstrip().endswith("carbonate")
    assert rows["POM"].rstrip().endswith("acetal")
    assert rows["PDMS"].rstrip().endswith("Si")
    assert "carbonate: predicted too high" in said.out
    assert "Si: cannot be simulated here" in said.out
    assert "Simulated conductivity of the amorphous polymer with LiTFSI at 1.5 mol/kg and 353 K." in said.out
    assert "autodisco scan" in said.out
    assert "the 90 % interval held 69 % of 51 measured polymers" in said.out
    seen = call("predict", tmp_path / "list.csv", "--column", "wiederholeinheit", "--json").json
    assert [row["name"] for row in seen] == ["mine", "PTMC", "POM", "PDMS", "PEG"]
    assert [row["same_as"] for row in seen] == [None, None, None, None, "mine"]
    assert [[caveat["name"] for caveat in row["caveats"]] for row in seen] == [
        [], ["carbonate"], ["acetal"], ["Si"], [],
    ]  # fmt: skip
    assert seen[1]["caveats"][0]["decades"] == 0.77


def test_a_ranking_is_written_as_table_and_figure(call, tmp_path):
    (tmp_path / "list.csv").write_text(LIST.replace("Wiederholeinheit", "smiles"))
    said = call("predict", tmp_path / "list.csv", "--out", tmp_path / "r.csv", "--png", tmp_path / "r.png")
    assert said.code == 0
    with open(tmp_path / "r.csv") as file:
        rows = list(csv.DictReader(file))
    values = [float(row["conductivity_s_per_cm"]) for row in rows]
    assert values == sorted(values, reverse=True)
    assert {row["name"] for row in rows} == {"mine", "PTMC", "POM", "PDMS", "PEG"}
    assert all(float(row["low_s_per_cm"]) < value for row, value in zip(rows, values, strict=True))
    assert (tmp_path / "r.png").read_bytes().startswith(b"\x89PNG")


def test_values_of_a_table_stand_beside_the_predictions_with_the_offset_that_was_found(call, tmp_path):
    (tmp_path / "mine.csv").write_text(
        "name;monomer_smiles;conductivity;error\nPEO;*CCO*;5,2e-4;5e-5\nPTMC;*OC(=O)OCCC*;1,1e-5;3e-6\n"
    )
    said = call("predict", "*CCO*", "--data", tmp_path / "mine.csv")
    rows = {cells[0]: cells for line in said.out.splitlines() if (cells := line.split())}
    assert rows["PTMC"][2:4] == ["0.011", "0.10"]  # in the table, and predicted without it
    assert "mine.csv: offset of -" in said.out
    assert "little about the level" in said.out
    assert "mine.csv: column error not read" in said.err
    assert "above 10 mS/cm" not in said.err


def test_values_in_another_unit_are_warned_of(call, tmp_path):
    (tmp_path / "mine.csv").write_text("monomer_smiles;conductivity\n*CCO*;0,52\n*OC(=O)OCCC*;0,011\n*OCCOC*;0,25\n")
    said = call("predict", "*CCO*", "--data", tmp_path / "mine.csv")
    assert "warning: " in said.err
    assert "3 values above 10 mS/cm, such as *CCO* with 520 mS/cm; the best dry polymer electrolyte" in said.err
    assert "is the column in mS/cm? It is read in S/cm" in said.err


def test_a_table_of_measured_values_is_brought_to_the_conditions_of_the_target(call, tmp_path):
    head = "monomer_smiles;name;quantity;value;unit;temperature;temperature_unit;salt;salt_content;salt_content_unit\n"
    rows = ["*CCO*;PEO;conductivity;0,88;mS/cm;353;K;LiTFSI;1,5;mol/kg", "*CCO*;PEO;glass_transition;-60;C;;;;;"]
    (tmp_path / "meas.csv").write_text(head + "\n".join(rows) + "\n")
    said = call("predict", "*CCO*", "--data", tmp_path / "meas.csv")
    assert said.code == 0, said.err
    cells = next(line.split() for line in said.out.splitlines() if "meas.csv" in line and "decades" not in line)
    assert cells[:5] == ["PEO", "*CCO*", "0.88", "79.85", "°C,"]
    assert "brought to" not in said.out
    assert call("predict", "*CCO*", "--data", "literature", "--json").code == 0
    (tmp_path / "meas.csv").write_text(head + rows[1] + "\n")
    assert "no row has the quantity conductivity" in call("predict", "*CCO*", "--data", tmp_path / "meas.csv").err


def test_a_measured_value_is_shown_as_typed_and_a_line_says_that_it_was_moved(call, tmp_path):
    file, out, png = tmp_path / "g.csv", tmp_path / "r.csv", tmp_path / "r.png"
    file.write_text(
        "monomer_smiles;name;quantity;value;unit;error;temperature;temperature_unit;salt;salt_content;salt_content_unit\n"
        "*OCC*;PEO;conductivity;0,45;mS/cm;0,05;60;C;LiTFSI;20;O/Li\n"
        "*CCCOC(=O)O*;PTMC;conductivity;0,0012;mS/cm;0,0003;60;C;LiTFSI;8;units/Li\n"
    )
    said = call("predict", "*OCC*", "*CCCOC(=O)O*", "--data", file, "--out", out, "--png", png)
    line = next(line for line in said.out.splitlines() if "PEO" in line and "°C" in line)
    assert "0.45 ± 0.05" in line
    assert "60 °C, LiTFSI 1.14 mol/kg" in line  # 20 O/Li, 44.05 g/mol of unit
    assert "*CCCOC(=O)O*" in next(line for line in said.out.splitlines() if "PTMC" in line and "g.csv" in line)
    assert "0.62 at 340 K" in line  # 0.45 mS/cm with 44 kJ/mol from 333.15 to 340 K
    assert pytest.approx(0.62, abs=0.005) == 0.45 * 10 ** (-2.3 * (1000 / 340 - 1000 / 333.15))
    assert "Values were brought to the temperature of their source" in said.out
    assert "g.csv at 340 K: PTMC has 0.0017 mS/cm" in said.err
    assert "check unit, salt content, crystals" in said.err
    with out.open() as opened:
        rows = {row["name"]: row for row in csv.DictReader(opened)}
    assert rows["PEO"]["measured_as_stated_ms_per_cm"] == "0.45 ± 0.05"
    assert rows["PEO"]["measured_temperature_k"] == "340"
    assert "held 69 % of 51 measured polymers" in rows["PEO"]["trust"]
    assert not any(name.startswith("decades_from") for name in rows["PEO"])
    assert rows["PEO"]["conductivity_s_per_cm"] == f"{float(rows['PEO']['conductivity_s_per_cm']):.6g}"
    (measured,) = call("predict", "*OCC*", "--data", file, "--json").json[0]["measured"]
    assert measured["stated"][0]["value_s_per_cm"] == pytest.approx(4.5e-4)
    assert measured["stated"][0]["error_s_per_cm"] == pytest.approx(5e-5)
    assert measured["temperature_k"] == 340


def test_the_figure_shows_the_error_of_a_measured_value(call, tmp_path):
    from PIL import Image

    head = "monomer_smiles,quantity,value,unit,error,temperature,temperature_unit,salt,salt_content,salt_content_unit\n"
    coloured = {}
    for error in ("", "0.2"):
        (tmp_path / "m.csv").write_text(f"{head}*OCC*,conductivity,0.9,mS/cm,{error},80,C,LiTFSI,1.5,mol/kg\n")
        assert call("predict", "*CC*", "*OCC*", "--data", tmp_path / "m.csv", "--png", tmp_path / "m.png").code == 0
        picture = Image.open(tmp_path / "m.png").convert("RGB")
        coloured[error] = sum(n for n, colour in picture.getcolors(1 << 24) if colour == (213, 94, 0))
    assert 0 < coloured[""] < coloured["0.2"]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("*CCO*,1\n*CC*,0\n", "read as classes"),
        ("*CCO*,\n", "no row has a conductivity"),
        ("*CCO*,-1\n", "line 2: conductivity is '-1'"),
        ("*CCO*,500\n", "is the unit S/cm?"),
        ("CCO,0.1\n", "line 2"),
        ("", "no rows below the header"),
    ],
)
def test_bad_tables_are_refused_in_one_line(call, tmp_path, rows, words):
    (tmp_path / "t.csv").write_text("smiles,conductivity\n" + rows)
    said = call("predict", "*CCO*", "--data", tmp_path / "t.csv")
    assert said.code == 2
    assert words in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["CCO"], "no repeat unit to estimate"),
        (["*CCO*", "--reference", "CC"], "attachment points"),
        (["missing.csv"], "missing.csv"),
        (["*CCO*", "--column", "a"], "--column"),
        (["*CCO*", "--data", "missing.csv"], "missing.csv"),
        (["*CCO*", "--no-prior-mean"], "a table of values is needed"),
        (["*C[N+](C)(C)C*"], "charge"),
    ],
)
def test_bad_input_is_one_line(call, arguments, words):
    said = call("predict", *arguments)
    assert said.code != 0
    assert words in said.err
    assert "Traceback" not in said.err
    assert said.out == ""


LOADED = (
    "import sys; from autodisco.cli import run; run(['predict', '-h']); print({'sklearn', 'torch'} & {*sys.modules})"
)


def test_help_does_not_load_what_it_does_not_need():
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    assert done.stdout.rstrip().endswith("set()")


def test_a_campaign_says_what_it_believes(call, tmp_path, monkeypatch):
    unit, peo = parse("*COC*"), parse("*OCC*")
    monkeypatch.setenv("AUTODISCO_RUNS", str(tmp_path))
    with Store.create(tmp_path / "mine") as store:
        store.set(
            protocol="quick", force_field="pcff+", reference_key=peo.key, settings={"surrogate": {"kind": "none"}}
        )
        for each in (unit, peo):
            store.add_polymer(each.key, each.smiles, each.given, "seed")
            store.set_label(
                each.key, "conductivity_s_per_cm", 0.02, protocol="quick", force_field="pcff+", origin="seeds.csv"
            )
        assert "it has no posterior" in call("predict", "*COC*", "--campaign", "mine").err
        store.set(settings={"surrogate": {"kind": "posterior"}})
    said = call("predict", "*COC*", "--campaign", "mine", "--json")
    assert list(said.json[0]["contributions"]) == ["prior mean", "quick"]
    assert said.json[0]["conductivity_s_per_cm"] < 0.02
    shown = call("predict", "*COC*", "--campaign", "mine")
    assert "posterior at 353 K, reference protocol" in shown.out
    assert "chance above PEO" in shown.out
    assert "PEO *COC*: " in shown.err  # as the campaign has it from the seeds; the canonical form is *CCO*
    assert "leave out --data" in call("predict", "*COC*", "--campaign", "mine", "--no-prior-mean").err
