"""The seed file is read strictly, and every complaint names file and line."""

import pytest

from autodisco.campaign.seeds import read_seeds, usable_seeds
from autodisco.decide.objective import CONDUCTIVITY
from autodisco.errors import InputError

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
    with pytest.raises(InputError, match="line 1: unknown column 'conductivity'"):
        read(tmp_path, "name,monomer_smiles,conductivity\n")
