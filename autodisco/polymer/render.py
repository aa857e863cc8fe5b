"""Structure drawings: the canonical repeat unit as SVG inside the report, several units as one PNG."""

from collections.abc import Sequence
from functools import reduce
from types import ModuleType
from typing import TYPE_CHECKING

from rdkit import Chem

from autodisco.errors import AutodiscoError
from autodisco.polymer.material import Material, Part, read_material
from autodisco.polymer.repeat_unit import ORGANIC_ELEMENTS, RepeatUnit

if TYPE_CHECKING:
    from rdkit.Chem.Draw import rdMolDraw2D

PANEL = (320, 220)
MOST_COLUMNS = 4
WEAK = (0.99, 0.75, 0.60)


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


def render_png(units: Sequence[RepeatUnit], legends: Sequence[str], weak: Sequence[Sequence[int]]) -> bytes:
    """A PNG of several units side by side, each with its legend; the atoms `weak` (see `Flag`) of each are marked.

    Raises NoDrawings where RDKit cannot draw.
    """
    draw = drawing()
    columns = min(len(units), MOST_COLUMNS)
    rows = -(-len(units) // columns)
    drawer = draw.MolDraw2DCairo(columns * PANEL[0], rows * PANEL[1], *PANEL)
    options = _options(drawer)
    options.legendFontSize = 16
    options.setHighlightColour(WEAK)
    mols = [draw.PrepareMolForDrawing(_drawn(unit)) for unit in units]
    marked = [[atom + 1 for atom in atoms] for atoms in weak]  # the left end comes first
    drawer.DrawMolecules(mols, legends=list(legends), highlightAtoms=marked)
    drawer.FinishDrawing()
    return bytes(drawer.GetDrawingText())


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
