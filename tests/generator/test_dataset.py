import numpy as np
import pytest

from autodisco.errors import InputError
from autodisco.generator import DatasetRow, label_rows, read_dataset


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
        ("mol_smiles,conductivity\n*CC*,-1e-4\n", "line 2.*-1e-4"),
        ("mol_smiles,conductivity\n*CC*,nan\n", "line 2.*nan"),
        ("mol_smiles,conductivity\n*CC*,1e-4\n\n*OCC*\n", "line 4.*1 column"),
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
