"""Results of several scans of one polymer in one folder."""

from pathlib import Path

import pytest

from autodisco.analysis.conditions import Condition
from autodisco.errors import InputError
from autodisco.files import read_json, write_json
from autodisco.simulation import protocols
from autodisco.simulation.cache import RECIPE
from autodisco.simulation.scan_results import condition_of, content, earlier_rows, with_earlier, write

SHIPPED = Path(protocols.__file__).parent / "shipped_protocols"


def row(molality, kelvin=500.0, values=(0.01,)):
    one = Condition(molality, kelvin, 4, values, molality)
    return one.to_dict() | {"replicas_s_per_cm": list(values), "failures": [], "folder": "builds"}


def written(folder, rows, protocol="quick"):
    told = {"monomer_smiles": "*OCC*", "protocol": protocol, "force_field": "pcff+"}
    write(folder, content(told, protocol, rows, folder))
    return folder


@pytest.fixture
def own_protocol(tmp_path):
    """A protocol file of a person."""
    file = tmp_path / "own.toml"
    file.write_text((SHIPPED / "quick.toml").read_text().replace('name = "quick"', 'name = "own"'))
    return file


def test_a_row_is_read_as_it_was_written(tmp_path):
    rows = [row(1.5, 500.0, (0.01, 0.02)), row(3.0)]
    assert earlier_rows(written(tmp_path / "scan", rows), "quick") == rows
    assert condition_of(rows[0]) == Condition(1.5, 500.0, 4, (0.01, 0.02), 1.5)
    assert earlier_rows(tmp_path / "no scan yet", "quick") == []


def test_without_a_value_above_zero_there_is_no_plot(tmp_path):
    folder = written(tmp_path / "scan", [row(1.5, values=(0.0, 0.0))])
    assert sorted(file.name for file in folder.iterdir()) == ["scan.csv", "scan.json"]
    assert (folder / "scan.csv").read_text().splitlines()[1].endswith(",False")
    assert [Path(name).name for name in read_json(folder / "scan.json")["files"]] == ["scan.json", "scan.csv"]
    assert (written(tmp_path / "other", [row(1.5)]) / "scan.png").exists()


def test_a_further_scan_adds_its_conditions():
    earlier = [row(1.0), row(2.0), row(1.0, 420.0)]
    assert with_earlier([row(1.5), row(3.0)], earlier) == [
        row(1.0, 420.0), row(1.0), row(1.5), row(2.0), row(3.0),
    ]  # fmt: skip


def test_of_one_condition_the_row_with_more_builds_stays():
    few, many, other = row(1.0), row(1.0, values=(0.01, 0.02, 0.03)), row(1.0, values=(0.05,))
    assert with_earlier([few], [many]) == [many]
    assert with_earlier([many], [few]) == [many]
    assert with_earlier([other], [few]) == [other]


def test_results_of_another_protocol_with_the_same_name_are_not_replaced(tmp_path, own_protocol):
    folder = written(tmp_path / "scan", [row(1.0)], str(own_protocol))
    assert earlier_rows(folder, str(own_protocol)) == [row(1.0)]
    own_protocol.write_text(own_protocol.read_text().replace("temperature_k = 500", "temperature_k = 480"))
    with pytest.raises(InputError, match=r"holds values of another protocol with the name own; .*give another --out"):
        earlier_rows(folder, str(own_protocol))


@pytest.mark.parametrize("text", ["", "[1]", "{}", '{"recipe": 8, "protocol_content": {}, "values": [{}]}'])
def test_a_damaged_file_is_not_replaced(tmp_path, text):
    (tmp_path / "scan.json").write_text(text)
    with pytest.raises(InputError, match=r"scan\.json cannot be read as results of a scan"):
        earlier_rows(tmp_path, "quick")


def test_results_of_another_version_are_not_replaced(tmp_path):
    folder = written(tmp_path / "scan", [row(1.0)])
    write_json(folder / "scan.json", read_json(folder / "scan.json") | {"recipe": RECIPE - 1})
    with pytest.raises(InputError, match=f"another version of the program .recipe {RECIPE - 1}, now {RECIPE}"):
        earlier_rows(folder, "quick")
