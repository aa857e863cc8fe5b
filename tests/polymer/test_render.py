"""Drawings of repeat units."""

import subprocess
import sys
import xml.etree.ElementTree as ET
from io import BytesIO
from types import SimpleNamespace

import pytest
from PIL import Image

from autodisco.errors import InvalidRepeatUnit
from autodisco.polymer import NoDrawings, parse, render_png, render_svg
from autodisco.report.tables import structure


def test_a_drawing_is_an_svg_element_that_can_stand_in_a_page() -> None:
    text = render_svg(parse("*OCC(C)Oc1ccc(cc1)*"), width=200, height=100)
    root = ET.fromstring(text)
    assert text.startswith("<svg")
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert (root.get("width"), root.get("height")) == ("200px", "100px")
    assert len(root.findall(".//{http://www.w3.org/2000/svg}path")) > 10


def test_one_polymer_has_one_drawing() -> None:
    assert render_svg("*OCCOCC*") == render_svg("*COC*")


def test_rows_of_a_drawing_are_even() -> None:
    def size(n: int) -> tuple[int, int]:
        return Image.open(BytesIO(render_png([(parse("*OCC*"), "PEO", [])] * n))).size

    width, height = size(1)
    n = 1200 // width + 1  # one more than a row holds
    assert size(n) == ((n + 1) // 2 * width, 2 * height)


def test_a_text_that_is_no_repeat_unit_is_not_drawn() -> None:
    with pytest.raises(InvalidRepeatUnit):
        render_svg("OCC")


def test_without_the_libraries_of_the_system_there_are_no_drawings_and_the_rest_works(monkeypatch):
    monkeypatch.setitem(sys.modules, "rdkit.Chem.Draw", None)
    with pytest.raises(NoDrawings, match=r"RDKit cannot draw here: .*apt install libxrender1"):
        render_png([(parse("*OCC*"), "", [])])
    assert structure(SimpleNamespace(monomer_smiles="*OCC*")) == ""


def test_the_program_starts_where_rdkit_cannot_draw():
    code = "import sys; sys.modules['rdkit.Chem.Draw'] = None; import autodisco.campaign.daemon, autodisco.report.write"
    subprocess.run([sys.executable, "-c", code], check=True)
