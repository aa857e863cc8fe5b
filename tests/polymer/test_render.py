"""Drawings of repeat units."""

import xml.etree.ElementTree as ET

import pytest

from autodisco.errors import InvalidRepeatUnit
from autodisco.polymer import parse, render_svg


def test_a_drawing_is_an_svg_element_that_can_stand_in_a_page() -> None:
    text = render_svg(parse("*OCC(C)Oc1ccc(cc1)*"), width=200, height=100)
    root = ET.fromstring(text)
    assert text.startswith("<svg")
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert (root.get("width"), root.get("height")) == ("200px", "100px")
    assert len(root.findall(".//{http://www.w3.org/2000/svg}path")) > 10


def test_one_polymer_has_one_drawing() -> None:
    assert render_svg("*OCCOCC*") == render_svg("*COC*")


def test_a_text_that_is_no_repeat_unit_is_not_drawn() -> None:
    with pytest.raises(InvalidRepeatUnit):
        render_svg("OCC")
