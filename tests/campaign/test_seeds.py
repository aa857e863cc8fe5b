"""The seed file is read strictly, and every complaint names file and line."""

import pytest

from autodisco.campaign import load
from autodisco.campaign.copies import as_given, input_copy, input_files, with_input_copies
from autodisco.campaign.seeds import read_seeds, usable_seeds
from autodisco.campaign.settings import Settings
from autodisco.campaign.setup import set_up
from autodisco.campaign.stages.prepare import _load
from autodisco.decide.objective import CONDUCTIVITY
from autodisco.errors import InputError
from autodisco.store import Store
from tests.campaign.asked import write_asking
from tests.campaign.test_objectives import WRITES

HEADER = "name,monomer_smiles,conductivity_s_per_cm,protocol,force_field\n"


def read(tmp_path, text):
    file = tmp_path / "seeds.csv"
    file.write_text(text)
    return read_seeds(file, CONDUCTIVITY).seeds


def test_rows_with_and_without_a_label(tmp_path):
    peo, other = read(tmp_path, HEADER + 'PEO,*OCC*,1e-2,quick,pcff+\n\n"a, b",[*]CC[*],,,\n')
    assert (peo.unit.smiles, peo.value, peo.protocol) == ("*CCO*", 1e-2, "quick")
    assert (other.name, other.value, other.line) == ("a, b", None, 4)


def test_a_polymer_may_have_one_row_for_each_protocol(tmp_path):
    rows = read(tmp_path, HEADER + "PEO,*OCC*,1e-2,quick,pcff+\nPEO,*OCC*,1e-3,htp-md,pcff+\n")
    assert [row.protocol for row in rows] == ["quick", "htp-md"]


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("PEO,*OCC", "line 3: '*OCC'|line 3: 2 cells"),
        ("PEO,*OCC,,,", "has 1 attachment point; a repeat unit has exactly two"),
        ("x,*C(*)*,,,", "has 3 attachment points; a repeat unit has exactly two"),
        ("x,*Q*,,,", "'*Q*'"),
        ("x,*CCC*,high,quick,pcff+", "conductivity_s_per_cm = 'high': allowed is a number, 0 or above, or nothing"),
        ("x,*CCC*,-1,quick,pcff+", "conductivity_s_per_cm = '-1'"),
        ("x,*CCC*,1e-3,,", "needs the protocol and the force_field"),
        ("again,*COCCO*,,,", ""),
        ('x,"*CCC*,,,', "not a CSV row"),
    ],
)
def test_a_bad_row_is_named_by_its_line(tmp_path, row, complaint):
    text = HEADER + "first,*CO*,,,\n" + row + "\n"
    if complaint == "" and "*CO*" not in row:
        assert len(read(tmp_path, text)) == 2
        return
    with pytest.raises(InputError) as raised:
        read(tmp_path, text)
    assert "seeds.csv, line 3" in str(raised.value)
    assert any(part in str(raised.value) for part in complaint.split("|"))


def test_half_a_replica_is_refused(tmp_path):
    header = "name,monomer_smiles,conductivity_s_per_cm,protocol,force_field,n_replicas\n"
    assert read(tmp_path, header + "PEO,*OCC*,1e-2,quick,pcff+,2\n")[0].n_replicas == 2
    with pytest.raises(InputError, match=r"line 2: n_replicas = '2\.5': allowed is a whole number, or nothing"):
        read(tmp_path, header + "PEO,*OCC*,1e-2,quick,pcff+,2.5\n")


def test_the_same_polymer_twice_counts_once_and_is_told(tmp_path):
    file = tmp_path / "seeds.csv"
    file.write_text(HEADER + "PEO,*OCC*,,quick,pcff+\nPEG,*COC*,1e-2,quick,pcff+\nPEO,*CCO*,1e-2,quick,pcff+\n")
    found = read_seeds(file, CONDUCTIVITY)
    assert [(seed.name, seed.value) for seed in found.seeds] == [("PEG", 1e-2)]
    assert found.repeated == [
        "line 3: *COC* is the same polymer as line 2, and counts once",
        "line 4: *CCO* is the same polymer as line 3, and counts once",
    ]


def test_two_values_of_one_polymer_are_a_mistake(tmp_path):
    with pytest.raises(InputError, match=r"line 3: \*COC\* is the same polymer as line 2, with another value"):
        read(tmp_path, HEADER + "PEO,*OCC*,1e-2,quick,pcff+\nPEO again,*COC*,2e-2,quick,pcff+\n")


def test_all_rows_that_cannot_be_used_are_told_at_once(tmp_path):
    text = HEADER + "PDMS,*O[Si](C)(C)*,,,\nPEO,*OCC*,,,\nPVDF,*CC(F)(F),,,\nPTMC,*OC(=O)OCCC*,high,quick,pcff+\n"
    with pytest.raises(InputError) as raised:
        read(tmp_path, text)
    said = str(raised.value)
    assert "seeds.csv, 3 rows cannot be used: line 2: '*O[Si](C)(C)*' holds Si; allowed are C, F, H, N, O, P, S" in said
    assert "line 4: '*CC(F)(F)' has 1 attachment point" in said
    assert "line 5: conductivity_s_per_cm = 'high'" in said
    assert "dedupe FILE --seeds NEW" in said
    found = usable_seeds(tmp_path / "seeds.csv", CONDUCTIVITY)
    assert [seed.name for seed in found.seeds] == ["PEO"]


def test_columns_are_checked(tmp_path):
    (peo,) = read(tmp_path, "name,smiles\nPEO,*OCC*\n")
    assert (peo.name, peo.unit.smiles) == ("PEO", "*CCO*")
    with pytest.raises(
        InputError, match=r"line 1: no column monomer_smiles or .* \(columns: Name, Einheit\); .*--column"
    ):
        read(tmp_path, "Name;Einheit\nPEO;OCC\n")
    with pytest.raises(
        InputError, match=r"line 1: unknown column 'conductivity'; .*'autodisco dedupe FILE --seeds NEW'"
    ):
        read(tmp_path, "name,monomer_smiles,conductivity\n")


MEASURED = "monomer_smiles,quantity,value,unit,temperature,temperature_unit,salt,salt_content,salt_content_unit\n"
PEO = "*OCC*,conductivity,1e-3,S/cm,80,C,LiTFSI,1.5,mol/kg\n"


@pytest.fixture
def loaded(tmp_path):
    """Lets a new campaign, whose file has more text in [seeds] and at its end, read what is known; gives its store."""
    stores = []

    def one(seeds="", more=""):
        file = write_asking(tmp_path)
        file.write_text(file.read_text().replace("[seeds]\n", f"[seeds]\n{seeds}\n") + more)
        campaign = load(file, tmp_path / "runs")
        stores.append(Store.create(campaign.folder))
        set_up(campaign, stores[-1])
        _load(campaign, stores[-1])
        return stores[-1]

    yield one
    for store in stores:
        store.close()


def test_measured_values_of_the_campaign_file_count_from_the_start(loaded, tmp_path):
    (tmp_path / "lab.csv").write_text(MEASURED + PEO)
    store = loaded('measured = ["literature", "lab.csv"]')
    sources = [(row.origin, row.source) for row in store.experiments()]
    assert sources.count(("lab.csv", "experiment")) == 1
    assert sources.count(("literature", "literature")) == len(sources) - 1 == 112
    assert [row.event for row in store.journal()].count("measured values") == 2
    (tmp_path / "lab.csv").write_text(MEASURED + PEO.replace("1e-3", "2e-3"))
    with pytest.raises(InputError, match=r"seeds\.measured\.1 = .* is not the file that the campaign"):
        load(tmp_path / "small.toml", tmp_path / "runs")


@pytest.mark.parametrize(
    ("named", "complaint"),
    [
        ('["none.csv"]', r"seeds\.measured = 'none\.csv': no such file"),
        ('["bad.csv"]', r"seeds\.measured: .*bad\.csv, line 2: unit = 'S': allowed is"),
        ('["a/lab.csv", "b/lab.csv"]', r"seeds\.measured: two tables are named lab\.csv"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_before_the_campaign_begins(loaded, tmp_path, named, complaint):
    (tmp_path / "bad.csv").write_text(MEASURED + PEO.replace("S/cm", "S"))
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "lab.csv").write_text(MEASURED + PEO)
    with pytest.raises(InputError, match=complaint):
        loaded(f"measured = {named}")


def test_an_archive_brings_tables_of_measured_values(tmp_path):
    settings = Settings(name="x", seeds={"measured": ["literature", "/there/lab.csv"]})
    given = settings.model_dump()
    assert input_files(given) == {"seeds.measured.1": "/there/lab.csv"}
    copy = input_copy(tmp_path, "seeds.measured.1", "/there/lab.csv")
    copy.parent.mkdir()
    copy.write_text("")
    found = with_input_copies(tmp_path, settings)
    assert found.seeds.measured == ["literature", str(copy)]
    assert as_given(tmp_path, found.model_dump(), given) == given


def test_others_can_write_while_values_of_the_structure_of_seeds_are_calculated(loaded, tmp_path, monkeypatch):
    (tmp_path / "writes.py").write_text(WRITES)
    monkeypatch.setenv("STORE", str(tmp_path / "runs" / "small" / "state.db"))
    (tmp_path / "seeds.csv").write_text("name,monomer_smiles\nPTMC,*OCCCOC(=O)*\n")
    more = "\n[[objective]]\n[[objective]]\nname = 'writes.py:WRITES'\naim = 'constrain'\nat_least = 0.5\n"
    store = loaded('file = "seeds.csv"', more)
    assert all(
        store.polymer(key).scores["writes"] == 1.0 for key in store.known_keys() if store.polymer(key).source == "seed"
    )
