"""Checks and predictions from Python."""

import pytest

import autodisco
from autodisco.errors import InputError, InvalidRepeatUnit


def test_a_check_is_what_the_command_prints(call):
    said = call("check", "*OCCOCCN*", "*OCC", "--json").json
    assert said == [autodisco.check(text).to_dict() for text in ("*OCCOCCN*", "*OCC")]


def test_known_polymers_are_found_under_any_spelling(tmp_path):
    (tmp_path / "known.csv").write_text("name,smiles\nPE,*CC*\nPEO,*COC*\nbad,C(\nagain,*OCC*\n")
    refused = []
    known = autodisco.known_polymers(tmp_path / "known.csv", on_invalid=refused.append)
    assert known[autodisco.check("*OCC*").key] == {"line": 3, "smiles": "*COC*", "name": "PEO"}
    assert (len(known), refused) == (2, [1])
    assert autodisco.known_polymers(tmp_path / "known.csv", keys=["0"]) == {}


def test_a_prediction_is_what_the_command_prints(call):
    found = autodisco.predict(["*OCC*", "*CC*"])
    assert [one.to_dict() for one in found.estimates] == call("predict", "*OCC*", "*CC*", "--json").json
    assert found.reference.smiles == "*OCC*"
    table = found.table
    assert table.columns[:3] == ("name", "monomer_smiles", "conductivity_s_per_cm")
    assert table.columns[3:6] == ("low_s_per_cm", "high_s_per_cm", "p_better")
    assert table.column("name") == ["PEO", "PE"]
    assert table.column("p_better")[1] == found.estimates[1].p_better < 0.5


def test_values_of_a_table_are_learned_from(tmp_path):
    (tmp_path / "mine.csv").write_text("smiles,conductivity\n*OCC*,1e-3\n*CC*,1e-6\n*OCCCC*,4e-4\n")
    found = autodisco.predict("*OCC*", [tmp_path / "mine.csv"])
    (values,) = found.tables.values()
    assert len(values) == 3
    assert any("mine.csv" in name for name in found.table.columns)


@pytest.mark.parametrize(
    ("smiles", "options", "error", "said"),
    [
        (["*OCC*", "*OCC"], {}, InvalidRepeatUnit, "attachment point"),
        ([], {}, InputError, "no repeat unit to estimate"),
        ("*OCC*", {"prior_mean": False}, InputError, "a table of values is needed"),
        ("*OCC*", {"campaign": "x", "prior_mean": False}, InputError, "says itself what it learns from"),
    ],
)
def test_what_cannot_be_estimated_is_named(smiles, options, error, said):
    with pytest.raises(error, match=said):
        autodisco.predict(smiles, **options)
