"""Structure drawings: the canonical repeat unit as SVG inside the report, several units as one PNG."""

from collections.abc import Sequence
from functools import reduce
from io import BytesIO
from types import ModuleType
from typing import TYPE_CHECKING

from rdkit import Chem

from autodisco.errors import AutodiscoError
from autodisco.polymer.material import Material, Part, read_material
from autodisco.polymer.repeat_unit import ORGANIC_ELEMENTS, RepeatUnit

if TYPE_CHECKING:
    from PIL.Image import Image
    from rdkit.Chem.Draw import rdMolDraw2D

Panel = tuple[RepeatUnit | None, str, Sequence[int]]
"""A unit, or None for an empty field; its legend of one line or more; its weak atoms (see `Flag`)."""

LEAST_PANEL, MOST_PANEL, MOST_WIDTH = (100, 50), (640, 480), 1200
"""Width and height of a structure, and width of the picture, in pixels."""

BOND, DRAWN_BOND = 34, 1.5
"""Length of a bond in pixels, and in the coordinates of RDKit."""

MARGIN, LINE = 44, 20
"""Pixels around a structure, and for a line of a legend."""

WEAK, REFUSED = (0.99, 0.75, 0.60), "firebrick"


class NoDrawings(AutodiscoError):
    """RDKit cannot draw on this machine."""


def drawing() -> ModuleType:
    """RDKit's module for drawings, which needs libraries of the system that a server or a container may lack.

    Raises NoDrawings where one is missing.
    """
    try:
        from rdkit.Chem.Draw import rdMolDraw2D
    except ImportError as error:
        raise NoDrawings(
            f"RDKit cannot draw here: {error}; on Debian and Ubuntu: apt install libxrender1 libxext6 libexpat1"
        ) from error
    return rdMolDraw2D


def render_svg(subject: Material | RepeatUnit | str, width: int = 240, height: int = 140) -> str:
    """An ``<svg>`` element, `width` by `height` pixels, with a wavy line across each bond that leaves a unit.

    All parts of a material are drawn.

    Raises
    ------
    InvalidRepeatUnit
        if `subject` is a text that is no material.
    NoDrawings
        where RDKit cannot draw.
    """
    draw = drawing()
    drawer = draw.MolDraw2DSVG(width, height)
    options = _options(drawer)
    options.clearBackground = False
    read = read_material(subject, ORGANIC_ELEMENTS) if isinstance(subject, str) else subject
    parts = [part for part, _ in read.parts] if isinstance(read, Material) else [read]
    draw.PrepareAndDrawMolecule(drawer, reduce(Chem.CombineMols, map(_drawn, parts)))
    drawer.FinishDrawing()
    text = str(drawer.GetDrawingText())
    return text[text.index("<svg") :].strip()


def render_png(panels: Sequence[Panel]) -> bytes:
    """A PNG of several units in rows, all at one scale, each above its legend, weak atoms marked.

    Raises NoDrawings where RDKit cannot draw.
    """
    from matplotlib import font_manager
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.truetype(font_manager.findfont("DejaVu Sans"), LINE - 6)
    drawn = [(_structure(unit, weak), legend, "black" if unit else REFUSED) for unit, legend, weak in panels]
    sizes = []
    for structure, legend, _ in drawn:
        lines = legend.split("\n")
        width = max(structure.width, *(round(font.getlength(line)) + LINE for line in lines))
        sizes.append((width, structure.height + LINE * len(lines) + LINE))
    rows = _even_rows([width for width, _ in sizes])
    whole = max(sum(sizes[k][0] for k in row) for row in rows)
    picture = Image.new("RGB", (whole, sum(max(sizes[k][1] for k in row) for row in rows)), "white")
    pen, top = ImageDraw.Draw(picture), 0
    for row in rows:
        middle = (whole - sum(sizes[k][0] for k in row)) // 2  # each row stands in the middle
        for k in row:
            (structure, legend, colour), (width, _) = drawn[k], sizes[k]
            middle += width // 2
            picture.paste(structure, (middle - structure.width // 2, top))
            for number, line in enumerate(legend.split("\n")):
                pen.text((middle, top + structure.height + LINE * number), line, colour, font, "ma")
            middle += width - width // 2
        top += max(sizes[k][1] for k in row)
    file = BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def _even_rows(widths: Sequence[int]) -> list[list[int]]:
    """Places of panels in rows no wider than `MOST_WIDTH`: as few rows as possible, none much wider than others."""

    def rows(limit: int) -> list[list[int]]:
        found: list[list[int]] = [[]]
        for place, width in enumerate(widths):
            if found[-1] and sum(widths[k] for k in found[-1]) + width > limit:
                found.append([])
            found[-1].append(place)
        return found

    fewest = rows(MOST_WIDTH)
    limits = range(min(max(widths), MOST_WIDTH), MOST_WIDTH, LINE)
    return next((even for limit in limits if len(even := rows(limit)) == len(fewest)), fewest)


def _structure(unit: RepeatUnit | None, weak: Sequence[int]) -> "Image":
    """The picture of a unit as large as it needs; a blank one without a unit."""
    from PIL import Image

    draw = drawing()
    if unit is None:
        return Image.new("RGB", LEAST_PANEL, "white")
    mol = draw.PrepareMolForDrawing(_drawn(unit))
    at = mol.GetConformer().GetPositions()
    needed = [round(float(at[:, k].max() - at[:, k].min()) / DRAWN_BOND * BOND) + MARGIN for k in (0, 1)]
    size = [min(max(n, least), most) for n, least, most in zip(needed, LEAST_PANEL, MOST_PANEL, strict=True)]
    drawer = draw.MolDraw2DCairo(*size)
    options = _options(drawer)
    options.fixedBondLength = BOND
    options.setHighlightColour(WEAK)
    drawer.DrawMolecule(mol, highlightAtoms=[atom + 1 for atom in weak])  # the left end comes first
    drawer.FinishDrawing()
    return Image.open(BytesIO(drawer.GetDrawingText())).convert("RGB")


def _options(drawer: "rdMolDraw2D.MolDraw2D") -> "rdMolDraw2D.MolDrawOptions":
    options = drawer.drawOptions()
    options.dummiesAreAttachments = True
    # One scale for all drawings, so that structures in a table compare; large units still shrink to fit.
    options.fixedBondLength = 24
    return options


def _drawn(part: Part) -> Chem.Mol:
    mol = part.mol
    for atom in mol.GetAtoms():
        if atom.GetAtomicNum() == 0:
            atom.SetIsotope(0)
    return mol
