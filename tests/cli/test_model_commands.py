"""Commands about generators, data sets and the machine."""

import csv

import pytest

from autodisco.cli.data import merged
from autodisco.generator import DatasetRow
from autodisco.polymer import parse


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
    assert new == [text for text in everything[1:] if parse(text) != parse("*OCC*")]
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
    assert merged(rows) == [("*CCO*", ""), ("*CC*", "1")]


def test_doctor_looks_at_packages_engine_and_machine(call, here):
    said = call("doctor", "--json")
    assert said.code == 0, said.out
    found = {row["what"]: row for row in said.json}
    assert {"numba", "rdkit", "torch", "LAMMPS runs", "force field", "memory", "free disk space"} <= found.keys()
    assert "2025" in found["LAMMPS runs"]["found"]
