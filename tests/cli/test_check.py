"""check: repeat units of the command line and of files."""

import csv
import subprocess
import sys

import pytest
from rdkit import Chem

LIST = """Name;Wiederholeinheit
PEO;*CCO*
PVDF;*CC(F)(F)
PEG;*OCCOCC*

PTMC;*OC(=O)OCCC*
PDMS;*O[Si](C)(C)*
"""


def test_check_shows_canonical_form_key_scores_and_flags(call):
    said = call("check", "*OCC*", "*COC*", "*OCCOCCN*", "--json")
    assert said.code == 0
    first, mirror, weak = said.json
    assert first["valid"]
    assert first["key"] == mirror["key"] != weak["key"]
    assert first["canonical"] == mirror["canonical"]
    assert first["flags"] == []
    assert first["scores"]["molar_mass_g_per_mol"] == pytest.approx(44.05, abs=0.01)
    assert "N-O" in {flag["name"] for flag in weak["flags"]}


def test_check_prints_a_row_for_each_and_reasons_for_flags(call):
    said = call("check", "*OCC*", "*OCCOCCN*")
    assert "*OCC*" in said.out
    assert "N-O" in said.out
    assert "N-O bond" in said.err


def test_check_says_for_which_groups_the_force_field_is_weak(call):
    ether, nitrile, amine = call("check", "*OCC*", "*CC(*)C#N", "*N(C)CC*", "--json").json
    names = [[weak["name"] for weak in row["force_field_flags"]] for row in (ether, nitrile, amine)]
    assert names == [[], ["estimated charges"], ["tertiary amine"]]
    assert "*N(C)CC*: force field, tertiary amine:" in call("check", "*N(C)CC*").err


def test_check_says_where_predictions_are_known_to_be_off(call):
    said = call("check", "*OCOCC*", "*OCC*")
    assert said.err.count("autodisco predict is off for it") == 1
    assert "*OCOCC*: autodisco predict is off for it, acetal: in the wrong order" in said.err


def test_check_goes_on_after_an_invalid_one(call):
    said = call("check", "*OCC", "*OCC*")
    assert said.code == 2
    assert "*OCC*" in said.out
    assert said.err.count("error: ") == 1
    rows = call("check", "*OCC", "*OCC*", "--json")
    assert rows.code == 2
    assert [row["valid"] for row in rows.json] == [False, True]
    assert rows.json[0]["reasons"][0]["code"] == "ends"
    assert rows.json[0]["smiles"] == "*OCC"
    assert rows.json[0].keys() == rows.json[1].keys()


def test_check_says_which_known_polymer_it_is(call, here):
    (here / "known.csv").write_text("name,smiles\nPE,*CC*\nPEO,*OCC*\nagain,*COC*\nbad,C(\n")
    rows = call("check", "*COC*", "*OCCC*", "--against", "known.csv", "--json").json
    assert [row["equals"] for row in rows] == [{"line": 3, "smiles": "*OCC*", "name": "PEO"}, None]
    said = call("check", "*COC*", "*OCCC*", "--against", "known.csv")
    assert "PEO (line 3)" in said.out
    assert "new" in said.out
    assert "1 row without a valid repeat unit left out" in said.err


def test_check_draws(call, here):
    said = call("check", "*OCC*", "*OCCOCCN*", "*bad", "--png", "units.png")
    assert said.code == 2
    assert (here / "units.png").read_bytes().startswith(b"\x89PNG")
    assert call("check", "*bad", "--png", "none.png").code == 2
    assert not (here / "none.png").exists()


def test_check_reads_a_file_and_says_of_each_row_whether_it_can_be_simulated(call, here):
    (here / "list.csv").write_text(LIST)
    said = call("check", "list.csv", "--column", "wiederholeinheit", "--json")
    assert said.code == 2
    assert [(row["name"], row["simulation"]) for row in said.json] == [
        ("PEO", "yes"), ("PVDF", "no"), ("PEG", "yes"), ("PTMC", "reservations"), ("PDMS", "no"),
    ]  # fmt: skip
    table = call("check", "list.csv", "--column", "wiederholeinheit")
    assert table.code == 2
    (refused,) = (line for line in table.out.splitlines() if "PVDF" in line)
    assert refused.split()[2:] == ["no", "refused:", "ends"]
    assert "with reservations" in table.out
    assert "error: list.csv, line 3 (PVDF): '*CC(F)(F)' has 1 attachment point" in table.err
    assert "error: list.csv, line 7 (PDMS): '*O[Si](C)(C)*' holds Si" in table.err


def test_a_unit_with_one_end_is_answered_with_the_unit_of_its_name(call, here):
    (here / "list.csv").write_text("Name,smiles\nPMMA,*CC(C)(C)C(=O)OC\nmine,*CC\nPDMS,*O[Si](C)(C)*\n")
    for command in ("check", "predict"):
        pmma, mine, *_ = call(command, "list.csv").err.splitlines()
        assert "the repeat unit of poly(methyl methacrylate) (PMMA) is *CC(*)(C)C(=O)OC (ends)" in pmma
        assert mine.endswith("a repeat unit has exactly two, written * or [*] (ends)")
    assert "poly(dimethylsiloxane)" not in call("check", "list.csv").err


def test_a_list_is_checked_into_a_table_with_reasons_and_repetitions(call, here):
    (here / "list.csv").write_text(LIST.replace("Name", "Polymer"))
    said = call("check", "list.csv", "--out", "checked.csv")
    assert said.code == 2
    assert "BigSMILES" not in said.out  # other notations stand in the file
    assert "error: list.csv, line 3 (PVDF): " in said.err
    assert "PEG *OCCOCC*: the same polymer as PEO *CCO*, line 2" in said.err
    with (here / "checked.csv").open() as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    assert list(rows) == ["PEO", "PVDF", "PEG", "PTMC", "PDMS"]
    assert rows["PVDF"]["refused"].startswith("'*CC(F)(F)' has 1 attachment point")
    assert (rows["PEO"]["line"], rows["PEG"]["line"], rows["PEG"]["same_as_line"]) == ("2", "4", "2")
    assert "file" not in rows["PEG"]
    assert rows["PEO"]["bigsmiles"] == "{[][<]CCO[>][]}"
    assert rows["PEO"]["molar_mass_g_per_mol"] == "44.053"
    assert "BigSMILES" in call("check", "*CCO*").out


def test_a_narrow_terminal_keeps_units_and_names_in_one_piece(call, here, monkeypatch):
    from rich.console import Console

    (here / "list.csv").write_text("name,smiles\npoly(propylene carbonate),*CC(C)OC(=O)O* |$_AP1;;;;;;;_AP2$|\n")
    monkeypatch.setattr("autodisco.cli.output.stdout_console", lambda: Console(width=100))
    said = call("check", "list.csv")
    (line,) = [line for line in said.out.splitlines() if "propylene" in line]
    assert line.split() == ["*CC(C)OC(=O)O*", "poly(propylene", "carbonate)", "with", "reservations", *line.split()[5:]]
    assert line.split()[-1] == "none"
    assert "too narrow for all columns; --out FILE or --json has SA score" in said.err


def test_lists_in_several_files_are_one_table_with_file_and_line(call, here):
    (here / "a.csv").write_text(LIST)
    (here / "b.csv").write_text("Name,smiles\nPEC,*OCCOC(=O)*\nPOE,*COC*\n")
    said = call("check", "a.csv", "b.csv", "*OCCOC(*)=O", "--out", "checked.csv")
    assert "POE *COC*: the same polymer as PEO *CCO*, a.csv, line 2" in said.err
    with (here / "checked.csv").open() as file:
        rows = [tuple(row.values())[:4] for row in csv.DictReader(file)]
    assert rows[0] == ("a.csv", "2", "", "")
    assert rows[2] == ("a.csv", "4", "a.csv", "2")
    assert rows[5:] == [("b.csv", "2", "", ""), ("b.csv", "3", "a.csv", "2"), ("", "8", "b.csv", "2")]


def test_the_column_is_that_of_the_known_polymers_where_no_file_is_checked(call, here):
    (here / "known.csv").write_text(LIST)
    (row,) = call("check", "*COC*", "--against", "known.csv", "--column", "Wiederholeinheit", "--json").json
    assert row["equals"] == {"line": 2, "smiles": "*CCO*", "name": "PEO"}


def test_a_line_with_the_name_first_is_told_how_it_is_written(call, here):
    (here / "list.smi").write_text("PEO *OCC*\n*CC* PE\n*CCO* |$_AP1;;;;_AP2$|\n")
    said = call("check", "list.smi")
    assert "list.smi, line 1: 'PEO *OCC*' is not a SMILES" in said.err
    assert "the repeat unit comes first, and its name after it; write *OCC*" in said.err
    rows = call("check", "list.smi", "--json").json
    assert [(row["name"], row["valid"]) for row in rows][1:] == [("PE", True), ("poly(ethylene oxide) (PEO)", True)]


def test_a_workbook_is_refused_with_the_way_on(call, here):
    for command in ("check", "predict", "window"):
        assert "list.xlsx: no such file, and workbooks are not read" in call(command, "list.xlsx").err
    (here / "list.xlsx").write_bytes(b"PK\x03\x04")
    assert "error: list.xlsx: workbooks are not read; save the sheet as CSV" in call("check", "list.xlsx").err


def test_a_text_that_begins_with_a_hyphen_keeps_no_other_from_being_checked(call):
    said = call("check", "-(CH2CH2O)n-", "*OCC*", "--json")
    assert [row["valid"] for row in said.json] == [True, False]
    assert "write *CCO*" in said.json[1]["reasons"][0]["reason"]
    assert "a repeat unit begins with its end *" in call("check", "-OCC-").err
    assert "hyphen" not in call("check", "--nothing").err


def test_a_drawing_has_a_field_for_each_text_no_larger_than_its_structure(call, here):
    from PIL import Image

    sizes = {}
    for name, texts in {"one": ["*OCC*"], "two": ["*OCC*", "*COC*"], "refused": ["*OCC*", "*OCC"]}.items():
        call("check", *texts, "--png", f"{name}.png")
        sizes[name] = Image.open(here / f"{name}.png")
    width = sizes["one"].width
    assert width < 300
    assert sizes["two"].width > 1.5 * width
    assert sizes["refused"].width > 1.3 * width
    reddish = [colour for _, colour in sizes["refused"].getcolors(100000) if colour == (178, 34, 34)]
    assert reddish


def test_a_drawing_has_plain_captions_and_shows_what_only_cannot_be_simulated(call, here):
    from PIL import Image

    silicone = "*O[Si](C)(C)*"
    drawn = {
        "one": ["*OCC*"], "tail": ["*OCC* |$star_e;;;star_e$|"], "element": [silicone, "*OCC*"],
        "open": [silicone[:-1], "*OCC*"],
    }  # fmt: skip
    for name, texts in drawn.items():
        call("check", *texts, "--png", f"{name}.png")
    assert (here / "one.png").read_bytes() == (here / "tail.png").read_bytes()
    red = {name: Image.open(here / f"{name}.png").getcolors(1 << 24) for name in ("element", "open")}
    assert (178, 34, 34) in {colour for _, colour in red["open"]}
    assert (178, 34, 34) not in {colour for _, colour in red["element"]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("PEO", "the repeat unit of poly(ethylene oxide) (PEO) is *OCC*"),
        ("poly(ethylene oxide)", "(PEO) is *OCC*"),
        ("polyethylene glycol", "(PEO) is *OCC*"),
        ("PPO", "(PPO) is *OCC(*)C"),
        ("Polyethylenoxid", "(PEO) is *OCC*"),
        ("Polytrimethylencarbonat", "(PTMC) is *OCCCOC(*)=O"),
        ("Polystyrol", "(PS) is *CC(*)c1ccccc1"),
        ("*CC(Ph)*", "Ph is an abbreviation, and groups are written out; write *CC(c1ccccc1)*"),
        ("*CC(C6H5)C1CCCC1*", "write *CC(c2ccccc2)C1CCCC1*"),
        ("*CC(OMe)*", "write *CC(OC)*"),
        ("*OCC*.LiTFSI", "a salt is no part of the repeat unit"),
        ("*CCO*b*CCC*", "it looks like a copolymer"),
        ("*CC([N-]C)*.[Li+]", "is a chain with charges and their ions; charged polymers cannot be used"),
        ("CCS", "ends are *; write *CCS*"),
        ("C1CO1", "open its ring"),
        ("C=CC", "open its double bond"),
        ("PXYZ", "it looks like a name, which the table of names lacks"),
        ("PVdF-HFP", "it looks like a name, which the table of names lacks"),
        ("Poly(ε-caprolacton)", "poly(epsilon-caprolactone) (PCL) is *OCCCCCC(*)=O"),
        ("#NAME?", "a spreadsheet took the unit for a formula, because it began with - or ="),
        ("#WERT!", "a spreadsheet took the unit for a formula"),
        ("[Po]CCO[Po]", "[Po] is no end: ends are *; write *CCO*"),
        ("[CH2]CO", "ends are *; write *CCO*"),
        ("[-OCC-]n", "write *OCC*"),
        ("(CH2-CH2-O)n", "write *CCO*"),
        ("-[CH2CH2O]-n", "write *CCO*"),
        ("\u2013[CH2\u2013CH2\u2013O]n\u2013", "a long dash is no bond; write *CCO*"),
        ("\u2014CH2\u2014CH2\u2014O\u2014", "a long dash is no bond; write *CCO*"),
        ("{*OCC*}", "braces are for BigSMILES, whose ends are [<] and [>]; write *OCC*"),
        ("[R1]OCC[R2]", "R is no atom: ends of the unit are *, and side groups are written out; write *OCC*"),
        ("*CF2CH2*", "it looks like a formula: SMILES leaves hydrogen out, and counts no atoms"),
        ("*CC(C)(COOCH3)*", "write *CC(C)(C(=O)OC)*"),  # an ester, no peroxide
        ("*CH2CH(CO2CH3)*", "write *CC(C(=O)OC)*"),
        ("*CF2CF2*", "write *C(F)(F)C(F)(F)*"),
        ("*\u2013OCC\u2013*", "a long dash is no bond; write *-OCC-*"),
        ("*OCC* PEO", "what follows the blank is no part of a SMILES; write *OCC*"),
        ("*OCC(*", "it has 1 '(' and 0 ')'"),
        ("*OCC1*", "ring number 1 has no second atom"),
        ("\u03bfCC", "GREEK SMALL LETTER OMICRON"),
        ("*cc(O)*", "lower-case letters are aromatic atoms, and C (atom 1) is in no aromatic ring"),
        ("*c1cccc1O*", "C (atom 4) and C (atom 5) cannot have alternating double bonds"),
        ("*N=P(OCC)(OCC)=N*", "P (atom 2) has 6 bonds, a double bond counted as 2"),
    ],
)
def test_what_chemists_paste_is_named_with_the_right_form(call, text, said):
    (row,) = call("check", text, "--json").json
    assert not row["valid"]
    assert said in row["reasons"][0]["reason"]
    offered = row["reasons"][0]["reason"].partition("; write *")[2]
    assert not offered or call("check", f"*{offered}", "--json").json[0]["valid"]


@pytest.mark.parametrize("text", ["*CCO* |$_AP1;;;;_AP2$|", "\u2217OCC\u2217", "\ufeff*OCC*"])
def test_what_does_no_harm_is_left_out(call, text):
    (row,) = call("check", text, "--json").json
    assert row["canonical"] == "*CCO*"


def test_every_name_of_the_table_leads_to_its_repeat_unit():
    from autodisco.names import called, common_names

    for row in common_names().values():
        found = called(row.name)
        assert found is not None
        assert Chem.MolFromSmiles(found.monomer_smiles) is not None
        assert found.key == row.key


def test_check_starts_without_the_posterior():
    heavy = ("autodisco.surrogate", "numba", "scipy", "torch", "matplotlib", "pandas")
    code = (
        "import sys; from autodisco.cli import run; run(['check', '*OCC*']); "
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.splitlines()[-1] == "[]"
