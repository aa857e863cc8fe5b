"""Tables of measured values: units, salt contents, temperatures, and what they do to the posterior."""

import re
from pathlib import Path

import numpy as np
import pytest

from autodisco.decide.conditions import Conditions
from autodisco.decide.experiments import measured_sources
from autodisco.decide.measurements import read_measurements
from autodisco.decide.objective import CONDUCTIVITY, of_quantity
from autodisco.errors import InputError
from autodisco.polymer import read_material
from autodisco.store import Experiment, Store
from autodisco.surrogate.sources import OF_KIND

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "measured.csv"
HEADER = "monomer_smiles,quantity,value,unit,temperature,temperature_unit,salt,salt_content,salt_content_unit\n"
SIGMA = "conductivity_s_per_cm"
TARGET = Conditions(353.0, "LiTFSI", 1.5)


def table(folder, *rows):
    file = folder / "values.csv"
    file.write_text(HEADER + "\n".join(rows) + "\n")
    return file


def read_one(folder, row):
    return read_measurements(table(folder, row))[0]


def test_the_example_is_read_in_the_units_of_the_program():
    rows = read_measurements(EXAMPLE)
    assert [row.line for row in rows] == list(range(3, 10))
    assert rows[0].value == pytest.approx(1e-3)
    assert rows[0].error == pytest.approx(np.log(10) * 0.1 * 1e-3)
    assert rows[0].temperature_k == pytest.approx(353.15)
    assert rows[0].molality_mol_per_kg == pytest.approx(1000 / (20 * 44.05), rel=1e-3)
    assert (rows[2].quantity, rows[2].value, rows[2].error) == ("transference_number", 0.18, pytest.approx(0.02))
    assert (rows[3].value, rows[3].error) == (pytest.approx(233.15), 2)
    assert rows[5].value == pytest.approx(1.3e-6)
    assert rows[5].molality_mol_per_kg == pytest.approx(1000 / (8 * 102.09), rel=1e-3)
    assert (rows[6].salt, rows[6].molality_mol_per_kg, rows[6].temperature_k) == ("", None, None)


def test_headings_of_lists_and_german_spellings_of_percent_are_read(tmp_path):
    english = read_one(tmp_path, "*OCC*,conductivity,1e-3,S/cm,80,C,LiTFSI,30,wt%")
    header = HEADER.replace("monomer_smiles", "Polymer;Wiederholeinheit").replace(",", ";")
    for unit in ("Gew.-%", "wt.%"):
        (tmp_path / "d.csv").write_text(f"{header}PEO;*OCC*;conductivity;0,001;S/cm;80;°C;LiTFSI;30;{unit}\n")
        (german,) = read_measurements(tmp_path / "d.csv")
        assert (german.name, german.unit, german.value) == ("PEO", english.unit, english.value)
        assert german.molality_mol_per_kg == english.molality_mol_per_kg
    (tmp_path / "d.csv").write_text(f"smiles,{HEADER}")
    with pytest.raises(InputError, match="two columns hold monomer_smiles; allowed is one"):
        read_measurements(tmp_path / "d.csv")


@pytest.mark.parametrize(
    ("stated", "unit", "value"),
    [
        ("2", "mS/cm", 2e-3),
        ("0.2", "S/m", 2e-3),
        ("200", "mS/m", 2e-3),
        ("2000", "µS/cm", 2e-3),
        ("-1", "log10(S/m)", 1e-3),
    ],
)
def test_conductivities_are_converted(tmp_path, stated, unit, value):
    assert read_one(tmp_path, f"*OCC*,conductivity,{stated},{unit},80,°C,LiTFSI,1,mol/kg").value == pytest.approx(value)


@pytest.mark.parametrize(
    ("unit", "content", "content_unit", "molality"),
    [
        ("*OCC*", "0.05", "Li/O", 1.135),
        ("*OCCOCC*", "20", "O/Li", 1.135),
        ("*OCCOCC*", "10", "units/Li", 1.135),
        ("*OCC*", "0.05", "Li/units", 1.135),
        ("*OCC*", "24.576", "wt%", 1.135),
        ("*[Si](C)(C)O*", "10", "O/Li", 1.348),
    ],
)
def test_salt_contents_are_converted_to_molality(tmp_path, unit, content, content_unit, molality):
    row = read_one(tmp_path, f"{unit},conductivity,1e-4,S/cm,353,K,LiTFSI,{content},{content_unit}")
    assert row.molality_mol_per_kg == pytest.approx(molality, rel=2e-3)


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("*OCC,conductivity,1,S/cm,80,C,LiTFSI,1,mol/kg", "line 2: monomer_smiles: "),
        ("*OCC*,sigma,1,S/cm,80,C,LiTFSI,1,mol/kg", "line 2: quantity = 'sigma': allowed is conductivity, transf"),
        ("*OCC*,conductivity,1,S,80,C,LiTFSI,1,mol/kg", "line 2: unit = 'S': allowed is S/cm or mS/cm"),
        ("*OCC*,conductivity,-5,S/cm,80,C,LiTFSI,1,mol/kg", "line 2: value = '-5 S/cm': allowed is from 0 to 100"),
        ("*OCC*,conductivity,x,S/cm,80,C,LiTFSI,1,mol/kg", "line 2: value = 'x': allowed is a number"),
        ("*OCC*,conductivity,1e-4,S/cm,80,F,LiTFSI,1,mol/kg", "line 2: temperature_unit = 'F': allowed is K or C"),
        ("*OCC*,conductivity,1e-4,S/cm,,,LiTFSI,1,mol/kg", "line 2: temperature = '': allowed is a number"),
        ("*OCC*,conductivity,1e-4,S/cm,80,C,,,", "line 2: salt = '': only a glass transition"),
        ("*OCC*,conductivity,1e-4,S/cm,80,C,LiTFSI,1,M", "line 2: salt_content_unit = 'M': allowed is mol/kg, O/Li"),
        ("*OCC*,conductivity,1e-4,S/cm,80,C,LiTFSI,,mol/kg", "line 2: salt_content = '': allowed is a number above 0"),
        ("*OCC*,conductivity,1e-4,S/cm,80,C,LiTFSI,1e4,mol/kg", "which is 1e+04 mol/kg': allowed is from 0.01 to 30"),
        ("*CC*,conductivity,1e-4,S/cm,80,C,LiTFSI,20,O/Li", "salt_content_unit = 'O/Li': needs a polymer with oxygen"),
        ("*OCC*,glass_transition,-60,C,20,C,,,", "line 2: temperature = '20.0': a glass transition has none"),
    ],
)
def test_a_row_that_cannot_be_used_refuses_the_file_in_one_line(tmp_path, row, complaint):
    good = "*OCC*,conductivity,1e-3,S/cm,80,C,LiTFSI,1,mol/kg"
    file = table(tmp_path, row, good)
    with pytest.raises(InputError) as error:
        read_measurements(file)
    assert complaint in str(error.value)
    assert str(error.value).startswith(str(file))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        "*OCC*.*OCOC*|alternating",
        "*OCC*.*OCC(C)*|random|0.3",
        "*OCC*.*OCC(C)*|blend|0.3",
        "*OCC*.O=C1OCCO1|plasticised|0.2",
        "*CC*.*OC|side-chain|1",
        "COCCOC|molecule",
    ],
)
def test_every_formulation_is_read(tmp_path, text):
    found = read_one(tmp_path, f"{text},conductivity,1e-4,S/cm,353,K,LiTFSI,25,wt%")
    assert found.unit == read_material(text)
    assert found.molality_mol_per_kg == pytest.approx(1000 / 3 / 287.09, rel=1e-4)


@pytest.mark.parametrize(
    ("text", "content", "complaint"),
    [
        ("*OCC*.*OCC(C)*|blend|0.3", "20,O/Li", "allowed for a material of several parts is mol/kg, or wt%"),
        ("*OCC*.*OCC(C)*|mixed|0.3", "1,mol/kg", "'mixed' is no architecture"),
        ("COCCOC", "1,mol/kg", "has 0 attachment points"),
    ],
)
def test_a_formulation_that_cannot_be_used_is_named(tmp_path, text, content, complaint):
    with pytest.raises(InputError, match=re.escape(complaint)):
        read_one(tmp_path, f"{text},conductivity,1e-4,S/cm,353,K,LiTFSI,{content}")


def test_the_same_value_twice_and_unknown_columns_are_refused(tmp_path):
    row = "*OCC*,conductivity,1e-3,S/cm,80,C,LiTFSI,1,mol/kg"
    with pytest.raises(InputError, match="line 3: the same value as in line 2"):
        read_measurements(table(tmp_path, row, row))
    (tmp_path / "a.csv").write_text("monomer_smiles,quantity,value,sigma\n*OCC*,conductivity,1,1\n")
    with pytest.raises(InputError, match="unknown column 'sigma'; known are monomer_smiles, name"):
        read_measurements(tmp_path / "a.csv")


def row(smiles, kelvin, value, salt="LiTFSI", molality=1.5, source="experiment", **more):
    given = {"origin": "a.csv", "line": 1, "key": smiles, "quantity": SIGMA, "sem": None, "reference": "", "note": ""}
    return Experiment(
        **given | {"smiles": smiles, "source": source, "value": value, "temperature_k": kelvin, "salt": salt,
                   "molality_mol_per_kg": molality, "added": 0.0} | more
    )  # fmt: skip


@pytest.fixture
def sources(tmp_path):
    """Sources of some rows by name, with the places of their labels by polymer."""

    def of(*rows, objective=CONDUCTIVITY, target=TARGET):
        numbered = [Experiment(**vars(one) | {"line": n}) for n, one in enumerate(rows)]
        with Store.create(tmp_path / "c") as store:
            store.set_experiments("a.csv", numbered)
            found = measured_sources(store, objective, target, OF_KIND["experiment"])
        return {source.name: (source, {label.smiles: label for label in labels}) for source, labels in found}

    return of


def place(value):
    return CONDUCTIVITY.scale.place(value)


def test_a_series_is_interpolated_over_the_inverse_temperature(sources):
    found = sources(row("*CCO*", 333.0, 1e-4), row("*CCO*", 373.0, 1e-3))
    assert list(found) == ["experiment"]
    share = (1 / 333 - 1 / 353) / (1 / 333 - 1 / 373)
    expected = place(10 ** ((1 - share) * -4 + share * -3))
    assert found["experiment"][1]["*CCO*"].value == pytest.approx(expected)


def test_a_value_below_the_floor_of_the_scale_is_moved_with_the_whole_slope(sources):
    (label,) = sources(row("*CCO*", 340.0, 1e-8))["experiment"][1].values()
    assert label.value == pytest.approx(place(10 ** (-8 - 2.3 * (1000 / 353 - 1000 / 340))))


def test_values_at_one_temperature_are_averaged(sources):
    (label,) = sources(row("*CCO*", 353.0, 1e-3), row("*CCO*", 353.0, 1e-5))["experiment"][1].values()
    assert label.value == pytest.approx(place(1e-4))


def test_values_at_other_temperatures_and_with_other_salts_are_sources_of_their_own(sources):
    found = sources(
        row("*CCO*", 353.15, 1e-3), row("*CCCO*", 298.0, 1e-5), row("*CCO*", 298.0, 1e-5, note="another sample"),
        row("*CCO*", 353.0, 1e-4, salt="LiClO4"),
    )  # fmt: skip
    assert sorted(found) == ["experiment", "experiment at 300 K", "experiment with LiClO4"]
    cold = found["experiment at 300 K"][0].priors.offset
    assert cold.mean == pytest.approx(-2.3 * (1000 / 300 - 1000 / 353))
    assert cold.sd > OF_KIND["experiment"].offset.sd
    assert set(found["experiment"][1]) == {"*CCO*"}


def test_the_salt_content_nearest_to_that_of_the_target_counts_and_repetitions_are_averaged(sources):
    found = sources(
        row("*CCO*", 353.0, 1e-3, molality=1.4), row("*CCO*", 353.0, 3e-3, molality=1.5, reference="other"),
        row("*CCO*", 353.0, 1.0, molality=5.0), row("*CCO*", 353.0, 7e-3, source="lab"),
    )  # fmt: skip
    label = found["experiment"][1]["*CCO*"]
    assert (label.builds, label.value) == (2, pytest.approx((place(1e-3) + place(3e-3)) / 2))
    assert found["lab"][1]["*CCO*"].value == pytest.approx(place(7e-3))


def test_a_glass_transition_needs_neither_temperature_nor_salt(sources):
    tg = of_quantity("glass", "glass_transition_k")
    rows = [row("*CCO*", None, 213.0, salt="", molality=None, quantity="glass_transition_k", sem=2.0)]
    found = sources(*rows, objective=tg)
    label = found["experiment with no salt"][1]["*CCO*"]
    assert (label.value, label.sem) == (213.0, 2.0)
