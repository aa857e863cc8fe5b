"""Polymers for which estimates are known to be off, against the table of docs/experiment.md and measured values."""

import re
from importlib.resources import files
from pathlib import Path
from statistics import mean

import pytest

import autodisco
from autodisco.decide.measurements import read_measurements
from autodisco.polymer import ORGANIC_ELEMENTS, read_material
from autodisco.polymer.caveats import (
    BEST_DRY_S_PER_CM,
    HELD,
    KNOWN_ELEMENTS,
    KNOWN_ERRORS,
    MEASURED,
    PLAUSIBLE_S_PER_CM,
    caveats,
    elements_of,
    weak_bonds,
    what_it_is,
)
from autodisco.tables import open_table

PAGE = Path(__file__).parents[2] / "docs" / "experiment.md"
TABLE = Path(str(files("autodisco.surrogate") / "data" / "measured.csv"))


def names(smiles):
    return [caveat.name for caveat in caveats(read_material(smiles, ORGANIC_ELEMENTS))]


@pytest.mark.parametrize(
    ("smiles", "expected"),
    [
        ("*CO*", ["acetal"]),  # only between two repeat units
        ("*OCCOC*", ["acetal"]),
        ("*CCN*", ["amine"]),
        ("*CCN(C)*", ["amine"]),
        ("*OC(=O)OCC*", ["carbonate"]),
        ("*OC(=O)OCCC*", ["carbonate"]),
        ("*O[Si](C)(C)*", ["Si"]),
        ("*CC(Br)*", ["Br"]),
        ("*OCC*", []),
        ("*CC(C(=O)N)*", []),  # an amide is no amine
        ("*OC(=O)CCCCC*", []),  # an ester is no carbonate
        ("*C(C#N)C*", []),
        ("*N=P(OCCOCCOC)(OCCOCCOC)*", []),
        ("*OCC*.*OC(=O)OCC*|blend|0.3", ["carbonate"]),
    ],
)
def test_polymers_that_are_known_to_be_off_are_marked(smiles, expected):
    assert names(smiles) == expected


def test_errors_of_classes_are_those_of_the_measured_polymers():
    off = {
        cells[1].strip(): float(cells[6].strip().replace("−", "-"))
        for line in PAGE.read_text().splitlines()
        if len(cells := line.split("|")) == 8 and re.fullmatch(r" [+−-]\d\.\d\d ", cells[6])
    }
    assert len(off) > 55
    units = {row.name: row.unit.smiles for row in read_measurements(TABLE)}
    for _, caveat in KNOWN_ERRORS:
        own = [decades for name, decades in off.items() if caveat.name in names(units[name])]
        assert len(own) == caveat.polymers
        assert mean(own) == pytest.approx(caveat.decades, abs=0.01)


def test_the_share_of_intervals_is_that_of_the_page():
    row = next(line for line in PAGE.read_text().splitlines() if line.startswith("| LiTFSI | "))
    cells = [cell.strip() for cell in row.split("|")]
    assert (int(cells[2]), float(cells[-2])) == (MEASURED, HELD)
    assert "held 69 % of 51 measured polymers" in what_it_is()[1]


def test_the_limit_for_measured_values_is_above_every_dry_polymer_of_the_table():
    rows = [row for row in read_measurements(TABLE) if row.quantity == "conductivity_s_per_cm"]
    assert max(row.value for row in rows if row.temperature_k <= 354) == pytest.approx(BEST_DRY_S_PER_CM)
    assert max(row.value for row in rows) < PLAUSIBLE_S_PER_CM / 3


def test_elements_of_the_prior_mean_are_those_of_its_table(reference):
    table = open_table(reference / "polygen" / "PolyGen-train-set-from-HTP-MD.csv")
    place = table.column(["mol_smiles"])
    assert place is not None
    found = {
        symbol
        for row in table.rows
        for symbol in re.findall(r"Cl|Br|Si|Cu|Au|[BCNOPSFI]", row.cells[place].replace("[Cu]", "").replace("[Au]", ""))
    }
    assert found | {"H"} == KNOWN_ELEMENTS


def test_elements_are_found_in_all_parts():
    assert elements_of(read_material("*OCC*.*O[Si](C)(C)*|blend|0.3", ORGANIC_ELEMENTS)) >= {"O", "C", "Si"}


def test_a_weak_bond_that_check_flags_is_a_remark_of_the_estimate():
    found = weak_bonds(read_material("*SCCOCCOCCS*", ORGANIC_ELEMENTS))
    flags = autodisco.check("*SCCOCCOCCS*").flags
    assert [one.name for one in found] == [flag["name"] for flag in flags] != []
    assert "lithium" in found[0].reason
    assert not weak_bonds(read_material("*CCO*", ORGANIC_ELEMENTS))
