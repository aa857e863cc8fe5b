"""Structure drawings for the report: the canonical repeat unit as SVG that can stand inside an HTML page."""

from rdkit.Chem.Draw import rdMolDraw2D

from autodisco.polymer.repeat_unit import RepeatUnit, parse


def draw_svg(unit: RepeatUnit | str, width: int = 240, height: int = 140) -> str:
    """An ``<svg>`` element, `width` by `height` pixels, with a wavy line across each bond that leaves the unit.

    Raises
    ------
    InvalidRepeatUnit
        if `unit` is a text that is no repeat unit.
    """
    if isinstance(unit, str):
        unit = parse(unit)
    mol = unit.mol
    for atom in mol.GetAtoms():
        if atom.GetAtomicNum() == 0:
            atom.SetIsotope(0)
    drawer = rdMolDraw2D.MolDraw2DSVG(width, height)
    options = drawer.drawOptions()
    options.dummiesAreAttachments = True
    options.clearBackground = False
    # One scale for all drawings, so that structures in a table compare; large units still shrink to fit.
    options.fixedBondLength = 24
    rdMolDraw2D.PrepareAndDrawMolecule(drawer, mol)
    drawer.FinishDrawing()
    text = str(drawer.GetDrawingText())
    return text[text.index("<svg") :].strip()
