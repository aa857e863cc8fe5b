"""Tables of polymers however people write them: every command reads the same, or says in one line what is wrong."""

import csv
import json

import pytest

from autodisco.campaign.seeds import read_seeds
from autodisco.cli import run
from autodisco.cli.label_table import fill_labels
from autodisco.decide.objective import CONDUCTIVITY
from autodisco.errors import InputError
from autodisco.generator import read_dataset
from autodisco.tables import number, open_table, units_column

ROWS = [
    ["name", "smiles", "conductivity"],
    ["poly, one", "*CCO*", "1.2e-4"],
    ["PP", "*C*", "0.003"],
    ["x", "*CO*", ""],
]


def text_of(separator=",", end="\n", comma=False):
    quoted = ',;\t"'

    def cell(word):
        shown = word.replace(".", ",") if comma and word[:1].isdigit() else word
        return f'"{shown}"' if separator in shown and separator in quoted else shown

    return "".join(separator.join(map(cell, row)) + end for row in ROWS)


WAYS = {
    "commas": text_of().encode(),
    "semicolons": text_of(";").encode(),
    "tabs": text_of("\t").encode(),
    "decimal commas": text_of(";", comma=True).encode(),
    "decimal commas between tabs": text_of("\t", comma=True).encode(),
    "quoted decimal commas": text_of(comma=True).encode(),
    "sep line": b"sep=;\n" + text_of(";").encode(),
    "sep line, tab": b'"sep=\t"\r\n' + text_of("\t", "\r\n").encode(),
    "another separator": b"sep=|\n" + text_of("|").encode(),
    "Excel": text_of(";", "\r\n", comma=True).encode("utf-8-sig"),
    "old line ends": text_of(end="\r").encode(),
    "UTF-16": text_of("\t").encode("utf-16"),
    "UTF-16 without a mark": text_of().encode("utf-16-le"),
    "comments": b"# measured, at 353 K\n\n#; more\n" + text_of().encode().replace(b"PP", b"# half\nPP") + b"# end\n",
    "blank lines": b"\n\n" + text_of(end="\n\n").encode() + b" ,,\n\n",
    "no last line end": text_of().rstrip().encode() + b",",
    "empty cells behind": text_of(end=",,\n").encode().replace(b"conductivity,,", b"conductivity"),
    "capitals and blanks": text_of().encode().replace(b"smiles", b" SMILES "),
    "quotes": "".join(",".join(f'"{word}"' for word in row) + "\n" for row in ROWS).encode(),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_writing_a_table_reads_the_same(tmp_path, way, capsys):
    file = tmp_path / "set.csv"
    file.write_bytes(WAYS[way])
    assert [(row.smiles, row.value) for row in read_dataset(file)] == [
        ("*CCO*", 1.2e-4),
        ("*C*", 3e-3),
        ("*CO*", None),
    ]
    assert run(["dedupe", str(file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["distinct"], told["invalid"]) == (3, 0)


SEEDS = [
    ["name", "monomer_smiles", "conductivity_s_per_cm", "protocol", "force_field"],
    ["PEO", "*CCO*", "0.012", "quick", "pcff+"],
]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_seeds_are_read_and_labelled_in_the_way_they_are_written(tmp_path, separator, encoding):
    file = tmp_path / "seeds.csv"
    lines = [separator.join(row) for row in SEEDS]
    given = "\r\n".join(["# seeds", lines[0], "# the reference", lines[1], "# end", ""])
    file.write_bytes(given.encode(encoding))
    (seed,) = read_seeds(file, CONDUCTIVITY).seeds
    assert (seed.unit.smiles, seed.value, seed.line) == ("*CCO*", 0.012, 4)
    fill_labels(file, ("protocol", "n_replicas"), {4: ("quick", "2")})
    expected = given.replace(lines[0], f"{lines[0]}{separator}n_replicas").replace(lines[1], f"{lines[1]}{separator}2")
    assert file.read_bytes().decode(encoding) == expected
    assert read_seeds(file, CONDUCTIVITY).seeds[0].n_replicas == 2


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"name|smiles\nPEO|*CCO*\n", "columns: name|smiles; separated by tab, semicolon, comma"),
        (b"name smiles\nPEO *CCO*\n", "no column is named monomer_smiles"),
        (b"name,unit\nPEO,*CCO*\n", "line 1: no column is named monomer_smiles, mol_smiles"),
        (b"*CCO*,*CC*\n", "line 1: there is no header, and 2 cells may be the repeat unit"),
        (b"name,smiles,smiles\nPEO,*CCO*,*CC*\n", "line 1: two columns are named 'smiles'"),
        (b"name,smiles\n\nPEO,*CCO*\nx,y,*CC*\n", "line 4: 3 cells where the header names 2 columns; a decimal comma"),
        (b"name;smiles\nPEO;*CCO*\nx\n", "line 3: 1 cell where the header names 2 columns"),
        (b"*CCO*,PEO\n*CC*\n", "line 2: 1 cell where the first row has 2 columns"),
        (b'name,smiles\nPEO,*CCO*\ny,"*CC*\n', "line 3: not a CSV row"),
        ("name,smiles\nPEO,*CCO*\nPolyäther,*CC*\n".encode("latin-1"), "line 3: byte 0xe4: it is not UTF-8 text"),
        (b"name,smiles\nPoly\xe4ther,*CC*\n", 'save it as UTF-8 (in Excel: File, Save As, type "CSV UTF-8")'),
        (b"\xff\xfe\x00", "is not UTF-8 text"),
        (b"\x1f\x8b\x08\x00", "it is a gzip file; unpack it"),
        (b"PK\x03\x04\x14\x00", "a ZIP file or a spreadsheet; save it as CSV"),
    ],
)
def test_what_cannot_be_read_is_one_line_that_names_file_and_line(tmp_path, content, complaint, capsys):
    file = tmp_path / "set.csv"
    file.write_bytes(content)
    assert run(["dedupe", str(file)]) == 2
    error = capsys.readouterr().err
    assert complaint in error
    assert "set.csv" in error
    assert error.strip().count("\n") == 0
    assert run(["data", "import", str(file), "--out", str(tmp_path / "out.csv")]) == 2
    assert capsys.readouterr().err.strip().count("\n") == 0
    assert not (tmp_path / "out.csv").exists()


def test_lists_need_no_header(tmp_path, capsys):
    file = tmp_path / "list.txt"
    file.write_text("# three\n*CCO*\n\n*COC*\n# one that is left out: *CN*\n*CC*\n")
    assert [row.smiles for row in read_dataset(file)] == ["*CCO*", "*CCO*", "*C*"]
    file.write_text("*CCO*,PEO\n*CO*,POM\n")
    assert run(["dedupe", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["distinct"] == 2
    with pytest.raises(InputError, match=r"line 1: there is no header.*name the columns there"):
        read_dataset(file)


def test_rows_come_with_the_line_they_begin_on(tmp_path):
    file = tmp_path / "t.csv"
    file.write_text('a,b\n\n1,"two\n# no comment\nlines"\n,\n#comment\n3,4')
    rows = list(open_table(file).rows)
    assert [(row.line, row.cells, row.comments) for row in rows] == [
        (3, ["1", "two\n# no comment\nlines"], ()),
        (8, ["3", "4"], ("#comment",)),
    ]


def test_a_quotation_mark_that_never_ends_is_named_by_the_line_it_is_on(tmp_path):
    file = tmp_path / "t.csv"
    file.write_text('a,b\n1,2\n3,"4\n' + "5,6\n" * 100)
    rows = open_table(file).rows
    assert next(rows).line == 2
    with pytest.raises(InputError, match=r"t\.csv, line 3: not a CSV row"):
        next(rows)


def test_a_cell_longer_than_the_reader_allows_is_an_error_of_its_line(tmp_path):
    (tmp_path / "t.csv").write_text("a\n" + "C" * 2 * csv.field_size_limit())
    with pytest.raises(InputError, match="line 2: not a CSV row"):
        list(open_table(tmp_path / "t.csv").rows)


@pytest.mark.parametrize(
    ("text", "value"), [("1,2E-04", 1.2e-4), ("0,001", 1e-3), ("-,5", -0.5), (" 3 ", 3.0), ("1.5e3", 1500.0)]
)
def test_numbers_may_have_a_decimal_comma(text, value):
    assert number(text) == value


@pytest.mark.parametrize("text", ["1,234", "12,345", "1_000", "1,2,3", "1.2,3", "fast"])
def test_numbers_that_may_be_thousands_are_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 - the messages are those of float, too
        number(text)


def test_a_column_can_be_named_in_any_case(tmp_path):
    (tmp_path / "t.csv").write_text("Name;Unit\nPEO;*CCO*\n")
    assert units_column(open_table(tmp_path / "t.csv"), "unit") == 1
    with pytest.raises(InputError, match="no column 'units'; there are: Name, Unit"):
        units_column(open_table(tmp_path / "t.csv"), "units")
