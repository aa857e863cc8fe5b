"""Repeat units as chemistry: read and checked, told apart, judged, scored, drawn and enumerated.

The public names are listed here once. Importing this package imports RDKit.
"""

from autodisco.polymer.chains import Chain, backbone_atoms, chain, degree_of_polymerisation, repeat_unit_mass
from autodisco.polymer.draw import draw_png, draw_svg
from autodisco.polymer.grammar import draw_units, units_from_grammar
from autodisco.polymer.identity import repeated as join_blocks
from autodisco.polymer.library import Group, Library
from autodisco.polymer.repeat_unit import ELEMENTS, ORGANIC_ELEMENTS, RepeatUnit, parse
from autodisco.polymer.rules import DEFAULT_RULES, Rule, Sound
from autodisco.polymer.scores import sa_score, scores
from autodisco.polymer.stability import Flag, choose_rules, stability_flags

__all__ = [
    "DEFAULT_RULES",
    "ELEMENTS",
    "ORGANIC_ELEMENTS",
    "Chain",
    "Flag",
    "Group",
    "Library",
    "RepeatUnit",
    "Rule",
    "Sound",
    "backbone_atoms",
    "chain",
    "choose_rules",
    "degree_of_polymerisation",
    "draw_png",
    "draw_svg",
    "draw_units",
    "join_blocks",
    "parse",
    "repeat_unit_mass",
    "sa_score",
    "scores",
    "stability_flags",
    "units_from_grammar",
]
