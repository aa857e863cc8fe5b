"""The table of common names."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from autodisco.names import common_names, key_called, name_of, short_name
from autodisco.polymer import ORGANIC_ELEMENTS, parse

ROOT = Path(__file__).parents[1]
ROWS = list(common_names().values())


def test_every_name_stands_for_a_repeat_unit_that_can_be_read_and_for_no_other():
    for row in ROWS:
        assert parse(row.monomer_smiles, ORGANIC_ELEMENTS).key == row.key, row.name
    assert len(ROWS) >= 100
    for column in ("name", "abbreviation"):
        several = Counter(text.lower() for row in ROWS if (text := getattr(row, column)))
        assert max(several.values()) == 1, several.most_common(2)
    lines = [line for line in (ROOT / "autodisco" / "names.csv").read_text().splitlines() if not line.startswith("#")]
    assert len(lines) == len(ROWS) + 1  # no key stands there twice


def test_a_shipped_seed_has_the_common_name_of_its_polymer():
    with (ROOT / "campaigns" / "seeds" / "known_polymers.csv").open() as file:
        seeds = {parse(row["monomer_smiles"]).key: row["name"] for row in csv.DictReader(file)}
    both = {key: name for key, name in seeds.items() if key in common_names()}
    assert len(both) > 35
    assert both == {key: common_names()[key].name for key in both}


@pytest.mark.parametrize(
    ("text", "smiles"),
    [
        ("PEO", "*COC*"),
        ("Poly(Methyl Methacrylate)", "*CC(C)(C(=O)OC)*"),
        ("pvdf", "*C(F)(F)C*"),
        ("PTMC", "*OCCCOC(=O)*"),
    ],
)
def test_a_polymer_is_found_by_its_name_or_abbreviation(text, smiles):
    assert key_called(text) == parse(smiles).key


def test_the_name_of_a_file_comes_before_the_common_one():
    key = parse("*OCC*").key
    assert name_of(key) == "poly(ethylene oxide)"
    assert name_of(key, "batch 7") == short_name(key, "batch 7") == "batch 7"
    assert short_name(key) == short_name(key, "reference") == short_name("", "poly(ethylene oxide)") == "PEO"
    assert name_of("0" * 16) == name_of("0" * 16, "") == ""
    assert key_called("nonsense") is None
