"""The table of measured conductivities that comes with the program: every row can be checked without its paper."""

import csv
import re
from collections import defaultdict
from pathlib import Path

import pytest

import autodisco.surrogate
from autodisco.decide.measurements import read_measurements
from autodisco.polymer import ORGANIC_ELEMENTS, parse

TABLE = Path(autodisco.surrogate.__file__).parent / "data" / "measured.csv"
Row = dict[str, str]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    with open(TABLE, encoding="utf-8") as handle:
        return list(csv.DictReader(line for line in handle if not line.startswith("#")))


def test_holds_thirty_polymers_and_no_polymer_in_two_spellings(rows: list[Row]) -> None:
    spellings: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        spellings[parse(row["monomer_smiles"], ORGANIC_ELEMENTS).key].add(row["monomer_smiles"])
    assert len(spellings) >= 30
    assert all(len(written) == 1 for written in spellings.values())


def test_conductivities_and_conditions_are_in_sane_ranges(rows: list[Row]) -> None:
    ranges = {"mol/kg": (0.2, 3.0), "wt%": (3.0, 50.0), "Li/O": (0.01, 0.15)}
    for row in rows:
        assert (row["quantity"], row["unit"], row["temperature_unit"]) == ("conductivity", "S/cm", "C"), row
        assert 1e-11 < float(row["value"]) < 1e-2, row
        assert 60 <= float(row["temperature"]) <= 110, row
        low, high = ranges[row["salt_content_unit"]]
        assert low <= float(row["salt_content"]) <= high, row
        assert row["salt"] in {"LiTFSI", "LiFSI", "LiCF3SO3", "LiClO4"}, row
        assert not row["molar_mass_g_per_mol"] or 1e3 < float(row["molar_mass_g_per_mol"]) < 1e6, row


def test_every_value_has_its_publication(rows: list[Row]) -> None:
    for row in rows:
        assert re.search(r"\b(19[89]|20[0-2])\d[,;]", row["reference"]), row
        assert "doi:10." in row["reference"] or row["reference"].count(",") >= 3, row


def test_states_nothing_twice_and_rises_with_temperature(rows: list[Row]) -> None:
    series: dict[tuple[str, ...], dict[float, float]] = defaultdict(dict)
    for row in rows:
        what = tuple(row[column] for column in ("monomer_smiles", "salt", "salt_content", "reference"))
        temperature = float(row["temperature"])
        assert temperature not in series[what], row
        series[what][temperature] = float(row["value"])
    for what, values in series.items():
        ordered = [values[temperature] for temperature in sorted(values)]
        assert ordered == sorted(ordered), what


def test_data_add_reads_it_and_finds_moderate_concentrations() -> None:
    read = read_measurements(TABLE)
    assert len({row.unit.key for row in read}) >= 30
    assert all(0.2 < row.molality_mol_per_kg < 3.0 for row in read if row.molality_mol_per_kg is not None)
    acetal = next(row for row in read if row.name == "P(EO-2MO)")
    assert acetal.molality_mol_per_kg == pytest.approx(0.05 * 3 / 0.10410, rel=1e-3)


def test_poly_ethylene_oxide_conducts_one_millisiemens_at_353_kelvin(rows: list[Row]) -> None:
    (value,) = [float(row["value"]) for row in rows if (row["monomer_smiles"], row["temperature"]) == ("*OCC*", "80")]
    assert value == pytest.approx(1e-3, rel=0.3)
