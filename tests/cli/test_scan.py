"""A polymer at several conditions on the command line."""

import csv

import pytest

from autodisco.analysis.conditions import Condition
from autodisco.cli.scan import print_values
from autodisco.cli.series import series
from autodisco.errors import InputError
from autodisco.files import read_json, write_json

LIMITS = (0.01, 1000.0)


def test_numbers_are_a_list_or_a_range():
    assert series("--molality", None, LIMITS) == []
    assert series("--molality", "2,0.5, 1,2", LIMITS) == [0.5, 1, 2]
    assert series("--temperature", "333:373:20", LIMITS) == [333, 353, 373]
    assert series("--molality", "0.1:0.5:0.1", LIMITS) == [0.1, 0.2, 0.3, 0.4, 0.5]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        *[(text, "allowed are numbers with commas, or FROM:TO:STEP") for text in ("", "1,x", "1:2", "3:1:1", "1:2:0")],
        ("1:900:1", "with at most 100 steps"),
        ("0,1", "0 is outside 0.01 to 1000"),
        ("1,nan", "nan is outside"),
    ],
)
def test_other_texts_are_refused_in_one_line(text, said):
    with pytest.raises(InputError, match=f"^--molality {text}: .*{said}"):
        series("--molality", text, LIMITS)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("CCC", "--molality", "1"), "'CCC' has 0 attachment points"),
        (("*OCC*", "--molality", "1", "--salt", "LiFOO"), "--salt: salt 'LiFOO' does not exist"),
        (("*OCC*", "--molality", "1", "--protocol", "nope"), "protocol 'nope' does not exist"),
        (("neat.toml", "--molality", "1"), "holds no salt"),
        (("neat.toml", "--temperature", "400,500"), "holds no salt"),
    ],
)
def test_bad_input_is_one_line(call, here, words, said):
    (here / "neat.toml").write_text('salts = []\n[[polymers]]\nsmiles = "*OCC*"\n')
    found = call("scan", *words)
    assert found.code == 2
    assert said in found.err
    assert found.err.count("\n") == 1
    assert list(here.rglob("task.json")) == []


def test_a_scan_leaves_table_fits_and_plot_and_repeats_nothing(call, here):
    words = ("scan", "*OCC*", "--molality", "1,3", "--temperature", "450", "--protocol", "smoke")
    said = call(*words, "--replicas", "1", "--engine", "lammps", "--json")
    assert "*OCC*: 2 conditions, 2 builds with protocol smoke" in said.err
    seen = said.json
    assert [(row["temperature_k"], row["molality_mol_per_kg"]) for row in seen["values"]] == [
        (450, 1), (450, 3),
    ]  # fmt: skip
    assert [row["n_replicas"] for row in seen["values"]] == [1] * 2
    assert seen["fits_over_molality"][0]["reason"].endswith("a fit needs at least 4")
    folder = here / "simulations" / seen["key"] / "scan-smoke" / "seed-1"
    assert read_json(folder / "scan.json") == seen
    assert (folder / "scan.png").read_bytes().startswith(b"\x89PNG")
    with open(folder / "scan.csv") as table:
        assert [row["temperature_k"] for row in csv.DictReader(table)] == ["450.0", "450.0"]
    when = {file: file.stat().st_mtime_ns for file in here.rglob("outcome.json")}
    assert len(when) == 2

    # one of the conditions again: nothing runs, and the table keeps the other one
    one = ("--molality", "1", "--temperature", "450", "--protocol", "smoke", "--replicas", "1", "--engine", "lammps")
    again = call("scan", "*OCC*", *one)
    assert {file: file.stat().st_mtime_ns for file in here.rglob("outcome.json")} == when
    assert "1 condition of earlier scans" in again.err
    assert "mol/kg" in again.out
    assert read_json(folder / "scan.json") == seen

    # another seed has results of its own
    call("scan", "*OCC*", *one, "--seed", "2")
    assert read_json(folder / "scan.json") == seen
    other = read_json(folder.with_name("seed-2") / "scan.json")
    assert (other["seed"], len(other["values"])) == (2, 1)
    assert other["values"][0]["conductivity_s_per_cm"] != seen["values"][0]["conductivity_s_per_cm"]

    # simulate finds the same builds
    when = {file: file.stat().st_mtime_ns for file in here.rglob("outcome.json")}
    call("simulate", "*OCC*", *one)
    assert {file: file.stat().st_mtime_ns for file in here.rglob("outcome.json")} == when

    # results of another version are not replaced
    write_json(folder / "scan.json", {**seen, "recipe": seen["recipe"] - 1})
    refused = call("scan", "*OCC*", *one)
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert f"recipe {seen['recipe'] - 1}, now {seen['recipe']}" in refused.err


def test_a_condition_without_moving_ions_is_no_zero_in_the_table(capsys):
    rows = [Condition(m, 333.0, 4, sigmas, m).to_dict() for m, sigmas in ((1.0, (0.0,)), (2.0, (2e-3,)))]
    print_values(rows, "*OCC*")
    lines = [line for line in capsys.readouterr().out.splitlines() if "333" in line]
    assert "not resolved" in lines[0]
    assert "2.0" in lines[1]
