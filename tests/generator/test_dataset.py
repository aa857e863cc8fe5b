import numpy as np
import pytest

from autodisco.errors import InputError
from autodisco.generator import DatasetRow, classify, label_rows, put_aside, read_dataset


def write(tmp_path, text):
    path = tmp_path / "set.csv"
    path.write_text(text)
    return path


def test_metal_ends_become_attachment_points(tmp_path):
    path = write(tmp_path, ",sample_id,mol_smiles,conductivity\n0,9425,C(CO[Cu])[Au],7.5e-05\n")
    assert read_dataset(path) == [DatasetRow("*CCO*", 7.5e-05)] or read_dataset(path) == [DatasetRow("*OCC*", 7.5e-05)]


def test_a_tab_separated_file_with_classes_is_read(tmp_path):
    rows = read_dataset(write(tmp_path, "mol_smiles\tconductivity\n[Cu]CC[Au]\t0\n[Cu]COCO[Au]\t1\n*CCN*\t\n"))
    assert [row.label for row in rows] == ["low", "high", None]
    assert all(row.value is None for row in rows)
    assert [row.label for row in label_rows(rows, 0.05)] == ["low", "high", "unlabelled"]


def test_a_file_without_conductivities_gives_unlabelled_rows(tmp_path):
    rows = read_dataset(write(tmp_path, "smiles\n*OCC*\n\n*CC*\n"))
    assert [row.label for row in label_rows(rows, 0.05)] == ["unlabelled", "unlabelled"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("mol_smiles,conductivity\n", "no rows"),
        ("polymer,conductivity\n*CC*,1e-4\n", "line 1.*mol_smiles"),
        ("mol_smiles,conductivity\n*CC*,1e-4\n*CCC,1e-4\n", "line 3"),
        ("mol_smiles,conductivity\n*CC*,fast\n", "line 2.*fast"),
        ("mol_smiles,conductivity (mS/cm)\n*CC*,3\n", r"line 1: column 'conductivity \(ms/cm\)' is not read"),
        ("mol_smiles,conductivity\n*CC*,-1e-4\n", "line 2.*-1e-4"),
        ("mol_smiles,conductivity\n*CC*,nan\n", "line 2.*nan"),
        ("mol_smiles,conductivity\n*CC*,1e-4\n\n*OCC*\n", "line 4: 1 cell where the header names 2 columns"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_by_its_line(tmp_path, text, message):
    with pytest.raises(InputError, match=message) as caught:
        read_dataset(write(tmp_path, text))
    assert "set.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_binary_file_are_named(tmp_path):
    with pytest.raises(InputError, match=r"absent\.csv"):
        read_dataset(tmp_path / "absent.csv")
    (tmp_path / "binary.csv").write_bytes(bytes(range(128, 256)))
    with pytest.raises(InputError, match=r"binary\.csv.*UTF-8"):
        read_dataset(tmp_path / "binary.csv")


def test_the_best_fraction_is_high():
    rows = [DatasetRow(f"*{'C' * n}*", float(n)) for n in range(1, 21)]
    labels = [row.label for row in label_rows(rows, 0.1)]
    assert labels == ["low"] * 18 + ["high"] * 2


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 5])
def test_a_fraction_out_of_range_is_refused(fraction):
    with pytest.raises(InputError, match="top_fraction"):
        label_rows([DatasetRow("*CC*", 1.0)], fraction)


def test_the_published_set_is_read_whole_with_its_published_border(reference):
    rows = read_dataset(reference / "polygen" / "PolyGen-train-set-from-HTP-MD.csv")
    assert len(rows) == 6024
    assert np.quantile([row.value for row in rows], 0.95) == pytest.approx(1.25e-4, rel=0.01)
    labels = [row.label for row in label_rows(rows, 0.05)]
    assert labels.count("high") == 302
    assert all(row.smiles.startswith("*") for row in rows)


TABLE = "smiles,conductivity,transference_number\n" + "".join(
    f"*O{'C' * n}*,{n}e-4,{0.1 * n:.1f}\n" for n in range(1, 9)
)


def test_columns_and_their_products_are_read_by_name(tmp_path):
    rows = read_dataset(write(tmp_path, TABLE), ["transference_number", "conductivity*transference_number"])
    assert rows[2].value == pytest.approx(3e-4)
    assert rows[2].properties["transference_number"] == pytest.approx(0.3)
    assert rows[2].properties["conductivity*transference_number"] == pytest.approx(9e-5)
    with pytest.raises(InputError, match="no column 'temperature_k'; there are smiles, conductivity"):
        read_dataset(write(tmp_path, TABLE), ["temperature_k"])
    with pytest.raises(InputError, match=r"line 3.*much"):
        read_dataset(write(tmp_path, TABLE.replace("2e-4,0.2", "2e-4,much")), ["transference_number"])


def test_classes_by_quantile_are_those_of_numpy_and_stand_side_by_side(tmp_path):
    rows = read_dataset(write(tmp_path, TABLE + "*NC*,,\n"), ["conductivity", "transference_number"])
    labels = [row.label for row in classify(rows, {"conductivity": 4, "transference_number": 2})]
    assert labels[:8] == ["q0 q0", "q0 q0", "q1 q0", "q1 q0", "q2 q1", "q2 q1", "q3 q1", "q3 q1"]
    assert labels[8] == "unlabelled unlabelled"
    with pytest.raises(InputError, match="11 classes"):
        classify(rows, {"conductivity": 11})
    equal = [DatasetRow("*CC*", properties={"x": value}) for value in (0.0, 0.0, 0.0, 1.0, None)]
    for k in (2, 5):
        with pytest.raises(InputError, match=f"4 known values of x cannot be cut into {k} classes"):
            classify(equal, {"x": k})


def test_a_share_put_aside_is_the_same_each_time_and_nothing_is_lost(tmp_path):
    rows = read_dataset(write(tmp_path, TABLE))
    kept, aside = put_aside(rows, 0.25, seed=3)
    assert (len(kept), len(aside)) == (6, 2)
    assert {row.smiles for row in kept + aside} == {row.smiles for row in rows}
    assert put_aside(rows, 0.25, seed=3) == (kept, aside)
    assert put_aside(rows, 0, seed=3)[1] == []
