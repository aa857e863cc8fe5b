"""label: a seed file gets values, and nothing else in it changes."""

import csv
import re

import pytest

from autodisco.cli import run
from autodisco.cli.label_table import fill_labels
from autodisco.simulation import batch

TEXT = (
    "name,monomer_smiles,conductivity_s_per_cm,n_replicas,reference\n"
    'poly(ethylene oxide),*OCC*,,2,"Fenton, Polymer 1973"\n'
)


def test_a_seed_file_gets_as_many_builds_as_it_asks_for_and_a_second_run_repeats_nothing(tmp_path, capsys):
    file, out = tmp_path / "seeds.csv", tmp_path / "simulations"
    file.write_text(TEXT)
    command = ["label", str(file), "--protocol", "smoke", "--replicas", "1", "--out", str(out)]
    assert run(command) == 0
    (row,) = csv.DictReader(file.read_text().splitlines())
    assert (row["name"], row["reference"]) == ("poly(ethylene oxide)", "Fenton, Polymer 1973")
    assert (row["protocol"], row["force_field"], row["n_replicas"]) == ("smoke", "pcff+", "2")
    assert float(row["conductivity_s_per_cm"]) >= 0
    written = {path: path.stat().st_mtime_ns for path in out.rglob("outcome.json")}
    assert len(written) == 2
    assert run(command) == 0
    assert {path: path.stat().st_mtime_ns for path in written} == written
    assert "0 builds failed" in capsys.readouterr().err


def test_a_row_that_is_no_polymer_is_named_and_the_file_stays_as_it_is(tmp_path, capsys):
    file = tmp_path / "seeds.csv"
    file.write_text(TEXT + "half,*CC,,,\n")
    assert run(["label", str(file), "--protocol", "smoke"]) == 2
    error = capsys.readouterr().err
    assert "line 3" in error
    assert file.read_text() == TEXT + "half,*CC,,,\n"


def test_a_number_of_replicas_that_is_none_is_named(tmp_path, capsys):
    file = tmp_path / "seeds.csv"
    file.write_text(TEXT.replace(",2,", ",two,"))
    assert run(["label", str(file), "--protocol", "smoke"]) == 2
    assert "line 2: n_replicas = 'two'" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"name,monomer_smiles\n\xff,*OCC*\n", b'name,monomer_smiles\nx,"*OCC*\n'])
def test_a_file_that_cannot_be_read_is_one_line_not_a_traceback(tmp_path, capsys, content):
    file = tmp_path / "seeds.csv"
    file.write_bytes(content)
    assert run(["label", str(file), "--protocol", "smoke"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert str(file) in error
    assert file.read_bytes() == content


PERSONAL = (
    "\ufeffname,monomer_smiles,conductivity_s_per_cm,conductivity_s_per_cm_sem,protocol,force_field,program_version,"
    'n_replicas,"reference"\r\n'
    '"PEO",*OCC*,,,,,,1,"Fenton, Polymer 1973"\r\n'
    "\r\n"
    '"say ""hello""",\'*CC*\',,,,,,,"two\nlines"\r\n'
).replace("'", "")


def test_only_the_label_columns_change_to_the_byte_and_edits_made_meanwhile_stay(tmp_path, monkeypatch, capsys):
    """A person adds a row and a reference while it simulates."""
    file = tmp_path / "seeds.csv"
    file.write_bytes(PERSONAL.encode())
    meanwhile = PERSONAL.replace("Fenton, Polymer 1973", "Fenton et al., Polymer 1973") + "new,*CCCCO*,,,,,,,\r\n"
    real = batch.simulate_batch

    def simulate(*arguments, **more):
        found = real(*arguments, **more)
        file.write_bytes(meanwhile.encode())
        return found

    monkeypatch.setattr(batch, "simulate_batch", simulate)
    words = ["--protocol", "smoke", "--replicas", "1", "--out", str(tmp_path / "out"), "--engine", "lammps"]
    assert run(["label", str(file), *words, "--threads", "1"]) == 0
    text = file.read_bytes().decode()
    labels = re.findall(r",[^,]*,,smoke,pcff\+,[^,]*,1,", text)
    assert len(labels) == 2
    for label in labels:
        text = text.replace(label, ",,,,,,1,", 1)
    assert text.replace("*CC*,,,,,,1,", "*CC*,,,,,,,") == meanwhile
    assert "1 polymer added to the file during the run" in capsys.readouterr().err


def test_label_columns_that_are_missing_come_last_in_every_row(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text('monomer_smiles,note\n*CC*,"a, b"\n*OCC*,c\n')
    fill_labels(file, ("value", "note"), {3: ("1.5", "d")})
    assert file.read_text() == 'monomer_smiles,note,value\n*CC*,"a, b",\n*OCC*,d,1.5\n'
