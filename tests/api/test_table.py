"""Tables of the calls of Python."""

import pandas
import pytest

from autodisco.analysis.quantities import quantities
from autodisco.api.table import MOST_SHOWN, Table
from autodisco.errors import InputError

ROWS = [{"monomer_smiles": "*OCC*", "temperature_k": 353.0}, {"monomer_smiles": "*CC*", "p_better": 0.1}]


def test_pandas_takes_a_table_as_it_is():
    table = Table(ROWS)
    for frame in (pandas.DataFrame(table), table.to_pandas()):
        assert list(frame.columns) == list(table.columns) == ["monomer_smiles", "temperature_k", "p_better"]
        assert frame["temperature_k"].mean() == 353.0
        assert frame["p_better"].isna().tolist() == [True, False]
    assert table.to_pandas().attrs["units"] == {"monomer_smiles": "", "temperature_k": "K", "p_better": ""}


def test_an_empty_table_has_its_columns():
    assert list(Table([], ["key", "value"]).to_pandas().columns) == ["key", "value"]


def test_entries_of_nested_records_are_columns():
    table = Table([{"smiles": "*OCC*", "scores": {"sa_score": 2.5}, "flags": []}, {"smiles": "*OCC", "scores": None}])
    assert table.columns == ("smiles", "scores.sa_score", "flags", "scores")
    assert table.column("scores.sa_score") == [2.5, None]
    with pytest.raises(InputError, match="no column 'sa_score'; there are: smiles, scores"):
        table.column("sa_score")


def test_every_quantity_has_the_unit_of_the_table_of_quantities():
    units = {entry.name: entry.unit for entry in quantities()}
    assert Table([], list(units)).units == units


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("conductivity_s_per_cm_sem", "S/cm"), ("expected_low_s_per_cm", "S/cm"),
        ("quick_conductivity_s_per_cm", "S/cm"),
        ("scores.molar_mass_g_per_mol", "g/mol"), ("oxidation_v_error", "V"), ("surroundings.none.reduction_v", "V"),
        ("activation_energy_ev_sem", "eV"), ("molality_in_box_mol_per_kg", "mol/kg"), ("wall_s", "s"),
        ("started", "unix s"), ("monomer_smiles", ""), ("n_replicas", ""), ("moved_by_mean", ""), ("rank", ""),
    ],
)  # fmt: skip
def test_the_name_of_a_column_tells_its_unit(name, unit):
    assert Table([{name: 1.0}]).units[name] == unit


def test_numbers_of_properties_are_rows_and_bounds_stand_beside_values_that_are_unknown():
    properties = {
        "temperature_k": 353.0, "density_g_per_cm3": 1.1, "density_g_per_cm3_sem": 0.01, "transference_number": 0.3,
        "transference_number_n": 2, "ion_pair_lifetime_ps": None, "ion_pair_lifetime_ps_at_least": 12.0, "engine": "x",
    }  # fmt: skip
    rows = {row.pop("name"): row for row in Table.of_properties(properties)}
    assert list(rows) == ["temperature_k", "density_g_per_cm3", "transference_number", "ion_pair_lifetime_ps"]
    density = {"quantity": "density", "value": 1.1, "standard_error": 0.01, "unit": "g/cm³"}
    assert rows["density_g_per_cm3"] == density
    assert (rows["ion_pair_lifetime_ps"]["value"], rows["ion_pair_lifetime_ps"]["at_least"]) == (None, 12.0)


def test_a_unit_that_is_stated_counts():
    assert Table(ROWS, units={"p_better": "%"}).units["p_better"] == "%"


def test_a_notebook_shows_escaped_cells_and_how_many_rows_are_left_out():
    shown = Table([{"name": "<b>"}] * (MOST_SHOWN + 2))._repr_html_()
    assert shown.count("<tr><td>&lt;b&gt;</td></tr>") == MOST_SHOWN
    assert "2 more rows" in shown
    assert repr(Table(ROWS)) == "<Table of 2 rows: monomer_smiles, temperature_k, p_better>"
    assert "<td>353</td>" in Table(ROWS)._repr_html_()
