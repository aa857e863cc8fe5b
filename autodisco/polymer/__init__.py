"""Repeat units as chemistry: read and checked, told apart, judged, scored, drawn and enumerated.

The public names are listed here once. Importing this package imports RDKit.
"""

from autodisco.polymer.chains import Chain, backbone_atoms, chain, degree_of_polymerisation, repeat_unit_mass
from autodisco.polymer.grammar import draw_units, units_from_grammar
from autodisco.polymer.identity import repeated as join_blocks
from autodisco.polymer.library import Group, Library, worked_off
from autodisco.polymer.material import Material, read_material
from autodisco.polymer.molecule import Molecule
from autodisco.polymer.motifs import in_common, motifs
from autodisco.polymer.render import NoDrawings, drawing, render_png, render_svg
from autodisco.polymer.repeat_unit import ELEMENTS, ORGANIC_ELEMENTS, RepeatUnit, parse
from autodisco.polymer.rules import DEFAULT_RULES, Exemption, Rule
from autodisco.polymer.scores import sa_score, scores, scores_of
from autodisco.polymer.stability import Flag, choose_rules, flags_of, stability_flags

__all__ = [
    "DEFAULT_RULES",
    "ELEMENTS",
    "ORGANIC_ELEMENTS",
    "Chain",
    "Exemption",
    "Flag",
    "Group",
    "Library",
    "Material",
    "Molecule",
    "NoDrawings",
    "RepeatUnit",
    "Rule",
    "backbone_atoms",
    "chain",
    "choose_rules",
    "degree_of_polymerisation",
    "draw_units",
    "drawing",
    "flags_of",
    "in_common",
    "join_blocks",
    "motifs",
    "parse",
    "read_material",
    "render_png",
    "render_svg",
    "repeat_unit_mass",
    "sa_score",
    "scores",
    "scores_of",
    "stability_flags",
    "units_from_grammar",
    "worked_off",
]
