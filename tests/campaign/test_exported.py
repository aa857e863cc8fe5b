"""Exported tables describe themselves: libraries for CSV on the Web, Parquet, JSON Schema, UCUM and RO-Crate agree."""

import csv
import hashlib
import json
import math
from pathlib import Path

import jsonschema
import pyarrow.parquet
import pytest
from csvw import CSVW
from rocrate.rocrate import ROCrate
from ucumvert import PintUcumRegistry

from autodisco.analysis.column_units import QUDT_UNITS, UCUM
from autodisco.analysis.quantities import base_name, known, quantities
from autodisco.campaign.columns import PLAIN, column
from autodisco.campaign.crate import Crate
from autodisco.campaign.export import export_tables
from autodisco.campaign.table_files import Exported, write_schema
from autodisco.decide import objective_of
from autodisco.errors import InputError
from tests.filled_store import fill

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"
ALL = ("csv", "parquet", "json")
STATED = Crate(("Jane Doe <https://orcid.org/0000-0002-1825-0097>", "John Roe"), "CC-BY-4.0")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    with fill(folder / "campaign") as store:
        export_tables(store, folder / "out", ALL, STATED)
    return folder / "out"


def test_every_column_of_every_table_is_described(exported: Path) -> None:
    for path in exported.glob("*.json"):
        if path.name.endswith("metadata.json"):
            continue
        for one in json.loads(path.read_text())["columns"]:
            assert (
                one["name"] in PLAIN or known(base_name(one["name"])) or one["name"].startswith(("expected", "against"))
            ), one
            assert one["description"], one


def test_the_three_formats_hold_the_same_values_and_descriptions(exported: Path) -> None:
    for name in ("polymers", "candidates", "replicas", "journal"):
        content = json.loads((exported / f"{name}.json").read_text())
        table = pyarrow.parquet.read_table(exported / f"{name}.parquet")
        described = json.loads((exported / f"{name}.csv-metadata.json").read_text())["tableSchema"]["columns"]
        names = [one["name"] for one in content["columns"]]
        assert [one["name"] for one in described] == table.schema.names == names
        assert [{key: _finite(cell) for key, cell in row.items()} for row in table.to_pylist()] == content["rows"]
        with open(exported / f"{name}.csv", newline="") as handle:
            assert len(list(csv.DictReader(handle))) == len(content["rows"])
        for one, other in zip(content["columns"], described, strict=True):
            told = table.schema.field(one["name"]).metadata
            assert other["dc:description"] == one["description"] == told[b"description"].decode()
            assert other.get("schema:unitText", "") == one["unit"] == told[b"unit"].decode()


def _finite(cell: object) -> object:
    return None if isinstance(cell, float) and not math.isfinite(cell) else cell


def test_units_are_those_of_the_table_of_quantities(exported: Path) -> None:
    schema = pyarrow.parquet.read_schema(exported / "replicas.parquet")
    assert schema.field("conductivity_s_per_cm").metadata[b"unit"] == b"S/cm"
    assert schema.field("density_g_per_cm3").metadata[b"ucum"] == b"g/cm3"
    assert schema.field("cation_diffusivity_cm2_per_s").metadata[b"unit"].decode() == "cm²/s"
    assert schema.field("transference_number").metadata[b"unit"] == b""
    assert schema.metadata[b"table"] == b"replicas"


def test_values_of_the_objective_and_of_tiers_have_its_unit(tmp_path: Path) -> None:
    with fill(tmp_path / "campaign") as store:
        objectives = (objective_of(store),)
    assert column("expected_low_s_per_cm", objectives).unit == "S/cm"
    assert column("quick_conductivity_s_per_cm_sem", objectives).unit == "S/cm"
    assert "protocol quick" in column("quick_conductivity_s_per_cm_sem", objectives).description
    assert column("property_density_g_per_cm3").unit == "g/cm³"
    assert column("score_oxidation_potential_v").unit == "V"
    assert column("activation_energy_kj_per_mol").ucum == "kJ/mol"
    assert [column(name).unit for name in ("wall_s", "started", "n_replicas", "status")] == ["s", "s", "", ""]
    assert column("cation_polymer_residence_ps_at_least").description.endswith("lower bound")


def test_the_codes_of_units_are_those_of_ucum_and_mean_what_the_program_says() -> None:
    ucum = PintUcumRegistry()
    meant = {"S/cm": 100.0, "cm²/s": 1e-4, "g/cm³": 1000.0, "Å": 1e-10, "ps": 1e-12, "MPa": 1e6, "eV": 1.602176634e-19}
    for unit, code in UCUM.items():
        found = (1.0 * ucum.from_ucum(code)).to_base_units()
        if unit in meant:
            expected = ucum.Quantity(meant[unit], {"S/cm": "siemens/m", "cm²/s": "m**2/s", "g/cm³": "kg/m**3", "Å": "m",
                                                   "ps": "s", "MPa": "pascal", "eV": "joule"}[unit])  # fmt: skip
            assert found.to(expected.units).magnitude == pytest.approx(meant[unit])
    used = {entry.unit for entry in quantities()} - {""}
    assert used - set(UCUM) == {"MPa^½"}, "UCUM has no broken powers"
    assert set(QUDT_UNITS) <= set(UCUM)


def test_a_reader_of_csv_on_the_web_finds_the_tables_valid(exported: Path) -> None:
    for path in exported.glob("*.csv"):
        read = CSVW(str(path), validate=True)
        assert read.is_valid, path.name
        (table,) = read.tables
        rows = list(table.iterdicts())
        assert len(rows) == len(json.loads(path.with_suffix(".json").read_text())["rows"])
    numbers = [row["conductivity_s_per_cm"] for row in CSVW(str(exported / "replicas.csv")).tables[0].iterdicts()]
    assert {type(number) for number in numbers if number is not None} <= {float}


def test_tables_in_json_follow_the_schema_in_the_documentation(exported: Path, tmp_path: Path) -> None:
    write_schema(tmp_path)
    text = (SCHEMAS / "export.json").read_text()
    assert text == (tmp_path / "export.json").read_text(), "run: python -m autodisco.campaign.table_files docs/schemas"
    for name in ("polymers", "candidates", "replicas", "journal"):
        content = json.loads((exported / f"{name}.json").read_text())
        jsonschema.Draft202012Validator(json.loads(text)).validate(content)
        Exported.model_validate(content)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**content, "columns": [{"name": "x"}]}, json.loads(text))


def test_the_folder_is_an_ro_crate_that_names_every_file(exported: Path) -> None:
    crate = ROCrate(str(exported))
    files = {path.relative_to(exported).as_posix() for path in exported.rglob("*") if path.is_file()}
    parts = {entity.id: entity for entity in crate.data_entities}
    assert set(parts) == files - {"ro-crate-metadata.json"}
    for name, entity in parts.items():
        assert entity["sha256"] == hashlib.sha256((exported / name).read_bytes()).hexdigest()
        assert int(entity["contentSize"]) == (exported / name).stat().st_size
    assert crate.root_dataset["license"].id == "https://spdx.org/licenses/CC-BY-4.0"
    people = [author.properties() for author in crate.root_dataset["author"]]
    assert [person["name"] for person in people] == ["Jane Doe", "John Roe"]
    assert people[0]["@id"] == "https://orcid.org/0000-0002-1825-0097"
    conductivity = crate.dereference("#column-conductivity_s_per_cm")
    assert conductivity["unitCode"] == "http://qudt.org/vocab/unit/S-PER-CentiM"
    action = crate.dereference("#campaign")
    assert action["instrument"]["name"] == "autodisco"
    assert {file.id for file in action["result"]} <= set(parts)
    linked = {value["@id"] for entity in crate.metadata.generate()["@graph"] for value in _links(entity)}
    known = {entity["@id"] for entity in crate.metadata.generate()["@graph"]}
    assert linked <= known | {"https://w3id.org/ro/crate/1.1"}


def _links(entity: dict[str, object]) -> list[dict[str, str]]:
    values = [value for value in entity.values() if isinstance(value, dict | list)]
    flat = [one for value in values for one in (value if isinstance(value, list) else [value])]
    return [one for one in flat if isinstance(one, dict) and "@id" in one]


@pytest.mark.parametrize(
    ("crate", "said"),
    [
        (Crate(authors=("<>",)), "--author <>: Name or"),
        (Crate(licence="no licence at all"), "--license no licence at all: a name of SPDX"),
        (Crate(replicas=("*OCCOCCN*",)), "no finished replica of it with its files"),
    ],
)
def test_what_cannot_be_stated_is_refused_before_anything_is_written(crate: Crate, said: str, tmp_path: Path) -> None:
    with fill(tmp_path / "campaign") as store, pytest.raises(InputError, match=said):
        export_tables(store, tmp_path / "out", ALL, crate)
    assert not (tmp_path / "out").exists()


def test_replicas_go_along_with_their_files(copied: Path, tmp_path: Path) -> None:
    from autodisco.store import Store

    with Store.open_readonly(copied) as store:
        row = next(row for row in store.replicas() if row.status == "done")
        export_tables(store, tmp_path / "out", ("csv",), Crate(replicas=(row.key,)))
        source = store.replica_folder(row.key, row.protocol, row.replica)
    place = f"replicas/{row.key}/{row.protocol}/{row.replica}/"
    crate = ROCrate(str(tmp_path / "out"))
    assert crate.dereference(place).type == "Dataset"
    assert (tmp_path / "out" / place / "trajectory.dcd").read_bytes() == (source / "trajectory.dcd").read_bytes()
    assert crate.dereference(f"{place}trajectory.dcd")["sha256"]
